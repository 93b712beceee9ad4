"""The settings of each source: one establishment system, as its integration engineer describes it.

Read from one TOML file (``sources.toml``), one ``[[source]]`` table each; an unknown key, a missing
one or a wrong value is an error that names the file, the source and the key.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dsn_schemas.decisions import STEWARD
from dsn_schemas.keys import SEPARATOR


class Tls(BaseModel):
    """Certificate files of the listener; a client certificate is asked for when ``ca`` is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Path
    key: Path
    ca: Path | None = None


class Source(BaseModel):
    """One establishment system that publishes changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Name of the system, lower case, unique everywhere: ``chum-adt``.
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    #: Establishment, part of the topic's name: ``chum``.
    establishment: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    #: Assigning authority of the source's own record numbers (canonical name).
    authority: str = Field(min_length=1)
    #: Other names of authorities as messages spell them (namespace, OID, URI) -> canonical name.
    authorities: dict[str, str] = Field(default_factory=dict)
    #: Names and OIDs under which the NAM arrives; PID-3/PID-19 repetitions with one of these, type
    #: JHN, or FHIR identifiers of this system are health numbers of Quebec.
    nam_authorities: tuple[str, ...] = (
        "RAMQ",
        "QC",
        "QCQC",
        "2.16.124.10.101.1.60.100",
        "https://fhir.infoway-inforoute.ca/NamingSystem/ca-qc-patient-healthcare-id",
        "http://documentation.clicsante.ca/fhir/base/nam",
    )
    #: Fields of PID that hold the NAM when it has no authority of its own: "PID-2", "PID-19".
    nam_fields: tuple[Literal["PID-2", "PID-3", "PID-4", "PID-18", "PID-19"], ...] = ("PID-19",)
    #: Character set of the messages when MSH-18 is empty (Python codec name).
    charset: str = "utf-8"
    #: Time zone of stamps without one.
    zone: str = "America/Toronto"
    #: MLLP listener; 0: the source has none.
    mllp_host: str = "127.0.0.1"
    mllp_port: int = Field(default=0, ge=0, le=65535)
    tls: Tls | None = None

    @field_validator("name", "establishment")
    @classmethod
    def _not_the_stewards(cls, value: str) -> str:
        if value == STEWARD:
            raise ValueError(f"{STEWARD} is the name of the stewards' own decisions: take another")
        return value

    @field_validator("charset")
    @classmethod
    def _known_charset(cls, value: str) -> str:
        "".encode(value)
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @field_validator("authority")
    @classmethod
    def _authority(cls, value: str) -> str:
        return _without_separator(value)

    @field_validator("authorities")
    @classmethod
    def _no_separators(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value.values():
            _without_separator(name)
        return value

    def canonical(self, authority: str) -> str:
        """The canonical name of an authority as a message spells it; itself when unknown."""
        return self.authorities.get(authority, authority)


def _without_separator(authority: str) -> str:
    if SEPARATOR in authority:
        raise ValueError(f"an assigning authority may not hold {SEPARATOR!r}")
    return authority


class SourcesError(ValueError):
    """The sources file cannot be used; says which file, which source, which key and why."""


def load(path: Path) -> list[Source]:
    """Every source of the file, in its order. Raises ``SourcesError``."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("source", [])
    except FileNotFoundError:
        raise SourcesError(f"{path}: no such file; write one [[source]] table each") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourcesError(f"{path}: {error}") from error
    sources = [_source(path, index, table) for index, table in enumerate(tables, start=1)]
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise SourcesError(f"{path}: two sources are named {name!r}; a name is unique")
    return sources


def readable(path: Path) -> list[Source]:
    """Every source of the file; none when it cannot be read, which ``dsn check`` and a start say."""
    try:
        return load(path)
    except SourcesError:
        return []


def _source(path: Path, index: int, table: object) -> Source:
    try:
        return Source.model_validate(table)
    except (ValidationError, LookupError) as error:
        name = table.get("name", f"number {index}") if isinstance(table, dict) else index
        if isinstance(error, ValidationError):
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        else:
            wrong = str(error)
        raise SourcesError(f"{path}: source {name}: {wrong}") from error
