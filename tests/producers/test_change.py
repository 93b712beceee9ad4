"""The spliced body of a change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_producers.change import UnfitItem, body, change_of, source_prefix, upgraded
from dsn_producers.mapping import Item
from dsn_schemas.keys import partition_of
from dsn_schemas.records import Alert, Concept, RecordChange
from dsn_schemas.wire import Codec, own_schema
from support.establishment import FakeIds, item

numbers = st.integers(min_value=0, max_value=2**62)
texts = st.text(st.characters(codec="utf-8"), max_size=40)


@given(
    epoch=st.integers(1, 2**31 - 1),
    seq=numbers,
    previous=numbers,
    captured_at=st.integers(-(2**40), 2**42),
    occurred_at=st.integers(-(2**45), 2**45),
    number=texts.filter(bool),
    name=texts,
    status=texts,
    content=st.none() | texts.map(lambda t: Alert(code=Concept(text=t))),
)
def test_a_spliced_body_is_what_the_codec_writes(
    epoch: int,
    seq: int,
    previous: int,
    captured_at: int,
    occurred_at: int,
    number: str,
    name: str,
    status: str,
    content: Alert | None,
) -> None:
    """Splicing saves the second encoding and changes not a byte."""
    op = "upsert" if content else "delete"
    fields = {
        "authority": "CHUM",
        "number": number,
        "section": "alerts",
        "item": name,
        "entry": name,
        "op": op,
        "status": status,
        "occurred_at": occurred_at,
        "content": content,
    }
    record = RecordChange(
        source="chum-adt",
        epoch=epoch,
        seq=seq,
        previous=previous,
        captured_at=captured_at,
        **fields,
    )
    change = change_of(Item(**fields), 4)
    spliced = body(source_prefix("chum-adt", epoch), seq, previous, captured_at, change)

    codec = Codec(FakeIds())
    assert codec.frame_of("RecordChange") + spliced == codec.encode(record)
    assert change.partition == partition_of(f"CHUM|{number}", 4)


def test_the_state_of_an_item_is_its_content_status_entry_and_op() -> None:
    """The instant of the message is not part of what it says: snapshots repeat everything."""
    first = change_of(item("1", "a", "x"), 4)
    later = Item(**{**_fields(item("1", "a", "x")), "occurred_at": 5})

    assert change_of(later, 4).state == first.state
    for name, value in (("status", "inactive"), ("entry", "s|c"), ("op", "delete")):
        other = Item(**{**_fields(item("1", "a", "x")), name: value})
        assert change_of(other, 4).state != first.state
        assert change_of(other, 4).item == first.item


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": ""},
        {"authority": "A|B"},
        {"status": "\ud800"},
        {"occurred_at": 2**70},
        {"section": "nowhere"},
        {"op": "erase"},
        {"content": object()},
    ],
)
def test_an_unfit_item_is_named_by_section_only(wrong: dict[str, object]) -> None:
    """What a schema does not take is the mapper's fault, and no value of it is repeated."""
    with pytest.raises(UnfitItem) as caught:
        change_of(Item(**{**_fields(item("4711", "a", "x")), **wrong}), 4)

    assert "4711" not in str(caught.value)


def test_a_change_larger_than_the_journal_takes_is_unfit() -> None:
    """20 MiB is the bound of broker and clients: refused at the edge, not stuck in the outbox."""
    with pytest.raises(UnfitItem, match="more than the"):
        change_of(item("1", "a", "x" * 21 * 1024 * 1024), 4)


def test_a_body_of_an_earlier_schema_is_upgraded() -> None:
    """An outbox outlives an upgrade: what the version before wrote is forwarded as ours."""
    ours = own_schema("RecordChange")
    change = change_of(item("1", "a", "x"), 4)
    data = body(source_prefix("chum-adt", 1), 1, 0, 5, change)

    assert upgraded(data, ours) == data
    with pytest.raises(ValueError, match="not of the schema"):
        upgraded(data[:9], ours)


def _fields(value: Item) -> dict[str, object]:
    return {name: getattr(value, name) for name in Item.__dataclass_fields__}
