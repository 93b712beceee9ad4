"""A hospital whose record numbers and health numbers arrive side by side in PID-3."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dsn_producers.hl7v2 import map_message
from dsn_producers.mapping import Item
from dsn_producers.sources import Source
from dsn_schemas.wire import check_content, encode_content

#: Milliseconds; where a message has no time of its own.
CAPTURED_AT = 1_700_000_000_000

Map = Callable[..., list[Item]]


@pytest.fixture(scope="session")
def source() -> Source:
    """Hôpital HSC, which also knows numbers of MGH."""
    return Source(
        name="hsc-adt",
        establishment="hsc",
        authority="HSC",
        authorities={"2.16.124.113635.1.1": "HSC", "HSCM": "HSC", "2.16.124.113635.1.2": "MGH"},
    )


@pytest.fixture(scope="session")
def items(source: Source) -> Map:
    """Items of a message written as its segments; every content is seen to fit its section."""

    def mapped(*segments: str, settings: Source = source, encoding: str = "utf-8") -> list[Item]:
        data = "\r".join(segments).encode(encoding)
        found = map_message(data, settings, CAPTURED_AT).items
        for item in found:
            assert (item.content is None) == (item.op == "delete")
            if item.content is not None:
                check_content(encode_content(item.content), item.section)
        return list(found)

    return mapped


@pytest.fixture(scope="session")
def msh() -> Callable[..., str]:
    """A header of a message type."""

    def header(kind: str, charset: str = "UNICODE UTF-8") -> str:
        return f"MSH|^~\\&|ADT|HSC|DSN|QC|20260511083000||{kind}|M1|P|2.5||||||{charset}"

    return header
