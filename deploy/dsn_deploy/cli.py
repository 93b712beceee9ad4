"""The command ``dsn``: what an operator types.

Every module of `dsn_deploy.commands` with a ``register(app)`` is part of it, so a new command is
a new file. Those modules import what is heavy inside their functions: ``dsn --help`` must answer
at once, and a hospital machine that only runs the edge has no faust to import.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

import typer

from dsn_deploy import commands
from dsn_deploy.errors import CommandError


def main() -> None:
    """Console script: run one command, and turn what went wrong into words and an exit code."""
    try:
        application()()
    except CommandError as error:
        print(f"dsn: {error}", file=sys.stderr)
        sys.exit(error.code)


def application() -> typer.Typer:
    """The whole command, with every sub-command there is."""
    app = typer.Typer(
        name="dsn",
        help="One chart per person, gathered from every establishment's records.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # plain help, in a third of the time
        pretty_exceptions_enable=False,  # its boxes show local variables: patients' data
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_before_each)
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        import_module(f"{commands.__name__}.{found.name}").register(app)
    return app


def _before_each() -> None:
    """Runs before every command, but not before its help."""
    from dsn_deploy.events import write_lines

    write_lines()
