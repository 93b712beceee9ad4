"""``dsn identity``: figures, answers and weights come from the code that decides in production."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dsn_deploy.cli import application
from dsn_deploy.errors import CommandError
from dsn_deploy.identity import evaluate as measuring
from dsn_deploy.identity import mapping as mappings
from dsn_deploy.identity.train import ORDER, train
from dsn_deploy.population.records import records as population
from dsn_streams.matching.features import features_of
from dsn_streams.matching.weights import load, parsed
from support.labelled import shared

WEIGHTS = load()
SHIPPED = Path(mappings.__file__).parent / "mappings"
ANNE = {
    "names": [{"family": "Lavoie", "given": ["Anne"]}],
    "birth_date": "1972-09-21",
    "gender": "female",
    "telecoms": [{"system": "phone", "value": "418 555-2399"}],
    "birth_place": None,
}


def run(*words: str) -> tuple[int, str, str]:
    """The exit code, output and complaints of ``dsn identity``."""
    found = CliRunner().invoke(application(), ["identity", *words])
    return found.exit_code, found.stdout, found.stderr


def labelled(people: int) -> list[mappings.LabelledRecord]:
    """A small synthetic population with its truth."""
    return [
        mappings.LabelledRecord(one.number, str(one.truth), one.demographics)
        for one in population(people, 3)
    ]


def test_pairs_are_answered_in_order_and_a_bad_line_is_named(tmp_path):
    """One answer for each line; a bad one says its number and field, never a value."""
    other = ANNE | {"names": [{"family": "Roy", "given": ["Karim"]}], "birth_date": "1999-01-02"}
    wrong = ANNE | {"birthdate": "1972-09-21"}
    lines = [json.dumps({"a": ANNE, "b": one, "id": 7}) for one in (ANNE, other, wrong)]
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("\n".join([*lines, "", "{", '{"a": {}}']))

    code, said, complaints = run("compare", str(pairs))

    answers = [json.loads(line) for line in said.splitlines()]
    assert 1 == code
    assert ["same", "different"] == [one["outcome"] for one in answers[:2]]
    assert "traits-exact" == answers[0]["reasons"][0]
    assert isinstance(answers[0]["weight"], int)
    assert [3, 5, 6] == [one["line"] for one in answers[2:]]
    assert "birthdate" in answers[2]["error"]
    assert "line 3:" in complaints and "1972" not in complaints


def test_a_labelled_file_is_measured(tmp_path):
    """A gzipped CSV with a mapping; figures as text and as one JSON line."""
    rows = [
        ("1", "p1", "Euphrosine", "Quesnel-Okwuosa", "19441130", "F"),
        ("2", "p1", "Euphrosine", "Quesnel Okwuosa", "19441130", "F"),
        ("3", "p2", "Jean", "Tremblay", "19610412", "M"),
        ("4", "p3", "Jean", "Tremblay", "19610412", "M"),
    ]
    path, mapping = tmp_path / "people.csv.gz", tmp_path / "map.json"
    with gzip.open(path, "wt", newline="") as file:
        csv.writer(file).writerows([("no", "who", "first", "last", "born", "sex"), *rows])
    fields = {"id": "no", "truth": "who", "given": ["first"], "family": ["last"]}
    mapping.write_text(json.dumps(fields | {"birth_date": "born", "sex": "sex"}))

    code, said, _ = run("evaluate", str(path), "--mapping", str(mapping), "--json")

    found = json.loads(said.splitlines()[-1])
    assert 0 == code
    assert (4, 3, 1) == (found["records"], found["people"], found["true_pairs"])
    assert (1, 0) == (found["automatic"]["true"], found["automatic"]["false"])
    assert (1, 0) == (found["review_pairs"], found["review_true"])
    assert "0 impure" in run("evaluate", str(path), "--mapping", str(mapping))[1]


def test_what_is_wrong_with_a_file_is_said(tmp_path):
    """A mapping that is none, a column that is not there."""
    path, mapping = tmp_path / "people.csv", tmp_path / "map.json"
    path.write_text("id,who\n1,p1\n")
    mapping.write_text('{"id": "id", "truth": "who", "given": ["first"]}')
    with pytest.raises(CommandError, match="no column first"):
        list(mappings.read_records(path, mappings.read_mapping(mapping)))
    mapping.write_text('{"id": "id", "truth": "who", "gven": ["first"]}')
    with pytest.raises(CommandError, match="gven"):
        mappings.read_mapping(mapping)


def test_no_two_people_share_a_group_of_a_small_population():
    """0 impure groups, and most pairs found; the large runs are `dsn bench identity`."""
    figures, _ = measuring.evaluate(labelled(800), WEIGHTS)

    assert 0 == figures.impure_groups
    assert figures.automatic.recall >= 0.96
    assert figures.with_review.recall >= 0.99


def test_training_without_labels_gives_weights_that_fall_with_the_level():
    """m and u of a small population; every field falls in its order, and the file loads."""
    features = {one.id: features_of(one.demographics, WEIGHTS) for one in labelled(100)}
    file = train(features, WEIGHTS, "trained", families=True)
    weights = parsed(json.dumps(file).encode())
    bits = file["levels_bits"]

    assert weights.version.startswith("trained+")
    for field, chains in ORDER.items():
        for chain in chains:
            found = [bits[field][level] for level in chain]
            assert sorted(found, reverse=True) == found, (field, chain)
    assert bits["born"]["same"] > 6
    assert bits["born"]["differs"] < 0
    assert file["families"] is True
    with pytest.raises(CommandError, match="teach nothing"):
        train(dict(list(features.items())[:5]), WEIGHTS, "few", families=True)


@pytest.mark.parametrize(
    ("name", "mapping"),
    [
        ("from-registry/febrl/dataset1.csv.gz", "febrl"),
        ("from-fetch/opencr-uganda/records.csv.gz", "opencr-uganda"),
    ],
)
def test_no_stranger_is_joined_in_sets_that_others_made(name, mapping):
    """0 false automatic links with the shipped weights."""
    path = shared(name)
    columns = mappings.read_mapping(SHIPPED / f"{mapping}.json")
    figures, _ = measuring.evaluate(list(mappings.read_records(path, columns)), WEIGHTS)

    assert 0 == figures.automatic.false
    assert figures.with_review.recall >= 0.97
