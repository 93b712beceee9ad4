"""A site and the centre compare what a source said, by digests alone, until every difference is named.

One side begins with the digests of a few thousand ranges of numbers. Each answer keeps the ranges that
differ and says more of those alone, so its size goes with what differs and not with what was said.
Answers are carried in files: no port is opened, and no patient data travels.

Compared is each number: does the other side have it, and with the same bytes? What is not there yet
is in flight and no difference. Pure; called by ``dsn compare`` on either side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from dsn_schemas import digest_tree
from dsn_schemas.digest_tree import ABSENT, FAN_OUT, Reader, Span, numbers_of
from dsn_schemas.runs import Run, count, joined

#: Nodes of which one answer says more: some 0.7 MB of JSON. What more differs is named as a range.
NODES_MAX = 1000
#: Every number there can be.
_ANY = 1 << 62

#: Numbers by epoch.
Numbers = Mapping[int, tuple[Run, ...]]
#: Epoch, level, first node and how many.
_Place = tuple[int, int, int, int]


class Side(Enum):
    """Who says something."""

    SITE = "site"
    CENTRE = "centre"


class OwnFile(ValueError):
    """A side was given what it wrote itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """What the outbox of the source is."""

    #: By epoch: bytes are known behind the first number, and numbers were given up to the second.
    epochs: Mapping[int, tuple[int, int]]

    def known(self, epoch: int) -> tuple[int, int]:
        """It can say of the numbers behind the first and up to the second whether it gave them.

        An epoch ends when its outbox is lost or restored: what was given behind the copy, or by the
        outbox before it, nobody here can tell from what was made up.
        """
        newest = max(self.epochs, default=0)
        if epoch not in self.epochs:
            return (0, _ANY) if epoch > newest else (_ANY, _ANY)
        floor, numbered = self.epochs[epoch]
        return floor, _ANY if epoch == newest else numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreFacts:
    """What the centre knows of the source."""

    #: By epoch: every partition was read up to the first number; the second is the highest it has.
    epochs: Mapping[int, tuple[int, int]]
    #: In quarantine now.
    quarantined: Numbers = field(default_factory=dict)
    #: Should stand, and no chart has them: unexplained in the books.
    not_shown: Numbers = field(default_factory=dict)

    def read(self, epoch: int) -> int:
        """What it lacks up to this number was lost, or taken away."""
        if any(later > epoch and read > 0 for later, (read, _) in self.epochs.items()):
            return _ANY  # what a source sends of an epoch, it sends before the next
        return self.epochs.get(epoch, (0, 0))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of the differences so far."""

    #: The site gave them, the centre read past them and does not have them.
    missing: Numbers = field(default_factory=dict)
    #: The centre has them, the site never gave them.
    unknown: Numbers = field(default_factory=dict)
    #: Both have them, with other bytes.
    differing: Numbers = field(default_factory=dict)
    #: Something differs within; too many to look into at once.
    unexamined: Numbers = field(default_factory=dict)
    #: The centre does not have them yet.
    in_flight: Numbers = field(default_factory=dict)
    #: The outbox does not know their bytes, or they were written with two versions of the schema.
    not_compared: Numbers = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.missing or self.unknown or self.differing or self.unexamined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What one side says to the other."""

    source: str
    challenge: bytes
    #: 1 for what begins the comparison.
    number: int
    by: Side
    #: By epoch: behind the first number and up to the second is what digests cover.
    covers: Mapping[int, tuple[int, int]]
    #: As the site and the centre said last.
    site: SiteFacts | None
    centre: CentreFacts | None
    spans: tuple[Span, ...]
    found: Found

    @property
    def done(self) -> bool:
        """Whether every difference is named, so that the other side need not answer."""
        return self.number > 1 and not self.spans

    @property
    def differs(self) -> bool:
        """Whether anything differs, or does not show in any chart."""
        return self.found.any or bool(self.centre is not None and self.centre.not_shown)

    @property
    def compared(self) -> int:
        """Numbers that were held against each other."""
        return sum(
            max(0, min(upto, last) - max(after, floor))
            for (floor, last), (after, upto) in (
                ((0, _ANY) if self.site is None else self.site.known(epoch), bounds)
                for epoch, bounds in self.covers.items()
            )
        )


