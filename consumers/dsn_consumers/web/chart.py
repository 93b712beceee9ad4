"""One person's chart as the page prints it, made of rows of the views. Pure: ``now`` comes in.

The model decides what must never be left to a template: what a section's emptiness means, what
contradicts what, which source may have more to say. Templates only print it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dsn_consumers.web.banner import banner, demographics
from dsn_consumers.web.contents import Fact, Unreadable, describe, facts_of, read
from dsn_consumers.web.dates import clinical_words, instant_words, parse_instant
from dsn_consumers.web.disputes import NONE_KNOWN_CONTRADICTED, disputes, said_by
from dsn_consumers.web.freshness import Freshness, SourceState, states_of
from dsn_consumers.web.labels import LABELS, Label, same
from dsn_consumers.web.model import Chart, Entry, Field, Knowledge, Section, Statement
from dsn_consumers.web.rows import ChartRows, ContributorRow, EntryRow
from dsn_consumers.web.words import MASCULINE, SECTIONS, status_words
from dsn_schemas.records import SectionStatement

#: Type of what a source says of a whole section.
STATEMENT = "SectionStatement"
#: Newest entries of a section shown unfolded; the older ones stand folded below, and print.
UNFOLDED = 25


def build(rows: ChartRows, now: datetime) -> Chart:
    """The chart of a person on ``now``."""
    sources = states_of((record.source for record in rows.records), rows.sources, now)
    identities = [entry for entry in rows.entries if entry.section == "demographics"]
    who = identities[0] if identities else None
    return Chart(
        person=rows.person,
        banner=banner(demographics(who.content if who else None), now),
        records=rows.records,
        sources=sources,
        warnings=tuple(state.warning for state in sources if state.warning),
        moving=_moving(rows),
        sections=tuple(_section(name, rows.entries, sources) for name in SECTIONS),
        identity=_identity(who),
        identity_said=said_by(who.contributors) if who else (),
        as_of=_as_of(sources),
        cut=rows.cut,
    )


def _as_of(sources: Sequence[SourceState]) -> datetime | None:
    """The oldest of the sources' marks: the chart is complete up to there, not further."""
    marks = [state.as_of for state in sources]
    known = [mark for mark in marks if mark is not None]
    return min(known) if known and len(known) == len(marks) else None


def _moving(rows: ChartRows) -> tuple[Label, ...]:
    """Records whose entries are still on their way to this person: said, not hidden."""
    note = LABELS["chart.moving.note"]
    coming = [f"{row.authority} {row.number}" for row in rows.records if not row.settled]
    return tuple(note.with_values(record=record) for record in dict.fromkeys(coming))


