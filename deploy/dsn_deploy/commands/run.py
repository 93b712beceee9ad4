"""``dsn run``: be one service, in the foreground. What the supervisor and systemd start."""

from __future__ import annotations

from typing import Annotated

import typer

from dsn_deploy.services import ON_DEMAND, SERVICES


def register(app: typer.Typer) -> None:
    app.command()(run)


def known(name: str) -> str:
    """A service's name, or a usage error that lists them."""
    known_ones = (*SERVICES, *ON_DEMAND)
    if name not in known_ones:
        raise typer.BadParameter(f"{name}: choose one of {', '.join(known_ones)}")
    return name


def run(
    service: Annotated[
        str, typer.Argument(callback=known, help=", ".join((*SERVICES, *ON_DEMAND)))
    ],
) -> None:
    """Run one service until it is told to stop."""
    from dsn_deploy.running import running_settings
    from dsn_deploy.services import run as run_service
    from dsn_schemas.logs import configure

    configure(service)
    run_service(service, running_settings())