def begin(
    source: str,
    challenge: bytes,
    mine: SiteFacts | CentreFacts,
    read: Reader,
    *,
    secret: bytes = b"",
) -> Exchange:
    """The first word of a comparison."""
    key = digest_tree.key_of(challenge, source, secret)
    site, centre = _sides(mine, None, None)
    if site is not None:
        covers = {e: (floor, numbered) for e, (floor, numbered) in site.epochs.items()}
    else:
        covers = {e: (0, highest) for e, (_, highest) in mine.epochs.items()}
    covers = {epoch: bounds for epoch, bounds in sorted(covers.items()) if bounds[1] > bounds[0]}
    return Exchange(
        source=source,
        challenge=challenge,
        number=1,
        by=Side.CENTRE if site is None else Side.SITE,
        covers=covers,
        site=site,
        centre=centre,
        spans=tuple(digest_tree.top(key, read, e, *bounds) for e, bounds in covers.items()),
        found=Found() if site is None else Found(not_compared=_forgotten(site)),
    )


def answer(
    said: Exchange,
    mine: SiteFacts | CentreFacts,
    read: Reader,
    *,
    secret: bytes = b"",
    nodes_max: int = NODES_MAX,
) -> Exchange:
    """What is found by what the other side said, and what it has to say more of.

    ``mine`` and what ``read`` gives are of one moment. Raises ``OwnFile``.
    """
    site, centre = _sides(mine, said.site, said.centre)
    by = Side.SITE if mine is site else Side.CENTRE
    if by is said.by or site is None or centre is None:
        raise OwnFile(f"the {by.value} wrote this itself: carry it to the other side")
    looking = _Looking(
        said,
        site,
        centre,
        digest_tree.key_of(said.challenge, said.source, secret),
        read,
        by,
        nodes_max,
    )
    return Exchange(
        source=said.source,
        challenge=said.challenge,
        number=said.number + 1,
        by=by,
        covers=said.covers,
        site=site,
        centre=centre,
        spans=tuple(looking.spans()),
        found=looking.found(),
    )


def _sides(
    mine: SiteFacts | CentreFacts, site: SiteFacts | None, centre: CentreFacts | None
) -> tuple[SiteFacts | None, CentreFacts | None]:
    return (mine, centre) if isinstance(mine, SiteFacts) else (site, mine)


def _forgotten(site: SiteFacts) -> Numbers:
    return {epoch: ((1, floor),) for epoch, (floor, _) in site.epochs.items() if floor}


