"""``dsn down``: stop everything in the data folder, also what a crashed supervisor left behind."""

from __future__ import annotations

import signal

import typer

#: Services get 15 s, then servers get 15 s, then killing takes a moment.
STOP_S = 45.0


def register(app: typer.Typer) -> None:
    app.command()(down)


def down() -> None:
    """Stop the services, then the servers. Data stays."""
    from dsn_deploy.orphans import sweep
    from dsn_deploy.running import data_folder
    from dsn_deploy.statefile import owning, path_of, read

    data = data_folder()
    state = read(data)
    if state is None:
        typer.echo(f"Nothing runs in {data}.")
        return
    if state.owner.is_alive():
        typer.echo(f"Stopping (supervisor {state.owner.pid})…")
        state.owner.stop(what=signal.SIGTERM, deadline_s=STOP_S)
    with owning(data):  # nobody may start anything in here while we clean up
        for name in sweep(read(data)):
            typer.echo(f"Stopped {name}, which had lost its supervisor.")
        path_of(data).unlink(missing_ok=True)
    typer.echo("Stopped.")
