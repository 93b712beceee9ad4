"""What the two sides of a comparison carry to each other: one JSON object a file.

Digests are base64, eight bytes each; numbers are runs. No content, no record number and no name is in
it: source, epochs, numbers and digests under a challenge of this comparison. Pure.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any

from dsn_schemas.comparison import (
    CentreFacts,
    Exchange,
    Found,
    Numbers,
    Side,
    SiteFacts,
)
from dsn_schemas.digest_tree import DIGEST_BYTES, Span

#: What a file says it is.
KIND = "dsn-comparison-1"
CHALLENGE_BYTES = 32
#: Names of sources, as an edge takes them: the name of a file on either side.
_SOURCE = re.compile("[a-z0-9][a-z0-9-]{0,62}")
#: More levels cover more numbers than an epoch has.
_LEVEL_MAX = 6


class NoComparison(ValueError):
    """A file is no part of a comparison; says why."""


def as_document(said: Exchange) -> dict[str, Any]:
    """What is written: JSON values only."""
    return {
        "kind": KIND,
        "source": said.source,
        "challenge": said.challenge.hex(),
        "number": said.number,
        "by": said.by.value,
        "covers": _bounds_out(said.covers),
        "site": None if said.site is None else {"epochs": _bounds_out(said.site.epochs)},
        "centre": None if said.centre is None else _centre_out(said.centre),
        "spans": [_span_out(span) for span in said.spans],
        "found": found_document(said.found),
    }


def from_document(said: object) -> Exchange:
    """The part of a comparison that a document is. Raises ``NoComparison``."""
    if not isinstance(said, Mapping) or said.get("kind") != KIND:
        raise NoComparison(f"it is no part of a comparison of kind {KIND}")
    try:
        return _read(said)
    except NoComparison:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoComparison(f"it is no part of a comparison ({type(error).__name__})") from None


def found_document(found: Found) -> dict[str, dict[str, list[list[int]]]]:
    """Differences by class and epoch; classes without any are left out."""
    named = ((one.name, getattr(found, one.name)) for one in fields(Found))
    return {name: numbers_document(numbers) for name, numbers in named if numbers}


def numbers_document(numbers: Numbers) -> dict[str, list[list[int]]]:
    """Runs by epoch."""
    return {str(epoch): [list(run) for run in runs] for epoch, runs in numbers.items()}


def _read(said: Mapping[str, Any]) -> Exchange:
    challenge = bytes.fromhex(said["challenge"])
    if len(challenge) != CHALLENGE_BYTES:
        raise NoComparison(f"its challenge has {len(challenge)} bytes, not {CHALLENGE_BYTES}")
    if not _SOURCE.fullmatch(said["source"]):
        raise NoComparison("its source is no name of a source")
    site, centre, found = said["site"], said["centre"], said["found"]
    return Exchange(
        source=said["source"],
        challenge=challenge,
        number=int(said["number"]),
        by=Side(said["by"]),
        covers=_bounds_in(said["covers"]),
        site=None if site is None else SiteFacts(epochs=_bounds_in(site["epochs"])),
        centre=None if centre is None else _centre_in(centre),
        spans=tuple(_span_in(span) for span in said["spans"]),
        found=Found(**{one.name: _numbers_in(found.get(one.name, {})) for one in fields(Found)}),
    )


def _centre_out(centre: CentreFacts) -> dict[str, Any]:
    return {
        "epochs": _bounds_out(centre.epochs),
        "quarantined": numbers_document(centre.quarantined),
        "not_shown": numbers_document(centre.not_shown),
    }


def _centre_in(said: Mapping[str, Any]) -> CentreFacts:
    return CentreFacts(
        epochs=_bounds_in(said["epochs"]),
        quarantined=_numbers_in(said["quarantined"]),
        not_shown=_numbers_in(said["not_shown"]),
    )


def _span_out(span: Span) -> dict[str, Any]:
    said: dict[str, Any] = {
        "epoch": span.epoch,
        "level": span.level,
        "first": span.first,
        "digests": b64encode(b"".join(span.digests)).decode(),
    }
    if span.level == 0:
        runs = groupby(span.schemas)
        said["schemas"] = [[schema, sum(1 for _ in same)] for schema, same in runs]
    return said


def _span_in(said: Mapping[str, Any]) -> Span:
    level, first = int(said["level"]), int(said["first"])
    data = b64decode(said["digests"], validate=True)
    if not 0 <= level <= _LEVEL_MAX or first < 0 or len(data) % DIGEST_BYTES:
        raise NoComparison("a span of digests is of no place in the tree")
    starts = range(0, len(data), DIGEST_BYTES)
    schemas = _schemas_in(said["schemas"], len(starts)) if level == 0 else ()
    digests = tuple(data[start : start + DIGEST_BYTES] for start in starts)
    return Span(int(said["epoch"]), level, first, digests, schemas)


def _schemas_in(said: Sequence[Sequence[int]], count: int) -> tuple[int, ...]:
    if any(times < 1 for _, times in said) or sum(times for _, times in said) != count:
        raise NoComparison("a span has not as many schema ids as digests")
    return tuple(int(schema) for schema, times in said for _ in range(times))


def _bounds_out(bounds: Mapping[int, tuple[int, int]]) -> dict[str, list[int]]:
    return {str(epoch): list(pair) for epoch, pair in bounds.items()}


def _bounds_in(said: Mapping[str, Sequence[int]]) -> dict[int, tuple[int, int]]:
    return {int(epoch): (int(first), int(second)) for epoch, (first, second) in said.items()}


def _numbers_in(said: Mapping[str, Iterable[Sequence[int]]]) -> Numbers:
    return {int(epoch): tuple(_runs_in(runs)) for epoch, runs in said.items()}


def _runs_in(said: Iterable[Sequence[int]]) -> Iterator[tuple[int, int]]:
    for first, last in said:
        yield int(first), int(last)
