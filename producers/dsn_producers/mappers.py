"""Which mapper a message is for."""

from __future__ import annotations

from typing import Literal

from dsn_producers.mapping import Mapper

Kind = Literal["hl7v2", "fhir"]


def kind_of(data: bytes) -> Kind:
    """FHIR messages are JSON; everything else is for HL7 v2 to refuse or map."""
    first = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "fhir" if first in (b"{", b"[") else "hl7v2"


def mapper_of(kind: Kind) -> Mapper:
    """The mapper of a kind; imported when first used, since an HL7 site needs no FHIR."""
    if kind == "fhir":
        from dsn_producers.fhir import map_bundle

        return map_bundle
    from dsn_producers.hl7v2 import map_message

    return map_message
