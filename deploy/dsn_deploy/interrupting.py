"""Commands that start servers of their own, and leave none behind when they are asked to stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def until_asked() -> Iterator[None]:
    """Within this block Ctrl-C and SIGTERM end what is done, in order, and then the command.

    Raises ``typer.Exit`` with ``INTERRUPTED``.
    """
    from dsn_deploy.asked import Asked, StopAsked
    from dsn_deploy.errors import INTERRUPTED

    asked = Asked()
    try:
        with asked.listening(), asked.interruptible():
            yield
    except StopAsked:
        raise typer.Exit(INTERRUPTED) from None
