"""What a person sees at the end of the demonstration: the ledger as a table, French first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsn_deploy.demo.outcome import FATES, Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Heading of each column, French above English.
_HEADINGS = {
    "received": "reçus\nreceived",
    "shown": "affichés\nshown",
    "superseded": "remplacés\nsuperseded",
    "duplicate": "doublons\nduplicate",
    "quarantined": "quarantaine\nquarantined",
    "unexplained": "inexpliqués\nunexplained",
}


def show(outcome: Outcome, console: Console, *, page: str, example: str) -> None:
    """The table, the figures, where to look, and what went wrong."""
    console.print(_table(outcome))
    console.print(
        f"{outcome.people} personnes / people · {outcome.seconds:.1f} s ·"
        f" {outcome.changes_per_s:,.0f} changements/s / changes/s"
    )
    # Plain, so that it can be copied whole.
    console.print(f"Page : {page}", highlight=False, soft_wrap=True)
    console.print(f"NAM à chercher / to look up: {_grouped(example)}", highlight=False)
    for finding in outcome.wrong:
        console.print(f"[red]✗[/] {finding}", highlight=False)
    if not outcome.wrong:
        console.print(
            "[green]✓[/] reçus = affichés + remplacés + doublons + quarantaine;"
            " personnes et fusions exactes / people and merges exact",
            highlight=False,
            soft_wrap=True,
        )


def _table(outcome: Outcome) -> Table:
    from rich.table import Table

    table = Table("source", box=None, pad_edge=False)
    for fate in FATES:
        table.add_column(_HEADINGS[fate], justify="right")
    for line in outcome.lines:
        table.add_row(line.source, *(f"{getattr(line, fate):,}" for fate in FATES))
    table.add_section()
    table.add_row("total", *(f"{outcome.total(fate):,}" for fate in FATES), style="bold")
    return table


def _grouped(number: str) -> str:
    return f"{number[:4]} {number[4:8]} {number[8:]}"
