"""Feeding files: every form, streamed, repeated, interrupted, beside a running edge."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_producers import feed_files
from dsn_producers.errors import OutboxFull
from dsn_producers.feed import FeedResult, UnreadableFile, feed
from dsn_producers.feed_files import TooLarge, files_of, messages_of
from dsn_producers.limits import Limits
from dsn_producers.mappers import Kind, kind_of
from dsn_producers.mapping import Mapped, Mapper
from dsn_producers.outbox import Outbox
from dsn_producers.sources import Source
from dsn_schemas.settings import Settings
from support.establishment import (
    assert_chained,
    changes_in,
    item,
    map_words,
    message_of,
    taken_form,
)

A = message_of([("1", "a", "é")], "A")
B = message_of([("2", "a", "y")], "B")
FHS = b"FHS|^~\\&|ADT|CHUM\r"
BHS = b"BHS|^~\\&|ADT|CHUM\r"
BUNDLE = b'{"resourceType":"Bundle","entry":[]}'


def map_bundle(data: bytes, source: Source, captured_at: int) -> Mapped:
    """Any JSON is one alert."""
    json.loads(data)
    return Mapped(message_id="", items=(item("9", "bundle", str(len(data))),))


def mappers(kind: Kind) -> Mapper:
    """The doubles."""
    return map_bundle if kind == "fhir" else map_words


def read(data: bytes, name: str, bytes_max: int = 10**6) -> list[object]:
    """Every message of a file's bytes."""
    found = messages_of(io.BytesIO(data), name, bytes_max=bytes_max, charset="latin-1")
    return [TooLarge if isinstance(f, TooLarge) else f for f in found]


def tarred(*members: tuple[str, bytes], mode: str = "w:gz") -> bytes:
    """An archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload] # a str
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def text_line(message: bytes) -> bytes:
    """HL7 as a line of JSON."""
    return json.dumps({"text": message.decode("latin-1"), "n": 1}).encode() + b"\n"


FILES: list[tuple[str, str, bytes, list[object]]] = [
    ("one message", "a.hl7", A, [A]),
    ("many messages", "a.hl7", A + B, [A, B]),
    ("line feeds", "a.txt", (A + B).replace(b"\r", b"\n"), [A, B]),
    ("both", "a.txt", (A + B).replace(b"\r", b"\r\n"), [A, B]),
    ("blank lines between", "a.hl7", A + b"\n\n" + B + b"\r\n\x1a", [A, B]),
    ("no last line end", "a.hl7", A[:-1], [A]),
    ("a byte order mark", "a.hl7", b"\xef\xbb\xbf" + A, [A]),
    ("a batch", "a.hl7", FHS + BHS + A + B + b"BTS|2\rFTS|1\r", [A, B]),
    ("MLLP frames", "a.mllp", b"\x0b" + A + b"\x1c\r\x0b" + B + b"\x1c\r", [A, B]),
    ("text before", "a.hl7", b"hello\r" + A, [b"hello\r", A]),
    ("no message", "a.txt", b"hello", [b"hello\r"]),
    ("nothing", "a.hl7", b"", []),
    ("blank", "a.hl7", b"\n \n", []),
    ("LF inside a segment", "a.hl7", A.replace(b"|a|", b"|a\nb|"), [A.replace(b"|a|", b"|a\nb|")]),
    ("MSH inside a field", "a.hl7", A[:-1] + b"MSH|x\r" + B, [A[:-1] + b"MSH|x\r", B]),
    ("gzip", "a.hl7.gz", gzip.compress(A + B), [A, B]),
    ("gzip without its suffix", "a.hl7", gzip.compress(A), [A]),
    ("a bundle", "b.json", b"\n " + BUNDLE, [b"\n " + BUNDLE]),
    ("bundles by line", "b.ndjson", BUNDLE + b"\n\n" + BUNDLE + b"\n", [BUNDLE, BUNDLE]),
    ("HL7 by line", "b.jsonl", text_line(A) + text_line(B), [A, B]),
    ("HL7 by line, line feeds", "b.jsonl", text_line(A.replace(b"\r", b"\n")), [A]),
    ("by line, gzip", "b.jsonl.gz", gzip.compress(text_line(A)), [A]),
    ("a bad line", "b.ndjson", b"{oops\n" + BUNDLE, [b"{oops", BUNDLE]),
    ("a narrative", "b.ndjson", b'{"text":{"div":"x"}}\n', [b'{"text":{"div":"x"}}']),
    (
        "an archive",
        "c.tar.gz",
        tarred(("d/a.hl7", A), ("d/b.json", BUNDLE), ("d/._x", b"?"), ("e.jsonl", text_line(B))),
        [A, BUNDLE, B],
    ),
    ("a plain archive", "c.tar", tarred(("a.hl7", A), mode="w"), [A]),
    ("gzip in an archive", "c.tgz", tarred(("a.hl7.gz", gzip.compress(A + B))), [A, B]),
    ("one too large", "a.hl7", A[:-1] + b"x" * 2000 + b"\r" + B, [TooLarge, B]),
    ("one too large by line", "a.jsonl", text_line(A * 50) + text_line(B), [TooLarge, B]),
    ("a bundle too large", "b.json", b"{" + b" " * 2000, [TooLarge]),
]


@pytest.mark.parametrize(("_name", "name", "data", "expected"), FILES, ids=[f[0] for f in FILES])
def test_messages_of(_name: str, name: str, data: bytes, expected: list[object]) -> None:
    """The same messages as over MLLP, whatever the file is like."""
    assert read(data, name, bytes_max=1000) == expected


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 8, 64])
def test_where_the_file_is_cut_in_reading_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """A message may begin in one read and end ten reads later."""
    monkeypatch.setattr(feed_files, "_CHUNK_BYTES", chunk)
    for _, name, data, expected in FILES:
        if name.endswith((".hl7", ".txt", ".mllp")):
            assert read(data, name, bytes_max=1000) == expected


@given(
    texts=st.lists(st.text(st.characters(codec="latin-1", exclude_categories=("C",)), max_size=30))
)
def test_every_message_of_a_file_is_found(texts: list[str]) -> None:
    """For any texts in the fields."""
    messages = [message_of([("1", "a", text)]) for text in texts]

    assert read(b"".join(messages), "a.hl7") == messages


def test_text_is_encoded_as_its_header_says(tmp_path: Path) -> None:
    """MSH-18 first, the source's character set where it is empty, UTF-8 where neither can."""
    utf8 = A.decode("latin-1").replace("8859/1", "UNICODE UTF-8")
    bare = A.decode("latin-1").replace("||||||8859/1", "")
    lines = "\n".join(json.dumps({"text": t}) for t in (utf8, bare, bare.replace("é", "Ж")))

    assert read(lines.encode(), "a.jsonl") == [
        utf8.encode(),
        bare.encode("latin-1"),
        bare.replace("é", "Ж").encode(),
    ]


