"""Two people beside each other: what a steward compares. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dsn_consumers.steward.desk import Review
from dsn_consumers.web.banner import demographics
from dsn_consumers.web.desk import Examined
from dsn_consumers.web.labels import LABELS, Label, same
from dsn_consumers.web.phrases import phrase
from dsn_consumers.web.words import FIELDS

#: Fields that are compared by eye, in the order of how much they tell; each with the field of the
#: comparison that says how alike the two are.
_COMPARED = (
    ("names", ("given", "family")),
    ("birth_date", ("born",)),
    ("identifiers", ("nam", "identifier")),
    ("birth_sex", ("sex",)),
    ("gender", ()),
    ("multiple_birth", ()),
    ("mother", ("mother",)),
    ("father", ("father",)),
    ("addresses", ("postal", "street")),
    ("telecoms", ("phone", "email")),
    ("deceased_at", ()),
)
_NOTHING = LABELS["person.unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field of the two people."""

    name: Label
    a: Label
    b: Label
    #: same, near, differs or nothing.
    alike: str
    #: What the comparison found: words and bits.
    found: tuple[Label, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An open question as the page shows it."""

    review: Review
    #: Address of its page.
    path: str
    kind: Label
    reasons: tuple[Label, ...]
    age: timedelta
    lines: tuple[Line, ...] = ()
    #: Records of each person.
    records_a: tuple[str, ...] = ()
    records_b: tuple[str, ...] = ()


def listed(review: Review, now: datetime) -> Question:
    """A question on the list."""
    return Question(
        review=review,
        path=f"/revisions/{review.record_a}{review.record_b}",
        kind=_label("revision.kind", review.kind),
        reasons=tuple(_label("revision.reason", reason) for reason in review.reasons),
        age=max(now - review.opened_at, timedelta()),
    )


def compared(examined: Examined, now: datetime) -> Question:
    """A question with its two people beside each other."""
    review = examined.review
    one = listed(review, now)
    return Question(
        review=review,
        path=one.path,
        kind=one.kind,
        reasons=one.reasons,
        age=one.age,
        lines=tuple(_lines(examined)),
        records_a=_records(examined, review.person_a),
        records_b=_records(examined, review.person_b),
    )


def _records(examined: Examined, person: str) -> tuple[str, ...]:
    return tuple(
        f"{link.authority} {link.number}" for link in examined.links if link.person_id == person
    )


def _lines(examined: Examined) -> Iterator[Line]:
    review = examined.review
    people = [
        demographics(examined.demographics.get(person))
        for person in (review.person_a, review.person_b)
    ]
    levels = dict(_levels(review))
    for field, compared_as in _COMPARED:
        a, b = (phrase(field, getattr(person, field)) for person in people)
        if a is None and b is None:
            continue
        alike = "nothing" if a is None or b is None else ("same" if a == b else "differs")
        found = [levels[name] for name in compared_as if name in levels]
        yield Line(
            name=FIELDS[field],
            a=a or _NOTHING,
            b=b or _NOTHING,
            alike=alike,
            found=tuple(found),
        )


def _levels(review: Review) -> Iterator[tuple[str, Label]]:
    """``field:level bits`` as words."""
    for text in review.levels:
        said, _, bits = text.partition(" ")
        field, _, level = said.partition(":")
        name = _label("revision.field", field)
        how = _label("revision.level", level)
        yield field, Label(f"{name.fr} : {how.fr} ({bits})", f"{name.en}: {how.en} ({bits})")


def _label(group: str, code: str) -> Label:
    """The words of a code; a code without words as it came."""
    return LABELS.get(f"{group}.{code}") or same(code)
