"""``dsn compare`` at the establishment: what the outbox knows of every number it gave.

Of a change that is held its bytes, of one that was removed the digest that was kept in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dsn_producers.folded import Frames
from dsn_producers.outbox_file import EPOCH_SPAN, OutboxFile, path_of
from dsn_producers.sending import position_of
from dsn_schemas.comparison import SiteFacts
from dsn_schemas.digest_tree import PAYLOAD_BYTES, Leaf, Reader
from dsn_schemas.settings import Settings

#: Changes read at a time.
ROWS_MAX = 1000


@contextmanager
def opened(settings: Settings, source: str) -> Iterator[tuple[SiteFacts, Reader]]:
    """What the outbox of the source on this machine can say. Raises ``OutboxUnusable``."""
    path = path_of(settings, source)
    file = OutboxFile(path, source=source, partitions=settings.partitions, durable=False)
    try:
        yield facts(file), reader(file)
    finally:
        file.close()


def facts(file: OutboxFile) -> SiteFacts:
    """How far numbers were given in each epoch, and from where on their bytes are known."""
    epochs = {
        epoch: (_floor(file, epoch, numbered, freed), numbered)
        for epoch, numbered, _, freed in file.all("epochs_numbered")
    }
    return SiteFacts(epochs=epochs)


def reader(file: OutboxFile) -> Reader:
    """What was given under the numbers of an epoch behind one and up to another."""
    frames = Frames(file)

    def read(epoch: int, after: int, upto: int) -> Iterator[Leaf]:
        position, last = position_of(epoch, after), position_of(epoch, upto)
        while rows := file.all("said_between", position, last, ROWS_MAX):
            for position, schema, payload, body in rows:  # the next read goes on there
                seq = position % EPOCH_SPAN
                if body is None:
                    yield Leaf(seq, bytes(payload), schema)
                else:
                    digest = frames.digest(schema, body)[:PAYLOAD_BYTES]
                    yield Leaf(seq, digest, frames.schema_id(schema))

    return read


def _floor(file: OutboxFile, epoch: int, numbered: int, freed: int) -> int:
    """Up to this number changes were removed without a digest, by an earlier version."""
    begin, end = position_of(epoch, 0), position_of(epoch + 1, 0)
    (first,) = file.one("first_said", begin, end) or (None,)
    if first is None:
        return numbered
    (kept,) = file.one("count_removed", begin, position_of(epoch, freed + 1)) or (0,)
    before = int(first) - begin - 1
    # A version without digests in between leaves a hole: then nothing removed is compared.
    return before if kept == max(0, freed - before) else freed
