"""Which values are given for a field, and by whom: a contradiction is shown with both sides."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dsn_schemas.records import Content, Disagreement


def disagreements(
    name: str, contents: Sequence[tuple[int, Content | None]]
) -> tuple[Disagreement, ...]:
    """Every value of the field, each with the positions that give it; none when all agree.

    A content that says nothing of the field disagrees with nobody.
    """
    said: dict[object, list[int]] = {}
    for position, content in contents:
        value = getattr(content, name, None)
        if value is not None and value != "" and value != ():
            said.setdefault(value, []).append(position)
    if len(said) < 2:
        return ()
    return tuple(
        Disagreement(
            field=name,
            value=msgspec.json.encode(value).decode(),
            contributors=tuple(positions),
        )
        for value, positions in said.items()
    )
