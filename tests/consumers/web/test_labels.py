"""Everything the pages say, they say in both languages."""

import re
from importlib.resources import files

import pytest

from dsn_consumers.web.labels import LABELS, Label
from dsn_consumers.web.words import FIELDS, SECTIONS
from dsn_schemas import records

_KEYS = re.compile(r"\bt\('([a-z_.]+)'[,)]")


def _sources() -> dict[str, str]:
    root = files("dsn_consumers.web")
    pages = [p for p in (root / "templates").iterdir()]
    modules = [p for p in root.iterdir() if p.name.endswith(".py")]
    return {p.name: p.read_text(encoding="utf-8") for p in (*pages, *modules)}


def test_every_label_speaks_both_languages() -> None:
    """A label without its French or its English cannot be made."""
    for fr, en in (("", "Search"), ("Recherche", " ")):
        with pytest.raises(ValueError, match="both languages"):
            Label(fr, en)


def test_placeholders_agree() -> None:
    """A value that one language shows is not left out in the other."""
    for key, label in LABELS.items():
        assert re.findall(r"\{\w+\}", label.fr) == re.findall(r"\{\w+\}", label.en), key


def test_templates_name_known_labels() -> None:
    """A template names no label that is not in the table."""
    named = {key for text in _sources().values() for key in _KEYS.findall(text)}

    assert len(named) > 60
    assert named - LABELS.keys() == set()


def test_templates_say_nothing_of_their_own() -> None:
    """Words outside the table would exist in one language only; commands and digests have none."""
    said = {}
    for name, text in _sources().items():
        if name.endswith(".html"):
            bare = re.sub(r"\{% block main_class.*?endblock %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<style.*?</style>|<code>.*?</code>|<[^>]*>", " ", text,
                          flags=re.DOTALL)  # fmt: skip
            said[name] = set(re.findall(r"[A-Za-zÀ-ÿ]{2,}", bare))

    assert {name: words for name, words in said.items() if words} == {}


def test_every_label_is_used() -> None:
    """A label nobody shows is deleted."""
    text = "\n".join(v for k, v in _sources().items() if k != "labels.py")
    # Some keys are put together from a code: their beginnings stand in the sources.
    composed = ("search.", "fresh.", "status.", "revision.", "quarantine.")
    unused = {key for key in LABELS if key not in text and not key.startswith(composed)}

    assert unused == set()


def test_every_section_and_field_of_the_contract_has_words() -> None:
    """No reader meets the name of a column."""
    shown = [
        records.Alert, records.Allergy, records.Demographics, records.Directive, records.Document,
        records.Encounter, records.Immunization, records.Medication, records.Problem,
        records.Procedure, records.Restriction, records.Result,
    ]  # fmt: skip
    names = {name for kind in shown for name in kind.__dataclass_fields__}

    assert names - FIELDS.keys() == set()
    assert len(SECTIONS) == 11
