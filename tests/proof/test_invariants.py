"""Each invariant is violated by the one thing that must not be, and by nothing when all is well."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from dsn_consumers.chain import GENESIS, AuditRow, chained, row_bytes
from dsn_deploy.proof import fold
from dsn_deploy.proof.evidence import (
    Audited,
    Contributor,
    Counted,
    Evidence,
    JournalRecord,
    Quarantined,
    Shown,
)
from dsn_deploy.proof.invariants import check, twice_numbered
from dsn_deploy.proof.reads import LinkRecord, Past, Read, ViewRecord, mislabelled, wrong
from dsn_schemas.records import Encounter, RecordChange, RejectedMessage

TOPIC = "dsn.changes.a"
VIEW = ("dsn.view", 0)
LINKS = ("dsn.identity.links", 0)


def change(seq: int, item: str, note: str = "", number: str = "1") -> RecordChange:
    return RecordChange(
        source="adt", epoch=1, seq=seq, previous=seq - 1, authority="H", number=number,
        section="encounters", item=item, entry="", op="upsert", status="finished",
        occurred_at=seq, captured_at=seq, content=Encounter(note=note),
    )  # fmt: skip


def refused(seq: int) -> RecordChange:
    content = RejectedMessage(reason="no-patient", detail="PID-3 is empty", payload=b"MSH|")
    return replace(change(seq, "m", number="adt"), authority="edge", section="rejected",
                   content=content)  # fmt: skip


CHANGES = [change(1, "x", "a"), change(2, "y", "b"), change(3, "x", "c"), refused(4)]


def whole() -> Evidence:
    """A run in which all is well, made from what the fold says."""
    journal, audited, last = [], [], GENESIS
    for offset, one in enumerate(CHANGES):
        value = repr(one).encode()
        journal.append(JournalRecord(TOPIC, 0, offset, value, one))
        row = AuditRow(
            TOPIC, 0, offset, one.source, one.epoch, one.seq, one.section, one.op, 0, "r",
            b"i", hashlib.sha256(value).digest(), one.captured_at, 0,
        )  # fmt: skip
        previous, last = last, chained(last, row_bytes(row))
        audited.append(Audited(*row, previous, last))
    entries = [
        Shown(*key, tuple(Contributor(*c) for c in found))
        for key, found in fold.leading_first(CHANGES[:3]).items()
    ]
    return Evidence(
        acknowledged=CHANGES,
        journal=journal,
        entries=entries,
        people=fold.people(CHANGES[:3]),
        quarantined=[Quarantined(TOPIC, 0, 3, "adt", 1, 4, b"MSH|")],
        audited=audited,
        complete={("adt", 1): 4},
        ledger=[Counted("adt", 4, 2, 1, 0, 1, 0, 0)],
    )


def found(evidence: Evidence) -> set[str]:
    return {violation.invariant for violation in check(evidence)}


def test_nothing_is_wrong_with_a_whole_run() -> None:
    """The evidence of a run in which all is well violates nothing."""

    assert [] == check(whole())


def _gone(evidence: Evidence) -> Evidence:
    return replace(evidence, entries=evidence.entries[:1])


def _garbage(evidence: Evidence) -> Evidence:
    garbage = JournalRecord(TOPIC, 0, 9, b"garbage", None)
    return replace(evidence, journal=[*evidence.journal, garbage])


def _never_taken(evidence: Evidence) -> Evidence:
    return replace(evidence, acknowledged=[c for c in CHANGES if c.seq != 2])


def _other_bytes(evidence: Evidence) -> Evidence:
    return replace(evidence, acknowledged=[*CHANGES[:2], change(3, "x", "other"), CHANGES[3]])


def _twice(evidence: Evidence) -> Evidence:
    return replace(evidence, quarantined=[*evidence.quarantined] * 2)


def _twice_taken(evidence: Evidence) -> Evidence:
    return replace(evidence, acknowledged=[*CHANGES, replace(CHANGES[2], seq=5)])


def _old_value(evidence: Evidence) -> Evidence:
    def older(entry: Shown) -> Shown:
        changed = tuple(c._replace(seq=1) if c.seq == 3 else c for c in entry.contributors)
        return entry._replace(contributors=changed)

    return replace(evidence, entries=[older(entry) for entry in evidence.entries])


def _other_person(evidence: Evidence) -> Evidence:
    return replace(evidence, people={"H|1": "somebody"})


def _row_changed(evidence: Evidence) -> Evidence:
    rows = [evidence.audited[0]._replace(op="delete"), *evidence.audited[1:]]
    return replace(evidence, audited=rows)


def _row_missing(evidence: Evidence) -> Evidence:
    return replace(evidence, audited=evidence.audited[:-1])


def _unbalanced(evidence: Evidence) -> Evidence:
    return replace(evidence, ledger=[Counted("adt", 4, 2, 0, 0, 1, 0, 1)])


def _behind(evidence: Evidence) -> Evidence:
    return replace(evidence, complete={("adt", 1): 3})


def _promise(evidence: Evidence) -> Evidence:
    mark = replace(CHANGES[0], op="mark", seq=9, previous=7, content=None)
    return replace(evidence, journal=[*evidence.journal, JournalRecord(TOPIC, 0, 8, b"m", mark)])


def _stuck(evidence: Evidence) -> Evidence:
    return replace(evidence, unfinished=["unify lane 0 never caught up"])


@pytest.mark.parametrize(
    ("harm", "invariant"),
    [
        (_gone, "I1"),
        (_garbage, "I1"),
        (_never_taken, "I2"),
        (_other_bytes, "I2"),
        (_twice, "I3"),
        (_twice_taken, "I3"),
        (_old_value, "I4"),
        (_other_person, "I4"),
        (_row_changed, "I6"),
        (_row_missing, "I7"),
        (_unbalanced, "I7"),
        (_behind, "I8"),
        (_promise, "I8"),
        (_stuck, "I10"),
    ],
)
def test_each_harm_is_seen(harm: Callable[[Evidence], Evidence], invariant: str) -> None:
    """One thing made wrong violates the invariant that forbids it."""

    assert invariant in found(harm(whole()))


def _past() -> Past:
    mine = Shown("p", "encounters", "#x", (Contributor("H|1", "adt", "x", 1, 1),))
    return Past(
        view={VIEW: [ViewRecord(0, b"p|encounters|#x", mine)]},
        links={LINKS: [LinkRecord(0, "H|1", "p"), LinkRecord(1, "H|1", "q")]},
    )


def _read(view: int, links: int, *, shown: bool, complete: int = 0, timeline: int = 0) -> Read:
    entries = [one.entry for one in _past().view[VIEW] if one.entry is not None] if shown else []
    return Read("nurse", timeline, "p", {VIEW: view, LINKS: links}, entries, {("adt", 1): complete})


def test_a_read_of_its_own_prefix_is_right() -> None:
    """Linked entries of the prefix are shown, and no others."""
    reads = [_read(0, 1, shown=False), _read(1, 1, shown=True), _read(1, 2, shown=False)]

    assert [] == list(wrong(reads, _past()))


@pytest.mark.parametrize(
    "reads",
    [
        [_read(1, 2, shown=True)],
        [_read(1, 1, shown=False)],
        [_read(1, 1, shown=True), _read(0, 1, shown=False)],
        [_read(0, 1, shown=False, complete=2), _read(0, 1, shown=False, complete=1)],
    ],
    ids=["of another person", "missing", "older than before", "less complete than before"],
)
def test_each_wrong_read_is_seen(reads: list[Read]) -> None:
    """Entries of records linked elsewhere, missing ones, and steps back are wrong."""

    assert list(wrong(reads, _past()))


def test_another_timeline_may_be_older() -> None:
    """After a lagging standby is promoted a reader may see less, as its label says."""
    reads = [_read(1, 1, shown=True), _read(0, 1, shown=False, timeline=1)]

    assert [] == list(wrong(reads, _past()))


def test_a_label_that_promises_too_much_is_seen() -> None:
    """Complete to 2 without what number 2 said is wrong, complete to 1 is right."""
    changes = [change(1, "x"), change(2, "y")]

    assert [] == list(mislabelled([_read(1, 2, shown=False, complete=1)], _past(), changes))
    assert list(mislabelled([_read(1, 2, shown=False, complete=2)], _past(), changes))


def test_a_label_over_an_older_state_is_seen() -> None:
    """Complete to 2 while the item is only there as number 1 left it is wrong."""
    changes = [change(1, "x"), change(2, "x", "corrected")]

    assert [] == list(mislabelled([_read(1, 2, shown=False, complete=1)], _past(), changes))
    assert list(mislabelled([_read(1, 2, shown=False, complete=2)], _past(), changes))


def test_only_a_link_to_somebody_else_excuses_a_label() -> None:
    """A record linked again to the same person is not on its way; one given to another is."""
    changes = [change(1, "x"), change(2, "y")]
    stays = Past(
        view=_past().view, links={LINKS: [*_past().links[LINKS], LinkRecord(2, "H|1", "q")]}
    )

    assert list(mislabelled([_read(1, 2, shown=False, complete=2)], stays, changes))
    assert [] == list(mislabelled([_read(1, 1, shown=True, complete=2)], stays, changes))


def test_what_was_forgotten_is_numbered_again_once() -> None:
    """Behind a restore an item may be said once more as it was; twice more is a fault."""
    later = [replace(change(seq, "x", "c"), epoch=2) for seq in (1, 2, 3)]

    once = replace(whole(), acknowledged=[*CHANGES, *later[:2]])
    twice = replace(whole(), acknowledged=[*CHANGES, *later])

    assert [] == list(twice_numbered(once))
    assert len(list(twice_numbered(twice))) == 1
