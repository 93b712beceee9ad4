"""The messages in files and folders, one at a time, however large the file is.

HL7 v2 files hold one or many messages with any line ends, in batch envelopes (FHS, BHS) or MLLP
frames; ``.ndjson`` and ``.jsonl`` one JSON object a line (a FHIR resource, or HL7 in ``text``);
``.json`` one FHIR document; any of them compressed by gzip or inside a ``.tar``.

Called by ``feed``.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, cast

import msgspec

from dsn_producers.ack import header_of
from dsn_producers.framing import Endless, Frame, Framer, Garbage, Truncated

_CHUNK_BYTES = 1024 * 1024
_BUFFER_BYTES = 64 * 1024
_GZIP = b"\x1f\x8b"
_LINES = (".ndjson", ".jsonl")
_TARS = (".tar", ".tgz", ".tar.gz")
#: Where a segment begins that begins a message or an envelope.
_BEGIN = re.compile(rb"(?:\A|(?<=[\r\n]))(?:MSH|FHS|BHS|BTS|FTS)[^A-Za-z0-9\s]")
_ENVELOPES = (b"FHS", b"BHS", b"BTS", b"FTS")


class TooLarge:
    """In place of a message that is larger than anything is kept for."""


Found = bytes | TooLarge


class _Line(msgspec.Struct):
    """The one field of a line that says whether it carries HL7."""

    text: str | None = None


def files_of(path: Path) -> list[Path]:
    """The file itself, or every file below a folder in the order of names, hidden ones left out.

    Raises ``FileNotFoundError``.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such file or folder")
    found = (p for p in path.rglob("*") if p.is_file())
    return sorted(
        p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts)
    )


def messages_of(file: BinaryIO, name: str, *, bytes_max: int, charset: str) -> Iterator[Found]:
    """Every message of an open file; ``name`` tells archives and line files from documents.

    ``charset`` is the source's, for HL7 that comes as text. Raises ``OSError``, ``EOFError`` and
    ``tarfile.TarError`` when the file is damaged.
    """
    lower = name.lower()
    if lower.endswith(_TARS):
        yield from _archived(file, lower, bytes_max, charset)
        return
    with _plain(file) as plain:
        lower = lower.removesuffix(".gz")
        head = plain.peek(64)[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if lower.endswith(_LINES):
            yield from _lines(plain, bytes_max, charset)
        elif head in (b"{", b"["):
            yield from _document(plain, bytes_max)
        elif head == b"\x0b":
            yield from _framed(plain, bytes_max)
        else:
            yield from _hl7(plain, bytes_max)


def _archived(file: BinaryIO, name: str, bytes_max: int, charset: str) -> Iterator[Found]:
    mode = "r|" if name.endswith(".tar") else "r|gz"
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload] # a str
        for member in archive:
            inner = archive.extractfile(member) if member.isfile() else None
            if inner is not None and not PurePath(member.name).name.startswith("."):
                data = cast(BinaryIO, inner)
                yield from messages_of(data, member.name, bytes_max=bytes_max, charset=charset)


@contextmanager
def _plain(file: BinaryIO) -> Iterator[io.BufferedReader[io.RawIOBase]]:
    """The file without its compression; the caller's file stays open."""
    reader = io.BufferedReader(cast(io.RawIOBase, file), _BUFFER_BYTES)
    try:
        if reader.peek(2)[:2] != _GZIP:
            yield reader
            return
        with gzip.GzipFile(fileobj=reader) as unzipped:
            yield io.BufferedReader(cast(io.RawIOBase, unzipped), _BUFFER_BYTES)
    finally:
        reader.detach()


def _document(file: BinaryIO, bytes_max: int) -> Iterator[Found]:
    data = file.read(bytes_max + 1)
    yield data if len(data) <= bytes_max else TooLarge()


def _lines(file: BinaryIO, bytes_max: int, charset: str) -> Iterator[Found]:
    while line := file.readline(bytes_max + 1):
        if len(line) > bytes_max:
            while line and not line.endswith(b"\n"):
                line = file.readline(_CHUNK_BYTES)
            yield TooLarge()
        elif line := line.strip():
            yield _of_line(line, charset)


def _of_line(line: bytes, charset: str) -> bytes:
    """The HL7 in the line's ``text``, or the line itself."""
    try:
        text = msgspec.json.decode(line, type=_Line).text
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return line
    # FHIR's own ``text`` is an object, so a string here is never a resource's narrative.
    return line if text is None else _encoded(normal(text.encode("utf-8", "replace")), charset)


def _encoded(data: bytes, charset: str) -> bytes:
    """UTF-8 text as the bytes its MSH-18 announces; as UTF-8 where that cannot hold it."""
    from dsn_producers.hl7v2.charset import decode

    _, codec = decode(
        b"", header_of(data).field(18).split(b"~")[0].decode("ascii", "replace"), charset
    )
    try:
        return data.decode().encode(codec)
    except UnicodeEncodeError:
        return data


def _framed(file: BinaryIO, bytes_max: int) -> Iterator[Found]:
    framer = Framer(bytes_max)
    while True:
        chunk = file.read(_CHUNK_BYTES)
        for event in framer.feed(chunk) if chunk else framer.finish():
            match event:
                case Frame(data) | Truncated(data):
                    yield data
                case Endless():
                    yield TooLarge()
                case Garbage():
                    pass  # between frames: nobody's message
        if not chunk:
            return


def _hl7(file: BinaryIO, bytes_max: int) -> Iterator[Found]:
    """Split at each MSH; text before the first is a message too, for the mapper to refuse."""
    for piece in _pieces(file, bytes_max):
        if isinstance(piece, TooLarge):
            yield piece
        elif not piece.startswith(_ENVELOPES) and (message := normal(piece)):
            yield message


def _pieces(file: BinaryIO, bytes_max: int) -> Iterator[Found]:
    """The stream cut where a message or envelope begins; holds one piece at a time."""
    buffer, searched, dropping = bytearray(), 1, False
    while True:
        chunk = file.read(_CHUNK_BYTES)
        buffer += chunk
        while (found := _BEGIN.search(buffer, searched)) is not None:
            if not dropping:
                yield _bounded(buffer[: found.start()], bytes_max)
            del buffer[: found.start()]
            searched, dropping = 1, False
        # A beginning may be cut by the end of the chunk: look again at its last four bytes.
        searched = max(1, len(buffer) - 4)
        if len(buffer) > bytes_max:
            if not dropping:
                yield TooLarge()
            dropping = True
            del buffer[:-8]
            searched = 4
        if not chunk:
            break
    if buffer and not dropping:
        yield _bounded(buffer, bytes_max)


def _bounded(piece: bytearray, bytes_max: int) -> Found:
    return bytes(piece) if len(piece) <= bytes_max else TooLarge()


def normal(message: bytes) -> bytes:
    """The message with CR at each segment's end, as it would come by MLLP; empty for blank text."""
    message = message.replace(b"\r\n", b"\r").lstrip(b"\xef\xbb\xbf \t\r\n").rstrip(b"\r\n\x1a")
    if b"\r" not in message:
        message = message.replace(b"\n", b"\r")
    return message + b"\r" if message else b""
