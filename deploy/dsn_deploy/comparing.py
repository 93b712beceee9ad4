"""Comparing a site with the centre: each side asked in its turn, and the files between them.

Called by ``dsn compare``. Each side imports only its own stage: a site has no PostgreSQL driver.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from dsn_deploy.commands.ledger import ask_store
from dsn_deploy.errors import CommandError

if TYPE_CHECKING:
    from dsn_schemas.comparison import CentreFacts, Exchange, SiteFacts
    from dsn_schemas.digest_tree import Reader

Answer = TypeVar("Answer")

#: Of a file that is read; one answer is some 0.7 MB.
BYTES_MAX = 64 * 1024 * 1024
#: A secret file that others may read is none.
_OTHERS = 0o077
_SECRET_BYTES_MIN = 16
OTHER = {"site": "centre", "centre": "site"}


def began(side: str, source: str, challenge: bytes, secret: bytes) -> Exchange:
    """The first word of one side. Raises ``CommandError``."""
    from dsn_schemas import comparison

    said = _asked(
        side, source, lambda mine, read: comparison.begin(source, challenge, mine, read, secret=secret)
    )  # fmt: skip
    if not said.covers:
        raise CommandError(f"the {side} knows no number of {source}; see `dsn ledger`")
    return said


def answered(theirs: Exchange, secret: bytes) -> Exchange:
    """What the other side makes of it. Raises ``CommandError``, ``OwnFile``."""
    from dsn_schemas import comparison

    return _asked(
        OTHER[theirs.by.value],
        theirs.source,
        lambda mine, read: comparison.answer(theirs, mine, read, secret=secret),
    )


def _asked(
    side: str, source: str, question: Callable[[SiteFacts | CentreFacts, Reader], Answer]
) -> Answer:
    """What one side says, of one moment."""
    if side == "site":
        return _asked_outbox(source, question)
    from dsn_consumers import comparing

    def asked(conninfo: str) -> Answer:
        with comparing.opened(conninfo, source) as (facts, read):
            return question(facts, read)

    return ask_store(asked)


def _asked_outbox(
    source: str, question: Callable[[SiteFacts | CentreFacts, Reader], Answer]
) -> Answer:
    from dsn_deploy.running import running_settings
    from dsn_producers import comparing
    from dsn_producers.errors import EdgeError
    from dsn_producers.resending import has_outbox

    settings = running_settings()
    if not has_outbox(settings, source):
        raise CommandError(
            f"the outbox of {source} is not in {settings.data}: run this where it is"
        )
    try:
        with comparing.opened(settings, source) as (facts, read):
            return question(facts, read)
    except EdgeError as error:
        raise CommandError(str(error)) from error


def challenge(chosen: str) -> bytes:
    """The bytes of a challenge that was chosen, or chance. Raises ``BadParameter``."""
    from dsn_schemas.comparison_file import CHALLENGE_BYTES

    if not chosen:
        return secrets.token_bytes(CHALLENGE_BYTES)
    try:
        challenge = bytes.fromhex(chosen)
    except ValueError:
        challenge = b""
    if len(challenge) != CHALLENGE_BYTES:
        raise typer.BadParameter(f"a challenge is {2 * CHALLENGE_BYTES} hexadecimal digits")
    return challenge


def secret(file: Path | None) -> bytes:
    """What a secret file says; empty without one. Raises ``CommandError``."""
    if file is None:
        return b""
    try:
        if file.stat().st_mode & _OTHERS:
            raise CommandError(f"{file}: others may read this secret; `chmod 400` it")
        secret = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    if len(secret) < _SECRET_BYTES_MIN:
        raise CommandError(f"{file}: a secret has {_SECRET_BYTES_MIN} bytes at least")
    return secret


def read(file: Path) -> Exchange:
    """What a file says, checked. Raises ``CommandError``."""
    from dsn_schemas.comparison_file import NoComparison, from_document

    try:
        if file.stat().st_size > BYTES_MAX:
            raise CommandError(f"{file} is larger than any part of a comparison")
        return from_document(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    except NoComparison as error:
        raise CommandError(f"{file}: {error}") from error
    except ValueError:
        raise CommandError(f"{file} is no JSON") from None


def text(said: Exchange) -> str:
    """What a file says."""
    from dsn_schemas.comparison_file import as_document

    return json.dumps(as_document(said), separators=(",", ":")) + "\n"


def write(said: Exchange, out: Path | None) -> tuple[Path, int]:
    """The file, and its bytes."""
    path = out or Path(f"{said.source}-comparison-{said.number}.json")
    content = text(said)
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    return path, len(content)
