"""The rows of one lane on disk: RocksDB, written once per batch together with the input position.

Disposable: whatever is missing, damaged or behind is restored from the changelog (``lane.py``).
Nothing here is synced to the platters; a power loss only means a longer restore.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
)

from dsn_schemas.topics import REMOVAL_KEPT_S

#: Format of rows and of the meta row; another one on disk means restore.
FORMAT = 3

#: Shared by every lane of a process. At 1 GB reads stayed flat (11-15 µs) up to 3 M keys; the
#: memory is taken only as far as it is used.
CACHE_BYTES = 1 << 30

_META = b"\x00meta"


class Meta(msgspec.Struct, array_like=True):
    """What the rows are as of."""

    format: int = FORMAT
    #: (topic, partition) -> next offset to read.
    positions: list[tuple[str, int, int]] = msgspec.field(default_factory=list)
    #: Next offset of the changelog partition to restore from.
    changelog: int = 0
    #: Seconds since 1970 when it was written, by this machine's clock.
    written_s: float = 0.0
    #: Id of each topic that positions and changelog are offsets of. Added later: a version without
    #: it passes over it.
    topics: dict[str, str] = msgspec.field(default_factory=dict)


class DamagedState(RuntimeError):
    """The state on disk cannot be read; it will be restored."""


class HeldState(RuntimeError):
    """Another process has the state open: each worker of a machine needs a slot of its own."""


_encode = msgspec.msgpack.Encoder().encode
_decode_meta = msgspec.msgpack.Decoder(Meta).decode


class RocksState:
    """A ``State`` of ``stage.py`` on disk."""

    def __init__(self, path: Path, cache: Cache, now_s: float) -> None:
        """Open or create. Raises ``DamagedState`` (also when it is too old to be caught up)."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            options = _options(cache)
            # Without the family named, a state opened again has the options that RocksDB kept of
            # it, and those are without filter and cache.
            self._db = Rdict(str(path), options, column_families={"default": options})
            value = self._db.get(_META)
            meta = _decode_meta(value) if value is not None else Meta()
        except Exception as error:
            if "lock" in str(error).lower():
                raise HeldState(f"state in {path.name} is open in another worker") from error
            raise DamagedState(f"state in {path.name}: {type(error).__name__}") from error
        wrong = _wrong(meta, now_s) if value is not None else None
        if wrong is not None:
            self._db.close()
            raise DamagedState(f"state in {path.name} {wrong}")
        #: Next offset to read, by (topic, partition).
        self.positions = {(topic, partition): offset for topic, partition, offset in meta.positions}
        #: Next offset of the changelog partition to restore from.
        self.changelog = meta.changelog
        #: Ids of the topics these are offsets of.
        self.topics = meta.topics

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """See ``State``. Keys are read in order, which lets neighbours share a block."""
        wanted = sorted(keys)
        if not wanted:
            return {}
        values: Any = self._db.get(cast(Any, wanted))
        return {key: value for key, value in zip(wanted, values, strict=True) if value is not None}

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """See ``State``."""
        for key, value in cast("Iterator[tuple[bytes, bytes]]", self._db.items(from_key=prefix)):
            if not key.startswith(prefix):
                return
            yield key, value

    def commit(
        self,
        writes: Mapping[bytes, bytes | None],
        positions: Mapping[tuple[str, int], int],
        changelog: int,
        now_s: float,
    ) -> None:
        """Write rows, positions and changelog position, all or none."""
        batch = WriteBatch(raw_mode=True)
        # In their order, as a table in memory takes them for two thirds of the time.
        for key in sorted(writes):
            value = writes[key]
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        meta = Meta(
            positions=[(topic, partition, at) for (topic, partition), at in positions.items()],
            changelog=changelog,
            written_s=now_s,
            topics=self.topics,
        )
        batch.put(_META, _encode(meta))
        self._db.write(batch)
        self.positions = dict(positions)
        self.changelog = changelog

    def bytes_on_disk(self) -> int:
        """Size of the files."""
        return sum(file.stat().st_size for file in self._path.glob("*") if file.is_file())

    def close(self) -> None:
        """Release the folder."""
        self._db.close()

    @staticmethod
    def wipe(path: Path) -> None:
        """Forget the state in ``path``."""
        shutil.rmtree(path, ignore_errors=True)


def _wrong(meta: Meta, now_s: float) -> str | None:
    if meta.format != FORMAT:
        return f"has format {meta.format}, not {FORMAT}"
    if abs(now_s - meta.written_s) > REMOVAL_KEPT_S / 2:
        return "is too old to be caught up: removals may be gone from the changelog"
    return None


def new_cache() -> Cache:
    """The block cache of a process."""
    return Cache(CACHE_BYTES)


def _options(cache: Cache) -> Options:
    """Each was measured with the keys of identify: ``docs/identity-scale.md``."""
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_block_size(8192)
    table.set_bloom_filter(10, False)
    table.set_cache_index_and_filter_blocks(True)
    table.set_pin_l0_filter_and_index_blocks_in_cache(True)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.zstd())
    # The size of each level follows that of the last one, so that fewer old versions are kept.
    options.set_level_compaction_dynamic_level_bytes(True)
    options.set_write_buffer_size(32 << 20)
    # Most keys that are looked up do not exist yet: a filter in front of what is in memory, too.
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_memtable_whole_key_filtering(True)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.set_max_total_wal_size(128 << 20)
    options.set_paranoid_checks(True)
    return options
