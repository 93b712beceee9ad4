"""Which receipts are due: what of each source is in the store, told to its outbox. Pure.

A receipt frees rows of the outbox, so it must never say more than is committed in PostgreSQL. What
it says comes from one look at the store (``dsn_store.receipt_progress``): the smaller of what the
audit log has read and of what the barriers of the view contain, over every partition of both.

**Quarantine** travels on a topic of its own, beside the barriers; ``receipts`` waits for the store
to have read it before a receipt is published.

**Records that move** between people: their contributions have left the entry they were in and are
on their way to another, in the journal (``dsn.contributions``) and in no row. A receipt covers them
all the same, and that is safe for three reasons. A move starts behind the barrier that says that
the contribution was stored, or carries it in the same Kafka transaction, so the journal has it. A
move takes seconds, while a covered change stays in the outbox for ``outbox_keep_days``, an hour at
the very least, so that an outbox still has what a journal could lose in the middle of a move. And
a source one of whose records moves for longer than ``STUCK_S`` gets no further receipts until the
move is over. Holding every receipt back while anything moves would not be safer (an old receipt's
record may move as well), and would let outboxes grow for as long as somewhere somebody merges.

**The highest number seen never goes back**, whatever a standby knows that took over: an outbox restored
from an old copy asks for it before it gives numbers, and would give one that the journal has. What is
complete does go back; an outbox must know what the centre has now.

**Claims** say who is who; what the store has of them is their effect on the links, behind the
identity stage. The journal keeps ``dsn.identity.requests`` for good, and the outbox its copy as
above.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dsn_schemas.records import Receipt

#: A receipt is said again after this time though nothing changed, ms: an outbox that was restored
#: hears it when it reads the topic, and one that missed a word gets another.
REPEAT_MS = 60_000
#: A record that moves longer than this holds back its sources' receipts, s.
STUCK_S = 600.0

#: Changes topic, source, epoch.
Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the store is with one source and epoch."""

    topic: str
    source: str
    epoch: int
    #: Everything up to this number is in the store, in quarantine and in the audit log.
    complete: int
    #: Highest number that was read.
    seen: int

    @property
    def key(self) -> Key:
        """Its name."""
        return self.topic, self.source, self.epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the store."""

    #: Identity of the store and its time line: a database made anew or restored is another one.
    store: str
    #: Grows with each look.
    issued: int
    #: Clock of the centre, ms.
    at: int


def due(
    progress: Sequence[Progress],
    told: Mapping[Key, Receipt],
    look: Look,
    held: Collection[tuple[str, str]] = (),
    seen: Mapping[Key, int] | None = None,
) -> dict[Key, Receipt]:
    """The receipts to publish now; ``told`` are the last ones, ``held`` (topic, source) wait.

    A held source is told again what it was told before, and nothing when that is not known. ``seen``
    are the highest numbers that were ever told as seen.
    """
    known = seen or {}
    found: dict[Key, Receipt] = {}
    for one in progress:
        before = told.get(one.key)
        complete, highest = one.complete, max(one.seen, known.get(one.key, 0))
        if (one.topic, one.source) in held:
            if before is None:
                continue
            complete = min(complete, before.seq)
        same = before is not None and (before.seq, before.seen, before.store) == (
            complete,
            highest,
            look.store,
        )
        if before is not None and same and look.at - before.at < REPEAT_MS:
            continue
        found[one.key] = Receipt(
            source=one.source,
            epoch=one.epoch,
            seq=complete,
            at=look.at,
            seen=highest,
            store=look.store,
            issued=look.issued,
        )
    return found


def highest_seen(said: Iterable[tuple[str, Receipt]]) -> dict[Key, int]:
    """The highest number told as seen, of each source and epoch; ``said``: changes topic, receipt."""
    found: dict[Key, int] = {}
    for topic, one in said:
        key = (topic, one.source, one.epoch)
        found[key] = max(one.seen, found.get(key, 0))
    return found


@dataclass(slots=True)
class Moves:
    """Since when each record that is between two people has been so; ``now`` in monotonic seconds."""

    _since: dict[str, float] = field(default_factory=dict)

    def stuck(
        self, moving: Mapping[str, Collection[tuple[str, str]]], now: float
    ) -> set[tuple[str, str]]:
        """(topic, source) of records that move for too long; ``moving``: the same by record."""
        self._since = {record: self._since.get(record, now) for record in moving}
        late = [record for record, since in self._since.items() if now - since > STUCK_S]
        return {source for record in late for source in moving[record]}
