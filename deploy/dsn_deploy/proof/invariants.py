"""The invariants, asked of the evidence after heal and drain.

    I1  nothing lost      an acknowledged change is in the journal, and shown, replaced by a later one,
                          or in quarantine byte for byte
    I2  nothing invented  what is shown, audited or set aside was taken by an edge
    I3  nothing doubled   no number in two entries, two quarantine rows, two audit rows of one offset
    I4  view = fold       entries, their leading contributor, and people are the naive fold
    I6  the audit holds   one row per journal record, digests of its bytes, chains recomputed
    I7  conservation      journal records = audit rows + marks; the books balance
    I8  no gap            numbers of each source and epoch are contiguous, and complete says so
    I10 liveness          everything came to rest

I5 (no wrong read) is asked of every read on the way, by ``reads``.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from dsn_deploy.proof import chains, fold
from dsn_deploy.proof.evidence import Evidence, Number, Shown, Violation, number_of
from dsn_schemas.records import RecordChange

#: Violations of one invariant that are spelled out; whole tables would bury them.
SAID_MAX = 20


def check(evidence: Evidence) -> list[Violation]:
    """Everything that must not be; empty when the centre is right."""
    found: list[Violation] = []
    for invariant, questions in _QUESTIONS.items():
        for question in questions:
            for number, what in enumerate(question(evidence)):
                if number == SAID_MAX:
                    break
                found.append(Violation(invariant, what))
    return found


def lost(evidence: Evidence) -> Iterator[str]:
    """I1: acknowledged changes that are nowhere."""
    audited = {(row.source, row.epoch, row.seq) for row in evidence.audited}
    payloads = {(q.source, q.epoch, q.seq): q.payload for q in evidence.quarantined}
    shown = _shown_numbers(evidence.entries)
    standing = {
        number_of(change)
        for (_, _, section, _), change in fold.standing_changes(_usable(evidence)).items()
        if section != "claims"
    }
    for change in evidence.acknowledged:
        number = number_of(change)
        if number not in audited:
            yield f"{_said(number)} was acknowledged and is not in the audit log"
        elif number in standing and number not in shown and number not in payloads:
            yield f"{_said(number)} stands and is neither shown nor set aside"
        elif (change.section, change.op) == ("rejected", "upsert") and number not in payloads:
            yield f"{_said(number)} was refused at the edge and is not in quarantine"


def unreadable(evidence: Evidence) -> Iterator[str]:
    """I1: journal records nobody can read that are not in quarantine byte for byte."""
    aside = {(q.topic, q.partition, q.offset): q.payload for q in evidence.quarantined}
    for record in evidence.journal:
        if record.offset < evidence.cut_at.get(record[:2], 0):
            continue  # perhaps deleted before anybody read it, and nobody's change
        if record.change is None and aside.get(record[:3]) != record.value:
            yield f"offset {record[:3]} cannot be read and is not in quarantine byte for byte"


def invented(evidence: Evidence) -> Iterator[str]:
    """I2: what nobody took."""
    known = {number_of(change) for change in (*evidence.acknowledged, *evidence.possible)}
    for number in sorted(_shown_numbers(evidence.entries).keys() - known):
        yield f"{_said(number)} is shown and was never taken"
    for row in evidence.audited:
        number = (row.source, row.epoch, row.seq)
        if row.seq > 0 and number not in known:
            yield f"{_said(number)} is audited and was never taken"
    for one in evidence.quarantined:
        if one.seq > 0 and (one.source, one.epoch, one.seq) not in known:
            yield f"{_said((one.source, one.epoch, one.seq))} is set aside and was never taken"


def altered(evidence: Evidence) -> Iterator[str]:
    """I2: journal records that say something else than the edge took under that number."""
    taken = {number_of(c): c for c in (*evidence.acknowledged, *evidence.possible)}
    for record in evidence.journal:
        change = record.change
        if change is None or change.op == "mark":
            continue
        ours = taken.get(number_of(change))
        if ours is not None and ours != change:
            yield f"{_said(number_of(change))} says something else in the journal than at the edge"


def doubled(evidence: Evidence) -> Iterator[str]:
    """I3: what is there twice."""
    for number, times in _shown_numbers(evidence.entries).items():
        if times > 1:
            yield f"{_said(number)} is in {times} entries"
    rows = Counter((row.topic, row.partition, row.offset) for row in evidence.audited)
    for place, times in rows.items():
        if times > 1:
            yield f"offset {place} has {times} audit rows"
    numbers = Counter((q.source, q.epoch, q.seq) for q in evidence.quarantined if q.seq > 0)
    for number, times in numbers.items():
        if times > 1:
            yield f"{_said(number)} has {times} rows in quarantine"


def twice_numbered(evidence: Evidence) -> Iterator[str]:
    """I3: a number that stands for two things, or the same change taken under two numbers.

    An outbox that begins a new epoch takes over what it had not sent, and forgets what was said: in
    such an epoch an item may be said once more as it was. In the first epoch of a source, never.
    """
    first = {source: min(c.epoch for c in evidence.acknowledged if c.source == source)
             for source in {c.source for c in evidence.acknowledged}}  # fmt: skip
    said: dict[Number, RecordChange] = {}
    before: dict[tuple[str, int, str, str, str, str], RecordChange] = {}
    repeats: Counter[tuple[str, int, str, str, str, str]] = Counter()
    for change in sorted(evidence.acknowledged, key=number_of):
        number = number_of(change)
        if said.setdefault(number, change) != change:
            yield f"{_said(number)} was given to two changes"
        item = (change.source, change.epoch, change.authority, change.number, change.section,
                change.item)  # fmt: skip
        last = before.get(item)
        if last is not None and last is not change and _same(last, change):
            repeats[item] += 1
            if repeats[item] > (change.epoch != first[change.source]):
                yield f"{_said(number)} says what {_said(number_of(last))} said: twice numbered"
        before[item] = change


def wrong_views(evidence: Evidence) -> Iterator[str]:
    """I4: entries that are not the fold's."""
    expected = {key: tuple(one) for key, one in fold.leading_first(_usable(evidence)).items()}
    found = {(e.person, e.section, e.entry): tuple(map(tuple, e.contributors))
             for e in evidence.entries}  # fmt: skip
    for key in sorted(expected.keys() | found.keys()):
        ours, theirs = found.get(key, ()), expected.get(key, ())
        if set(ours) != set(theirs) or ours[:1] != theirs[:1]:
            yield f"entry {'/'.join(key)}: expected {theirs}, found {ours}"


