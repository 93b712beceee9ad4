"""The rows of a lane on disk, without Kafka."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from dsn_streams.state import CACHE_BYTES, HeldState, RocksState, new_cache


def options_said(folder: Path) -> tuple[str, int]:
    """Filter and bytes of cache of the newest opening, as RocksDB notes them."""
    log = (folder / "LOG").read_text()
    filters = re.findall(r"^ *filter_policy: (\w+)", log, re.MULTILINE)
    return filters[-1], max(int(n) for n in re.findall(r"^ +capacity : (\d+)", log, re.MULTILINE))


def test_a_state_opened_again_has_its_options_not_those_that_were_kept(tmp_path):
    """What RocksDB keeps of its options says nothing of filter and cache: without them a row that
    is not there cost 58 µs to look up instead of one, after every start of a worker."""
    for _ in range(3):
        state = RocksState(tmp_path / "rows", new_cache(), time.time())
        state.commit({b"a": b"1"}, {("t", 0): 1}, 1, time.time())

        assert ("bloomfilter", CACHE_BYTES) == options_said(tmp_path / "rows")

        assert {b"a": b"1"} == state.get_many((b"a", b"b"))
        state.close()


def test_a_state_is_open_once(tmp_path):
    """A second worker on the same folder is told so, before and after a first close."""
    for _ in range(2):
        state = RocksState(tmp_path / "rows", new_cache(), time.time())

        with pytest.raises(HeldState):
            RocksState(tmp_path / "rows", new_cache(), time.time())

        state.close()
