"""What the index of identify costs on disk, without matching: stores and layouts side by side.

    python tests/benchmarks/identity_storage.py --people 1000000 --folder /tmp/keys
    python tests/benchmarks/identity_storage.py --folder /tmp/keys --store lmdb --records-max 500000
    python tests/benchmarks/identity_storage.py --folder /tmp/keys --layout separate

The first run writes the keys of the population into the folder, later ones find them there. Reads
and writes are those of a turn of the stage: the row, the postings of every blocking key, the rows of
those who share one, and all of it written again. ``lmdb`` is not among our requirements.

Each part and the end print one line of JSON. Not a test: figures depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from dsn_deploy.population.arrivals import arrivals, spill
from dsn_deploy.population.records import records
from dsn_schemas.garbage import collect_seldom
from dsn_schemas.keys import record_key
from dsn_streams.identity.engine import Engine
from dsn_streams.state import RocksState, new_cache

PART_RECORDS = 100_000
KEY_BYTES = 8

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder().decode


class Rocks:
    """The production state."""

    def __init__(self, folder: Path) -> None:
        self._state = RocksState(folder, new_cache(), time.time())

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return self._state.get_many(keys)

    def sharing(self, key: bytes) -> list[bytes]:
        return [found[len(key) :] for found, _ in self._state.scan(key)]

    def put(self, rows: dict[bytes, bytes]) -> None:
        self._state.commit(rows, {}, 0, time.time())

    def close(self) -> None:
        self._state.close()


class Lmdb:
    """One B-tree; not synced, like the production state."""

    def __init__(self, folder: Path) -> None:
        import lmdb

        folder.mkdir()
        self._file = lmdb.open(str(folder), map_size=1 << 36, sync=False, readahead=False)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        with self._file.begin() as turn:
            found = ((key, turn.get(key)) for key in sorted(keys))
            return {key: value for key, value in found if value is not None}

    def sharing(self, key: bytes) -> list[bytes]:
        with self._file.begin() as turn, turn.cursor() as cursor:
            return list(_following(cursor, key))

    def put(self, rows: dict[bytes, bytes]) -> None:
        with self._file.begin(write=True) as turn:
            for key, value in rows.items():
                turn.put(key, value)

    def close(self) -> None:
        self._file.sync(True)
        self._file.close()


def _following(cursor: object, key: bytes) -> Iterator[bytes]:
    if cursor.set_range(key):
        for found in cursor.iternext(values=False):
            if not found.startswith(key):
                return
            yield found[len(key) :]


class Listed:
    """Postings as the stage keeps them: a row for each blocking key, read and written again."""

    def __init__(self, store: Rocks | Lmdb) -> None:
        self._store = store

    def read(self, keys: Sequence[bytes]) -> dict[bytes, list[bytes]]:
        found = self._store.get(keys)
        return {key: decode(found[key]) if key in found else [] for key in keys}

    def written(self, key: bytes, known: list[bytes], new: list[bytes]) -> dict[bytes, bytes]:
        return {key: encode(known + new)}


class Separate:
    """A row for each posting, found by its beginning: nothing is read to write one."""

    def __init__(self, store: Rocks | Lmdb) -> None:
        self._store = store

    def read(self, keys: Sequence[bytes]) -> dict[bytes, list[bytes]]:
        return {key: self._store.sharing(key) for key in keys}

    def written(self, key: bytes, known: list[bytes], new: list[bytes]) -> dict[bytes, bytes]:
        return {key + record: b"" for record in new}


STORES = {"rocksdb": Rocks, "lmdb": Lmdb}
LAYOUTS = {"listed": Listed, "separate": Separate}


def write_keys(people: int, folder: Path) -> None:
    """Record key, blocking keys, features and person of every record, in the order of capture."""
    engine = Engine()

    def rows() -> Iterator[tuple[int, bytes]]:
        for record in records(people, seed=1):
            features = engine.features(record.demographics)
            key = record_key(record.authority, record.number)
            row = (key, b"".join(engine.keys(features)), features, record.truth)
            yield record.captured_at, encode(row)

    folder.mkdir(parents=True)
    spill(rows(), folder)


def measure(asked: argparse.Namespace, place: Path) -> dict[str, object]:
    """Register the keys of the folder, without comparing: who is who is taken from the truth."""
    store = STORES[asked.store](place)
    layout = LAYOUTS[asked.layout](store)
    spent: Counter[str] = Counter()
    done, part, parts = 0, [0, 0.0], []
    source = islice(map(decode, arrivals(asked.folder)), asked.records_max)
    while turn := [(row[0].encode(), *row[1:]) for row in islice(source, asked.turn_records)]:
        began = time.process_time()
        _turn(store, layout, turn, spent)
        part = [part[0] + len(turn), part[1] + time.process_time() - began]
        done += len(turn)
        if part[0] >= PART_RECORDS:
            parts.append(round(part[1] / part[0] * 1e6, 1))
            print(json.dumps({"records": done, "cpu_us": parts[-1]}), flush=True)
            part = [0, 0.0]
    store.close()
    size = sum(file.stat().st_blocks * 512 for file in place.rglob("*") if file.is_file())
    return {
        "store": asked.store,
        "layout": asked.layout,
        "records": done,
        "cpu_us_by_part": parts,
        "cpu_us_by_phase": {name: round(spent[name] / done * 1e6, 1) for name in sorted(spent)},
        "bytes_per_record": round(size / done, 1),
    }


def _turn(
    store: Rocks | Lmdb,
    layout: Listed | Separate,
    turn: list[tuple[object, ...]],
    spent: Counter[str],
) -> None:
    clock = [time.thread_time()]

    def lap(name: str) -> None:
        clock.append(time.thread_time())
        spent[name] += clock[-1] - clock[-2]

    store.get([b"d" + row[0] for row in turn])
    lap("rows")
    keys = {row[0]: _split(row[1]) for row in turn}
    postings = layout.read(sorted({key for found in keys.values() for key in found}))
    lap("postings")
    others = {record for found in postings.values() for record in found}
    known = store.get([b"d" + record for record in sorted(others)])
    lap("candidates")
    rows = {record: decode(known[b"d" + record]) for record in others}
    new: dict[bytes, list[bytes]] = {}
    changed: dict[bytes, list[object]] = {}
    for record, _, features, person in turn:
        row = rows[record] = changed[record] = [features, person, record, {}]
        sharing = set()
        for key in keys[record]:
            sharing.update(postings[key], new.get(key, ()))
            new.setdefault(key, []).append(record)
        for other in sharing:
            if rows[other][1] == person:
                rows[other][3][record] = row[3][other] = 9_000
                changed[other] = rows[other]
    writes = {b"d" + record: encode(row) for record, row in changed.items()}
    for key, found in new.items():
        writes |= layout.written(key, postings[key], found)
    lap("python")
    store.put(writes)
    lap("writes")


def _split(keys: bytes) -> list[bytes]:
    return [b"k" + keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--store", choices=STORES, default="rocksdb")
    parser.add_argument("--layout", choices=LAYOUTS, default="listed")
    parser.add_argument("--records-max", type=int)
    parser.add_argument("--turn-records", type=int, default=1_000)
    asked = parser.parse_args()
    collect_seldom()
    if not asked.folder.exists():
        write_keys(asked.people, asked.folder)
    place = Path(tempfile.mkdtemp(prefix="dsn-storage-"))
    try:
        print(json.dumps(measure(asked, place / "state")), flush=True)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
