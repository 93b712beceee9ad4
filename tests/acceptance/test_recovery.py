"""What is damaged is named and mended, and everything can be built again from the journal.

One system, the demonstration's messages, and tests that stand in the order of an incident.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from acceptance.hospital import allergy, message
from acceptance.system import System, eventually
from acceptance.tables import assert_balanced, tables
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from dsn_consumers.reconcile import whole
from dsn_consumers.reconcile.sampling import Sampler
from dsn_deploy.demo.shipped import FEEDS, MLLP, messages, sources_file
from dsn_deploy.stack.embedded import environment
from dsn_schemas.keys import partition_of, view_key
from dsn_schemas.registry import RegistryIds
from dsn_schemas.topics import VIEW
from dsn_schemas.wire import Codec


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    object: dict[str, Any]


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The demonstration's files, in the store."""
    sources = re.sub(r"(?<=mllp_port = )\d+", "PORT", sources_file().read_text(encoding="utf-8"))
    with System(tmp_path_factory.mktemp("recovery"), [sources]) as system:
        for source, file in FEEDS:
            system.feed(messages() / file, source)
        system.await_arrival()
        yield system


def dsn(system: System, *words: str, deadline_s: float = 120) -> Said:
    """A command typed beside the running system; its last line is its answer."""
    process = typed(system, *words)
    out, err = process.communicate(timeout=deadline_s)
    assert out, err
    return Said(process.returncode, json.loads(out.splitlines()[-1]))


