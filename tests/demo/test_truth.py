"""Which files are one person, and whom only a steward can join."""

from __future__ import annotations

from collections import defaultdict

from dsn_deploy.demo.population import population
from dsn_deploy.demo.registrations import Registration, registrations
from dsn_deploy.demo.truth import Record, Truth, from_json, to_json, truth

KNOWN = registrations(population())
TRUTH = truth(KNOWN)


def _person_of() -> dict[Record, int]:
    return {record: index for index, records in enumerate(TRUTH.people) for record in records}


def _files_of(key: str) -> list[Registration]:
    return [one for one in KNOWN if one.person.key == key]


def test_every_file_once() -> None:
    """Each file belongs to exactly one person."""
    records = [record for people in TRUTH.people for record in people]

    assert sorted(records) == sorted(one.key for one in KNOWN)


def test_never_two_in_one() -> None:
    """No person is made of the files of two different people."""
    bearer = {one.key: one.person.key for one in KNOWN}

    assert all(len({bearer[record] for record in records}) == 1 for records in TRUTH.people)


def test_who_stays_apart() -> None:
    """One child stands there twice: a hospital took his mother's card."""
    groups: defaultdict[str, set[int]] = defaultdict(set)
    person_of = _person_of()
    for one in KNOWN:
        groups[one.person.key].add(person_of[one.key])

    assert {key: len(found) for key, found in groups.items() if len(found) > 1} == {"nathan": 2}
    assert len(TRUTH.people) == len(population()) + 1


def test_merged_doubles() -> None:
    """A double that was merged is one person with its survivor, whether or not it had a NAM."""
    person_of = _person_of()

    assert len(TRUTH.merges) == 3
    assert all(person_of[survivor] == person_of[ended] for survivor, ended in TRUTH.merges)
    assert {bool(one.nam) for one in KNOWN if one.merged_into} == {True, False}


def test_newborn() -> None:
    """The newborn without a NAM is, once named, the child that the other hospital knows."""
    person_of = _person_of()

    assert len({person_of[one.key] for one in _files_of("rosalie")}) == 1
    assert len(_files_of("rosalie")) == 2


def test_example() -> None:
    """The example has a file at all three places."""
    example = [records for records in TRUTH.people if _files_of("therese")[0].key in records]

    assert [place for place, _ in example[0]] == ["CHUL", "HDM", "HDM-CLINIQUE"]
    assert TRUTH.example == "BELT48531413"


def test_as_text() -> None:
    """The truth survives being written and read."""
    assert from_json(to_json(TRUTH)) == TRUTH
    assert isinstance(from_json(to_json(TRUTH)), Truth)
