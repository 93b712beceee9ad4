"""Links, moves and decisions as lines for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dsn_consumers.steward.decisions import Record
from dsn_consumers.steward.desk import Decided, Move, Review, Why


def why_lines(why: Why, a: Record, b: Record) -> Iterator[str]:
    """Why two records are, or are not, one person."""
    yield f"{a.key} and {b.key} are {'one person' if why.same else 'two people'}."
    for link in why.links:
        yield (
            f"{link.authority}|{link.number} belongs to {link.person_id} since move {link.version}"
            f" ({', '.join(link.reasons)})"
        )
        for one in link.evidence:
            yield from evidence_lines(one)
    if why.review is not None:
        yield from review_lines(why.review)
    if not why.same and why.review is None:
        yield "No question is open about the two."
    for decided in why.decisions:
        yield decided_line(decided)


def evidence_lines(one: dict[str, Any]) -> Iterator[str]:
    """One piece of evidence of a link."""
    other = f"{one['authority']}|{one['number']}"
    if one["rule"] != "match":
        yield f"  {one['rule']}: {', '.join(one['reasons'])}, with {other}"
        return
    yield (
        f"  match with {other}: {one['weight'] / 256:+.1f} bits by {', '.join(one['reasons'])}"
        f" (weights {one['weights']})"
    )
    yield f"    {'  '.join(one['levels'])}"


def review_lines(review: Review) -> Iterator[str]:
    """An open question."""
    yield (
        f"{review.kind} since {review.opened_at:%Y-%m-%d}: {', '.join(review.reasons)};"
        f" {review.weight_bits:+.1f} bits (weights {review.weights}), version {review.version}"
    )
    for level in review.levels:
        yield f"    {level}"


def decided_line(one: Decided) -> str:
    """A decision."""
    about = f"{one.authority}|{one.number}"
    about += f" {one.other_authority}|{one.other_number}" if one.other_id else f" {one.field}"
    return (
        f"{one.decided_at:%Y-%m-%d %H:%M:%S}  decision {one.seq}: {one.kind} {about},"
        f" by {one.actor}: {one.reason}"
    )


def history_lines(moves: Sequence[Move], decided: Sequence[Decided]) -> Iterator[str]:
    """Moves and decisions in the order of their times."""
    lines = [(one.decided_at, decided_line(one)) for one in decided]
    for move in moves:
        said = (
            f"{move.moved_at:%Y-%m-%d %H:%M:%S}  {move.authority}|{move.number} moved from"
            f" {move.previous} to {move.person_id} ({', '.join(move.reasons)})"
        )
        lines.append((move.moved_at, said))
    yield from (line for _, line in sorted(lines))
