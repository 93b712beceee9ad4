"""An outbox on disk whose changes go over the streams in memory to the books."""

from __future__ import annotations

from consumers.books import JOURNAL

from dsn_producers.change import change_of
from dsn_producers.folded import keep_frame
from dsn_producers.mapping import Item
from dsn_producers.message import Message
from dsn_producers.outbox_file import OutboxFile, path_of
from dsn_producers.sending import mark_sent, rows_after
from dsn_producers.taking import take
from dsn_schemas.marks import mark_change
from dsn_schemas.records import Allergy, Concept, SourceMark
from dsn_schemas.settings import Settings
from support.world import World

PARTITIONS = 3


class Site:
    """An outbox whose changes go on a journal in memory."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        path = path_of(settings, "adt")
        self.file = OutboxFile(path, source="adt", partitions=PARTITIONS, durable=False)
        self.frame = world.codec.frame_of("RecordChange")
        keep_frame(self.file, self.frame)
        self.sent = self.file.meta("sent")
        self._messages = 0

    def say(self, item: str, text: str, at: int) -> None:
        """Take a message with one allergy."""
        self._messages += 1
        said = Item(
            authority="H", number="1", section="allergies", item=item, entry="", op="upsert",
            status="active", occurred_at=at, content=Allergy(code=Concept(text=text)),
        )  # fmt: skip
        message = Message(
            digest=self._messages.to_bytes(32, "big"), changes=(change_of(said, PARTITIONS),)
        )
        take(self.file, [message], at)

    def send(self, at: int, *, but: tuple[int, ...] = ()) -> None:
        """Put what waits on the journal, ``but`` for some numbers, and the marks behind it."""
        for row in rows_after(self.file, self.sent, 1000):
            self.sent = row.position
            if row.seq not in but:
                self.world.put(JOURNAL, row.partition, row.key, self.frame + row.body)
        mark_sent(self.file, self.sent, {})
        counters = self.file.counters(self.file.epoch)
        heads = dict(self.file.all("heads", self.file.epoch))
        said = SourceMark(received=counters.received, duplicate=counters.duplicate, sent_at=at)
        for partition in range(PARTITIONS):
            mark = mark_change("adt", 1, counters.numbered, heads.get(partition, 0), said)
            value = self.world.codec.encode(mark)
            self.world.put(JOURNAL, partition, b"adt", value)
