"""NTE: comments belong to the segment they follow."""

from __future__ import annotations

from collections.abc import Sequence

from dsn_producers.hl7v2.message import Segment


def notes_after(segments: Sequence[Segment], index: int) -> str:
    """The lines of every NTE that directly follows the segment at ``index``."""
    lines: list[str] = []
    following = index + 1
    while following < len(segments) and segments[following].name == "NTE":
        lines += [value.text for value in segments[following].values(3)]
        following += 1
    return "\n".join(line for line in lines if line)
