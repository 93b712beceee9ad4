"""The evidence of a run, and what the proof says of it."""

from __future__ import annotations

from functools import lru_cache

from dsn_deploy.proof import reads
from dsn_deploy.proof.evidence import (
    Audited,
    Contributor,
    Evidence,
    JournalRecord,
    Quarantined,
    Shown,
    Violation,
)
from dsn_deploy.proof.invariants import check
from dsn_deploy.proof.reads import LinkRecord, Past, ViewRecord
from dsn_deploy.simulation import snapshot
from dsn_deploy.simulation.copied import MILLENNIUM_US, number, word
from dsn_deploy.simulation.edge import ESTABLISHMENT
from dsn_deploy.simulation.outside import CODEC, change_in
from dsn_deploy.simulation.tables import Tables
from dsn_deploy.simulation.world import World
from dsn_schemas.keys import record_key
from dsn_schemas.records import RecordLink, ViewEntry
from dsn_schemas.topics import IDENTITY_LINKS, VIEW, changes_topic


def judge(world: World) -> list[Violation]:
    """Everything in the run that must never be."""
    evidence = evidence_of(world)
    past = past_of(world)
    seen = [read for reader in world.readers for read in reader.reads]
    journal = [record.change for record in evidence.journal if record.change is not None]
    return [
        *check(evidence),
        *reads.wrong(seen, past),
        *reads.mislabelled(seen, past, journal),
    ]


def evidence_of(world: World) -> Evidence:
    """What an outsider collects."""
    tables = world.database.tables
    faults = [
        f"{process.name} ended {len(process.faults)} times, last with {process.faults[-1]}"
        for process in world.actors
        if len(process.faults) > FAULTS_MAX
    ]
    return Evidence(
        acknowledged=[change for edge in world.edges for change in edge.acknowledged],
        possible=[change for edge in world.edges for change in edge.said_before],
        journal=[
            JournalRecord(
                *place, record.offset, record.value or b"", change_in(record.value or b"")
            )
            for place, records in world.broker.past(changes_topic(ESTABLISHMENT)).items()
            for record in records
        ],
        entries=snapshot.linked_entries(tables),
        people=snapshot.people(tables),
        quarantined=_quarantined(tables),
        audited=_audited(tables),
        complete=snapshot.complete(tables),
        journal_whole=not world.journal_lost and not world.cut_at,
        cut_at=world.cut_at,
        unfinished=[*world.unfinished, *faults],
    )


#: Ends of a process by itself that a run may bring: a broken chain, another writer, a lost leader.
FAULTS_MAX = 8


def past_of(world: World) -> Past:
    """Everything view and links ever held."""
    return Past(
        view={
            place: [
                ViewRecord(record.offset, record.key, _entry(record.value))
                for record in records
                if record.key is not None and not record.key.startswith(b"|")
            ]
            for place, records in world.broker.past(VIEW).items()
        },
        links={
            place: [_link(record.offset, record.value or b"") for record in records]
            for place, records in world.broker.past(IDENTITY_LINKS).items()
        },
        skipped=world.database.skipped,
    )


@lru_cache(maxsize=1 << 13)
def _entry(value: bytes | None) -> Shown | None:
    if value is None:
        return None
    entry = CODEC.decode(value)
    assert isinstance(entry, ViewEntry)
    return Shown(
        entry.person,
        entry.section,
        entry.entry,
        tuple(
            Contributor(record_key(c.authority, c.number), c.source, c.item, c.epoch, c.seq)
            for c in entry.contributors
        ),
    )


def _link(offset: int, value: bytes) -> LinkRecord:
    link = CODEC.decode(value)
    assert isinstance(link, RecordLink)
    return LinkRecord(offset, record_key(link.authority, link.number), link.person)


def _quarantined(tables: Tables) -> list[Quarantined]:
    return [
        Quarantined(
            word(row[0]),
            number(row[1]),
            number(row[2]),
            word(row[3]),
            number(row[4]),
            number(row[5]),
            row[10],
        )
        for row in tables["quarantine"].values()
    ]


def _audited(tables: Tables) -> list[Audited]:
    found = [
        Audited(
            word(row[0]),
            number(row[1]),
            number(row[2]),
            word(row[3]),
            number(row[4]),
            number(row[5]),
            word(row[6]),
            word(row[7]),
            number(row[8]),
            word(row[9]),
            row[10],
            row[11],
            number(row[12]) + MILLENNIUM_US,
            number(row[13]) + MILLENNIUM_US,
            row[14],
            row[15],
        )
        for row in tables["audit"].values()
    ]
    return sorted(found, key=lambda row: row[:3])
