"""A whole running system, looked at as an operator and as Prometheus look at it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

from acceptance.fates import ARRIVES_S, UPDATE, quarantined, shown
from acceptance.hospital import allergy, message, nam
from acceptance.system import System, eventually
from acceptance.test_quarantine import dsn

from dsn_deploy.services import SERVICES
from dsn_deploy.stack.embedded import environment
from dsn_schemas.metrics import PORTS

#: What of the messages must be in no metric.
FAMILY, RECORD, TEXT = "Zyxwvut", "77700777", "kumquat"


def told(port: int, path: str) -> str:
    """What a service answers on its port."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_every_service_tells_its_health_and_nobodys_data(system: System) -> None:
    """Ready, counting, and without a name, a number or a word of what was fed."""
    text = message("LATE", UPDATE, RECORD, "M1", allergy(TEXT), nam=nam(7), family=FAMILY)
    refused = message("LATE", "ZZZ^Z99", RECORD, "M2", allergy(TEXT), family=FAMILY)
    with system.sender("late-adt") as sender:
        assert sender.send(text.encode()).code == "AA"
        assert sender.send(refused.encode()).code == "AR"
    assert quarantined(system, refused.encode()) == ["unknown-message-type"]
    eventually(lambda: shown(system, RECORD, "allergies", "LATE"), "the allergy", ARRIVES_S)

    base = int(os.environ["DSN_METRICS_PORT"])
    said = {name: told(base + PORTS[name], "/metrics") for name in SERVICES}
    for name in SERVICES:
        ready = json.loads(told(base + PORTS[name], "/health/ready"))
        assert ready["status"] == "ok" and ready["checks"], name
    for name, exposition in said.items():
        for word in (FAMILY, RECORD, TEXT, nam(7), "M1", "LATE|"):
            assert word not in exposition, f"{name} tells {word}"

    def counted(service: str, sample: str) -> float:
        found = re.search(rf"^{re.escape(sample)} (\S+)$", said[service], re.MULTILINE)
        return float(found[1]) if found else 0.0

    assert counted("edge", 'dsn_edge_rejected_messages_total{source="late-adt"}') >= 1
    assert counted("store", 'dsn_batch_records_total{consumer="store"}') > 0
    assert counted("audit", 'dsn_batch_records_total{consumer="audit"}') > 0
    assert counted("receipts", 'dsn_batches_total{consumer="receipts"}') > 0
    assert re.search(r'^dsn_turn_records_total{stage="\w+"} [1-9]', said["streams"], re.MULTILINE)


def test_the_watch_looks_and_the_page_says_what_it_saw(system: System) -> None:
    """Everything answers; the command and the service decide by the same rules."""
    _, said = dsn(system, "alarms")
    assert not [
        alarm
        for alarm in said["alarms"]
        if alarm["kind"].endswith(("-down", "-behind")) or alarm["kind"] == "unexplained"
    ]
    given = {**environment(system.settings), "DSN_WATCH_EVERY_S": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dsn_deploy", "run", "watch"], env={**os.environ, **given}
    )
    try:
        eventually(lambda: system.rows("SELECT FROM dsn.alarms"), "a look", ARRIVES_S)
        exposition = told(int(os.environ["DSN_METRICS_PORT"]) + PORTS["watch"], "/metrics")
        page = told(system.settings.web_port, "/etat")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    assert process.returncode == 0
    assert 'dsn_neighbour_away{neighbour="kafka"} 0.0' in exposition
    assert re.search(r'^dsn_lag_records{reader="streams"} ', exposition, re.MULTILINE)
    assert re.search(
        r'^dsn_source_heard_timestamp_seconds{source="late-adt"} ', exposition, re.MULTILINE
    )
    assert "Alarmes" in page and "pas encore regardé" not in page
    for word in (FAMILY, RECORD, TEXT):
        assert word not in exposition and word not in page


def test_neighbours_that_are_away_are_alarms_and_nothing_else_is(system: System) -> None:
    """Looked at from a machine that reaches nothing: exit code 1, three alarms, no silent source."""
    nowhere = {
        "DSN_KAFKA": "127.0.0.1:1",
        "DSN_REGISTRY": "http://127.0.0.1:1",
        "DSN_CONNINFO": "host=127.0.0.1 port=1 dbname=dsn user=dsn",
    }
    code, said = dsn(system, "alarms", **nowhere)
    kinds = [alarm["kind"] for alarm in said["alarms"] if alarm["kind"] != "disk-full"]

    assert code == 1
    assert kinds == ["kafka-down", "database-down", "registry-down"]
    assert all(alarm["consequence"]["fr"] and alarm["next_step"]["en"] for alarm in said["alarms"])


def test_a_running_system_passes_the_check(system: System) -> None:
    """Against real servers, topics, schemas and tables."""
    code, said = dsn(system, "check")
    wrong = [one for one in said["findings"] if one["verdict"] in ("wrong", "unreachable")]

    assert [one for one in wrong if one["part"] != "disk"] == []
    assert code == (1 if wrong else 0)
    parts = {one["part"] for one in said["findings"]}
    assert parts >= {"settings", "sources", "disk", "kafka", "topics", "registry", "database"}
