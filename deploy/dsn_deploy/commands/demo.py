"""``dsn demo``: the main job on the messages that ship with the project, from an empty machine."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line at the end.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop everything afterwards.")] = False,
) -> None:
    """Feed a small synthetic population and show what became of every change."""
    from rich.console import Console

    from dsn_deploy.commands.down import down
    from dsn_deploy.commands.up import up
    from dsn_deploy.demo.run import demo as run_demo
    from dsn_deploy.running import data_folder, running_settings, running_state

    if running_state() is None:
        _point_to_demonstration(data_folder())
        up()
    console = Console(stderr=as_json)
    status = run_demo(running_settings(), as_json=as_json, console=console)
    if stop:
        with contextlib.redirect_stdout(sys.stderr):  # the JSON line stays the last one
            down()
    elif not as_json:
        typer.echo("Everything keeps running; stop it with: .venv/bin/dsn down")
    raise typer.Exit(status)


def _point_to_demonstration(data: Path) -> None:
    """Let the services that start now run with the demonstration's sources, on free ports.

    What the environment says already is left as it is.
    """
    os.environ.setdefault("DSN_SOURCES", str(_sources(data)))
    if "DSN_WEB_PORT" not in os.environ:
        os.environ["DSN_WEB_PORT"] = str(_free_web_port())


def _free_web_port() -> int:
    from dsn_deploy.stack.ports import FREE_PORTS, is_free
    from dsn_schemas.settings import Settings

    usual = Settings().web_port
    found: int = next(port for port in (usual, *FREE_PORTS) if is_free(port))
    return found


def _sources(data: Path) -> Path:
    """The shipped sources file with every port that is taken replaced by a free one."""
    from dsn_deploy.demo.shipped import sources_file
    from dsn_deploy.stack.ports import FREE_PORTS, is_free

    spare = iter(port for port in reversed(FREE_PORTS) if is_free(port))

    def replaced(found: re.Match[str]) -> str:
        port = int(found[1])
        return f"mllp_port = {port if is_free(port) else next(spare)}"

    text = re.sub(r"mllp_port = (\d+)", replaced, sources_file().read_text(encoding="utf-8"))
    path = data / "demo-sources.toml"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