def wrong_people(evidence: Evidence) -> Iterator[str]:
    """I4: records that are linked to another person than the fold says."""
    changes = _usable(evidence)
    spoken = {f"{c.authority}|{c.number}" for c in changes}
    expected = {key: person for key, person in fold.people(changes).items() if key in spoken}
    for key in sorted(expected.keys() | evidence.people.keys()):
        if expected.get(key) != evidence.people.get(key):
            yield (
                f"record {key}: expected person {expected.get(key)},"
                f" found {evidence.people.get(key)}"
            )


def unaudited(evidence: Evidence) -> Iterator[str]:
    """I6 and I7: a journal record without its row, a row without its record, other bytes.

    Where the journal was cut, neither side can be asked for the other; I1 asks for every number.
    """
    rows = {(row.topic, row.partition, row.offset): row for row in evidence.audited}
    places = set()
    for record in evidence.journal:
        if record.change is not None and record.change.op == "mark":
            continue
        place = record[:3]
        places.add(place)
        row = rows.get(place)
        if row is None:
            if record.offset >= evidence.cut_at.get(place[:2], 0):
                yield f"offset {place} has no audit row"
        elif row.content_digest != hashlib.sha256(record.value).digest():
            yield f"offset {place} was audited with other bytes"
    for place in sorted(rows.keys() - places):
        if place[2] >= evidence.cut_at.get(place[:2], 0):
            yield f"audit row {place} is of no journal record"


def unbalanced(evidence: Evidence) -> Iterator[str]:
    """I7: books in which something is missing, or still on its way."""
    for line in evidence.ledger:
        fates = line.shown + line.superseded + line.duplicate + line.quarantined
        if line.received != fates or line.in_flight or line.unexplained:
            yield f"the books of {line.source} do not balance: {tuple(line)}"


def broken_chains(evidence: Evidence) -> Iterator[str]:
    """I6: chains that do not hold."""
    return chains.broken(evidence.audited)


def gaps(evidence: Evidence) -> Iterator[str]:
    """I8: numbers that are missing, or a *complete* that says less or more than there is."""
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    for row in evidence.audited:
        if row.seq > 0:
            seen[row.source, row.epoch].add(row.seq)
    for key, numbers in sorted(seen.items()):
        missing = sorted(set(range(1, max(numbers) + 1)) - numbers)
        if missing:
            yield f"{key} misses {missing[:5]} of {max(numbers)}"
        elif evidence.complete.get(key, 0) != max(numbers):
            yield f"{key} is complete to {evidence.complete.get(key, 0)}, has {max(numbers)}"


def overpromised(evidence: Evidence) -> Iterator[str]:
    """I8: marks that name a change which is not in front of them on their partition."""
    seen: dict[tuple[str, int, str, int], set[int]] = defaultdict(set)
    for record in sorted(evidence.journal if evidence.journal_whole else (), key=lambda r: r[:3]):
        change = record.change
        if change is None:
            continue
        numbers = seen[record.topic, record.partition, change.source, change.epoch]
        if change.op != "mark":
            numbers.add(change.seq)
        elif change.previous and change.previous not in numbers:
            yield f"the mark at {record[:3]} vouches for {change.previous}, which is not before it"


def unfinished(evidence: Evidence) -> Iterator[str]:
    """I10: what did not come to rest."""
    return iter(evidence.unfinished)


_QUESTIONS = {
    "I1": (lost, unreadable),
    "I2": (invented, altered),
    "I3": (doubled, twice_numbered),
    "I4": (wrong_views, wrong_people),
    "I6": (broken_chains,),
    "I7": (unaudited, unbalanced),
    "I8": (gaps, overpromised),
    "I10": (unfinished,),
}


def _usable(evidence: Evidence) -> list[RecordChange]:
    """Every change that counts: in the journal or acknowledged, and not set aside."""
    aside = {(q.source, q.epoch, q.seq) for q in evidence.quarantined}
    found = {number_of(change): change for change in evidence.acknowledged}
    for record in evidence.journal:
        if record.change is not None and record.change.op != "mark":
            found.setdefault(number_of(record.change), record.change)
    return [
        change
        for number, change in found.items()
        if number not in aside and change.section != "rejected"
    ]


def _shown_numbers(entries: Iterable[Shown]) -> Counter[Number]:
    return Counter((c.source, c.epoch, c.seq) for entry in entries for c in entry.contributors)


def _same(one: RecordChange, two: RecordChange) -> bool:
    return (one.op, one.status, one.entry, one.content) == (
        two.op, two.status, two.entry, two.content
    )  # fmt: skip


def _said(number: Number) -> str:
    source, epoch, seq = number
    return f"{source} {epoch}/{seq}"