def typed(system: System, *words: str) -> subprocess.Popen[str]:
    """A command that has just been typed."""
    given = environment(system.settings)
    del given["DSN_GENERATION"]  # whoever types a command knows nothing of it
    return subprocess.Popen(
        [sys.executable, "-m", "dsn_deploy", *words, "--json"],
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def damaged(system: System, statement: bytes) -> list[tuple[Any, ...]]:
    """Change the store behind everybody's back; what ``RETURNING`` gives."""
    with psycopg.connect(system.settings.conninfo) as connection:
        return connection.execute(statement).fetchall()


def test_reconcile_finds_a_whole_system_whole(fed: System) -> None:
    """Every change, item and entry is compared and nothing differs."""
    said = dsn(fed, "reconcile")

    assert (said.code, said.object["differences"]) == (0, [])
    assert said.object["items"] > 500 and said.object["entries"] > 500


def test_damage_in_the_store_is_named_and_mended(fed: System) -> None:
    """A lost entry, a changed content, an invented one, a lost link, a lost quarantine row."""
    before = tables(fed)
    sampler = Sampler(fed.settings, Codec(RegistryIds(fed.settings)), random.Random(1))
    assert sampler.round(10_000) == []
    where = b"WHERE (person_id, entry_digest) IN (SELECT person_id, entry_digest FROM"
    where += (
        b" dsn_store.entries WHERE section = '%b' AND content IS NOT NULL AND NOT gone LIMIT 1)"
    )
    names = b" RETURNING person_id, replace(entry_digest::text, '-', '')"
    lost = damaged(fed, b"DELETE FROM dsn_store.entries " + where % b"allergies" + names)
    altered = damaged(
        fed,
        b'UPDATE dsn_store.entries SET content = \'{"note": "x"}\' ' + where % b"results" + names,
    )
    invented = damaged(
        fed,
        b"INSERT INTO dsn_store.entries SELECT repeat('a', 26), entry_digest, section, entry,"
        b" status, conflicts, as_of, content_type, content, contributors, provenance,"
        b" disagreements, records, sources, epochs, seqs, gone, view_partition, view_offset"
        b" FROM dsn_store.entries WHERE NOT gone LIMIT 1" + names,
    )
    # Of somebody else: what a record without a link says is on its way to nobody, and is not judged.
    harmed = b", ".join(b"'%b'" % person.encode() for person, _ in (*lost, *altered))
    unlinked = damaged(
        fed,
        b"DELETE FROM dsn_store.links WHERE record_id IN (SELECT record_id FROM dsn_store.links"
        b" WHERE person_id NOT IN (" + harmed + b") LIMIT 1) RETURNING record_id",
    )
    damaged(fed, b"DELETE FROM dsn_store.quarantine RETURNING topic")

    sampled = {(d.what, d.person, d.entry) for d in sampler.again()}
    assert {("missing", *one) for one in lost} <= sampled

    named = whole.reconcile(fed.settings, Codec(RegistryIds(fed.settings)), between_s=0.5)

    found = {(d.kind, d.what, d.person, d.entry) for d in named.differences if d.kind == "entry"}
    assert found == {
        *(("entry", "missing", *one) for one in lost),
        *(("entry", "content", *one) for one in altered),
        *(("entry", "surplus", *one) for one in invented),
    }
    others = {(d.kind, d.what) for d in named.differences if d.kind != "entry"}
    assert others == {("link", "missing"), ("quarantine", "missing")}
    assert unlinked[0][0] in {d.record for d in named.differences}

    mended = dsn(fed, "reconcile", "--repair")

    assert (mended.code, mended.object["differences"]) == (0, [])
    assert mended.object["repaired"] >= 5
    assert tables(fed) == before
    assert_balanced(fed)


def test_damage_in_the_view_is_named_and_mended_by_replay(fed: System) -> None:
    """An entry that vanished from the view comes back from the journal, through the stages."""
    before = tables(fed)
    ((person, section, entry),) = fed.rows(
        "SELECT person_id, section, entry FROM dsn_store.entries"
        " WHERE section = 'medications' AND content IS NOT NULL AND NOT gone LIMIT 1"
    )
    producer = Producer({"bootstrap.servers": fed.settings.kafka})
    lane = partition_of(person, fed.settings.partitions)
    producer.produce(VIEW, None, view_key(person, section, entry).encode(), partition=lane)
    assert producer.flush(10) == 0
    eventually(lambda: tables(fed)["entries"] != before["entries"], "the store has lost it too")

    named = dsn(fed, "reconcile")
    mended = dsn(fed, "reconcile", "--repair")

    assert {(d["where"], d["what"], d["person"]) for d in named.object["differences"]} == {
        ("view", "missing", person)
    }
    assert (mended.code, mended.object["differences"]) == (0, [])
    assert tables(fed) == before


def test_replays_of_what_is_right_change_nothing(fed: System) -> None:
    """One source, one person, the whole journal: not a row differs and the books balance."""
    before = tables(fed)
    ((person,),) = fed.rows("SELECT person_id FROM dsn.people_records LIMIT 1")
    some = dsn(fed, "replay", "--source", "chul-adt").object["replayed"]
    few = dsn(fed, "replay", "--person", person).object["replayed"]
    none = dsn(fed, "replay", "--since", "2100-01-01").object["replayed"]
    everything = dsn(fed, "replay", "--all").object["replayed"]

    assert everything > some > few > none == 0
    fed.await_arrival()
    assert tables(fed) == before
    assert_balanced(fed)


def test_the_store_reads_again_on_demand(fed: System) -> None:
    """A lost row comes back without the stages, and nothing else changes."""
    before = tables(fed)
    lost = damaged(
        fed, b"DELETE FROM dsn_store.entries WHERE section = 'problems' RETURNING person_id"
    )
    assert lost

    assert dsn(fed, "replay", "--store").code == 0
    eventually(lambda: tables(fed) == before, "everything is there again")


@pytest.mark.long
def test_a_rebuild_while_live_says_the_same(fed: System) -> None:
    """A second generation from offset 0, killed and typed again, while messages keep coming."""
    first = typed(fed, "rebuild", "--rate", "500")
    eventually(lambda: "store-g1" in fed.processes(), "the shadow is being built")
    first.kill()
    first.communicate()
    source, file = MLLP
    fed.feed(messages() / file, source)

    said = dsn(fed, "rebuild", "--rate", "0")
    fed.await_arrival()
    again = dsn(fed, "rebuild", "--rate", "0")

    assert (said.object["differences"], said.code) == ([], 0)
    assert (again.object["differences"], again.code) == ([], 0)
    assert again.object["generation"] == 1


@pytest.mark.long
def test_a_switch_shows_what_was_rebuilt_and_leads_back(fed: System) -> None:
    """A damaged live store is named by the diff, left behind by the switch, and still there."""
    before = tables(fed)
    where = b"WHERE section = 'allergies' AND content IS NOT NULL AND NOT gone"
    ((person,),) = damaged(
        fed,
        b"UPDATE dsn_store.entries SET content = '{}' WHERE (person_id, entry_digest) IN (SELECT"
        b" person_id, entry_digest FROM dsn_store.entries " + where + b" LIMIT 1)"
        b" RETURNING person_id",
    )
    spoiled = tables(fed)
    named = dsn(fed, "rebuild", "--rate", "0")
    refused = typed(fed, "rebuild", "--switch")
    refused.communicate(timeout=60)

    assert (named.code, refused.returncode) == (1, 1)
    (line,) = named.object["differences"]
    assert person in line and line.endswith(": content")
    assert tables(fed) == spoiled

    assert dsn(fed, "rebuild", "--switch", "--differing").object == {"live": 1}
    assert tables(fed) == before
    assert dsn(fed, "rebuild", "--back", "--differing").object == {"live": 0}
    assert tables(fed) == spoiled


@pytest.mark.long
def test_life_goes_on_in_the_new_generation(fed: System) -> None:
    """New messages reach readers through it; everything is whole; the old one can be ended."""
    assert dsn(fed, "rebuild", "--switch", "--differing").object == {"live": 1}
    eventually(lambda: "store-g0" in fed.processes(), "the old generation is kept beside")
    before = len(tables(fed)["entries"])
    text = message("CHUL", "ADT^A08^ADT_A01", "777001", "AFTER", allergy("arachides"))
    with fed.sender("chul-adt") as sender:
        assert sender.send(text.encode()).code == "AA"
    fed.await_arrival()

    assert len(tables(fed)["entries"]) > before
    assert_balanced(fed)
    assert dsn(fed, "reconcile").object["differences"] == []
    assert dsn(fed, "rebuild", "--finish").object == {"ended": 0}
    assert fed.rows("SELECT generation, place FROM dsn_store.generations") == [(1, "dsn_store")]
    assert not any(name.endswith("-g0") for name in fed.processes())
    admin = AdminClient({"bootstrap.servers": fed.settings.kafka})
    eventually(lambda: "dsn.view" not in admin.list_topics(timeout=10).topics, "topics are gone")
    assert "dsn.g1.view" in admin.list_topics(timeout=10).topics
