"""Lists of unrelated people: who meets, what is learned without labels, and that nobody is joined wrongly."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from dsn_deploy.cli import application
from dsn_deploy.identity import evaluate as measuring
from dsn_deploy.identity import mapping as mappings
from dsn_deploy.identity.expectation import CHANCES, Learned, learn
from dsn_deploy.identity.lists import list_keys_of
from dsn_deploy.identity.train import ORDER, SAME_BITS_MIN, file_of, same_bits, train
from dsn_schemas.records import Address, Demographics, HumanName, Identifier
from dsn_streams.matching.blocking import keys_of
from dsn_streams.matching.features import Features, features_of
from dsn_streams.matching.levels import FIELDS, LEVELS
from dsn_streams.matching.weights import UNITS_PER_BIT, Weights, load, parsed
from support.labelled import shared
from support.unrelated import unrelated

WEIGHTS = load()
SHIPPED = Path(mappings.__file__).parent / "mappings"


class Taught(NamedTuple):
    """A list, and what was made of it."""

    records: list[mappings.LabelledRecord]
    features: Mapping[str, Features]
    learned: Learned
    file: dict[str, object]
    weights: Weights


@pytest.fixture(scope="module")
def taught() -> Taught:
    """90 people, each written down at least twice."""
    records = list(unrelated(90, 1.0, seed=5))
    features = {one.id: features_of(one.demographics, WEIGHTS) for one in records}
    met, _ = measuring.candidates(features, families=False)
    learned = learn(features, met, WEIGHTS)
    file = file_of(learned, features, WEIGHTS, "list", families=False)
    return Taught(records, features, learned, file, parsed(json.dumps(file).encode()))


def person(given: str, family: str, born: str, street: str, code: str, number: str) -> Features:
    """The features of a record of a list."""
    return features_of(
        Demographics(
            identifiers=(Identifier(system="list", value=number, type="SS"),) if number else (),
            names=(HumanName(family=family, given=(given,) if given else ()),),
            birth_date=born,
            addresses=(Address(lines=(street,), postal_code=code),),
        ),
        WEIGHTS,
    )


def meet(a: Features, b: Features) -> bool:
    """The two have a key of lists in common."""
    return not list_keys_of(a).isdisjoint(list_keys_of(b))


def test_two_facts_in_common_are_enough_to_meet_in_a_list():
    """A wrong name and a wrong date: production's keys find nobody, those of lists do."""
    one = person("April", "Harrington", "1911-11-01", "123 Slessor Crescent", "2517", "8853061")
    two = person("April", "Herbert", "1942-10-30", "123 Slessor Crescent", "2517", "2349971")
    half = person("April", "Roy", "1950-02-03", "7 Elm Road", "3000", "8853999")
    other = person("April", "Roy", "1950-02-03", "7 Elm Road", "3000", "7771234")

    assert set(keys_of(one)).isdisjoint(keys_of(two))
    assert meet(one, two)
    assert meet(one, half)  # the given name, and half of a number
    assert not meet(one, other)  # one fact says nothing


def test_inverted_names_and_a_number_alone_meet():
    """Given name and surname are of one kind; a number needs nothing beside it."""
    one = person("Oliver", "Rickett", "", "", "", "")
    two = person("Rickett", "Oliver", "", "", "", "")
    number = [person(*names, "", "", "", "6090460") for names in (("A", "Roy"), ("Bea", "Côté"))]

    assert meet(one, two)
    assert meet(*number)


def test_a_number_is_worth_its_population_however_small_the_list(taught):
    """Random pairs of 300 records hold true matches at 1 in 300: u counted with them could say no
    more than 8 bits."""
    bits = taught.file["levels_bits"]["identifier"]
    place = FIELDS.index("identifier")

    assert bits["same"] > 20
    assert bits["same"] > bits["near"] > 8
    assert bits["differs"] < 0
    assert taught.learned.u[place][1] == pytest.approx(
        CHANCES["identifier"]["same"] / 9e6, rel=0.01
    )


def test_what_is_learned_is_on_the_scale_of_all_pairs(taught):
    """Lambda is the share of true pairs among all pairs, and m and u are shares."""
    truth = [one.truth for one in taught.records]
    true = sum(truth.count(one) - 1 for one in truth) / 2
    pairs = len(truth) * (len(truth) - 1) / 2

    assert taught.learned.share == pytest.approx(true / pairs, rel=0.1)
    assert taught.file["population"] == round(1 / taught.learned.share)
    for place, field in enumerate(FIELDS):
        assert sum(taught.learned.m[place]) == pytest.approx(1.0), field
        assert all(0 < one <= 1 for one in taught.learned.u[place][1:]), field


