"""What a reader of the store sees, as the documented views would give it; a model of those views."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any

import msgspec

from dsn_deploy.proof.evidence import Contributor, Shown
from dsn_deploy.simulation.copied import number, word
from dsn_deploy.simulation.tables import Tables, unsettled
from dsn_schemas.keys import person_id, record_key
from dsn_schemas.topics import VIEW

Place = tuple[str, int]

_decode = msgspec.json.Decoder().decode


def positions(tables: Tables, consumer: str = "store") -> dict[Place, int]:
    """Where a consumer goes on reading."""
    return {
        (topic, partition): at
        for (name, topic, partition), at in tables["offsets"].items()
        if name == consumer
    }


def linked_entries(tables: Tables, person: str | None = None) -> list[Shown]:
    """``dsn_store.linked_entries``: every record of an entry is linked to its person now."""
    links = linked(tables)
    found = []
    for row in tables["entries"].values():
        if row[16] == b"\1":
            continue
        entry = _shown(row[0], row[2], row[3], row[9])
        if person is not None and entry.person != person:
            continue
        if entry.contributors and all(
            links.get(_record_id(c.record)) == entry.person for c in entry.contributors
        ):
            found.append(entry)
    return found


def linked(tables: Tables) -> dict[str, str]:
    """Record id -> person."""
    return {word(row[0]): word(row[3]) for row in tables["links"].values()}


def people(tables: Tables) -> dict[str, str]:
    """``authority|number`` -> person."""
    return {
        record_key(word(row[1]), word(row[2])): word(row[3]) for row in tables["links"].values()
    }


def moving(tables: Tables) -> frozenset[str]:
    """``dsn_store.unsettled``: records on their way, ``authority|number``."""
    return frozenset(
        record_key(word(link[1]), word(link[2]))
        for key, link in tables["links"].items()
        if unsettled(link, tables["settled"].get(key))
    )


def complete(tables: Tables) -> dict[tuple[str, int], int]:
    """``dsn_store.source_progress.seq_complete``."""
    least: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    for row in tables["barriers"].values():
        source = word(row[3])
        if source:
            least[source, number(row[4]), word(row[1])].append(number(row[6]))
    lanes = _partitions(tables, VIEW)
    found: dict[tuple[str, int], int] = {}
    for (source, epoch, topic), seqs in least.items():
        whole = len(seqs) >= _partitions(tables, topic) * lanes
        seq = min(seqs) if whole else 0
        found[source, epoch] = min(seq, found.get((source, epoch), seq))
    return found


def _partitions(tables: Tables, topic: str) -> int:
    known = tables["topics"].get(topic)
    return 1 << 30 if known is None else int(known[1])


@lru_cache(maxsize=1 << 14)
def _shown(person: bytes, section: bytes, entry: bytes, contributors: bytes) -> Shown:
    found: list[dict[str, Any]] = _decode(contributors)
    return Shown(
        person.decode(),
        section.decode(),
        entry.decode(),
        tuple(
            Contributor(
                f"{c['authority']}|{c['number']}", c["source"], c["item"], c["epoch"], c["seq"]
            )
            for c in found
        ),
    )


@lru_cache(maxsize=1 << 12)
def _record_id(record: str) -> str:
    return person_id(record)
