"""Keys, people and partitions."""

from __future__ import annotations

import random

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka

from dsn_schemas.keys import (
    murmur2,
    partition_of,
    person_id,
    record_key,
    split_record_key,
    view_key,
)

#: From Kafka's own test of ``Utils.murmur2`` (UtilsTest.java), as unsigned numbers.
GOLDEN = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def test_golden_hashes() -> None:
    """The hash is the one of Kafka's Java client."""
    for data, expected in GOLDEN.items():
        assert murmur2(data) == expected & 0xFFFFFFFF


def test_agreement_with_the_workers_client() -> None:
    """A key goes to the partition that aiokafka, the client of the streams, would choose."""
    source = random.Random(20_260_311)
    partitions = list(range(12))
    choose = DefaultPartitioner()
    for _ in range(1_000):
        key = "".join(chr(source.randrange(32, 0x2FF)) for _ in range(source.randrange(1, 40)))

        assert murmur2(key.encode()) == murmur2_of_aiokafka(key.encode()) & 0xFFFFFFFF
        assert partition_of(key, 12) == choose(key.encode(), partitions, partitions)


def test_record_key() -> None:
    """A key is told apart again, also when the number holds the separator."""
    assert split_record_key(record_key("CHUM", "12|3")) == ("CHUM", "12|3")
    for authority, number in (("", "1"), ("A", ""), ("A|B", "1")):
        with pytest.raises(ValueError, match="authority"):
            record_key(authority, number)


def test_person_id() -> None:
    """An id is stable, 26 small letters and digits, and does not show the number."""
    found = person_id("CHUM|123456")

    assert found == person_id("CHUM|123456") != person_id("CHUM|123457")
    assert len(found) == 26 and found.isalnum() and found == found.lower()
    assert "123456" not in found


def test_view_key() -> None:
    """The key of an entry begins with its person."""
    assert view_key("p", "results", "a|b") == "p|results|a|b"
