"""Where items are is known again from the entries' rows, whatever compaction left of them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from dsn_schemas.topics import CONTRIBUTIONS
from dsn_schemas.wire import Codec, encode_content
from dsn_streams.contribution import SECTION_NUMBERS, UPSERT, Contribution, encode
from dsn_streams.entry_rows import items_in
from dsn_streams.stage import Batch, MemoryState
from dsn_streams.unify import Unify
from support.world import FixedIds

PERSON = b"p" * 26


@dataclass
class Record:
    offset: int
    value: bytes
    key: bytes = PERSON
    timestamp: int = 0


def said(seq: int, item: str, entry: str) -> Contribution:
    return Contribution(
        record="H|1",
        source="lab",
        item=item,
        epoch=1,
        seq=seq,
        op=UPSERT,
        status="",
        occurred_at=seq,
        captured_at=seq,
        section=SECTION_NUMBERS["allergies"],
        entry=entry,
        version=1,
        content=encode_content(None),
    )


def restored(stage: Unify, changelog: list[tuple[bytes, bytes | None]]) -> MemoryState:
    state = MemoryState()
    for key, value in changelog:
        state.apply({key: value})
        if value is not None:
            state.apply(dict(stage.derived(key, value)))
    return state


moves = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(["é|1", "s|2", ""])), min_size=1)


@given(moves, st.randoms(use_true_random=False))
def test_an_item_is_in_the_entry_it_named_last(told, chance) -> None:
    """The lane restores its state before every turn; an item is never in two entries, or in none."""
    stage = Unify(Codec(FixedIds()), 1)
    changelog: list[tuple[bytes, bytes | None]] = []
    records = [Record(n, encode(said(n + 1, *one))) for n, one in enumerate(told)]
    while records:
        newest = {key: at for at, (key, _) in enumerate(changelog)}
        changelog = [
            row for at, row in enumerate(changelog) if newest[row[0]] == at or chance.random() < 0.5
        ]
        state = restored(stage, changelog)
        count = chance.choice((1, 1, 2, 5))
        decision = stage.decide(state, [Batch(CONTRIBUTIONS, 0, records[:count])])
        records = records[count:]
        assert not decision.writes.keys() & decision.derived.keys()
        writes = list(decision.writes.items())
        chance.shuffle(writes)
        changelog += writes

    rows = restored(stage, changelog).rows
    held = [
        item for key, value in rows.items() if key[:1] == b"e" for item in items_in(value).values()
    ]
    assert sorted((one.item, one.entry) for one in held) == sorted(dict(told).items())