class _Looking:
    """One side holds what the other said against what it has."""

    def __init__(
        self,
        said: Exchange,
        site: SiteFacts,
        centre: CentreFacts,
        key: bytes,
        read: Reader,
        by: Side,
        nodes_max: int,
    ) -> None:
        self._said = said
        self._site = site
        self._centre = centre
        self._key = key
        self._read = read
        self._by = by
        self._left = nodes_max
        self._wanted: list[_Place] = []
        self._found: dict[str, dict[int, list[Run]]] = {}
        for span in said.spans:
            if span.epoch in said.covers:
                self._compare(span)
        self._epochs()
        if by is Side.SITE:
            self._beyond()

    def spans(self) -> Iterator[Span]:
        """What the other side needs to go on."""
        for place in _neighbours(self._wanted):
            yield self._span(*place)

    def found(self) -> Found:
        """What was known before, and what is known now."""
        names = ("missing", "unknown", "differing", "unexamined", "in_flight", "not_compared")
        return Found(**{name: self._together(name) for name in names})

    def _together(self, name: str) -> Numbers:
        before: Numbers = getattr(self._said.found, name)
        more = self._found.get(name, {})
        return {
            epoch: joined((*before.get(epoch, ()), *more.get(epoch, ())))
            for epoch in sorted(before.keys() | more.keys())
        }

    def _span(self, epoch: int, level: int, first: int, count: int) -> Span:
        leaves = self._read(epoch, *self._bounds(epoch, level, first, count))
        return digest_tree.span(self._key, leaves, epoch, level, first, count)

    def _bounds(self, epoch: int, level: int, first: int, count: int) -> tuple[int, int]:
        """What of these nodes is covered: behind one number and up to another."""
        after, upto = self._said.covers[epoch]
        lowest, highest = numbers_of(level, first, count)
        return max(lowest - 1, after), min(highest, upto)

    def _compare(self, theirs: Span) -> None:
        mine = self._span(theirs.epoch, theirs.level, theirs.first, len(theirs.digests))
        for place, (their, my) in enumerate(zip(theirs.digests, mine.digests, strict=True)):
            if their == my:
                continue
            node = theirs.first + place
            if theirs.level == 0:
                same = theirs.schemas[place] == mine.schemas[place] != 0
                self._leaf(theirs.epoch, node + 1, their, my, same_schema=same)
            elif their == ABSENT:
                bounds = self._bounds(theirs.epoch, theirs.level, node, 1)
                for leaf in self._read(theirs.epoch, *bounds):
                    self._one_sided(theirs.epoch, (leaf.seq, leaf.seq), self._by)
            elif my == ABSENT:
                self._lack(theirs.epoch, theirs.level, node)
            else:
                self._descend(theirs.epoch, theirs.level, node)

    def _leaf(self, epoch: int, seq: int, their: bytes, my: bytes, *, same_schema: bool) -> None:
        run = (seq, seq)
        if their == ABSENT:
            self._one_sided(epoch, run, self._by)
        elif my == ABSENT:
            self._one_sided(epoch, run, self._said.by)
        else:
            self._add("differing" if same_schema else "not_compared", epoch, run)

    def _lack(self, epoch: int, level: int, node: int) -> None:
        """Say that we have nothing here: the other side knows its numbers."""
        after, upto = self._bounds(epoch, level, node, 1)
        if self._by is Side.SITE and upto <= self._site.known(epoch)[0]:
            self._add("not_compared", epoch, (after + 1, upto))
        else:
            self._wanted.append((epoch, level, node, 1))

    def _descend(self, epoch: int, level: int, node: int) -> None:
        """Say more of a node, as long as that is no more than one answer takes."""
        if self._left:
            self._left -= 1
            self._wanted.append((epoch, level - 1, node * FAN_OUT, FAN_OUT))
        else:
            after, upto = self._bounds(epoch, level, node, 1)
            self._add("unexamined", epoch, (after + 1, upto))

    def _one_sided(self, epoch: int, run: Run, side: Side) -> None:
        """One side alone has these numbers."""
        if side is Side.SITE:
            read = self._centre.read(epoch)
            self._add_within("missing", epoch, run, 1, read)
            self._add_within("in_flight", epoch, run, read + 1, _ANY)
        else:
            floor, last = self._site.known(epoch)
            self._add_within("not_compared", epoch, run, 1, floor)
            self._add_within("unknown", epoch, run, floor + 1, last)
            self._add_within("not_compared", epoch, run, last + 1, _ANY)

    def _add_within(self, name: str, epoch: int, run: Run, first: int, last: int) -> None:
        self._add(name, epoch, (max(run[0], first), min(run[1], last)))

    def _epochs(self) -> None:
        """What the digests of the other side's first word do not cover: whole epochs, and what the site
        gave behind all the centre had. What is given later is no difference."""
        for epoch, (_, highest) in self._centre.epochs.items():
            if epoch not in self._site.epochs and highest:
                self._one_sided(epoch, (1, highest), Side.CENTRE)
        if self._by is Side.SITE:
            for epoch, (floor, numbered) in self._site.epochs.items():
                self._add("not_compared", epoch, (1, floor))
                if self._said.number == 1 or epoch not in self._said.covers:
                    _, upto = self._said.covers.get(epoch, (0, 0))
                    self._one_sided(epoch, (max(upto, floor) + 1, numbered), Side.SITE)

    def _beyond(self) -> None:
        """Numbers behind all we ever gave, which digests do not cover."""
        for epoch, (_, numbered) in self._site.epochs.items():
            highest = self._centre.epochs.get(epoch, (0, 0))[1]
            last = max(numbered, self._said.covers.get(epoch, (0, 0))[1])
            self._one_sided(epoch, (last + 1, highest), Side.CENTRE)

    def _add(self, name: str, epoch: int, run: Run) -> None:
        if run[0] <= run[1]:
            self._found.setdefault(name, {}).setdefault(epoch, []).append(run)


def _neighbours(places: list[_Place]) -> Iterator[_Place]:
    """Places that touch as one."""
    open_: _Place | None = None
    for place in sorted(places):
        if open_ is not None and place[:2] == open_[:2] and place[2] == open_[2] + open_[3]:
            open_ = (*open_[:3], open_[3] + place[3])
            continue
        if open_ is not None:
            yield open_
        open_ = place
    if open_ is not None:
        yield open_


def total(numbers: Numbers) -> int:
    """How many numbers these are, in all epochs."""
    return sum(count(runs) for runs in numbers.values())
