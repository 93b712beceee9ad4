"""A list of unrelated people, some of them written down several times and badly: what
``dsn identity train --no-families`` is for. Nobody in it is real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

from dsn_deploy.identity.mapping import LabelledRecord
from dsn_deploy.population.given import men, women
from dsn_deploy.population.lot import Lot
from dsn_deploy.population.surnames import old_stock
from dsn_deploy.population.typos import misdated, misdialled, mistyped
from dsn_schemas.records import Address, Demographics, HumanName, Identifier

#: Slips of one record beside the first: at least one, at most this many.
SLIPS_MAX = 4
_FIRST_DAY = date(1915, 1, 1)
_DAYS = 365 * 95
_STREETS = 400
_CODES = 300

Row = dict[str, str]


def unrelated(people: int, again: float, seed: int) -> Iterator[LabelledRecord]:
    """Records of ``people``; a share ``again`` of them is in the list more than once."""
    random = Random(f"unrelated:{people}:{again}:{seed}")
    surnames, forenames = old_stock(), (men(), women())
    streets = [f"{surnames.draw(random)} {surnames.draw(random)}" for _ in range(_STREETS)]
    for person in range(people):
        row = _person(random, surnames, forenames, streets)
        yield LabelledRecord(f"{person}-0", str(person), _record(row))
        if random.random() >= again:
            continue
        for copy in range(1, 2 + (random.random() < 0.2)):
            other = _person(random, surnames, forenames, streets)
            written = dict(row)
            for _ in range(random.randint(1, SLIPS_MAX)):
                random.choice(_SLIPS)(written, other, random)
            yield LabelledRecord(f"{person}-{copy}", str(person), _record(written))


def _person(
    random: Random, surnames: Lot[str], forenames: tuple[object, ...], streets: list[str]
) -> Row:
    born = _FIRST_DAY + timedelta(days=random.randrange(_DAYS))
    names = random.choice(forenames).of(born.year, random.random())  # type: ignore[attr-defined]
    return {
        "given": names.draw(random),
        "family": surnames.draw(random),
        "born": born.isoformat(),
        "street": f"{random.randint(1, 400)} rue {random.choice(streets)}",
        "code": f"{random.randint(1, _CODES) * 17 % 9000 + 1000}",
        "number": str(random.randint(10**8, 10**9 - 1)),
    }


def _typing(row: Row, other: Row, random: Random) -> None:
    field = random.choice(("given", "family", "street"))
    row[field] = mistyped(row[field], random)


def _digit(row: Row, other: Row, random: Random) -> None:
    field = random.choice(("code", "number"))
    row[field] = misdialled(row[field], random)


def _turned(row: Row, other: Row, random: Random) -> None:
    field = random.choice(("code", "number"))
    at = random.randrange(max(len(row[field]) - 1, 1))
    row[field] = row[field][:at] + row[field][at : at + 2][::-1] + row[field][at + 2 :]


def _date(row: Row, other: Row, random: Random) -> None:
    if row["born"]:
        row["born"] = misdated(date.fromisoformat(row["born"]), random).isoformat()


def _left_out(row: Row, other: Row, random: Random) -> None:
    row[random.choice(sorted(row))] = ""


def _replaced(row: Row, other: Row, random: Random) -> None:
    field = random.choice(sorted(row))
    row[field] = other[field]


def _inverted(row: Row, other: Row, random: Random) -> None:
    row["given"], row["family"] = row["family"], row["given"]


def _building(row: Row, other: Row, random: Random) -> None:
    row["street"] += " pavillon " + random.choice(("Laurier", "Papineau", "Champlain"))


_SLIPS: tuple[Callable[[Row, Row, Random], None], ...] = (
    *(_typing, _typing, _typing, _digit, _turned, _date),
    *(_left_out, _replaced, _inverted, _building),
)


def _record(row: Row) -> Demographics:
    number = (Identifier(system="list", value=row["number"], type="SS"),) if row["number"] else ()
    return Demographics(
        identifiers=number,
        names=(HumanName(family=row["family"], given=(row["given"],) if row["given"] else ()),),
        birth_date=row["born"],
        addresses=(Address(lines=(row["street"],), postal_code=row["code"]),),
    )
