"""What holds for every answer: headers, a bounded body, one log line, and no error that leaks.

Plain ASGI, outermost: whatever happens inside, an answer leaves with these headers, and a log line
names the route, never the path or the query.
"""

from __future__ import annotations

import time
import traceback

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

#: A search form is some hundred bytes.
BODY_BYTES_MAX = 4_096

#: Scripts are not needed anywhere, so none may run. Style: our file, and the printed header of a
#: chart, whose nonce the page adds.
POLICY = (
    "default-src 'self'; script-src 'none'; object-src 'none'; style-src 'self'{nonce}; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answer = _Answer(send)
        started = time.monotonic()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001  # outermost: the server would print what it quotes
            log.error("page_failed", route=_route(scope), **_where(error))
            if answer.status is None:
                await PlainTextResponse("Erreur / Error", 500)(scope, receive, answer.send)
        finally:
            ms = round((time.monotonic() - started) * 1000)
            log.info("page_served", route=_route(scope), status=answer.status, ms=ms)


class _Answer:
    """Adds the headers as the answer starts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = dict(message["headers"])
            added = {name.encode(): value.encode() for name, value in _HEADERS.items()}
            added[b"content-security-policy"] = POLICY.format(nonce="").encode()
            message = {**message, "headers": [*{**added, **headers}.items()]}
        await self._send(message)


def _route(scope: Scope) -> str:
    """The pattern that matched, such as ``/personne/{person}``: never what was asked for."""
    return str(scope.get("route_pattern", "none"))


def _where(error: Exception) -> dict[str, object]:
    """Class and place of an error: its message may quote what somebody typed."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "unknown"
    return {"error": type(error).__name__, "at": place}
