"""``dsn demo``: feeds the shipped messages to what runs here and shows what became of them.

Servers and services are up already (``dsn up``) with the demonstration's ``sources.toml``. Run it
twice, and the second time every message is a duplicate and the ledger still balances.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dsn_deploy.demo.outcome import Line, Outcome, findings
from dsn_deploy.demo.shipped import FEEDS, MLLP, messages, shipped_truth, sources_file, split
from dsn_deploy.demo.table import show
from dsn_deploy.demo.truth import Record, Truth
from dsn_deploy.errors import FAILED, OK, CommandError

if TYPE_CHECKING:
    from rich.console import Console

    from dsn_producers.sources import Source
    from dsn_schemas.settings import Settings

#: Longest way of the last message into the store, on a crowded machine that just started.
ARRIVAL_S = 180.0


class Surroundings(Protocol):
    """What the demonstration needs of the running system; ``around.Running`` is the real one."""

    def send(self, source: Source, messages: Sequence[bytes]) -> Counter[str]:
        """Send over MLLP, one after another; acknowledgements by code."""

    def feed(self, source: Source, path: Path) -> int:
        """Feed a file or folder; messages in it."""

    def wait(self, sources: Sequence[str], deadline_s: float) -> bool:
        """Wait until all that was fed is in the store; False when it is not by then."""

    def ledger(self, sources: Sequence[str]) -> tuple[Line, ...]:
        """The ledger of these sources, in their order; those never heard of are left out."""

    def people(self, authorities: Sequence[str]) -> dict[Record, str]:
        """The person of each record of these authorities."""


def demo(settings: Settings, *, as_json: bool, console: Console) -> int:
    """Feed, wait, show; the exit code.

    0 only if the ledger balances and people and merges are those of ``truth.json``. With
    ``as_json`` the last line on standard output is one JSON object. Raises ``CommandError`` when
    the demonstration's sources are not configured or an interface does not answer.
    """
    from dsn_deploy.demo.around import Running

    known = demo_sources(settings)
    outcome = play(known, Running(settings, console), shipped_truth(), say=console.print)
    show(outcome, console, page=page(settings), example=shipped_truth().example)
    if as_json:
        console.file.flush()
        print(json.dumps(outcome.as_object()), flush=True)
    return FAILED if outcome.wrong else OK


def demo_sources(settings: Settings) -> dict[str, Source]:
    """The demonstration's sources by name, as they are configured here.

    Raises ``CommandError`` when one is missing: then the services run with another file.
    """
    from dsn_producers.sources import SourcesError, load

    try:
        configured = {source.name: source for source in load(settings.sources)}
    except SourcesError as error:
        raise CommandError(str(error)) from None
    wanted = [source.name for source in load(sources_file())]
    if absent := [name for name in wanted if name not in configured]:
        raise CommandError(
            f"{settings.sources} has no source {', '.join(absent)}: start the services with"
            f" DSN_SOURCES={sources_file()}"
        )
    return {name: configured[name] for name in wanted}


def play(
    known: Mapping[str, Source],
    around: Surroundings,
    truth: Truth,
    *,
    say: Callable[[str], object],
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Send and feed everything, wait for it, and hold the store against the truth."""
    names = list(known)
    before = sum(line.received for line in around.ledger(names))
    began = clock()
    _over_mllp(known, around, say)
    for name, file in FEEDS:
        count = around.feed(known[name], messages() / file)
        say(f"{name}: {count} messages de {file} / messages of {file}")
    arrived = around.wait(names, ARRIVAL_S)
    seconds = clock() - began
    lines = around.ledger(names)
    people = around.people(sorted({source.authority for source in known.values()}))
    late = () if arrived else (f"not everything arrived within {ARRIVAL_S:.0f} s",)
    return Outcome(
        lines=lines,
        people=len(set(people.values())),
        seconds=seconds,
        changes=sum(line.received for line in lines) - before,
        wrong=(*late, *findings(truth, lines, people, names)),
    )


def page(settings: Settings) -> str:
    """Where the chart page is."""
    return f"http://{settings.web_host}:{settings.web_port}/"


def _over_mllp(
    known: Mapping[str, Source], around: Surroundings, say: Callable[[str], object]
) -> None:
    """What a hospital's interface engine would do, acknowledgement by acknowledgement."""
    name, file = MLLP
    source = known[name]
    sent = split((messages() / file).read_bytes())
    codes = around.send(source, sent)
    answers = ", ".join(f"{count} {code}" for code, count in sorted(codes.items()))
    say(f"{name}: {len(sent)} messages par MLLP / over MLLP, port {source.mllp_port}: {answers}")
