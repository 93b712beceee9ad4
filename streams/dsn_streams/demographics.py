"""Who the person is, from what every record says: merged field by field, rules as a table.

For each field: what a steward decided; else what everybody agrees on; else what a record with a
verified NAM says; else the most recent (never later than we had it); else the greatest record key. Lists of numbers and names are
joined, because a chart must be found under any of them.

What a single record says never comes here (``merge``): it is passed on byte for byte. Contents are merged as the fields that ``read_content``
gives: making typed records of them and taking these apart again cost more than the merge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from dsn_schemas.decisions import STEWARD, overridden_field
from dsn_schemas.nam import SYSTEM as NAM_SYSTEM
from dsn_schemas.nam import verified_among
from dsn_schemas.records import Demographics, Disagreement, FieldOrigin
from dsn_schemas.wire import UnreadableRecord, encode_fields, read_content
from dsn_streams.contribution import Contribution
from dsn_streams.disagree import disagreements

#: Fields whose values are joined: identifiers and names are how a person is found.
JOINED = ("identifiers", "names", "mother_identifiers")

#: Fields that stand together: half of one source's answer beside half of another's misleads.
TOGETHER: dict[str, tuple[str, ...]] = {
    "birth_date": ("birth_date_estimated", "birth_time"),
    "gender": ("gender_code",),
    "multiple_birth": ("birth_order",),
    "deceased": ("deceased_at",),
}

#: Fields whose disagreement a person must see.
CONTRADICTIONS = ("birth_date", "gender", "birth_sex", "deceased", "multiple_birth")

_FOLLOWERS = frozenset(name for group in TOGETHER.values() for name in group)

#: Fields that are decided, in the order of the contract.
_DECIDED = tuple(field.name for field in fields(Demographics) if field.name not in _FOLLOWERS)


@dataclass(frozen=True, slots=True)
class MergedDemographics:
    """The merged content, what is contradictory, and where each field came from."""

    #: The content union, encoded.
    content: bytes
    conflicts: tuple[str, ...]
    provenance: tuple[FieldOrigin, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class _Voice:
    """One record's demographics, and what its word weighs."""

    position: int
    #: Fields that say something.
    said: dict[str, Any]
    weight: tuple[bool, bool, int, str, str, str]
    #: Valid NAM that agrees with the birth date.
    nam: str | None
    #: The one field that a steward's override says; empty for what a source says.
    override: str = ""


def merge_demographics(
    ordered: Sequence[Contribution], living: Sequence[Contribution]
) -> MergedDemographics:
    """Merge ``living``; positions in the provenance count in ``ordered``.

    Raises ``UnreadableRecord`` when a contribution is no demographics (admit let none through).
    """
    voices = sorted(
        (_voice(ordered.index(item), item) for item in living),
        key=lambda voice: voice.weight,
        reverse=True,
    )
    values: dict[str, Any] = dict(_SILENCE)
    provenance: list[FieldOrigin] = []
    for name in _DECIDED:
        saying = [voice for voice in voices if name in voice.said]
        if saying:
            choose: Callable[..., FieldOrigin] = _joined if name in JOINED else _chosen
            provenance.append(choose(name, saying, values))
    contents = [(voice.position, voice.said) for voice in voices if not voice.override]
    settled = {voice.override for voice in voices}
    open_fields = [name for name in CONTRADICTIONS if name not in settled]
    found = tuple(one for name in open_fields for one in disagreements(name, contents))
    conflicts = tuple(dict.fromkeys(one.field for one in found))
    if len({voice.nam for voice in voices} - {None}) > 1:
        conflicts += ("identifiers",)
    return MergedDemographics(
        encode_fields("Demographics", values), conflicts, tuple(provenance), found
    )


def _voice(position: int, item: Contribution) -> _Voice:
    said = _said(item.content)
    override = overridden_field(item.item) if item.source == STEWARD else ""
    if override:
        # The order in which stewards decided, not the clocks of their machines; the other fields
        # of an override are the defaults of an empty form.
        weight = (True, False, item.seq, item.record, item.source, item.item)
        fields = (override, *TOGETHER.get(override, ()))
        said = {name: value for name, value in said.items() if name in fields}
        return _Voice(position, said, weight, None, override)
    when = min(item.occurred_at, item.captured_at)
    numbers = [
        (one["value"], one["use"])
        for one in said.get("identifiers", ())
        if one["system"] == NAM_SYSTEM
    ]
    nam = verified_among(numbers, said.get("birth_date", "")) if numbers else None
    weight = (False, nam is not None, when, item.record, item.source, "")
    return _Voice(position, said, weight, nam)


def _said(content: bytes) -> dict[str, Any]:
    """The fields that say something."""
    found = read_content(content)
    if found is None or found[0] != "Demographics":
        raise UnreadableRecord("demographics that hold something else")
    return {
        name: value
        for name, value in found[1].items()
        if value is not None and value != "" and value != []
    }


def _chosen(name: str, saying: Sequence[_Voice], values: dict[str, Any]) -> FieldOrigin:
    """Take the field, and those that stand with it, from the weightiest voice that says it."""
    said = saying[0].said
    for part in (name, *TOGETHER.get(name, ())):
        values[part] = said.get(part, _SILENCE[part])
    value = said[name]
    same = [voice for voice in saying if voice.said[name] == value]
    return FieldOrigin(
        field=name,
        contributors=tuple([voice.position for voice in same]),
        rule=_rule(saying, same),
    )


def _rule(saying: Sequence[_Voice], same: Sequence[_Voice]) -> str:
    if saying[0].override:
        return "steward"
    if len(saying) == 1:
        return "only"
    if len(same) == len(saying):
        return "agreed"
    other = next(voice for voice in saying if voice not in same)
    for rule, mine, theirs in zip(
        ("steward", "verified", "recent"), saying[0].weight, other.weight, strict=False
    ):
        if mine != theirs:
            return rule
    return "key"


def _joined(name: str, saying: Sequence[_Voice], values: dict[str, Any]) -> FieldOrigin:
    """Take every distinct value, the weightiest voice's first."""
    found: list[object] = []
    for voice in saying:
        found.extend(value for value in voice.said[name] if value not in found)
    values[name] = found
    return FieldOrigin(
        field=name, contributors=tuple([voice.position for voice in saying]), rule="union"
    )


#: Every field as it is when nobody says anything of it.
_SILENCE: dict[str, Any] = {
    name: list(value) if isinstance(value, tuple) else value
    for name, value in (
        (field.name, getattr(Demographics(), field.name)) for field in fields(Demographics)
    )
}