def test_no_level_presses_down_one_that_is_not_beside_it(taught):
    """Bits fall along each chain; a name cut, which this list never has, says nothing of a name
    mistyped."""
    bits = taught.file["levels_bits"]
    for field, chains in ORDER.items():
        assert all(set(chain) <= set(LEVELS[field]) for chain in chains), field
        for chain in chains:
            found = [bits[field][level] for level in chain]
            assert sorted(found, reverse=True) == found, (field, chain)
    assert bits["given"]["near"] > bits["given"]["part"]


def test_a_list_is_joined_by_what_it_taught_and_nobody_wrongly(taught):
    """No labels were read: 0 false links, nearly every pair found, every true pair met."""
    figures, found = measuring.evaluate(taught.records, taught.weights)
    truth = {one.id: one.truth for one in taught.records}
    strangers = [two.weight for (a, b), two in found.compared.items() if truth[a] != truth[b]]

    assert max(strangers) < (SAME_BITS_MIN - 5) * UNITS_PER_BIT
    assert 0 == figures.automatic.false
    assert 1.0 == figures.blocking_recall
    assert figures.automatic.recall >= 0.97
    assert (
        figures.automatic.recall > measuring.evaluate(taught.records, WEIGHTS)[0].automatic.recall
    )


def test_a_list_that_others_made_is_joined_by_what_it_taught():
    """FEBRL 1, trained on itself without labels: 0 false links, at least .998 of the pairs."""
    path = shared("from-registry/febrl/dataset1.csv.gz")
    columns = mappings.read_mapping(SHIPPED / "febrl.json")
    records = list(mappings.read_records(path, columns))
    features = {one.id: features_of(one.demographics, WEIGHTS) for one in records}
    file = train(features, WEIGHTS, "febrl", families=False)
    figures, _ = measuring.evaluate(records, parsed(json.dumps(file).encode()))

    assert 0 == figures.automatic.false
    assert figures.automatic.recall >= 0.998


def test_the_threshold_of_a_list_follows_from_its_posteriors():
    """Few doubtful pairs leave it at its least; many of them raise it above themselves."""
    sure = [40.0] * 1000

    assert SAME_BITS_MIN == same_bits([])
    assert SAME_BITS_MIN == same_bits([*sure, 11.0, 10.5, 9.0, -3.0])
    raised = same_bits([*sure, *([12.0] * 1000)])
    assert 12.0 < raised < 40.0


def test_a_list_is_trained_and_measured_from_the_command_line(tmp_path):
    """``train --no-families`` reads no truth: a file whose labels are all one teaches the same."""
    records = list(unrelated(50, 1.0, seed=9))
    mapping = tmp_path / "map.json"
    fields = {"id": "id", "truth": "who", "given": ["given"], "family": ["family"]}
    fields |= {"birth_date": "born", "street": ["street"], "postal_code": "code"}
    numbers = [{"column": "number", "system": "list", "type": "SS"}]
    mapping.write_text(json.dumps({**fields, "identifiers": numbers}))
    learned = []
    for labels in ("true", "none"):
        path, output = tmp_path / f"{labels}.csv", tmp_path / labels / "list.json"
        output.parent.mkdir()
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("id", "who", "given", "family", "born", "street", "code", "number"))
            for one in records:
                rows.writerow((one.id, one.truth if labels == "true" else "x", *written(one)))
        said = run("train", str(path), *to(mapping), "--no-families", "--output", str(output))
        assert "weights list+" in said
        learned.append(output.read_bytes())

    found = run("evaluate", str(tmp_path / "true.csv"), *to(mapping), "--weights", str(output))

    assert learned[0] == learned[1]
    assert "(0 false" in found and "0 impure" in found


def written(one: mappings.LabelledRecord) -> tuple[str, ...]:
    """The columns of a record."""
    said = one.demographics
    name, place = said.names[0], said.addresses[0]
    number = said.identifiers[0].value if said.identifiers else ""
    given = " ".join(name.given)
    return (given, name.family, said.birth_date, place.lines[0], place.postal_code, number)


def to(mapping: Path) -> tuple[str, str]:
    """The option that names a mapping."""
    return "--mapping", str(mapping)


def run(*words: str) -> str:
    """What ``dsn identity`` says; it must end well."""
    found = CliRunner().invoke(application(), ["identity", *words])
    assert 0 == found.exit_code, found.output
    return found.stdout
