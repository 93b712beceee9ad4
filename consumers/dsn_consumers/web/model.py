"""What a chart is made of, as the page prints it. Built by ``chart``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from dsn_consumers.web.banner import Banner
from dsn_consumers.web.contents import Described, Fact
from dsn_consumers.web.freshness import SourceState
from dsn_consumers.web.labels import Label
from dsn_consumers.web.rows import RecordRow


class Knowledge(Enum):
    """What is known of a section: four things that must never look alike."""

    KNOWN = "known"  # entries
    STATED = "stated"  # no entry, and a source says why: none known, not asked, withheld
    NOTHING = "nothing"  # no source sent anything, and every source is heard
    UNAVAILABLE = "unavailable"  # no source sent anything, and one may not have been heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One side of an entry: who says it."""

    source: str
    record: str
    status: Label | None
    number: int
    occurred: Label | None
    captured: Label | None
    leading: bool
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the values given for a disputed field."""

    value: Label
    #: Who says it.
    said: tuple[Said, ...]
    #: It is the one the entry shows.
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A field on which the sources do not agree."""

    field: str
    name: Label
    #: The one shown first; none where no value can be told from the others.
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, in words."""

    #: None: what was received cannot be read here.
    described: Described | None
    status: Label | None
    #: Clinical date where the entry has one.
    when: Label | None
    as_of: Label
    sources: tuple[str, ...]
    contributors: tuple[Said, ...]
    #: What the sources disagree on; none when they agree.
    disputes: tuple[Dispute, ...]
    #: Stopped, resolved, cancelled: shown, but quieter.
    past: bool

    @property
    def first(self) -> bool:
        """A critical allergy stands before every other; results keep their order in time."""
        said = self.described
        return said is not None and said.section == "allergies" and said.level == "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a source says of a whole section."""

    words: Label
    text: str
    said: Label
    contributors: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of the chart."""

    name: str
    title: Label
    knowledge: Knowledge
    entries: tuple[Entry, ...]
    older: tuple[Entry, ...]
    statements: tuple[Statement, ...]
    #: A "none known" beside entries: both stand, and this says so.
    contradiction: Label | None

    @property
    def count(self) -> int:
        """How many entries the section has."""
        return len(self.entries) + len(self.older)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the detailed identity, and who vouches for it."""

    fact: Fact
    sources: tuple[str, ...]
    #: None: nobody contradicts it.
    dispute: Dispute | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything the page prints."""

    person: str
    banner: Banner
    records: tuple[RecordRow, ...]
    sources: tuple[SourceState, ...]
    #: What a reader must know before trusting an absence; the page opens with them.
    warnings: tuple[Label, ...]
    #: Records from which nothing is visible yet.
    moving: tuple[Label, ...]
    sections: tuple[Section, ...]
    identity: tuple[Field, ...]
    #: Who the identity comes from.
    identity_said: tuple[Said, ...]
    #: The newest moment up to which every source of this chart is complete.
    as_of: datetime | None
    cut: bool

    @property
    def disputed(self) -> frozenset[str]:
        """Fields of the identity on which the sources do not agree."""
        return frozenset(field.fact.field for field in self.identity if field.dispute)
