"""``dsn status``: what runs in the data folder and what its outboxes hold, for people and scripts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.errors import FAILED, OK, UNREACHABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsn_deploy.statefile import Entry, State
    from dsn_producers.status import SourceStatus

#: Part of its quota at which an outbox is shown in red: there is still time to act.
FULL_ALARM = 0.7


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
    held = outboxes()
    if as_json:
        said = {"data": str(data), **as_object(state), "outboxes": [asdict(one) for one in held]}
        typer.echo(json.dumps(said, indent=1))
    elif state is None:
        typer.echo(f"Nothing runs in {data}. `dsn up` starts it.")
    else:
        show(state)
    if held and not as_json:
        show_outboxes(held)
    raise typer.Exit(code)


def exit_code(state: State | None) -> int:
    """What a script learns."""
    if state is None or (state.is_stale and not state.orphans()):
        return UNREACHABLE
    ready = [entry.ready and is_alive(entry) for entry in state.entries.values()]
    return OK if ready and all(ready) and not state.is_stale else FAILED


def outboxes() -> list[SourceStatus]:
    """Every outbox on this machine; none where no sources are configured."""
    from dsn_deploy.running import running_settings
    from dsn_producers import sources, status
    from dsn_producers.errors import OutboxUnusable

    try:
        return [one for one in status.status(running_settings()) if one.epoch]
    except (sources.SourcesError, OutboxUnusable):
        return []


def show_outboxes(held: Sequence[SourceStatus]) -> None:
    """How far behind and how full each is: an age that grows says that the centre confirms nothing."""
    from rich.console import Console
    from rich.table import Table

    table = Table("outbox", box=None, pad_edge=False)
    for name in ("queued", "unconfirmed", "oldest", "full", "disk free"):
        table.add_column(name, justify="right")
    for one in held:
        full = one.outbox_bytes / max(1, one.outbox_bytes_max)
        table.add_row(
            one.source,
            f"{one.queued:,}",
            f"{one.unconfirmed:,}",
            f"{one.oldest_unconfirmed_s:,.0f} s",
            f"[{'red' if full > FULL_ALARM else 'default'}]{full:.0%}[/]",
            f"{one.disk_free_bytes / (1 << 30):,.1f} GiB",
        )
    Console().print(table)


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