def run(settings: Settings, path: Path, source: Source, **options: object) -> FeedResult:
    """Feed with the doubles."""
    return feed(settings, path, source, mapper_of=mappers, **options)  # type: ignore[arg-type]


def folder(tmp_path: Path, count: int = 300) -> Path:
    """A folder with files of two kinds."""
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    (root / "1.hl7").write_bytes(
        b"".join(message_of([(str(n), "a", "x"), ("1", "b", "x")], str(n)) for n in range(count))
    )
    (root / "sub" / "2.json").write_bytes(BUNDLE)
    (root / "sub" / "3.hl7").write_bytes(b"MSH|^~\\&|\rZZZ\r")
    (root / ".hidden").write_bytes(A)
    return root


def test_a_folder_is_fed_whole(settings: Settings, source: Source, tmp_path: Path) -> None:
    """Every file below it, each by its kind, and every change is counted once."""
    seen: list[FeedResult] = []
    root = folder(tmp_path)
    result = feed(settings, root, source, seen.append, mapper_of=mappers)

    assert [p.name for p in files_of(root)] == ["1.hl7", "2.json", "3.hl7"]
    assert (result.files, result.messages, result.rejected) == (3, 302, 1)
    assert (result.received, result.numbered, result.duplicate) == (602, 303, 299)
    assert result.bytes_read == result.bytes_total == sum(p.stat().st_size for p in files_of(root))
    assert seen[-1] == result and seen == sorted(seen, key=lambda r: (r.bytes_read, r.messages))
    assert_chained(changes_in(settings, source.name), settings.partitions)


