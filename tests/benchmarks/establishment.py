"""How fast the establishment side is: run it, read the figures.

    python tests/benchmarks/establishment.py takes          # outbox: messages and changes a second
    python tests/benchmarks/establishment.py acks --rate 300  # MLLP: p50 and p99 of the answer
    python tests/benchmarks/establishment.py forward        # needs Kafka: DSN_KAFKA, DSN_REGISTRY
    python tests/benchmarks/establishment.py feed PATH

Each prints one line of JSON. Not a test: figures depend on the machine and on its neighbours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from dsn_producers import sending
from dsn_producers.feed import feed
from dsn_producers.forwarder import Forwarder
from dsn_producers.intake import Intake
from dsn_producers.limits import Limits
from dsn_producers.mappers import mapper_of
from dsn_producers.message import mapped
from dsn_producers.mllp import Listener
from dsn_producers.mllp_client import MllpClient
from dsn_producers.outbox import Outbox
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sending import position_of
from dsn_producers.sources import Source
from dsn_producers.taking import Taken
from dsn_schemas.settings import Settings

SOURCE = Source(name="bench-adt", establishment="bench", authority="CHUM", charset="latin-1")


def message(number: int) -> bytes:
    """A registration with an allergy and a problem."""
    return (
        f"MSH|^~\\&|ADT|CHUM|DSN|DSN|20260301101500||ADT^A08^ADT_A01|{number}|P|2.5||||||8859/1\r"
        "EVN|A08|20260301101500\r"
        f"PID|1||{number % 5000}^^^CHUM^MR||GAGNÉ^ÉLISE^M||19700101|F|||1 RUE NOTRE-DAME"
        "^^MONTRÉAL^QC^H2Y1C6||^PRN^PH^^^514^5551234\r"
        f"PV1|1|I|4N^401^1||||1234^ROY^JEAN|||MED||||||||I|V{number}\r"
        f"AL1|1|DA|70618^Pénicilline^RXNORM|SV|Urticaire {number}\r"
        f"DG1|1||I10^Hypertension^ICD10CA||20260301|A||||||||||||||||D{number}\r"
    ).encode("latin-1")


def bench_takes(settings: Settings, count: int) -> dict[str, object]:
    """The outbox alone: mapped before."""
    mapper = mapper_of("hl7v2")
    started = time.perf_counter()
    messages = [
        mapped(message(n), source=SOURCE, mapper=mapper, kind="hl7v2", captured_at=1, partitions=4)
        for n in range(count)
    ]
    mapped_s = time.perf_counter() - started
    outbox = Outbox(settings, SOURCE.name)
    started = time.perf_counter()
    futures: list[Future[Taken]] = [outbox.take(m) for m in messages]
    seq = futures[-1].result(60).seq
    seconds = time.perf_counter() - started
    outbox.close()
    return {
        "messages": count,
        "changes": seq,
        "mapped_per_s": round(count / mapped_s),
        "messages_per_s": round(count / seconds),
        "changes_per_s": round(seq / seconds),
    }


def bench_acks(settings: Settings, rate: int, seconds: int, clients: int) -> dict[str, object]:
    """Answers over MLLP at a steady rate, from connections that wait for each."""
    outbox = Outbox(settings, SOURCE.name)
    intake = Intake(SOURCE, outbox, mapper_of("hl7v2"), kind="hl7v2")
    listener = Listener(intake, Limits())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(listener.start(), loop).result(10)
    waits: list[float] = []
    _send(listener.port, rate, seconds, clients, waits)
    asyncio.run_coroutine_threadsafe(listener.stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    intake.close()
    outbox.close()
    waits.sort()
    return {
        "answers": len(waits),
        "answers_per_s": round(len(waits) / seconds),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 2),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 2),
        "max_ms": round(waits[-1] * 1000, 2),
    }


def _send(port: int, rate: int, seconds: int, clients: int, waits: list[float]) -> None:
    """In a process of its own the senders would not take turns with the listener."""
    import subprocess
    import sys

    command = [sys.executable, __file__, "send", str(port), str(rate), str(seconds), str(clients)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    waits += json.loads(done.stdout)


def send(port: int, rate: int, seconds: int, clients: int) -> list[float]:
    """The senders: seconds from the first byte sent to the answer read, one for each message."""
    waits: list[float] = []
    begin = time.perf_counter() + 0.2

    def one(which: int) -> None:
        with MllpClient("127.0.0.1", port) as client:
            for n in range(which, rate * seconds, clients):
                time.sleep(max(0.0, begin + n / rate - time.perf_counter()))
                started = time.perf_counter()
                assert client.send(message(n)).code == "AA"
                waits.append(time.perf_counter() - started)

    threads = [threading.Thread(target=one, args=(which,)) for which in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def bench_forward(settings: Settings, count: int) -> dict[str, object]:
    """A full outbox to a real Kafka, marks included; the topic ``dsn.changes.bench`` must exist."""
    took = bench_takes(settings, count)
    changes = int(str(took["changes"]))
    file = OutboxFile(path_of(settings, SOURCE.name), source=SOURCE.name, partitions=4)
    forwarder = Forwarder(settings, SOURCE)
    started, cpu = time.perf_counter(), time.process_time()
    forwarder.start()
    while file.meta("sent") < position_of(1, changes):
        time.sleep(0.01)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    forwarder.stop()
    body_bytes = sum(len(r.body) for r in sending.rows_after(file, position_of(1, 0), 1000)) // 1000
    file.close()
    return {
        "changes": changes,
        "changes_per_s": round(changes / seconds),
        "cpu_us_per_change": round(cpu / changes * 1e6, 1),
        "body_bytes": body_bytes,
    }


def bench_feed(settings: Settings, path: Path) -> dict[str, object]:
    """A file or folder through mapping and outbox, twice."""
    figures: dict[str, object] = {}
    for run in ("first", "again"):
        started = time.perf_counter()
        result = feed(settings, path, SOURCE)
        seconds = time.perf_counter() - started
        figures[run] = {
            "messages": result.messages,
            "numbered": result.numbered,
            "duplicate": result.duplicate,
            "rejected": result.rejected,
            "messages_per_s": round(result.messages / seconds),
            "received_per_s": round(result.received / seconds),
        }
    return figures


def main() -> None:
    """Choose by the first argument."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["takes", "acks", "forward", "feed", "send"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    if asked.what == "send":
        print(json.dumps(send(*(int(value) for value in asked.rest))))
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings().model_copy(update={"data": Path(folder)})
        match asked.what:
            case "takes":
                figures = bench_takes(settings, asked.count)
            case "acks":
                figures = bench_acks(settings, asked.rate, asked.seconds, asked.clients)
            case "forward":
                figures = bench_forward(settings, asked.count)
            case _:
                figures = bench_feed(settings, Path(asked.rest[0]))
    print(json.dumps({"bench": asked.what, "host": socket.gethostname(), **figures}))


if __name__ == "__main__":
    main()
