"""Records to bytes and back."""

from __future__ import annotations

import io
import json
from typing import Any

import avro.io
import avro.schema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_schemas.avro_bytes import varint
from dsn_schemas.contract import (
    SUBJECTS,
    composed,
    named_types,
    section_types,
    without_logical_types,
)
from dsn_schemas.records import Demographics, Quantity, Receipt, RecordChange, Result, ViewEntry
from dsn_schemas.wire import (
    CONTENT_OF_SECTION,
    FRAME_BYTES,
    Codec,
    UnknownSchema,
    UnreadableRecord,
    avro_dict,
    check_content,
    decode_content,
    encode_content,
    read_content,
)

_SETTINGS = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", SUBJECTS)
def test_round_trip(codec: Codec, a_record: Any, name: str) -> None:
    """Whatever a record holds comes back from its bytes, equal and of the same types."""

    @_SETTINGS
    @given(a_record(name))
    def there_and_back(record: Any) -> None:
        assert codec.decode(codec.encode(record)) == record

    there_and_back()


@pytest.mark.parametrize("name", section_types())
def test_content_round_trip(a_record: Any, name: str) -> None:
    """Every kind of content comes back from its bytes alone."""

    @_SETTINGS
    @given(a_record(name.rpartition(".")[2]))
    def there_and_back(content: Any) -> None:
        assert decode_content(encode_content(content)) == content

    there_and_back()


@pytest.mark.parametrize("name", [one.rpartition(".")[2] for one in section_types()])
def test_what_passes_is_a_whole_content(a_record: Any, name: str) -> None:
    """Every content passes, and of damaged ones none that the library does not read all of."""
    section = next((key for key, kind in CONTENT_OF_SECTION.items() if kind == name), "alerts")
    taken = (CONTENT_OF_SECTION[section], "SectionStatement")

    @_SETTINGS
    @given(a_record(name), st.data())
    def passes(content: Any, data: Any) -> None:
        whole = encode_content(content)
        at = data.draw(st.integers(0, len(whole)))
        cut = data.draw(st.integers(at, min(len(whole), at + 3)))
        damaged = whole[:at] + data.draw(st.binary(max_size=3)) + whole[cut:]
        check_content(whole, section)
        try:
            check_content(damaged, section)
        except UnreadableRecord:
            return

        read = read_content(damaged)

        assert read is not None
        assert read[0] in taken

    passes()


@pytest.mark.parametrize(
    "index",
    [b"\x82\x00\x06", b"\x82" + b"\x80" * 12 + b"\0\x06", b"\x02\x86" + b"\x80" * 12 + b"\0"],
    ids=["index in two bytes", "index without end", "number without end"],
)
def test_numbers_longer_than_they_need_be_do_not_pass(index: bytes) -> None:
    """The library takes them and `part_reader` does not: identify would stop at them for ever."""
    content = encode_content(Demographics(birth_order=3))
    hostile = content.replace(b"\x02\x06", index)
    read = read_content(hostile)
    assert read is not None
    assert read[1]["birth_order"] == 3

    with pytest.raises(UnreadableRecord):
        check_content(hostile, "demographics")


def test_a_number_without_end_is_no_content() -> None:
    """It is refused at its eleventh byte, and not read to the end of a large message."""
    with pytest.raises(ValueError, match="more than ten bytes"):
        varint(b"\x80" * 1_000_000 + b"\0", 0)


def by_avro(name: str) -> Any:
    return avro.schema.parse(json.dumps(without_logical_types(composed(name))))


@pytest.mark.parametrize("name", SUBJECTS)
def test_bytes_of_two_libraries(codec: Codec, a_record: Any, name: str) -> None:
    """The ``avro`` library reads our bytes, and what it writes from them is the same bytes."""
    schema = by_avro(name)
    reader, writer = avro.io.DatumReader(schema, schema), avro.io.DatumWriter(schema)

    @_SETTINGS
    @given(a_record(name))
    def same(record: Any) -> None:
        ours = codec.encode(record)[FRAME_BYTES:]
        told: Any = reader.read(avro.io.BinaryDecoder(io.BytesIO(ours)))
        expected: Any = avro_dict(record)
        if expected.get("content") is not None:
            expected["content"] = expected["content"][1]

        assert told == _lists(expected)
        if _one_branch(schema, told.get("content")):
            out = io.BytesIO()
            writer.write(told, avro.io.BinaryEncoder(out))

            assert out.getvalue() == ours

    same()


