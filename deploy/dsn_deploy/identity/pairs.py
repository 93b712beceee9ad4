"""Pairs of records as JSON lines: what ``dsn identity compare`` reads and answers.

A line is ``{"a": {...}, "b": {...}}`` with the fields of ``Demographics``; other keys beside ``a``
and ``b`` are left alone, an unknown field within a record is an error, for a misspelt field would
otherwise be silently nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import msgspec

from dsn_schemas.records import Demographics
from dsn_streams.matching.compare import compare
from dsn_streams.matching.features import features_of
from dsn_streams.matching.weights import UNITS_PER_BIT, Weights


class BadPair(ValueError):
    """A line that is no pair; the message names the field, never its value."""


def answers(lines: Iterable[bytes], weights: Weights) -> Iterator[dict[str, object]]:
    """One answer for each line that is not blank; ``{"line", "error"}`` for a bad one."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            one, two = pair(line)
        except BadPair as error:
            yield {"line": number, "error": str(error)}
            continue
        found = compare(features_of(one, weights), features_of(two, weights), weights)
        yield {
            "outcome": found.outcome,
            "weight": found.weight,
            "bits": round(found.weight / UNITS_PER_BIT, 2),
            "reasons": list(found.reasons),
            "levels": found.named(),
            "barred": found.barred,
            "weights": weights.version,
        }


def pair(line: bytes) -> tuple[Demographics, Demographics]:
    """The two records of a line. Raises ``BadPair``."""
    try:
        said = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise BadPair(f"not JSON: {error}") from None
    if not isinstance(said, dict) or not {"a", "b"} <= said.keys():
        raise BadPair('not an object with "a" and "b"')
    return _record(said["a"], "a"), _record(said["b"], "b")


def _record(said: object, where: str) -> Demographics:
    known = _without_nulls(said, Demographics, where)
    try:
        return msgspec.convert(known, Demographics)
    except msgspec.ValidationError as error:
        raise BadPair(f"{where}: {error}") from None


def _without_nulls(said: object, kind: object, where: str) -> object:
    """The value without fields that are null, which means unknown. Raises ``BadPair``."""
    kinds = (kind, *get_args(kind))
    inner = next((one for one in kinds if isinstance(one, type) and is_dataclass(one)), None)
    if isinstance(said, list):
        return [_without_nulls(one, kind, f"{where}[{n}]") for n, one in enumerate(said)]
    if not isinstance(said, dict) or inner is None:
        return said
    hints = get_type_hints(inner)
    names = {field.name for field in fields(inner)}
    for name in said:
        if name not in names:
            raise BadPair(f"{where}: {inner.__name__} has no field {str(name)[:40]!r}")
    return {
        name: _without_nulls(value, hints[name], f"{where}.{name}")
        for name, value in said.items()
        if value is not None
    }
