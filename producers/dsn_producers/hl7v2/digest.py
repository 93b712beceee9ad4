"""Names for items that their source gave no number."""

from __future__ import annotations

import base64
import hashlib

#: 80 bits: two texts of one record share a name about once in 10^21 pairs.
_BYTES = 10


def digest(*parts: str) -> str:
    """16 lower-case letters and digits that stand for ``parts``, in their order."""
    material = "\x1f".join(parts).encode()
    return base64.b32encode(hashlib.sha256(material).digest()[:_BYTES]).decode().lower()
