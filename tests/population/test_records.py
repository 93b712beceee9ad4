"""The synthetic population: deterministic, lazy, and as varied as it says."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from dsn_deploy.population.arrivals import arrivals, spill
from dsn_deploy.population.records import Record, index_of, local_number, records
from dsn_schemas import nam
from dsn_schemas.records import Demographics

PEOPLE = 8_000


@pytest.fixture(scope="module")
def everything() -> list[Record]:
    return list(records(PEOPLE, seed=7))


def number_of(demographics: Demographics) -> str:
    """The NAM of a record, compact, or empty."""
    found = (one.value for one in demographics.identifiers if one.system == nam.SYSTEM)
    return nam.compact(next(found, ""))


def share(everything: list[Record], wanted: int) -> float:
    return wanted / len(everything)


def test_repeats_itself(everything: list[Record]) -> None:
    """The same seed gives the same records; another seed gives others."""
    again = list(islice(records(PEOPLE, seed=7), 500))
    other = list(islice(records(PEOPLE, seed=8), 500))

    assert everything[:500] == again
    assert everything[:500] != other


def test_lazy() -> None:
    """The first records of a whole province come at once."""
    assert len(list(islice(records(8_500_000, seed=1), 10))) == 10


def test_no_people() -> None:
    with pytest.raises(ValueError):
        next(records(0, seed=1))


def test_everybody_is_registered(everything: list[Record]) -> None:
    """Each person has a record, and 2.1 on average, at 34 sites."""
    assert {record.truth for record in everything} == set(range(PEOPLE))
    assert 1.95 < len(everything) / PEOPLE < 2.25
    assert len({record.authority for record in everything}) == 34


def test_local_numbers(everything: list[Record]) -> None:
    """A local number is given once, and leads back to the count of its record."""
    assert len({record.number for record in everything}) == len(everything)
    assert all(index_of(record.number) == record.index for record in everything)
    assert index_of(local_number(99_999_999)) == 99_999_999


def test_numbers_are_valid(everything: list[Record]) -> None:
    """About 10 % have no NAM, and one in two hundred of the others has a wrong digit."""
    numbers = [number_of(record.demographics) for record in everything]
    given = [number for number in numbers if number]
    wrong = [number for number in given if not nam.is_valid(number)]

    assert 0.08 < 1 - share(everything, len(given)) < 0.13
    assert 0.001 < len(wrong) / len(given) < 0.012


def test_a_number_is_of_one_person(everything: list[Record]) -> None:
    """Two people share a valid NAM only where an infant has the mother's card or one was copied."""
    bearers = defaultdict(set)
    for record in everything:
        bearers[number_of(record.demographics)].add(record.truth)
    del bearers[""]
    shared = [number for number, people in bearers.items() if len(people) > 1]

    assert 0 < len(shared) < 0.03 * len(bearers)


def test_frequencies(everything: list[Record]) -> None:
    """Tremblay is the most frequent surname, at about 1 %; the collision of two is one in 1,000."""
    names = Counter(record.demographics.names[0].family.upper() for record in everything)
    total = sum(names.values())
    collision = sum((count / total) ** 2 for count in names.values())

    assert names.most_common(1)[0][0] == "TREMBLAY"
    assert 0.005 < names["TREMBLAY"] / total < 0.016
    assert 0.0005 < collision < 0.002
    assert len(names) > 2_500


def test_names_from_everywhere(everything: list[Record]) -> None:
    """There are Haitian, Vietnamese, Arabic, Inuit and First Nations names among them."""
    families = {record.demographics.names[0].family.upper() for record in everything}

    assert {"NGUYEN", "JEAN-BAPTISTE", "TRABELSI", "VOLLANT"} <= families
    assert families & {"ANNANACK", "TUKKIAPIK", "QUMALUK", "KOOKTOOK"}


def test_families(everything: list[Record]) -> None:
    """Twins share birth date, surname and mother; they are 3 % of the people, and not one."""
    twins = {record.truth for record in everything if record.demographics.multiple_birth}
    born = Counter[tuple[str, str]]()
    by_truth = {record.truth: record.demographics for record in everything}
    for known in by_truth.values():
        mother = known.mother.family if known.mother else ""
        born[mother.upper(), known.birth_date] += 1

    assert 0.004 * PEOPLE < len(twins) < 0.04 * PEOPLE
    assert any(count > 1 for (mother, _), count in born.items() if mother)


def test_newborns_and_placeholders(everything: list[Record]) -> None:
    """Some records are of BB FILLE, of nobody known, or born on a date that stands for none."""
    given = Counter(
        " ".join(record.demographics.names[0].given).split(" ")[0].upper() for record in everything
    )
    dates = Counter(record.demographics.birth_date for record in everything)

    assert 0.0005 < share(everything, given["BB"]) < 0.02
    assert given["INCONNU"] > 0
    assert dates["1980-01-01"] + dates["1900-01-01"] > 3


def test_crowded_addresses(everything: list[Record]) -> None:
    """A residence is one address, and a switchboard one telephone, of many people."""
    at: dict[str, set[int]] = defaultdict(set)
    by_phone: dict[str, set[int]] = defaultdict(set)
    for record in everything:
        for address in record.demographics.addresses:
            at[f"{address.lines}{address.postal_code}"].add(record.truth)
        for telecom in record.demographics.telecoms:
            by_phone[telecom.value].add(record.truth)

    assert max(map(len, at.values())) > 50
    assert max(map(len, by_phone.values())) > 20


def test_errors_belong_to_sites(everything: list[Record]) -> None:
    """Some sites write capitals only, others never do."""
    capitals: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for record in everything:
        total[record.authority] += 1
        capitals[record.authority] += record.demographics.names[0].family.isupper()
    shares = {site: capitals[site] / total[site] for site in total}

    assert sum(1 for value in shares.values() if value > 0.99) >= 10
    assert sum(1 for value in shares.values() if value < 0.05) >= 20


def test_captured_after_birth(everything: list[Record]) -> None:
    """Nobody is registered before the day of birth that the NAM gives."""
    epoch = date(1970, 1, 1).toordinal()
    for record in everything:
        number = number_of(record.demographics)
        if nam.is_valid(number) and record.demographics.birth_date == str(
            nam.info(number).birth_date
        ):
            born = nam.info(number).birth_date.toordinal()
            assert record.captured_at // 86_400_000 + epoch >= born


def test_arrivals(everything: list[Record], tmp_path: Path) -> None:
    """Spilled records come back complete and in the order of their capture."""
    spill(((one.captured_at, one.number.encode()) for one in everything), tmp_path)
    order = [everything[index_of(value.decode())] for value in arrivals(tmp_path)]

    assert len(order) == len(everything)
    assert [one.captured_at for one in order] == sorted(one.captured_at for one in everything)