def _lists(value: Any) -> Any:
    """The same with lists where typed records have tuples."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _one_branch(schema: Any, content: Any) -> bool:
    """False where ``avro``, which guesses the branch of a union by its fields, may guess wrong."""
    union = next((f.type for f in schema.fields if f.name == "content"), None)
    fitting = [branch for branch in union.schemas if branch.validate(content)] if union else [0]
    return len(fitting) == 1


@pytest.mark.parametrize("name", ["RecordChange", "ViewEntry"])
def test_splice(codec: Codec, a_record: Any, name: str) -> None:
    """Head and content put together again are the record: a stage may carry content unread."""

    @_SETTINGS
    @given(a_record(name))
    def spliced(record: Any) -> None:
        data = codec.encode(record)
        head = codec.head(data)
        front = data[: len(data) - len(head.content)]

        assert front + head.content == data
        assert head.content == encode_content(record.content)
        assert decode_content(head.content) == record.content
        assert (head.name, head.fields["section"]) == (name, record.section)

    spliced()


def change(**more: Any) -> RecordChange:
    fields: dict[str, Any] = {
        "source": "chum-lab",
        "epoch": 1,
        "seq": 7,
        "previous": 6,
        "authority": "CHUM",
        "number": "42",
        "section": "results",
        "item": "Observation/9",
        "entry": "http://loinc.org|718-7|A1",
        "op": "upsert",
        "status": "final",
        "occurred_at": 1,
        "captured_at": 2,
        "content": Result(code=named("718-7"), value_quantity=Quantity(value="7.10")),
    }
    return RecordChange(**{**fields, **more})


def named(code: str) -> Any:
    from dsn_schemas.records import Coding, Concept

    return Concept(codings=(Coding(system="http://loinc.org", code=code),), text="Hémoglobine")


def test_truncation_at_every_byte(codec: Codec) -> None:
    """A record cut anywhere, or with a byte too many, is unreadable; it is never a shorter one."""
    data = codec.encode(change())

    for length in range(len(data)):
        with pytest.raises(UnreadableRecord):
            codec.decode(data[:length])
    with pytest.raises(UnreadableRecord):
        codec.decode(data + b"\0")


def test_wrong_magic(codec: Codec) -> None:
    """A first byte that is not 0 is no record of ours."""
    data = codec.encode(change())

    with pytest.raises(UnreadableRecord, match="magic"):
        codec.decode(b"\1" + data[1:])
    with pytest.raises(UnreadableRecord, match="magic"):
        codec.head(b"\1" + data[1:])


def test_unknown_schema_waits(codec: Codec) -> None:
    """An id that nobody can explain yet is waited for; it is not judged."""
    data = codec.encode(change())

    with pytest.raises(UnknownSchema):
        codec.decode(b"\0\0\0\3\xe7" + data[FRAME_BYTES:])


def test_schema_of_somebody_else(codec: Codec, ids: Any) -> None:
    """A known schema that is not of this contract makes its record unreadable."""
    ids.schemas[99] = {"type": "record", "name": "Stranger", "namespace": "x", "fields": []}
    ids.schemas[98] = {"type": "record", "name": "Op", "namespace": "dsn", "fields": []}

    for schema_id in (98, 99):
        with pytest.raises(UnreadableRecord):
            codec.decode(bytes((0, 0, 0, 0, schema_id)))


def test_any_bytes_of_a_change(codec: Codec) -> None:
    """Any bytes after a good frame are a record or unreadable, nothing else is raised."""

    @settings(max_examples=500, deadline=None)
    @given(st.binary(max_size=60))
    def read(body: bytes) -> None:
        for data in (body, codec.frame_of("RecordChange") + body):
            for reading in (codec.decode, codec.head):
                try:
                    reading(data)
                except (UnreadableRecord, UnknownSchema):
                    pass

    read()


def test_record_of_an_older_version(codec: Codec, ids: Any) -> None:
    """A record written before a field with a default was added is read, spliced and forwarded."""
    before = composed("ViewEntry")
    fields: Any = before["fields"]
    ids.schemas[50] = {**before, "fields": [f for f in fields if f["name"] != "conflicts"]}
    entry = ViewEntry(
        person="p",
        section="results",
        entry="e",
        status="final",
        as_of=1,
        contributors=(),
        content=change().content,
    )
    whole = codec.encode(entry)
    # The empty list of conflicts is the one byte that the older version did not write.
    position = FRAME_BYTES + sum(len(codec_text(t)) for t in ("p", "e", "final")) + 1
    body = whole[FRAME_BYTES:position] + whole[position + 1 :]
    data = b"\0\0\0\0\x32" + body

    assert codec.decode(data) == entry
    head = codec.head(data)
    assert decode_content(head.content) == entry.content
    assert head.fields["conflicts"] == []


def codec_text(text: str) -> bytes:
    """A short text as Avro writes it."""
    return bytes((len(text.encode()) * 2,)) + text.encode()


@pytest.mark.parametrize(
    "more",
    [
        {"seq": 2**63},
        {"source": None},
        {"section": "nowhere"},
        {"op": 1},
        {"number": "\ud800"},
    ],
)
def test_field_that_does_not_fit(codec: Codec, more: dict[str, Any]) -> None:
    """A value the schema cannot hold is refused when it is written, and not repeated."""
    with pytest.raises(ValueError, match="RecordChange does not fit its schema"):
        codec.encode(change(**more))


def test_receipt_is_small(codec: Codec) -> None:
    """A record without content has a head that is all of it."""
    receipt = Receipt(source="s", epoch=1, seq=2, at=3)

    assert codec.head(codec.encode(receipt)).content == b""
    assert codec.decode(codec.encode(receipt)) == receipt


def test_every_type_is_explained() -> None:
    """Every type and every field says what it is."""
    for name, schema in named_types().items():
        fields: Any = schema.get("fields", [])

        assert schema["doc"], name
        assert all(field["doc"] for field in fields), name
