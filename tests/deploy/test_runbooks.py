"""A runbook for each alarm and each thing that can be down; no page names what does not exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from dsn_consumers.alarms.facts import Thresholds
from dsn_consumers.alarms.kinds import KINDS
from dsn_deploy.cli import application
from dsn_deploy.watch.looking import Watched
from dsn_producers.limits import Limits
from dsn_schemas.settings import Settings

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted((ROOT / "deploy" / "runbooks").glob("*.md"))
#: Everything an operator is given to read.
PAGES = [*RUNBOOKS, *sorted((ROOT / "docs").glob("*.md"))]
#: What can be down, and the page about it.
DOWN = {
    "centre unreachable from a site": "centre-unreachable",
    "Kafka": "kafka-down",
    "streams": "streams-behind",
    "PostgreSQL": "database-down",
    "registry": "registry-down",
    "identity stage": "identity-behind",
    "one poison message or a storm of them": "quarantine",
    "audit path": "audit-behind",
    "a whole region, power, disks": "region-lost",
}
COMMAND: Any = typer.main.get_command(application())
#: A word that stands for a value, or a value itself.
_COMMAND = re.compile(r"`(dsn [a-z][^`]*)`|^(?: {7})?(dsn [a-z](?:[^#\n]|(?<! )#)*)", re.MULTILINE)


def commands(text: str) -> list[str]:
    """What a page tells to type."""
    return [quoted or block for quoted, block in _COMMAND.findall(text)]


def assert_known(typed: str) -> None:
    """Each word of a command is a command, an option of it, or a value. Raises ``AssertionError``."""
    words = shlex.split(re.sub(r"[\[\]]", "", typed))[1:]
    command: Any = COMMAND
    while words and words[0] in getattr(command, "commands", ()):
        command = command.commands[words.pop(0)]
    assert command is not COMMAND, f"{typed}: no such command"
    given = [one for one in command.params if one.param_type_name == "option"]
    options = {name: one for one in given for name in (*one.opts, *one.secondary_opts)}
    values, takes = 0, False
    for word in words:
        if word.startswith("--"):
            assert word in options, f"{typed}: no option {word}"
            takes = not options[word].is_flag
        else:
            values += not takes
            takes = False
    arguments = len(command.params) - len(given)
    assert not values or arguments, f"{typed}: takes no {words}"


def headings(page: Path) -> set[str]:
    """What links to the headings of a page are called."""
    found = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in found}


@pytest.mark.parametrize("name", [kind.name for kind in KINDS] + sorted(DOWN.values()))
def test_there_is_a_runbook(name: str) -> None:
    """It says what is seen or what it means, and what to do."""
    text = (ROOT / "deploy" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")

    assert "**Consequence.**" in text
    assert re.search(r"^1\. |^\| ", text, re.MULTILINE), "no steps"


def test_a_page_names_only_commands_that_exist() -> None:
    """Every command and every option of every page."""
    found = [(page.name, typed) for page in PAGES for typed in commands(page.read_text("utf-8"))]
    for _, typed in found:
        assert_known(typed)

    assert len([name for name, _ in found if name in {page.name for page in RUNBOOKS}]) >= 50
    assert len(found) >= 120


@pytest.mark.parametrize(
    "typed",
    [
        "dsn no-such",
        "dsn gaps --no-such",
        "dsn quarantine drop",
        "dsn ledger chum",
        "dsn gaps close",
    ],
)
def test_a_command_that_does_not_exist_is_found(typed: str) -> None:
    """So that the test above can fail."""
    with pytest.raises(AssertionError):
        assert_known(typed)


def test_settings_in_pages_exist() -> None:
    """Every DSN_… that a page names."""
    known = {
        f"{model.model_config['env_prefix']}{name}".upper()
        for model in (Settings, Thresholds, Limits, Watched)
        for name in model.model_fields
    }
    named = {name for page in PAGES for name in re.findall(r"DSN_[A-Z_]+", page.read_text("utf-8"))}

    assert named - known == set()


def test_links_lead_somewhere() -> None:
    """Relative ones, to a file and to a heading in it."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)\s]+)\)", page.read_text("utf-8")):
            name, _, heading = target.partition("#")
            file = page.parent / name if name else page
            assert file.exists(), f"{page.name} → {target}"
            assert not heading or heading in headings(file), f"{page.name} → {target}"


def test_what_can_be_down_is_what_the_alarms_call_it() -> None:
    """The pages of single neighbours and readers are those of their alarms."""
    assert set(DOWN.values()) - {kind.name for kind in KINDS} == {
        "centre-unreachable",
        "region-lost",
    }
