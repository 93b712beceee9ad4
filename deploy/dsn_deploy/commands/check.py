"""``dsn check``: would a start go well?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dsn_deploy.check.finding import Finding

PARTS = ("settings", "secrets", "sources", "certificates", "disk", "kafka", "registry", "database")


def register(app: typer.Typer) -> None:
    app.command()(check)


def _known(names: list[str] | None) -> list[str]:
    for name in names or ():
        if name not in PARTS:
            raise typer.BadParameter(f"{name}: choose one of {', '.join(PARTS)}")
    return names or []


def check(
    only: Annotated[
        list[str] | None, typer.Option(callback=_known, help=f"Only {', '.join(PARTS)}.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Check settings, files, neighbours and disks before a start; changes nothing.

    Each finding says what, where and what to do. Exit code: 0 a start may follow (warnings included),
    1 something is wrong, 3 something does not answer.
    """
    from dsn_deploy.check.finding import exit_code

    found = findings(only or PARTS)
    code = exit_code(found)
    if as_json:
        said = [{**asdict(one), "verdict": one.verdict.value} for one in found]
        typer.echo(json.dumps({"exit": code, "findings": said}))
    else:
        for one in found:
            where = f" {one.where}:" if one.where else ""
            action = f"\n    → {one.action}" if one.action else ""
            typer.echo(f"{one.verdict.value:<11} {one.part}:{where} {one.what}{action}")
    raise typer.Exit(code)


def findings(parts: Iterable[str]) -> list[Finding]:
    """What is found of these parts. Settings that cannot be read end the look: nothing else is known."""
    from dsn_consumers.alarms.facts import Thresholds
    from dsn_deploy.check import here, neighbours
    from dsn_deploy.check.finding import Verdict
    from dsn_deploy.running import running_settings
    from dsn_deploy.watch.looking import Watched

    found = list(here.settings_findings(os.environ))
    held = [one.where for one in found if one.verdict is Verdict.WRONG]
    if any(one.what != "no setting of this name" for one in found if one.where in held):
        return found
    settings, limits, watched = running_settings(), Thresholds(), Watched()
    asked: dict[str, Callable[[], Iterable[Finding]]] = {
        "settings": lambda: found,
        "secrets": lambda: here.secrets_findings(settings),
        "sources": lambda: here.sources_findings(settings),
        "certificates": lambda: here.certificates_findings(settings, limits, watched),
        "disk": lambda: here.disk_findings(settings, limits, watched),
        "kafka": lambda: neighbours.kafka_findings(settings),
        "registry": lambda: neighbours.registry_findings(settings),
        "database": lambda: neighbours.database_findings(settings),
    }
    return [one for part in PARTS if part in parts for one in asked[part]()]
