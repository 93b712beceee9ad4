"""The pages: each handler reads, builds a model, prints a template. Used by ``server`` and tests."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TypeVar, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from dsn_consumers.web import alarms, chart, status
from dsn_consumers.web.banner import banner, demographics
from dsn_consumers.web.dates import instant_words
from dsn_consumers.web.desk import Questions
from dsn_consumers.web.errors import TraceRefused, Unavailable
from dsn_consumers.web.forms import posted
from dsn_consumers.web.labels import Language
from dsn_consumers.web.middleware import POLICY, Guard
from dsn_consumers.web.pages import Pages
from dsn_consumers.web.reader import PEOPLE_MAX, QUARANTINE_MAX, Actor, Reader
from dsn_consumers.web.revisions import Revisions
from dsn_consumers.web.rows import Moved
from dsn_consumers.web.search import Incomplete, Typed, criteria
from dsn_consumers.web.statements import StatementPages

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
Values = dict[str, object]

#: Names this machine has for itself: anything else is another site's name led here (rebinding).
HOSTS = ["127.0.0.1", "localhost", "[::1]", "::1"]

_PERSON = re.compile(r"[a-z2-7]{26}\Z", re.ASCII)


def create_app(
    reader: Reader,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    desk: Questions | None = None,
) -> ASGIApp:
    """The application over a reader; ``clock`` gives the instant every page is produced at.

    Without a ``desk`` there are no pages of questions.
    """
    site = _Site(reader, clock)
    statements = StatementPages(reader, site._page)
    routes: list[Route | Mount] = [
        _route("/", site.search, "GET"),
        _route("/", site.find, "POST"),
        _route("/personne/{person}", site.person, "GET"),
        _route("/etat", site.status, "GET"),
        _route("/quarantaine", site.quarantine, "GET"),
        _route("/quarantaine/{topic}/{partition:int}/{offset:int}", site.quarantined, "GET"),
        _route("/releves", statements.list, "GET"),
        _route("/releves/{number:int}", statements.show, "GET"),
        _route("/releves/{number:int}/fichier", statements.file, "GET"),
        _route("/livez", site.live, "GET"),
        _route("/readyz", site.ready, "GET"),
        *_revisions(site, desk, clock),
        Mount("/static", StaticFiles(directory=Path(str(files("dsn_consumers.web") / "static")))),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: site.http_error,
            Unavailable: site.unavailable,
            TraceRefused: site.untraced,
            Exception: site.failed,
        },
    )
    return Guard(TrustedHostMiddleware(app, HOSTS, www_redirect=False))


def _revisions(site: _Site, desk: Questions | None, clock: Callable[[], datetime]) -> list[Route]:
    if desk is None:
        return []
    revisions = Revisions(desk, site._page, clock)
    return [
        _route("/revisions", revisions.list, "GET"),
        _route("/revisions/{pair}", revisions.show, "GET"),
        _route("/revisions/{pair}", revisions.decide, "POST"),
    ]


class _Site:
    """The handlers."""

    def __init__(self, reader: Reader, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._clock = clock
        self._pages = Pages()

    async def search(self, request: Request) -> Response:
        """The empty form."""
        empty: Values = {"typed": Typed(), "problem": None, "found": None}
        return self._page(request, "search.html", empty)

    async def find(self, request: Request) -> Response:
        """People who answer the form."""
        typed = await _form(request)
        try:
            wanted = criteria(typed)
        except Incomplete as problem:
            incomplete: Values = {"typed": typed, "problem": problem, "found": None}
            return self._page(request, "search.html", incomplete, 422)
        rows = await run_in_threadpool(self._reader.people, wanted, Actor())
        now = self._clock()
        found = [(row, banner(demographics(row.demographics), now)) for row in rows[:PEOPLE_MAX]]
        more = PEOPLE_MAX if len(rows) > PEOPLE_MAX else 0
        values: Values = {"typed": typed, "problem": None, "found": found, "more": more}
        return self._page(request, "search.html", values)

    async def person(self, request: Request) -> Response:
        """One chart."""
        person = request.path_params["person"]
        if not _PERSON.match(person):
            raise HTTPException(404)
        rows = await run_in_threadpool(self._reader.chart, person, Actor())
        if rows is None:
            raise HTTPException(404)
        if isinstance(rows, Moved):
            return RedirectResponse(f"/personne/{rows.person}{_query(request)}", 303)
        model, nonce = chart.build(rows, self._clock()), secrets.token_urlsafe(16)
        as_of = instant_words(model.as_of) if model.as_of else None
        values: Values = {"chart": model, "nonce": nonce, "as_of": as_of, "cut": len(rows.entries)}
        page = self._page(request, "person.html", values, path=f"/personne/{person}")
        page.headers["content-security-policy"] = POLICY.format(nonce=f" 'nonce-{nonce}'")
        return page

    async def status(self, request: Request) -> Response:
        """What is down, what waits, what is unexplained; answers without the database too."""
        sources = await _or_none(self._reader.sources)
        ledger = await _or_none(self._reader.ledger) if sources is not None else None
        model = status.build(sources, ledger, self._clock())
        code = 503 if sources is None else 200
        rows = await _or_none(self._reader.alarms)
        values: Values = {"status": model, "watch": alarms.build(rows, self._clock())}
        return self._page(request, "status.html", values, code, "/etat")

    async def quarantine(self, request: Request) -> Response:
        """What was set aside, masked."""
        rows = await run_in_threadpool(self._reader.quarantine)
        total = sum({(r.source, r.stage, r.reason): r.alike for r in rows}.values())
        more = max(0, total - len(rows)) if len(rows) >= QUARANTINE_MAX else 0
        return self._page(
            request, "quarantine.html", {"rows": rows, "more": more}, path="/quarantaine"
        )

    async def quarantined(self, request: Request) -> Response:
        """The shape of one thing, without anybody's data."""
        place = [request.path_params[name] for name in ("topic", "partition", "offset")]
        shape = await run_in_threadpool(self._reader.shape, *place)
        if shape is None:
            raise HTTPException(404)
        where = "/quarantaine/{}/{}/{}".format(*place)
        values: Values = {"shape": shape, "place": "{}:{}:{}".format(*place)}
        return self._page(request, "shape.html", values, path=where)

    async def live(self, request: Request) -> Response:
        """The process answers; nothing else is asked."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Every dependency, one by one."""
        parts = await run_in_threadpool(self._reader.health)
        ok = bool(parts) and all(part.ok for part in parts)
        checks = {part.name: {"ok": part.ok, "ms": part.ms} for part in parts}
        return JSONResponse(
            {"status": "ok" if ok else "down", "checks": checks}, 200 if ok else 503
        )

    async def http_error(self, request: Request, error: Exception) -> Response:
        """Not found, not allowed, unreadable."""
        code = error.status_code if isinstance(error, HTTPException) else 500
        labels = {404: "error.not_found", 405: "error.method"}
        label = labels.get(code, "error.request")
        return self._page(request, "error.html", {"label": label}, code)

    async def unavailable(self, request: Request, error: Exception) -> Response:
        """The database is away."""
        return self._page(request, "error.html", {"label": "error.unavailable"}, 503)

    async def untraced(self, request: Request, error: Exception) -> Response:
        """No read without its trace."""
        return self._page(request, "error.html", {"label": "error.trace"}, 503)

    async def failed(self, request: Request, error: Exception) -> Response:
        """An error of ours."""
        return self._page(request, "error.html", {"label": "error.ours"}, 500)

    def _page(
        self, request: Request, name: str, values: Values, code: int = 200, path: str = "/"
    ) -> Response:
        text = self._pages.render(name, _language(request), self._clock(), path, values)
        return HTMLResponse(text, code)


def _route(path: str, handler: Handler, method: str) -> Route:
    """A route that leaves its pattern for the log line."""

    async def named(request: Request) -> Response:
        request.scope["route_pattern"] = path
        return await handler(request)

    return Route(path, named, methods=[method])


async def _form(request: Request) -> Typed:
    """The fields of a posted search. Raises what ``posted`` raises."""
    fields = await posted(request)
    return Typed(**{name: fields.get(name, "") for name in ("nam", "name", "birth")})


async def _or_none(read: Callable[[], T]) -> T | None:
    """What was read; none when the database is away, which the page then says."""
    try:
        return await run_in_threadpool(read)
    except Unavailable:
        return None


def _language(request: Request) -> Language:
    asked = request.query_params.get("lang", "fr")
    return cast(Language, asked) if asked in ("fr", "en") else "fr"


def _query(request: Request) -> str:
    return "?lang=en" if _language(request) == "en" else ""
