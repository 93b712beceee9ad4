"""Who the person is, from what every record says: merged field by field, rules as a table.

For each field: what everybody agrees on; else what a record with a verified NAM says; else the most
recent (never later than we had it); else the greatest record key. Lists of numbers and names are
joined, because a chart must be found under any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields

from dsn_schemas.nam import verified
from dsn_schemas.records import Demographics, Disagreement, FieldOrigin
from dsn_schemas.wire import UnreadableRecord, decode_content
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


@dataclass(frozen=True, slots=True)
class MergedDemographics:
    """The merged content, what is contradictory, and where each field came from."""

    content: Demographics
    conflicts: tuple[str, ...]
    provenance: tuple[FieldOrigin, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class _Voice:
    """One record's demographics, and what its word weighs."""

    position: int
    content: Demographics
    weight: tuple[bool, int, str, str]


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
    values: dict[str, object] = {}
    provenance: list[FieldOrigin] = []
    for name in (field.name for field in fields(Demographics)):
        if name in _FOLLOWERS:
            continue
        choose: Callable[..., FieldOrigin | None] = _joined if name in JOINED else _chosen
        origin = choose(name, voices, values)
        if origin is not None:
            provenance.append(origin)
    contents = [(voice.position, voice.content) for voice in voices]
    found = tuple(one for name in CONTRADICTIONS for one in disagreements(name, contents))
    conflicts = tuple(dict.fromkeys(one.field for one in found))
    if _nams_differ(voices):
        conflicts += ("identifiers",)
    content = Demographics(**values)  # type: ignore[arg-type]  # names come from the dataclass
    return MergedDemographics(content, conflicts, tuple(provenance), found)


def _voice(position: int, item: Contribution) -> _Voice:
    content = decode_content(item.content)
    if not isinstance(content, Demographics):
        raise UnreadableRecord("demographics that hold something else")
    when = min(item.occurred_at, item.captured_at)
    return _Voice(
        position, content, (verified(content) is not None, when, item.record, item.source)
    )


def _chosen(name: str, voices: Sequence[_Voice], values: dict[str, object]) -> FieldOrigin | None:
    """Take the field, and those that stand with it, from the weightiest voice that says it."""
    saying = [voice for voice in voices if _says(voice, name)]
    if not saying:
        return None
    winner = saying[0]
    for part in (name, *TOGETHER.get(name, ())):
        values[part] = getattr(winner.content, part)
    same = [v for v in saying if getattr(v.content, name) == values[name]]
    return FieldOrigin(
        field=name, contributors=tuple(v.position for v in same), rule=_rule(saying, same)
    )


def _rule(saying: Sequence[_Voice], same: Sequence[_Voice]) -> str:
    if len(saying) == 1:
        return "only"
    if len(same) == len(saying):
        return "agreed"
    other = next(voice for voice in saying if voice not in same)
    for rule, mine, theirs in zip(
        ("verified", "recent"), saying[0].weight, other.weight, strict=False
    ):
        if mine != theirs:
            return rule
    return "key"


def _joined(name: str, voices: Sequence[_Voice], values: dict[str, object]) -> FieldOrigin | None:
    """Take every distinct value, the weightiest voice's first."""
    saying = [voice for voice in voices if _says(voice, name)]
    found: dict[Hashable, None] = {}
    for voice in saying:
        found.update(dict.fromkeys(getattr(voice.content, name)))
    if not saying:
        return None
    values[name] = tuple(found)
    return FieldOrigin(field=name, contributors=tuple(v.position for v in saying), rule="union")


def _says(voice: _Voice, name: str) -> bool:
    value = getattr(voice.content, name)
    return value is not None and value != "" and value != ()


def _nams_differ(voices: Sequence[_Voice]) -> bool:
    found = {verified(voice.content) for voice in voices}
    return len(found - {None}) > 1
