"""Who lives in the demonstration."""

from __future__ import annotations

from dsn_deploy.demo.population import Person, population
from dsn_deploy.demo.registrations import registrations
from dsn_schemas.nam import is_valid


def _cast() -> dict[str, Person]:
    return {person.key: person for person in population()}


def test_size() -> None:
    """About 120 people live here, and every call finds the same ones."""
    people = population()

    assert 110 <= len(people) <= 130
    assert people == population()


def test_numbers() -> None:
    """Every NAM is valid for its bearer's birth date, and nobody else's."""
    numbers = [person.nam for person in population() if person.nam]

    assert len(numbers) == len(set(numbers))
    assert all(is_valid(person.nam, person.born) for person in population() if person.nam)


def test_uninsured() -> None:
    """Two infants and a visitor have no NAM."""
    without = {person.key for person in population() if not person.nam}

    assert without == {"garcon", "nathan", "visitor"}


def test_two_jean_tremblay() -> None:
    """Two men of one name and birth date are told apart by the sequence character alone."""
    cast = _cast()
    one, two = cast["jean-1"].nam, cast["jean-2"].nam

    assert one[:10] == two[:10]
    assert (one[10], two[10]) == ("1", "2")


def test_twins() -> None:
    """The twins share surname, birth date and mother, and differ in name, order and NAM."""
    one, two = _cast()["lea"], _cast()["leanne"]

    assert (one.family, one.born, one.mother) == (two.family, two.born, two.mother)
    assert (one.birth_order, two.birth_order) == (1, 2)
    assert one.nam != two.nam


def test_letter_sequence() -> None:
    """One NAM has a letter at position 11, which the usual pattern of digits refuses."""
    assert _cast()["letter"].nam[10] == "A"


def test_marker() -> None:
    """One person's card says X, and nobody derives it from the NAM."""
    assert [person.key for person in population() if person.marker == "X"] == ["sacha"]


def test_known_to_both() -> None:
    """About seven people in ten are known to both hospitals."""
    places: dict[str, set[str]] = {}
    for one in registrations(population()):
        places.setdefault(one.person.key, set()).add(one.place)
    both = sum(1 for known in places.values() if {"CHUL", "HDM"} <= known)

    assert 0.65 <= both / len(places) <= 0.80
    assert len(places) == len(population())
