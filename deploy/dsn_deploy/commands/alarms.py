"""``dsn alarms``: what is not as it should be, what it means and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dsn_deploy.errors import FAILED, OK

if TYPE_CHECKING:
    from dsn_consumers.alarms.rules import Alarm


def register(app: typer.Typer) -> None:
    app.command()(alarms)


def alarms(
    lang: Annotated[str, typer.Option(help="fr or en; left out: French, English beside it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Look at everything now. Exit code: 0 nothing of level error, 1 something is.

    Thresholds are settings: DSN_ALARM_… (see `dsn_consumers.alarms.facts`).
    """
    from dsn_consumers.alarms.facts import Thresholds
    from dsn_consumers.alarms.rules import Level, raised
    from dsn_deploy.running import running_settings
    from dsn_deploy.watch.looking import Watched, look

    if lang not in ("", "fr", "en"):
        raise typer.BadParameter("fr or en")
    limits = Thresholds()
    facts = look(running_settings(), limits, Watched())
    found = raised(facts, limits)
    errors = sum(alarm.level is Level.ERROR for alarm in found)
    if as_json:
        said = {
            "errors": errors,
            "at": facts.now.isoformat(),
            "alarms": list(map(as_object, found)),
        }
        typer.echo(json.dumps(said, ensure_ascii=False))
    else:
        for alarm in found:
            typer.echo("\n".join(lines(alarm, lang)))
        if not found:
            typer.echo("Aucune alarme. / No alarm." if not lang else _NONE[lang])
    raise typer.Exit(FAILED if errors else OK)


_NONE = {"fr": "Aucune alarme.", "en": "No alarm."}
_LEVELS = {
    "error": {"fr": "ERREUR", "en": "ERROR"},
    "warning": {"fr": "ATTENTION", "en": "WARNING"},
}


def lines(alarm: Alarm, lang: str) -> list[str]:
    """An alarm for a terminal, in one language or in both."""
    found = []
    for name in (lang,) if lang else ("fr", "en"):
        title, measure = alarm.kind.title.both()[name], alarm.measure.both()[name]
        found.append(f"{_LEVELS[alarm.level.value][name]} {title}: {alarm.subject}, {measure}")
        found.append(f"  {alarm.kind.consequence.both()[name]}")
        found.append(f"  → {alarm.kind.next_step.both()[name]}")
    return [*found, f"  {alarm.kind.runbook}"]


def as_object(alarm: Alarm) -> dict[str, Any]:
    """For scripts."""
    kind = alarm.kind
    return {
        "kind": kind.name,
        "level": alarm.level.value,
        "subject": alarm.subject,
        "measure": alarm.measure.both(),
        "title": kind.title.both(),
        "consequence": kind.consequence.both(),
        "next_step": kind.next_step.both(),
        "since": None if alarm.since is None else alarm.since.isoformat(),
        "runbook": kind.runbook,
    }
