"""A posted form, bounded, and from a page of ours only."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dsn_consumers.web.middleware import BODY_BYTES_MAX
from dsn_consumers.web.search import FIELD_CHARS_MAX

#: Fields of the largest form.
_FIELDS_MAX = 8


async def posted(request: Request, chars_max: int = FIELD_CHARS_MAX) -> dict[str, str]:
    """The first value of each field, cut. Raises ``HTTPException`` 403, 413 or 400."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)  # another site's page sent it
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413)
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=_FIELDS_MAX, encoding="utf-8")
    except (UnicodeDecodeError, ValueError):
        raise HTTPException(400) from None
    return {name: values[0][:chars_max] for name, values in fields.items()}
