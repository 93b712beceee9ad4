"""The pages of questions: the list, one question with its two people, and the decision on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dsn_consumers.steward.decisions import Conflict, Decision, Refused
from dsn_consumers.web.comparison import compared, listed
from dsn_consumers.web.desk import Examined, Questions
from dsn_consumers.web.forms import posted
from dsn_consumers.web.reader import Actor

_PAIR = re.compile(r"([a-z2-7]{26})([a-z2-7]{26})\Z", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}\Z", re.ASCII)
#: Characters of a name or reason.
TEXT_CHARS_MAX = 200
#: What a steward may answer here, and what is written for it.
ANSWERS = {"link": "link", "not-same": "not-same"}


class Page(Protocol):
    """Renders a template."""

    def __call__(
        self, request: Request, name: str, values: dict[str, object], code: int, path: str
    ) -> Response: ...


class Revisions:
    """The handlers."""

    def __init__(self, desk: Questions, page: Page, clock: Callable[[], datetime]) -> None:
        self._desk = desk
        self._page = page
        self._clock = clock

    async def list(self, request: Request) -> Response:
        """Open questions, the oldest first."""
        reviews, count = await run_in_threadpool(self._desk.reviews)
        now = self._clock()
        done = request.query_params.get("decision", "")
        values: dict[str, object] = {
            "questions": [listed(review, now) for review in reviews],
            "count": count,
            "more": max(0, count - len(reviews)),
            "done": done if _NUMBER.match(done) else "",
        }
        return self._page(request, "revisions.html", values, 200, "/revisions")

    async def show(self, request: Request) -> Response:
        """One question."""
        examined = await self._examined(request)
        return self._shown(request, examined, "", "", None, 200)

    async def decide(self, request: Request) -> Response:
        """Write what the steward answered.

        1. See that the question is still open, and that the answer is one.
        2. Write it, if nobody decided about these records since the page was shown.
        3. Back to the list.
        """
        form = await posted(request, TEXT_CHARS_MAX)
        examined = await self._examined(request)  # 1
        actor, reason = form.get("actor", "").strip(), form.get("reason", "").strip()
        answer, version = ANSWERS.get(form.get("answer", "")), form.get("version", "")
        if answer is None or not _NUMBER.match(version):
            return self._shown(request, examined, actor, reason, "revision.error.answer", 422)
        review = examined.review
        try:
            decision = Decision(
                kind=answer, record=review.a, other=review.b, actor=actor, reason=reason
            )
        except Refused:
            return self._shown(request, examined, actor, reason, "revision.error.who", 422)
        try:
            number = await run_in_threadpool(self._desk.decide, decision, int(version))  # 2
        except Conflict:
            return self._shown(request, examined, actor, reason, "revision.error.conflict", 409)
        language = "&lang=en" if request.query_params.get("lang") == "en" else ""
        return RedirectResponse(f"/revisions?decision={number}{language}", 303)  # 3

    async def _examined(self, request: Request) -> Examined:
        found = _PAIR.match(request.path_params["pair"])
        if found is None:
            raise HTTPException(404)
        examined = await run_in_threadpool(self._desk.examine, found[1], found[2], Actor())
        if examined is None:
            raise HTTPException(404)
        return examined

    def _shown(
        self,
        request: Request,
        examined: Examined,
        actor: str,
        reason: str,
        problem: str | None,
        code: int,
    ) -> Response:
        question = compared(examined, self._clock())
        values: dict[str, object] = {
            "question": question,
            "actor": actor,
            "reason": reason,
            "problem": problem,
        }
        return self._page(request, "revision.html", values, code, question.path)
