"""Some fields of a record, read without the others."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_schemas import records
from dsn_schemas.partial import reader_of
from dsn_schemas.records import Allergy, Concept
from dsn_schemas.wire import (
    UnreadableRecord,
    check_content,
    decode_content,
    encode_content,
    own_schema,
    part_reader,
)

_SETTINGS = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


class Identifier(msgspec.Struct, frozen=True):
    value: str
    period_end: str | None


class HumanName(msgspec.Struct, frozen=True):
    given: tuple[str, ...]
    text: str


class Demographics(msgspec.Struct, frozen=True):
    identifiers: tuple[Identifier, ...]
    birth_date: str
    birth_order: int | None
    mother: HumanName | None
    active: bool


read = part_reader(Demographics, Identifier, HumanName)


def parts(whole: Any) -> Demographics:
    """The same fields of the whole record."""
    mother = whole.mother
    return Demographics(
        tuple(Identifier(one.value, one.period_end) for one in whole.identifiers),
        whole.birth_date,
        whole.birth_order,
        HumanName(mother.given, mother.text) if mother else None,
        whole.active,
    )


def test_same_as_the_whole(a_record: Any) -> None:
    """What is read in part is what the whole record says, whatever else it holds."""

    @_SETTINGS
    @given(a_record("Demographics"))
    def in_part(whole: Any) -> None:
        assert read(encode_content(whole)) == parts(whole)

    in_part()


def test_hostile_bytes(a_record: Any) -> None:
    """What admit lets through is read, and as the whole reader reads it; the rest may be refused."""

    @_SETTINGS
    @given(a_record("Demographics"), st.data())
    def damaged(whole: Any, data: Any) -> None:
        content = bytearray(encode_content(whole))
        at = data.draw(st.integers(1, len(content) - 1))
        cut = data.draw(st.integers(at, len(content)))
        content[at:cut] = data.draw(st.binary(max_size=3))
        try:
            check_content(bytes(content), "demographics")
        except UnreadableRecord:
            with suppress(UnreadableRecord):  # a field that is not looked at may be no text
                read(bytes(content))
            return
        assert read(bytes(content)) == parts(decode_content(bytes(content)))

    damaged()


def test_what_is_no_content() -> None:
    """Another content is none of ours; none at all and bytes behind one are refused."""
    content = encode_content(Allergy(code=Concept()))

    assert read(content) is None
    assert read(encode_content(None)) is None
    for wrong in (b"", b"\xff", content + b"\0"):
        with pytest.raises(UnreadableRecord):
            read(wrong)


def test_a_type_counted_from_the_end() -> None:
    """The whole reader takes -1 for the last type and -2 for the first, so this one does."""
    content = encode_content(records.Demographics(birth_order=3))
    at = content.index(b"\x02\x06")

    for index in (b"\x01\x06", b"\x03"):
        hostile = content[:at] + index + content[at + 2 :]

        assert parts(decode_content(hostile)) == read(hostile)


def test_items_of_several_blocks() -> None:
    """An array may come in blocks, and a block may say its size: both are Avro."""

    class HumanName(msgspec.Struct, frozen=True):
        given: tuple[str, ...]

    names = reader_of(own_schema("HumanName"), HumanName)
    use_and_family, rest = b"\0\0", b"\0\0\0"
    whole = use_and_family + b"\x02\x02a" + b"\x03\x08\x02b\x02c" + b"\0" + rest

    assert names(whole, 0)[0] == HumanName(("a", "b", "c"))


def test_a_field_that_is_none() -> None:
    """A field that the record type does not have is a mistake of ours, said at once."""

    class HumanName(msgspec.Struct):
        nickname: str

    with pytest.raises(ValueError, match="a HumanName has no nickname"):
        reader_of(own_schema("HumanName"), HumanName)
