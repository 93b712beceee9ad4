"""Schema ids: asked of the registry once, then kept on this machine's own disk.

The registry is never in the way of a record. With the registry down, known ids keep flowing; an id
nobody here has seen raises ``UnknownSchema``, and its reader waits. Only the registry's own word
that an id does not exist makes it unreadable.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dsn_schemas.contract import NAMESPACE, SUBJECTS, composed_json
from dsn_schemas.settings import Settings
from dsn_schemas.wire import UnknownSchema, UnreadableRecord

if TYPE_CHECKING:  # a fifth of every service's start, and needed only where an id is new
    from confluent_kafka.schema_registry import SchemaRegistryClient

COMPATIBILITY = "BACKWARD_TRANSITIVE"
#: Seconds a registry may take: it answers in milliseconds or is down.
TIMEOUT_S = 5


class RegistryUnreachable(ConnectionError):
    """The registry gave no answer; says which address and what to do."""


def register_all(settings: Settings) -> dict[str, int]:
    """Register our version of every subject under ``BACKWARD_TRANSITIVE``; ids by record type.

    Raises ``RegistryUnreachable``, or ``ValueError`` when the registry refuses a schema because
    readers of older data would break.
    """
    ids: dict[str, int] = {}
    with _client(settings) as client:
        for name in SUBJECTS:
            ids[name] = _registered(client, settings, name)
            _keep(settings, ids[name], composed_json(name))
    return ids


def _registered(client: SchemaRegistryClient, settings: Settings, name: str) -> int:
    from confluent_kafka.schema_registry import Schema
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    subject = f"{NAMESPACE}.{name}"
    try:
        client.set_compatibility(subject_name=subject, level=COMPATIBILITY)
        return client.register_schema(subject, Schema(composed_json(name), "AVRO"))
    except SchemaRegistryError as error:
        if error.http_status_code in (409, 422):
            raise ValueError(
                f"the registry refuses {subject}: not {COMPATIBILITY} with a released version;"
                " give each new field a default and remove none that has none"
            ) from error
        raise RegistryUnreachable(f"registry at {settings.registry}: {error}") from error
    except Exception as error:
        raise RegistryUnreachable(f"no registry at {settings.registry}: {error}") from error


class RegistryIds:
    """Schema ids from the disk cache, then from the registry; implements ``wire.Ids``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ids: dict[str, int] = {}

    def id_of(self, name: str) -> int:
        """Id of our own version of ``name``. Raises ``RegistryUnreachable`` on a first start only."""
        known = self._ids.get(name)
        if known is None:
            known = self._ids[name] = self._cached_id(name) or self._asked_id(name)
        return known

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        """The writer's schema of an id; see the module's docstring for what is raised when."""
        path = _folder(self._settings) / f"{schema_id}.json"
        if not path.exists():
            _keep(self._settings, schema_id, self._asked_schema(schema_id))
        loaded = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(loaded, dict):
            raise UnreadableRecord(f"schema {schema_id} is not of this contract")
        return loaded

    def _cached_id(self, name: str) -> int | None:
        path = _folder(self._settings) / f"{_digest(composed_json(name))}.id"
        return int(path.read_text()) if path.exists() else None

    def _asked_id(self, name: str) -> int:
        from confluent_kafka.schema_registry import Schema

        subject, text = f"{NAMESPACE}.{name}", composed_json(name)
        try:
            with _client(self._settings) as client:
                schema_id: int = client.register_schema(subject, Schema(text, "AVRO"))
        except Exception as error:
            address = self._settings.registry
            raise RegistryUnreachable(
                f"schema {subject} is not in the local cache and the registry at {address} gave"
                f" none: {error}"
            ) from error
        _keep(self._settings, schema_id, text)
        return schema_id

    def _asked_schema(self, schema_id: int) -> str:
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            with _client(self._settings) as client:
                found = client.get_schema(schema_id)
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                raise UnreadableRecord(f"the registry knows no schema {schema_id}") from None
            raise UnknownSchema(f"schema {schema_id}: {error}") from error
        except Exception as error:
            raise UnknownSchema(f"schema {schema_id}: registry unreachable") from error
        return found.schema_str or "null"


def _client(settings: Settings) -> SchemaRegistryClient:
    from confluent_kafka.schema_registry import SchemaRegistryClient

    return SchemaRegistryClient({"url": settings.registry, "timeout": TIMEOUT_S, "max.retries": 1})


def _folder(settings: Settings) -> Path:
    folder = settings.data / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(settings: Settings, schema_id: int, text: str) -> None:
    """Write both directions of the mapping, each file whole or not at all.

    Under names that nobody else writes to: the sources of an edge do this at once, in threads.
    """
    folder = _folder(settings)
    for name, content in ((f"{schema_id}.json", text), (f"{_digest(text)}.id", str(schema_id))):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as file:
            file.write(content)
        Path(file.name).replace(folder / name)