def test_fed_again_nothing_changes(settings: Settings, source: Source, tmp_path: Path) -> None:
    """Not a number is given; the counts say duplicate."""
    root = folder(tmp_path)
    first = run(settings, root, source)
    before = changes_in(settings, source.name)
    again = run(settings, root, source)

    assert (again.messages, again.received) == (first.messages, first.received)
    assert (again.numbered, again.duplicate) == (0, first.received)
    assert changes_in(settings, source.name) == before


def test_interrupted_it_is_started_again(
    settings: Settings, source: Source, tmp_path: Path
) -> None:
    """What was taken stays; the second run takes the rest and the whole is as if fed at once."""
    root = folder(tmp_path)

    def stop(result: FeedResult) -> None:
        if result.messages >= 101:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        feed(settings, root, source, stop, mapper_of=mappers)
    assert changes_in(settings, source.name)
    run(settings, root, source)
    changes = changes_in(settings, source.name)

    assert len(changes) == 303
    assert_chained(changes, settings.partitions)


def test_it_is_mapped_only_once(settings: Settings, source: Source, tmp_path: Path) -> None:
    """What was taken before is known by its bytes: going on after a stop costs little."""
    mapped: list[bytes] = []

    def counting(kind: Kind) -> Mapper:
        def mapper(data: bytes, source: Source, captured_at: int) -> Mapped:
            mapped.append(data)
            return mappers(kind)(data, source, captured_at)

        return mapper

    root = folder(tmp_path, 20)
    for _ in range(2):
        feed(settings, root, source, mapper_of=counting)

    # The refused one is mapped again: its mapper may have been mended.
    assert len(mapped) == 22 + 1


def test_beside_a_running_edge_numbers_stay_gapless(
    settings: Settings, source: Source, tmp_path: Path
) -> None:
    """Two processes write one outbox; each message is taken by whoever comes."""
    root = folder(tmp_path)
    edge = Outbox(settings, source.name)
    done = threading.Event()
    taken: list[int] = []

    def listen() -> None:
        while not done.is_set():
            data = message_of([("E", "a", str(len(taken)))], f"E{len(taken)}")
            taken.append(edge.take(taken_form(data, source)).result(20).seq)

    thread = threading.Thread(target=listen)
    thread.start()
    run(settings, root, source)
    done.set()
    thread.join()
    edge.close()

    changes = changes_in(settings, source.name)
    assert_chained(changes, settings.partitions)
    assert len(changes) == 303 + len(taken)


@pytest.mark.parametrize("name", ["a.hl7.gz", "a.tar.gz"])
def test_a_damaged_file_is_named(
    settings: Settings, source: Source, tmp_path: Path, name: str
) -> None:
    """What could be read of it is taken; the rest is not passed over in silence."""
    path = tmp_path / name
    whole = gzip.compress(A * 500) if name == "a.hl7.gz" else tarred(("a.hl7", A * 500))
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(UnreadableFile, match=name):
        run(settings, path, source)


def test_a_full_outbox_stops_the_feed(settings: Settings, source: Source, tmp_path: Path) -> None:
    """It says why, and what was taken stays."""
    path = tmp_path / "a.hl7"
    path.write_bytes(b"".join(message_of([("1", str(n), "x" * 99_999)]) for n in range(30)))

    with pytest.raises(OutboxFull):
        run(settings, path, source, limits=Limits(outbox_bytes_max=1024 * 1024))
    assert_chained(changes_in(settings, source.name), settings.partitions)


def test_a_large_file_is_never_in_memory(settings: Settings, source: Source) -> None:
    """One message at a time: a stream of 10 MB passes through a megabyte."""

    class Endless(io.RawIOBase):
        left = 100_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            count = min(len(buffer) // len(B), self.left)
            self.left -= count
            buffer[: count * len(B)] = B * count
            return count * len(B)

    import tracemalloc

    stream = Endless()
    tracemalloc.start()
    found = sum(1 for _ in messages_of(stream, "a.hl7", bytes_max=10**6, charset="latin-1"))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == 100_000
    assert peak < 8 * 1024 * 1024


def test_no_such_file(settings: Settings, source: Source, tmp_path: Path) -> None:
    """Named, before anything is opened."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run(settings, tmp_path / "nowhere", source)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(A, "hl7v2"), (b"", "hl7v2"), (b"\xef\xbb\xbf {", "fhir"), (b"[", "fhir"), (b"x{", "hl7v2")],
)
def test_kind_of(data: bytes, kind: str) -> None:
    """JSON is FHIR; the rest is for HL7 v2 to map or refuse."""
    assert kind_of(data) == kind
