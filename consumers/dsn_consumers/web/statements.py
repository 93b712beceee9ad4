"""The pages of closing statements: the list, one to be printed, and the file a site checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dsn_schemas.statement import NoStatement, Statement, from_document

#: Statements on the list.
STATEMENTS_MAX = 200
#: Numbers are bigints.
_NUMBER_MAX = 2**63 - 1

Page = Callable[[Request, str, dict[str, object], int, str], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A statement on the list; columns of ``dsn.statements``."""

    number: int
    source: str
    first_day: date
    last_day: date
    issued_at: datetime
    unexplained: int
    signed: bool


class Statements(Protocol):
    """Where statements are read. Every method raises ``Unavailable``."""

    def statements(self) -> Sequence[StatementLine]:
        """The latest, at most ``STATEMENTS_MAX``."""

    def statement(self, number: int) -> Mapping[str, Any] | None:
        """Document and signature of one."""


class StatementPages:
    """The handlers."""

    def __init__(self, kept: Statements, page: Page) -> None:
        self._kept = kept
        self._page = page

    async def list(self, request: Request) -> Response:
        """What was issued, the latest first."""
        rows = await run_in_threadpool(self._kept.statements)
        return self._page(request, "statements.html", {"rows": rows}, 200, "/releves")

    async def show(self, request: Request) -> Response:
        """One, to be printed."""
        number, said = await self._asked(request)
        try:
            statement: Statement = from_document(said["document"])
        except NoStatement:  # one of a later version: the file still has it
            raise HTTPException(404) from None
        values: dict[str, object] = {
            "number": number,
            "said": statement,
            "signature": said["signature"],
        }
        return self._page(request, "statement.html", values, 200, f"/releves/{number}")

    async def file(self, request: Request) -> Response:
        """The same with its signature, for ``dsn statement verify``."""
        number, said = await self._asked(request)
        name = f"attachment; filename=releve-{number}.json"
        envelope = {"statement": said["document"], "signature": said["signature"]}
        return JSONResponse(envelope, headers={"content-disposition": name})

    async def _asked(self, request: Request) -> tuple[int, Mapping[str, Any]]:
        number = int(request.path_params["number"])
        said = None
        if number <= _NUMBER_MAX:
            said = await run_in_threadpool(self._kept.statement, number)
        if said is None:
            raise HTTPException(404)
        return number, said
