"""``dsn status``: what runs in the data folder, for people and for scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.errors import FAILED, OK, UNREACHABLE

if TYPE_CHECKING:
    from dsn_deploy.statefile import Entry, State


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show each server and service. Exit code: 0 all ready, 1 something is not, 3 nothing runs."""
    from dsn_deploy.running import data_folder
    from dsn_deploy.statefile import read

    data = data_folder()
    state = read(data)
    code = exit_code(state)
    if as_json:
        typer.echo(json.dumps({"data": str(data), **as_object(state)}, indent=1))
    elif state is None:
        typer.echo(f"Nothing runs in {data}. `dsn up` starts it.")
    else:
        show(state)
    raise typer.Exit(code)


def exit_code(state: State | None) -> int:
    """What a script learns."""
    if state is None or (state.is_stale and not state.orphans()):
        return UNREACHABLE
    ready = [entry.ready and is_alive(entry) for entry in state.entries.values()]
    return OK if ready and all(ready) and not state.is_stale else FAILED


def is_alive(entry: Entry) -> bool:
    """Asked of the kernel: the file may be older than the process's end."""
    return entry.process is not None and entry.process.is_alive()


def as_object(state: State | None) -> dict[str, object]:
    """For scripts; the names here stay as they are."""
    if state is None:
        return {"phase": "stopped", "processes": {}, "environment": {}}
    processes = {
        name: {
            "state": word(entry),
            "pid": entry.process.pid if entry.process else None,
            "restarts": entry.restarts,
            "note": entry.note,
        }
        for name, entry in state.entries.items()
    }
    phase = "orphaned" if state.is_stale else state.phase.value
    environment = dict(state.environment)
    return {"phase": phase, "processes": processes, "environment": environment}


def word(entry: Entry) -> str:
    if not is_alive(entry):
        return "down"
    return "ready" if entry.ready else "starting"


def show(state: State) -> None:
    """A table, then the addresses."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if state.is_stale:
        console.print("The supervisor is gone; `dsn down` stops what it left behind.")
    table = Table("process", "state", "pid", "restarts", "note", box=None, pad_edge=False)
    colours = {"ready": "green", "starting": "yellow", "down": "red"}
    for name, entry in state.entries.items():
        said = word(entry)
        pid = str(entry.process.pid) if entry.process else ""
        restarts = str(entry.restarts)
        table.add_row(name, f"[{colours[said]}]{said}[/]", pid, restarts, entry.note)
    console.print(table)
    show_addresses(state)


def show_addresses(state: State) -> None:
    """Where to connect; plain text, so that it can be copied whole."""
    for name in ("KAFKA", "REGISTRY", "CONNINFO"):
        if value := state.environment.get(f"DSN_{name}"):
            typer.echo(f"DSN_{name}={value}")
    if "web" in state.entries:
        host, port = state.environment["DSN_WEB_HOST"], state.environment["DSN_WEB_PORT"]
        typer.echo(f"Pages: http://{host}:{port}/")
