"""``dsn up``: start the servers and our services, and keep them running."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from dsn_deploy.errors import FAILED, INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dsn_deploy.statefile import State

#: Longest start: three servers on a crowded machine, then topics, schemas and tables.
UP_S = 240.0

#: Between two looks at how far the supervisor is.
LOOK_S = 0.1

StackOnly = Annotated[bool, typer.Option("--stack-only", help="Servers only, no services.")]
Foreground = Annotated[bool, typer.Option("--foreground", help="Stay here; Ctrl-C stops all.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0: last time's, or a free one.")]


def register(app: typer.Typer) -> None:
    app.command()(up)


def up(
    stack_only: StackOnly = False,
    foreground: Foreground = False,
    kafka_port: Port = 0,
    registry_port: Port = 0,
    postgres_port: Port = 0,
) -> None:
    """Start Kafka, PostgreSQL, the registry and our services; return when they run."""
    from dsn_deploy.running import data_folder, running_state

    wanted = {"kafka": kafka_port, "registry": registry_port, "postgres": postgres_port}
    ports = {name: port for name, port in wanted.items() if port}
    data = data_folder()
    if (state := running_state()) is not None:
        _already(state)
    elif foreground:
        _supervise(data, ports, stack_only)
    else:
        _detach(data, ports, stack_only)


def _already(state: State) -> None:
    from dsn_deploy.commands.status import show_addresses

    typer.echo(f"Already up (supervisor {state.owner.pid}, {state.phase.value}).")
    show_addresses(state)


def _supervise(data: Path, ports: Mapping[str, int], stack_only: bool) -> None:
    """Be the supervisor."""
    from dsn_deploy.asked import Asked
    from dsn_deploy.progress import progress
    from dsn_deploy.provision import provision
    from dsn_deploy.services import SERVICES, Service, services_of
    from dsn_deploy.stack import EmbeddedStack
    from dsn_deploy.stack.embedded import environment
    from dsn_deploy.statefile import StateFile
    from dsn_deploy.supervisor import Supervisor

    stack = EmbeddedStack(data, ports=ports, progress=progress())

    def services(state_file: StateFile) -> list[Service]:
        given = environment(stack.settings)
        names = (*SERVICES, "watch", *(("reconcile",) if stack.settings.sampling else ()))
        return [] if stack_only else services_of(data, given, state_file.record, names)

    def prepare() -> None:
        if not stack_only:
            provision(stack.settings)

    asked = Asked()
    with asked.listening():
        Supervisor(stack, services=services, provision=prepare).run(asked)


def _detach(data: Path, ports: Mapping[str, int], stack_only: bool) -> None:
    """Start a supervisor that outlives this terminal, and watch it until everything runs.

    1. Fetch what is missing here, where the person sees how it goes.
    2. Start the supervisor in a session of its own.
    3. Wait; Ctrl-C stops it again.
    """
    from dsn_deploy.logs import open_log
    from dsn_deploy.progress import progress
    from dsn_deploy.stack.embedded import fetch

    fetch(progress())  # 1
    log_path = data / "logs" / "supervisor.log"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = [f"--{name}-port={port}" for name, port in ports.items()]
    options += ["--stack-only"] if stack_only else []
    with open(open_log(log_path), "ab") as log:
        supervisor = subprocess.Popen(  # 2
            [sys.executable, "-m", "dsn_deploy", "up", "--foreground", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await(data, supervisor, log_path)  # 3
    except KeyboardInterrupt:
        typer.echo("Stopping what was started…", err=True)
        supervisor.terminate()
        supervisor.wait()
        raise typer.Exit(INTERRUPTED) from None


def _await(data: Path, supervisor: subprocess.Popen[bytes], log_path: Path) -> None:
    """Say what becomes ready as it does; return when all is."""
    from dsn_deploy.commands.status import show_addresses
    from dsn_deploy.logs import tail
    from dsn_deploy.statefile import Phase, read

    began = time.monotonic()
    told: set[str] = set()
    while (age_s := time.monotonic() - began) < UP_S:
        if supervisor.poll() is not None:
            typer.echo("\n".join(tail(log_path, 30)), err=True)
            typer.echo(f"dsn: not started; all of it is in {log_path}", err=True)
            raise typer.Exit(FAILED)
        state = read(data)
        if state is not None and state.owner.pid == supervisor.pid:
            ready = {name: entry for name, entry in state.entries.items() if entry.ready}
            for name in ready.keys() - told:
                typer.echo(f"{name} is ready ({age_s:.1f} s)")
            told |= ready.keys()
            if state.phase is Phase.RUNNING and told == state.entries.keys():
                return show_addresses(state)
        time.sleep(LOOK_S)
    typer.echo(f"dsn: not everything is ready after {UP_S:.0f} s; see `dsn status`", err=True)
    raise typer.Exit(FAILED)
