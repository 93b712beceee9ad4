"""Which values are given for a field, and by whom: a contradiction is shown with both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dsn_schemas.records import Disagreement


def disagreements(
    name: str, contents: Sequence[tuple[int, Mapping[str, object]]]
) -> tuple[Disagreement, ...]:
    """Every value of the field, each with the positions that give it; none when all agree.

    ``contents`` are fields as ``read_content`` gives them. A content that says nothing of the field
    disagrees with nobody.
    """
    said: list[tuple[object, list[int]]] = []
    for position, content in contents:
        value = content.get(name)
        if value is None or value == "" or value == []:
            continue
        for known, positions in said:
            if known == value:
                positions.append(position)
                break
        else:
            said.append((value, [position]))
    if len(said) < 2:
        return ()
    return tuple(
        Disagreement(
            field=name,
            value=msgspec.json.encode(value).decode(),
            contributors=tuple(positions),
        )
        for value, positions in said
    )
