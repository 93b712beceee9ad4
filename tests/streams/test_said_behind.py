"""What says that something has arrived stands behind it: a reader may stop between any two records."""

from __future__ import annotations

from dsn_schemas.keys import person_id
from dsn_schemas.wire import Codec, encode_content
from dsn_streams import contribution as messages
from dsn_streams.contribution import (
    OP_NUMBERS,
    SECTION_NUMBERS,
    Barrier,
    Contribution,
    Message,
    Settled,
)
from dsn_streams.stage import Batch, MemoryState
from dsn_streams.unify import Unify
from support.world import FixedIds, Stored

PERSON = person_id("H|1")


def item(seq: int, name: str) -> Contribution:
    return Contribution(
        record="H|1", source="adt", item=name, epoch=1, seq=seq, op=OP_NUMBERS["delete"],
        status="", occurred_at=1, captured_at=1, section=SECTION_NUMBERS["encounters"],
        entry=f"#{name}", version=1, content=encode_content(None),
    )  # fmt: skip


def written(*received: Message) -> list[bytes]:
    """Keys of what one turn writes to the view, in order."""
    records = [
        Stored(offset, PERSON.encode(), messages.encode(message))
        for offset, message in enumerate(received)
    ]
    stage = Unify(Codec(FixedIds()), 1)
    stage.opened(MemoryState())
    decision = stage.decide(MemoryState(), [Batch("dsn.contributions", 0, records)])
    return [output.key or b"" for output in decision.outputs]


def test_barriers_and_settled_markers_stand_behind_the_entries_of_their_turn() -> None:
    """Neither promises an entry that a reader of the same prefix does not have."""
    barrier = Barrier("dsn.changes.a", 0, 9, "adt", 1, 2, 1)

    keys = written(item(1, "x"), Settled("H|1", 1), barrier, item(2, "y"))

    assert [b"|" == key[:1] for key in keys] == [False, False, True, True]
