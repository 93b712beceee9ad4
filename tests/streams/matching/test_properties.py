"""What holds for every pair, and for every version of the weights."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsn_schemas.records import Address, ContactPoint, Demographics, HumanName
from dsn_streams.matching import levels
from dsn_streams.matching.blocking import KEY_BYTES, keys_of
from dsn_streams.matching.compare import bits_of, compare, explain
from dsn_streams.matching.features import Features, features_of
from dsn_streams.matching.fold import fold
from dsn_streams.matching.phones import normalised
from dsn_streams.matching.places import postal_code, street
from dsn_streams.matching.weights import UnknownWeights, load, parsed

WEIGHTS = load()
NAMES = ["Jean", "Jeanne", "Marie-Ève", "Tremblay", "St-Pierre", "Nguyễn", "", "Ng", "BB fille"]

records = st.builds(
    lambda family, given_name, born, sex, phone, code: Demographics(
        names=(HumanName(family=family, given=(given_name,)),),
        birth_date=born,
        gender=sex,
        telecoms=(ContactPoint(system="phone", value=phone),),
        addresses=(Address(lines=("12 rue des Pins",), postal_code=code),),
    ),
    st.sampled_from(NAMES) | st.text(max_size=12),
    st.sampled_from(NAMES) | st.text(max_size=12),
    st.sampled_from(["1961-04-12", "1961-12-04", "1961-04", "1980-01-01", "", "x"])
    | st.dates().map(str),
    st.sampled_from(["male", "female", "other", ""]),
    st.sampled_from(["418 555-2399", "418 555-2398", "0", ""]),
    st.sampled_from(["G1R 2B5", "G1R 9Z9", ""]),
)


@settings(max_examples=300, deadline=None)
@given(records, records)
def test_a_comparison_is_symmetric_and_the_early_end_changes_no_outcome(one, two):
    """Whatever was written, either order gives the same answer, explained or not."""
    a, b = features_of(one, WEIGHTS), features_of(two, WEIGHTS)
    found = compare(a, b, WEIGHTS)
    whole, bits = explain(a, b, WEIGHTS)

    assert found == compare(b, a, WEIGHTS)
    assert (found.outcome, found.barred) == (whole.outcome, whole.barred)
    assert bits == bits_of(b, a, whole.levels, WEIGHTS)
    if found.outcome == "same":
        assert found.barred is None


@settings(max_examples=200, deadline=None)
@given(records)
def test_features_are_a_function_of_the_record_and_survive_their_bytes(record):
    """Twice the same, the same after msgpack, and keys are distinct and of one size."""
    features = features_of(record, WEIGHTS)
    data = msgspec.msgpack.encode(features)
    keys = keys_of(features)

    assert features == features_of(record, WEIGHTS)
    assert features == msgspec.msgpack.decode(data, type=Features)
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} <= {KEY_BYTES}


@pytest.mark.parametrize(
    ("field", "order"),
    [
        ("nam", ("same", "claimed", "one-off", "unlike", "differs")),
        ("identifier", ("same", "local", "mixed", "near", "differs")),
        ("born", ("same", "swapped", "one-off", "part", "differs")),
        ("given", ("same", "part", "near", "fair")),
        ("family", ("same", "part", "fair")),
        ("sex", ("same", "differs")),
        ("phone", ("same", "near", "differs")),
        ("email", ("same", "near", "differs")),
        ("postal", ("same", "area", "near", "differs")),
        ("street", ("same", "near", "part", "differs")),
        ("mother", ("same", "near", "part", "differs")),
        ("father", ("same", "near", "part", "differs")),
    ],
)
def test_weights_fall_with_the_level(field, order):
    """The less alike, the fewer bits: what a training that went wrong breaks first."""
    bits = WEIGHTS.by_level[levels.FIELDS.index(field)]
    found = [bits[levels.LEVELS[field].index(level)] for level in order]

    assert sorted(found, reverse=True) == found
    assert bits[levels.MISSING] == 0


def test_a_changed_file_is_another_version():
    """The version ends in a digest of the bytes."""
    from importlib import resources

    data = resources.files("dsn_streams.matching").joinpath("data", "default.json").read_bytes()

    assert WEIGHTS.version == parsed(data).version
    assert WEIGHTS.version != parsed(data.replace(b"9000000", b"9000001")).version
    with pytest.raises(UnknownWeights):
        parsed(data.replace(b'"swapped"', b'"swopped"'))
    with pytest.raises(UnknownWeights):
        load("no-such")


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("jean", "jean", "same"),
        ("jean pierre", "jeanpierre", "same"),
        ("jean", "jean pierre", "part"),
        ("claudine", "marie claudine", "part"),
        ("j", "jean", "initial"),
        ("jp", "jean pierre", "initial"),
        ("bob", "robert", "variant"),
        ("lea", "leanne", "alike"),
        ("michel", "michelle", "alike"),
        ("philipppe", "philippe", "near"),
        ("jean franc", "jean francois", "near"),
        ("marie eve", "marie lou", "clash"),
        ("rose", "camille", "differs"),
    ],
)
def test_given_names(one, two, level):
    """Two names that both exist are not typing errors of each other."""
    found = levels.given(*sorted((one, two)), WEIGHTS.variants)

    assert level == levels.LEVELS["given"][found]


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("12 rue des Érables", "12, Erables", "same"),
        ("12 rue des Érables app 3", "12 rue des Érables app 4", "near"),
        ("12 rue des Érables", "21 rue des Érables", "near"),
        ("12 rue Jackson", "12 rue Jackson, Port-Royal", "near"),
        ("12 rue Jacksn, pavillon Laurier", "12 rue Jackson", "near"),
        ("12 rue Jackson, Mascouche", "12 rue Jackson, Port-Royal", "part"),
        ("12 rue Jackson", "347 rue Jackson, Port-Royal", "part"),
        ("12 rue Jackson", "347 rue Jackson", "part"),
        ("12 rue Jackson, Mascouche", "347 rue Jackson, Port-Royal", "differs"),
        ("12 rue Jackson", "12 rue Papineau", "differs"),
    ],
)
def test_streets(one, two, level):
    """More words of one street at one number are the same home; another number is another home."""
    found = levels.street(*sorted((street((one,)), street((two,)))))

    assert level == levels.LEVELS["street"][found]


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("H3T 1N5", "h3t1n5", "same"),
        ("H3T 1N5", "H3T 9Z9", "area"),
        ("H3T 1N5", "H2T 1N5", "near"),
        ("3137", "3138", "area"),
        ("3137", "3173", "near"),
        ("H3T 1N5", "G1R 2B5", "differs"),
    ],
)
def test_postal_codes(one, two, level):
    """The first three characters are the area; elsewhere one typing error is near."""
    found = levels.postal(*sorted((postal_code(one), postal_code(two))))

    assert level == levels.LEVELS["postal"][found]


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("st pierre", "stpierre", "same"),
        ("tremblay gagnon", "gagnon tremblay", "same"),
        ("de la fontaine", "fontaine", "same"),
        ("tremblay gagnon", "gagnon", "part"),
        ("tremblay", "trembaly", "near"),
        ("tremblay gagnon", "gagnon roy", "fair"),
        ("tremblay", "roy", "differs"),
    ],
)
def test_surnames(one, two, level):
    """Particles, order, halves and typing errors."""
    assert level == levels.LEVELS["family"][levels.family(*sorted((one, two)))]


def test_normal_forms():
    """Accents, elisions, extensions, codes and units."""
    assert "d amours cote" == fold("D’Amours-Côté")
    assert "cote" == fold("CÃ´tÃ©")
    assert "5145551234" == normalised("1 (514) 555-1234 poste 22")
    assert "" == normalised("999-999-9999")
    assert "+33142685300" == normalised("+33 1 42 68 53 00")
    assert "H3T1N5" == postal_code("h3t-1n5")
    assert "123|levesque rene|4" == street(("123, boul. René-Lévesque Ouest", "app. 4"))
