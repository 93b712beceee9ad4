"""Entries as bytes: the head is encoded, the content is spliced in as it came.

A ``ViewEntry`` ends with the same content union as a ``RecordChange``; admit made sure that the
bytes are whole and of our own schema version.
"""

from __future__ import annotations

from io import BytesIO

from fastavro import schemaless_writer

from dsn_schemas.keys import SEPARATOR, partition_of, split_record_key, view_key
from dsn_schemas.records import RecordSettled, ViewBarrier
from dsn_schemas.topics import VIEW
from dsn_schemas.wire import Codec, head_schema
from dsn_streams.contribution import OPS, SECTIONS, Barrier, Contribution, Settled
from dsn_streams.merge import Merged
from dsn_streams.stage import Output


class ViewWriter:
    """Makes the records of ``dsn.view``."""

    def __init__(self, codec: Codec, partitions: int) -> None:
        self._codec = codec
        self._partitions = partitions
        self._head = head_schema("ViewEntry")

    def entry(self, person: str, section: int, entry: str, merged: Merged) -> Output:
        """The record of an entry."""
        out = BytesIO()
        out.write(self._codec.frame_of("ViewEntry"))
        schemaless_writer(
            out,
            self._head,
            {
                "person": person,
                "section": SECTIONS[section],
                "entry": entry,
                "status": merged.status,
                "conflicts": merged.conflicts,
                "as_of": merged.as_of,
                "contributors": [_contributor(item) for item in merged.contributions],
                "provenance": [
                    {"field": o.field, "contributors": o.contributors, "rule": o.rule}
                    for o in merged.provenance
                ],
                "disagreements": [
                    {"field": d.field, "value": d.value, "contributors": d.contributors}
                    for d in merged.disagreements
                ],
            },
        )
        out.write(merged.content)
        return self._output(person, section, entry, out.getvalue())

    def removal(self, person: str, section: int, entry: str) -> Output:
        """The record that says the person has no such entry any more."""
        return self._output(person, section, entry, None)

    def barrier(self, lane: int, barrier: Barrier) -> Output:
        """The barrier, passed on to the same lane of the view."""
        record = ViewBarrier(
            topic=barrier.topic,
            partition=barrier.partition,
            position=barrier.position,
            source=barrier.source,
            epoch=barrier.epoch,
            seq=barrier.seq,
            as_of=barrier.as_of,
        )
        key = SEPARATOR.join(
            ("", "barrier", barrier.topic, str(barrier.partition), barrier.source,
             str(barrier.epoch))
        )  # fmt: skip
        return Output(VIEW, lane, key.encode(), self._codec.encode(record))

    def settled(self, person: str, settled: Settled) -> Output:
        """The record that says everything of a moved record has arrived."""
        authority, number = split_record_key(settled.record)
        record = RecordSettled(
            authority=authority, number=number, version=settled.version, person=person
        )
        key = SEPARATOR.join(("", "settled", settled.record))
        lane = partition_of(person, self._partitions)
        return Output(VIEW, lane, key.encode(), self._codec.encode(record))

    def _output(self, person: str, section: int, entry: str, value: bytes | None) -> Output:
        lane = partition_of(person, self._partitions)
        return Output(VIEW, lane, view_key(person, SECTIONS[section], entry).encode(), value)


def _contributor(item: Contribution) -> dict[str, object]:
    authority, number = split_record_key(item.record)
    return {
        "source": item.source,
        "authority": authority,
        "number": number,
        "item": item.item,
        "epoch": item.epoch,
        "seq": item.seq,
        "op": OPS[item.op],
        "status": item.status,
        "occurred_at": item.occurred_at,
        "captured_at": item.captured_at,
    }
