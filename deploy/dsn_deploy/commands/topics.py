"""``dsn topics``: the journal's topics, with the schemas and tables that belong to them."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    topics = typer.Typer(help="Topics, schemas and tables.", no_args_is_help=True)
    topics.callback()(_nothing)
    topics.command()(ensure)
    app.add_typer(topics, name="topics")


def ensure() -> None:
    """Create what is missing and bring settings up to date; changes nothing the second time."""
    from dsn_deploy.provision import provision
    from dsn_deploy.running import running_settings

    done = provision(running_settings())
    typer.echo(done.describe())


def _nothing() -> None:
    """Keeps ``dsn topics ensure`` a sub-command while it is the only one."""
