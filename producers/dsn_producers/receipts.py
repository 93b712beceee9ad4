"""What a receipt of the centre means for an outbox. Pure.

A receipt says: everything of this epoch up to this number is committed in PostgreSQL, in the store
or in quarantine. Receipts of one topic come in the order in which they are true, so a lower number
than before means that the centre has less than before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from dsn_schemas.records import Receipt, ResendRequest, RetryRequest

#: What the centre tells an outbox.
Word = Receipt | ResendRequest | RetryRequest


class Finding(Enum):
    """What a receipt shows."""

    #: The centre has this much; what is behind it waits.
    COVERS = "covers"
    #: The store has less than before: it was restored, or the view is being made again. Nothing more
    #: is freed; the journal, which is watched by its own offsets, still has the rest.
    LOWER = "lower"
    #: Another store than before, and it has less: send what it does not have. Not when the journal
    #: was lost as well: then everything goes again already, and this store will read it.
    NEW_STORE = "new-store"
    #: The centre knows numbers this outbox never gave: the outbox was lost or restored, or somebody
    #: else numbers in its name.
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The last receipt of an epoch, as the outbox keeps it."""

    seq: int
    #: Which store said so; empty when everything was sent again since, whatever was said.
    store: str


def judge(known: Known | None, receipt: Receipt, *, epoch: int, numbered: int) -> Finding:
    """What a receipt shows to an outbox that has given ``numbered`` numbers in ``epoch``."""
    told = max(receipt.seen, receipt.seq)
    if receipt.epoch > epoch or (receipt.epoch == epoch and told > numbered):
        return Finding.RESTORED
    if known is None or receipt.seq >= known.seq:
        return Finding.COVERS
    return Finding.LOWER if known.store in ("", receipt.store) else Finding.NEW_STORE


def end_of(receipt: Receipt, *, epoch: int, numbered: int) -> int | None:
    """Highest number of an earlier epoch, where the centre knows more of it than this outbox.

    An outbox that is lost gave those numbers, so no mark of it will ever say that they are all.
    ``epoch`` is the one of the numbers given now, ``numbered`` what this outbox has of the receipt's.
    """
    told = max(receipt.seen, receipt.seq)
    return told if receipt.epoch < epoch and numbered < told and receipt.seq < told else None


def latest(words: Iterable[Word], source: str) -> list[Word]:
    """What still holds of everything the topic has of a source: one receipt an epoch, all requests.

    Only that may be judged at a start: older words would look like a store that went back. But the
    highest number that was ever seen stands: a standby that took over knows less for a moment, and an
    outbox restored in that moment would give numbers that the journal has.
    """
    receipts: dict[int, Receipt] = {}
    requests: list[Word] = []
    for word in words:
        if word.source != source:
            continue
        if isinstance(word, Receipt):
            before = receipts.get(word.epoch, word)
            receipts[word.epoch] = replace(word, seen=max(word.seen, before.seen))
        else:
            requests.append(word)
    return [*(receipts[epoch] for epoch in sorted(receipts)), *requests]
