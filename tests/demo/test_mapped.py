"""The shipped messages through the establishment's own mappers: what the demonstration relies on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

from dsn_deploy.demo.population import population
from dsn_deploy.demo.registrations import registrations
from dsn_deploy.demo.shipped import FEEDS, MLLP, messages, shipped_truth, sources_file
from dsn_producers.feed_files import TooLarge, files_of, messages_of
from dsn_producers.mappers import kind_of, mapper_of
from dsn_producers.mapping import Item, Unmappable
from dsn_producers.sources import load
from dsn_schemas.nam import is_valid, verified
from dsn_schemas.records import Demographics, IdentityClaim, Result, SectionStatement

KNOWN = registrations(population())
_BYTES_MAX = 1_000_000

Found = tuple[str, Item | Unmappable]


def _messages() -> Iterator[tuple[str, bytes]]:
    """Source and bytes of each message, without resends, in the order of sending."""
    sources = {source.name: source for source in load(sources_file())}
    seen: set[tuple[str, bytes]] = set()
    for name, file in (MLLP, *FEEDS):
        for path in files_of(messages() / file):
            with path.open("rb", buffering=0) as opened:
                for data in messages_of(
                    opened,
                    path.name,
                    bytes_max=_BYTES_MAX,
                    charset=sources[name].charset,
                ):
                    assert not isinstance(data, TooLarge)
                    if (name, data) not in seen:
                        seen.add((name, data))
                        yield name, data


@cache
def _items() -> tuple[Found, ...]:
    sources = {source.name: source for source in load(sources_file())}
    found: list[Found] = []
    for name, data in _messages():
        try:
            mapped = mapper_of(kind_of(data))(data, sources[name], 0)
        except Unmappable as error:
            found.append((name, error))
        else:
            found += [(name, item) for item in mapped.items]
    return tuple(found)


def _mapped() -> list[tuple[str, Item]]:
    return [(name, item) for name, item in _items() if isinstance(item, Item)]


def _number(key: str, place: str) -> str:
    return next(
        one.number
        for one in KNOWN
        if (one.person.key, one.place) == (key, place) and not one.merged_into
    )


def test_rejected() -> None:
    """Three messages are refused, each for its own reason, and as many as the truth says."""
    refused = [(name, error) for name, error in _items() if isinstance(error, Unmappable)]

    assert Counter(name for name, _ in refused) == shipped_truth().rejected
    assert {error.reason for _, error in refused} == {
        "unknown-message-type",
        "no-record-number",
        "wrong-charset",
    }


def test_records() -> None:
    """The records that messages speak of are those of the truth, no more and no fewer."""
    expected = {record for records in shipped_truth().people for record in records}

    assert {(item.authority, item.number) for _, item in _mapped()} == expected


def test_size() -> None:
    """The whole makes two to five thousand changes."""
    assert 2_000 <= len(_mapped()) <= 5_000


def test_last_word_on_numbers() -> None:
    """Each source's last demographics of a record carry its NAM, verified where it is right."""
    last: dict[tuple[str, str, str], Demographics] = {}
    for name, item in _mapped():
        if isinstance(item.content, Demographics):
            last[name, item.authority, item.number] = item.content
    of = {one.key: one for one in KNOWN}

    assert {(authority, number) for _, authority, number in last} == set(of)
    for (_, authority, number), content in last.items():
        file = of[authority, number]
        expected = file.nam if is_valid(file.nam, file.born) else None
        assert verified(content) == expected


def test_merges() -> None:
    """Every merge of the truth is a claim of CHUL, and there are no others."""
    claims = {
        ((item.authority, item.number), (c.other_authority, c.other_number))
        for _, item in _mapped()
        if isinstance(c := item.content, IdentityClaim) and c.kind == "merge"
    }

    assert claims == set(shipped_truth().merges)


def test_accents_arrive() -> None:
    """Names arrive with the accents their source could write, whatever its character set."""
    names = {
        (item.authority, name.family)
        for _, item in _mapped()
        if isinstance(item.content, Demographics)
        for name in item.content.names
    }

    assert {
        ("CHUL", "Ouellet"),
        ("HDM", "BÉLANGER"),
        ("HDM-CLINIQUE", "Bélanger"),
        ("CHUL", "Lecoeur"),
        ("HDM", "NGUYỄN"),
        ("CHUL", "De La Durantaye"),
    } <= names


def test_none_known_beside_an_allergy() -> None:
    """CHUL states "none known" for a person whose allergy the other two name alike."""
    said = {
        (item.authority, type(item.content).__name__, item.entry)
        for _, item in _mapped()
        if item.section == "allergies"
        and item.number in {_number("therese", place) for place in ("CHUL", "HDM", "HDM-CLINIQUE")}
    }
    penicillin = "http://snomed.info/sct|91936005"

    assert said == {
        ("CHUL", SectionStatement.__name__, "statement"),
        ("HDM", "Allergy", penicillin),
        ("HDM-CLINIQUE", "Allergy", penicillin),
    }


def test_active_and_stopped() -> None:
    """The same drug is active at CHUL and stopped at the clinic, under one entry."""
    last: dict[str, str] = {}
    for _, item in _mapped():
        if item.entry == "http://www.whocc.no/atc|B01AA03" and item.number in {
            _number("therese", "CHUL"),
            _number("therese", "HDM-CLINIQUE"),
        }:
            last[item.authority] = item.status

    assert last == {"CHUL": "active", "HDM-CLINIQUE": "stopped"}


def test_late_preliminary() -> None:
    """A preliminary value follows a final one of the same item."""
    order = [
        (item.item, item.status)
        for name, item in _mapped()
        if name == "chul-labo" and item.number == _number("therese", "CHUL")
        if isinstance(item.content, Result) and item.content.accession.endswith("-2")
    ]
    items = {item for item, _ in order}

    assert len(items) == 3
    for item in items:
        assert [status for one, status in order if one == item] == ["final", "preliminary"]


def test_withdrawn_allergy() -> None:
    """One allergy is deleted, another is marked as entered in error."""
    ends = {
        (item.number, item.op, item.status)
        for _, item in _mapped()
        if item.section == "allergies" and (item.op, item.status) != ("upsert", "active")
        if not isinstance(item.content, SectionStatement)
    }

    assert {(number, op) for number, op, _ in ends} == {
        (_number("chau", "HDM-CLINIQUE"), "delete"),
        (_number("sacha", "HDM-CLINIQUE"), "upsert"),
    }


def test_newborn_has_a_mother() -> None:
    """The newborn's mother is a number of the mother, never one of the child's own."""
    newborn = _number("rosalie", "CHUL")
    told = [
        item.content
        for _, item in _mapped()
        if item.number == newborn and isinstance(item.content, Demographics)
    ]
    mother = _number("melanie", "CHUL")

    assert [one.value for one in told[0].mother_identifiers] == [mother]
    assert all(mother not in {one.value for one in content.identifiers} for content in told)