def _section(name: str, rows: Iterable[EntryRow], sources: Sequence[SourceState]) -> Section:
    mine = [row for row in rows if row.section == name]
    statements = tuple(_statement(name, row) for row in mine if row.content_type == STATEMENT)
    ordered = sorted(
        (row for row in mine if row.content_type != STATEMENT),
        key=lambda row: row.as_of,
        reverse=True,
    )
    entries = _sorted(_entry(row) for row in ordered)
    return Section(
        name=name,
        title=SECTIONS[name],
        knowledge=_knowledge(entries, statements, sources),
        entries=entries[:UNFOLDED],
        older=entries[UNFOLDED:],
        statements=statements,
        contradiction=_contradiction(mine, statements),
    )


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Current before past, what can kill first, then newest by clinical date where there is one."""

    def newest(entry: Entry) -> str:
        when = entry.described.when if entry.described else ""
        return when or entry.as_of.fr

    by_date = sorted(entries, key=newest, reverse=True)
    return tuple(sorted(by_date, key=lambda entry: (entry.past, not entry.first)))


def _knowledge(
    entries: Sequence[Entry], statements: Sequence[Statement], sources: Sequence[SourceState]
) -> Knowledge:
    if entries:
        return Knowledge.KNOWN
    if statements:
        return Knowledge.STATED
    heard = sources and all(state.freshness is Freshness.CURRENT for state in sources)
    return Knowledge.NOTHING if heard else Knowledge.UNAVAILABLE


def _contradiction(rows: Sequence[EntryRow], statements: Sequence[Statement]) -> Label | None:
    """The store says when "none known" stands beside something current; one definition for all."""
    if not statements or not any(NONE_KNOWN_CONTRADICTED in row.conflict for row in rows):
        return None
    return LABELS["chart.conflict.section"].with_values(statement=statements[0].words)


#: Statuses of what no longer holds.
_PAST = frozenset(
    {"inactive", "resolved", "stopped", "cancelled", "entered-in-error", "superseded"}
)


def _entry(row: EntryRow) -> Entry:
    try:
        described = describe(row.section, row.content)
    except Unreadable:
        described = None
    return Entry(
        described=described,
        status=status_words(row.status),
        when=clinical_words(described.when) if described and described.when else None,
        as_of=instant_words(row.as_of),
        sources=_sources(row.contributors),
        contributors=said_by(row.contributors),
        disputes=disputes(row),
        past=row.status in _PAST and "status" not in row.conflict,
    )


def _statement(section: str, row: EntryRow) -> Statement:
    try:
        said = read(row.content, SectionStatement)
    except Unreadable:
        said = SectionStatement(code="unavailable")
    who = said.author.name if said.author and said.author.name else ", ".join(_sources_of(row))
    recorded = parse_instant(said.recorded) if said.recorded else None
    at = clinical_words(said.recorded) if said.recorded and recorded else instant_words(row.as_of)
    return Statement(
        words=_statement_words(section, said.code),
        text=said.text,
        said=LABELS["state.said_by"].with_values(who=who, at=at),
        contributors=said_by(row.contributors),
    )


def _statement_words(section: str, code: str) -> Label:
    match code:
        case "none-known":
            return LABELS["state.none_known.m" if section in MASCULINE else "state.none_known"]
        case "not-asked":
            return LABELS["state.not_asked"]
        case "withheld":
            return LABELS["state.withheld"]
        case "unavailable":
            return LABELS["state.said_unavailable"]
        case _:
            return same(code or "?")


def _identity(row: EntryRow | None) -> tuple[Field, ...]:
    if row is None:
        return ()
    person = demographics(row.content)
    plain = {name for name, value in _UNREMARKABLE.items() if getattr(person, name) is value}
    facts = (fact for fact in facts_of(person) if fact.field not in plain)
    disputed = {dispute.field: dispute for dispute in disputes(row)}
    return tuple(
        Field(fact=fact, sources=_vouching(row, fact), dispute=disputed.get(fact.field))
        for fact in facts
    )


#: What the contract says of everybody of whom nothing else was said.
_UNREMARKABLE = {"birth_date_estimated": False, "active": True}

#: Fields that stand or fall with another one, and so come from where that one comes from.
_FOLLOWS = {
    "birth_date_estimated": "birth_date",
    "birth_time": "birth_date",
    "gender_code": "gender",
    "birth_order": "multiple_birth",
    "deceased_at": "deceased",
}


def _vouching(row: EntryRow, fact: Fact) -> tuple[str, ...]:
    """Who said this field; everybody who speaks of the person where the view does not say."""
    places = row.origins.get(_FOLLOWS.get(fact.field, fact.field))
    if places is None:
        return _sources_of(row)
    return _sources(row.contributors[place] for place in places if place < len(row.contributors))


def _sources_of(row: EntryRow) -> tuple[str, ...]:
    return _sources(row.contributors)


def _sources(contributors: Iterable[ContributorRow]) -> tuple[str, ...]:
    """Sources that still say it, the leading one first."""
    return tuple(dict.fromkeys(said.source for said in contributors if said.op != "delete"))
