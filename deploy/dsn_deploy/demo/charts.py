"""What is true of each person's health, and what of it each place knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from dsn_deploy.demo.catalogue import (
    ALLERGENS,
    DRUGS,
    PENICILLIN,
    PROBLEMS,
    VACCINES,
    WARFARIN,
    Allergen,
    Code,
    Drug,
)
from dsn_deploy.demo.population import Person, drawer
from dsn_deploy.demo.registrations import Registration

#: Chance that a place knows a given fact.
_KNOWN = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Facts of one person, or the part of them that one place knows."""

    #: Each with the date since when.
    allergies: tuple[tuple[Allergen, date], ...]
    #: The place asked and was told that there is none.
    no_known_allergy: bool
    problems: tuple[tuple[Code, date], ...]
    drugs: tuple[tuple[Drug, date], ...]
    #: Each with the day it was given.
    vaccines: tuple[tuple[Code, date], ...]


def chart_at(registration: Registration) -> Chart:
    """What the place of this registration knows of the person."""
    person = registration.person
    whole, draw = _whole(person), drawer("known", *registration.key)
    allergies = tuple(fact for fact in whole.allergies if draw.random() < _KNOWN)
    problems = tuple(fact for fact in whole.problems if draw.random() < _KNOWN)
    drugs = tuple(fact for fact in whole.drugs if draw.random() < _KNOWN)
    vaccines = tuple(fact for fact in whole.vaccines if draw.random() < _KNOWN)
    none_known = not whole.allergies and draw.random() < 0.6
    if person.key == "therese":
        # The contradiction of the demonstration: CHUL was told "none", the others know better.
        told_none = registration.place == "CHUL"
        allergies = () if told_none else whole.allergies
        none_known, problems, drugs = told_none, whole.problems, whole.drugs
    return Chart(
        allergies=allergies,
        no_known_allergy=none_known,
        problems=problems,
        drugs=drugs,
        vaccines=vaccines,
    )


def _whole(person: Person) -> Chart:
    if person.key == "therese":
        return _THERESE
    draw = drawer("chart", person.key)
    age = 2026 - person.born.year
    allergies = draw.sample(ALLERGENS, draw.choice((0, 0, 1, 1, 2)))
    problems = draw.sample(PROBLEMS, min(age // 20, draw.randrange(5)))
    drugs = draw.sample(DRUGS, min(age // 20, draw.randrange(4)))
    vaccines = draw.sample(VACCINES, draw.randrange(3)) if age else []

    def dated(days_max: int) -> date:
        last = date(2026, 8, 31)
        return max(person.born, last - timedelta(days=draw.randrange(days_max)))

    return Chart(
        allergies=tuple((fact, dated(7_000)) for fact in allergies),
        no_known_allergy=False,
        problems=tuple((fact, dated(5_000)) for fact in problems),
        drugs=tuple((fact, dated(900)) for fact in drugs),
        vaccines=tuple((fact, dated(700)) for fact in vaccines),
    )


_THERESE = Chart(
    allergies=((PENICILLIN, date(1987, 10, 2)),),
    no_known_allergy=False,
    problems=(
        (PROBLEMS[4], date(2019, 2, 11)),
        (PROBLEMS[0], date(2008, 6, 1)),
        (PROBLEMS[6], date(2023, 4, 20)),
    ),
    drugs=((WARFARIN, date(2019, 2, 12)), (DRUGS[3], date(2009, 1, 15))),
    vaccines=((VACCINES[0], date(2025, 10, 21)), (VACCINES[4], date(2024, 5, 6))),
)
