"""The identify stage alone, fed in any order: what it linked, and what it asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from dsn_schemas.keys import record_key
from dsn_schemas.records import IdentityRequest, RecordChange, RecordLink, ReviewPair
from dsn_schemas.topics import IDENTITY_LINKS, IDENTITY_REQUESTS
from dsn_schemas.wire import Codec
from dsn_streams.identify import Identify
from dsn_streams.identity.matcher import Matcher
from dsn_streams.stage import Batch, MemoryState
from support.world import FixedIds, Stored


def request_of(change: RecordChange) -> IdentityRequest:
    """What admit would put before identify."""
    return IdentityRequest(
        authority=change.authority,
        number=change.number,
        source=change.source,
        epoch=change.epoch,
        seq=change.seq,
        first_captured_at=change.captured_at,
        captured_at=change.captured_at,
        section=change.section if change.section in ("demographics", "claims") else "unknown",
        op=change.op,
        item=change.item,
        content=change.content if change.section in ("demographics", "claims") else None,
    )


class Deciding:
    """Runs the stage and keeps what it wrote."""

    def __init__(self, matcher: Matcher) -> None:
        self.codec = Codec(FixedIds())
        self.state = MemoryState()
        self.stage = Identify(self.codec, 3, matcher)
        self.matcher = matcher
        #: Newest link of each record, newest review of each pair of record keys.
        self.links: dict[str, RecordLink] = {}
        self.reviews: dict[tuple[str, str], ReviewPair] = {}

    def take(self, requests: Sequence[IdentityRequest]) -> None:
        """One turn."""
        stored = [Stored(i, b"", self.codec.encode(one)) for i, one in enumerate(requests)]
        decision = self.stage.decide(self.state, [Batch(IDENTITY_REQUESTS, 0, stored)])
        self.state.apply(decision.writes)
        for output in decision.outputs:
            record = self.codec.decode(output.value or b"")
            if output.topic == IDENTITY_LINKS:
                assert isinstance(record, RecordLink)
                self.links[record_key(record.authority, record.number)] = record
            else:
                assert isinstance(record, ReviewPair)
                pair = (
                    record_key(record.authority_a, record.number_a),
                    record_key(record.authority_b, record.number_b),
                )
                self.reviews[pair] = record

    def take_all(self, requests: Sequence[IdentityRequest], chance: random.Random) -> None:
        """Every request, in turns of any size, with restarts between them."""
        at = 0
        while at < len(requests):
            end = at + chance.choice((1, 1, 2, 5, 50))
            self.take(requests[at:end])
            at = end
            if chance.random() < 0.3:
                self.stage = Identify(self.codec, 3, self.matcher)
                self.stage.opened(self.state)

    def people(self) -> dict[str, str]:
        """Record key -> person."""
        return {key: link.person for key, link in self.links.items()}

    def questions(self) -> dict[tuple[str, str], ReviewPair]:
        """What is open, without when it was opened."""
        return {k: replace(v, opened_at=0) for k, v in self.reviews.items() if v.open}
