"""OBX values that are documents: ED carries the bytes, RP says where they are."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from dsn_producers.hl7v2.message import Value

#: ED.2, ED.3 (tables 0191, 0291) as media types.
_SUBTYPES = {
    "PDF": "application/pdf",
    "RTF": "application/rtf",
    "HTML": "text/html",
    "XML": "application/xml",
    "HL7 CDA LEVEL ONE": "application/xml",
    "X-HL7-CDA-LEVEL-ONE": "application/xml",
    "JPEG": "image/jpeg",
    "JPG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "DICOM": "application/dicom",
    "BASIC": "audio/basic",
    "PLAIN": "text/plain",
    "TEXT": "text/plain",
    "OCTET-STREAM": "application/octet-stream",
    "WORD": "application/msword",
}
_TEXTUAL = ("text/", "application/xml", "application/rtf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What an OBX value carries or points at."""

    mime_type: str
    #: The content when it is text.
    text: str = ""
    #: Bytes of the content; ``None`` when it is not carried.
    size: int | None = None
    #: SHA-256 of the content, hexadecimal.
    sha256: str = ""
    #: Where the source keeps it.
    url: str = ""


def attachment(kind: str, value: Value) -> Attachment | None:
    """The document in an ED or RP value; ``None`` when it is empty."""
    if not value:
        return None
    if kind == "RP":
        return Attachment(mime_type=_mime(value[3], value[4]), url=value[1])
    mime, data = _mime(value[2], value[3]), value[5]
    if not data:
        return Attachment(mime_type=mime)
    content = _decoded(data, value[4])
    if content is None:
        return Attachment(mime_type=mime, text=data)
    return Attachment(
        mime_type=mime,
        text=_as_text(content) if mime.startswith(_TEXTUAL) else "",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _mime(kind: str, subtype: str) -> str:
    if "/" in kind:
        return kind.lower()
    known = _SUBTYPES.get(subtype.upper()) or _SUBTYPES.get(kind.upper())
    if known:
        return known
    main = kind.lower() if kind.lower() in ("text", "image", "audio", "application") else ""
    return f"{main}/{subtype.lower()}" if main and subtype else "application/octet-stream"


def _decoded(data: str, encoding: str) -> bytes | None:
    """The bytes; ``None`` when they cannot be had, so that the text stays as it came."""
    try:
        if encoding.upper() == "BASE64":
            return base64.b64decode("".join(data.split()), validate=True)
        if encoding.upper() == "HEX":
            return bytes.fromhex(data)
    except (binascii.Error, ValueError):
        return None
    return data.encode()


def _as_text(content: bytes) -> str:
    """Text of a document; empty when it is no UTF-8 or holds what no database keeps."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text
