"""Stage 2: say which person each record belongs to.

Reads ``dsn.identity.requests``, one partition, a total order that nobody needs: the groups are a
pure function of the latest demographics of each record and of the set of claims. This version
decides on exact identifiers only: a valid NAM that agrees with the record's own birth date, and
what a source claims about its own records (merge, link). Two valid NAMs are never joined.

State rows: ``d<record key>`` what is known of a record, ``n<NAM>`` the records that carry it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dsn_schemas.keys import partition_of, person_id, record_key, split_record_key
from dsn_schemas.nam import verified
from dsn_schemas.records import (
    Demographics,
    IdentityClaim,
    IdentityRequest,
    RecordLink,
    ReviewPair,
)
from dsn_schemas.topics import IDENTITY_LINKS, IDENTITY_REVIEWS
from dsn_schemas.wire import Codec
from dsn_streams.grouping import Edge, Grouping, group
from dsn_streams.stage import Batch, Decision, Output, State

#: A record somebody named in a claim before it was ever seen.
_NEVER = (1 << 62) - 1

JOINING = frozenset(("merge", "link"))
PARTING = frozenset(("unlink", "not-same"))


class Word(msgspec.Struct, array_like=True):
    """What one source last said of a record's identifiers."""

    epoch: int
    seq: int
    #: Valid NAM that agrees with the birth date, or empty.
    nam: str


class Claim(msgspec.Struct, array_like=True):
    """What stands of one claim item: a correction may name another record than before."""

    source: str
    epoch: int
    seq: int
    #: Empty when withdrawn.
    kind: str
    #: Record key of the other record; empty when withdrawn.
    other: str


class RecordRow(msgspec.Struct, array_like=True):
    """What is known of a record."""

    #: Milliseconds since 1970 UTC.
    first_captured_at: int = _NEVER
    #: Person id of the newest link, empty before the first.
    person: str = ""
    #: Version of the newest link.
    version: int = 0
    words: dict[str, Word] = msgspec.field(default_factory=dict)
    #: Claims made on this record, by source and item.
    claims: dict[str, Claim] = msgspec.field(default_factory=dict)
    #: Record keys whose claims name this record.
    named_by: list[str] = msgspec.field(default_factory=list)
    #: Other record keys of open review pairs; kept at both ends.
    reviews: list[str] = msgspec.field(default_factory=list)

    @property
    def seen(self) -> bool:
        """The record itself was put forward, not only named by a claim."""
        return self.first_captured_at < _NEVER

    @property
    def nams(self) -> set[str]:
        """The valid NAMs its sources carry."""
        return {word.nam for word in self.words.values() if word.nam}


_encode = msgspec.msgpack.Encoder().encode
_decode_record = msgspec.msgpack.Decoder(RecordRow).decode
_decode_keys = msgspec.msgpack.Decoder(list[str]).decode


class Identify:
    """The stage; one lane only."""

    def __init__(self, codec: Codec, partitions: int) -> None:
        self._codec = codec
        self._partitions = partitions

    def opened(self, state: State) -> None:
        """See ``Stage``."""

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        """See ``Stage``.

        Raises ``TypeError`` when the topic holds anything but requests: only admit and stewards
        may write it, so that is a fault of ours and not of a record.
        """
        turn = _Turn(self._codec, self._partitions, state)
        requests = list(self._requests(batches))
        turn.read_ahead(requests)
        for request in requests:
            turn.take(request)
        return turn.decision()

    def _requests(self, batches: Sequence[Batch]) -> Iterator[IdentityRequest]:
        for batch in batches:
            for record in batch.records:
                request = self._codec.decode(record.value or b"")
                if not isinstance(request, IdentityRequest):
                    raise TypeError(f"{batch.topic} holds a {type(request).__name__}")
                yield request


class _Turn:
    """One call of ``decide``: rows are read ahead or when needed, and written once."""

    def __init__(self, codec: Codec, partitions: int, state: State) -> None:
        self._codec = codec
        self._partitions = partitions
        self._state = state
        self._outputs: list[Output] = []
        self._rows: dict[str, RecordRow] = {}
        self._nams: dict[str, list[str]] = {}
        self._dirty_rows: dict[str, None] = {}
        self._dirty_nams: dict[str, None] = {}

    def read_ahead(self, requests: Sequence[IdentityRequest]) -> None:
        """Read in three calls what these requests will need, save what claims lead to.

        1. Their records. 2. The NAMs that these carry, and those that they now bring. 3. The other
        records that carry one.
        """
        self._read_rows({record_key(one.authority, one.number) for one in requests})  # 1
        nams = {nam for row in self._rows.values() for nam in row.nams}
        nams.update(_nam(one) for one in requests)
        nams.discard("")
        found = self._state.get_many([b"n" + nam.encode() for nam in nams])  # 2
        for nam in nams:
            value = found.get(b"n" + nam.encode())
            self._nams[nam] = _decode_keys(value) if value else []
        carriers = {key for keys in self._nams.values() for key in keys}
        self._read_rows(carriers - self._rows.keys())  # 3

    def take(self, request: IdentityRequest) -> None:
        """Take one request in and say what it changes."""
        key = record_key(request.authority, request.number)
        row = self._row(key)
        before = set(self._neighbours(key))
        row.first_captured_at = min(row.first_captured_at, request.first_captured_at)
        self._dirty_rows[key] = None
        if request.section == "demographics":
            self._demographics(key, row, request)
        elif request.section == "claims":
            before |= self._claim(key, row, request)
        self._regroup({key} | before | set(self._neighbours(key)), request.captured_at)

    def decision(self) -> Decision:
        """The outputs, and the rows that changed."""
        writes: dict[bytes, bytes | None] = {}
        for key in self._dirty_rows:
            writes[b"d" + key.encode()] = _encode(self._rows[key])
        for nam in self._dirty_nams:
            keys = self._nams[nam]
            writes[b"n" + nam.encode()] = _encode(sorted(keys)) if keys else None
        return Decision(outputs=self._outputs, writes=writes)

    # --- what is known -------------------------------------------------------------------------

    def _row(self, key: str) -> RecordRow:
        if key not in self._rows:
            self._read_rows({key})
        return self._rows[key]

    def _read_rows(self, keys: set[str]) -> None:
        found = self._state.get_many([b"d" + key.encode() for key in keys])
        for key in keys:
            value = found.get(b"d" + key.encode())
            self._rows[key] = _decode_record(value) if value else RecordRow()

    def _carriers(self, nam: str) -> list[str]:
        known = self._nams.get(nam)
        if known is None:
            name = b"n" + nam.encode()
            value = self._state.get_many((name,)).get(name)
            known = self._nams[nam] = _decode_keys(value) if value else []
        return known

    def _demographics(self, key: str, row: RecordRow, request: IdentityRequest) -> None:
        known = row.words.get(request.source)
        if known is not None and (known.epoch, known.seq) >= (request.epoch, request.seq):
            return
        before = row.nams
        row.words[request.source] = Word(request.epoch, request.seq, _nam(request))
        for gone in sorted(before - row.nams):
            self._carriers(gone).remove(key)
            self._dirty_nams[gone] = None
        for new in sorted(row.nams - before):
            self._carriers(new).append(key)
            self._dirty_nams[new] = None

    def _claim(self, key: str, row: RecordRow, request: IdentityRequest) -> set[str]:
        """Note what stands of the claim item; the other records it touches."""
        claim = request.content
        other, kind = "", ""
        if request.op == "upsert" and isinstance(claim, IdentityClaim):
            other, kind = _other(key, claim), claim.kind
        name = f"{request.source}\0{request.item}"
        known = row.claims.get(name)
        if known is not None and (known.epoch, known.seq) >= (request.epoch, request.seq):
            return set()
        row.claims[name] = Claim(request.source, request.epoch, request.seq, kind, other)
        touched = {one for one in (other, known.other if known else "") if one}
        for one in touched:
            self._name(key, row, one)
        return touched

    def _name(self, key: str, row: RecordRow, other: str) -> None:
        """Keep at the other record whether this one names it."""
        named = self._row(other)
        names = any(claim.other == other for claim in row.claims.values())
        if names != (key in named.named_by):
            named.named_by = sorted({*named.named_by, key} if names else {*named.named_by} - {key})
            self._dirty_rows[other] = None

    def _verdicts(self, a: str, b: str) -> set[str]:
        """The kinds of what each source last claimed of the pair, from either end."""
        last: dict[str, Claim] = {}
        for one, two in ((a, b), (b, a)):
            for claim in self._row(one).claims.values():
                if claim.other != two:
                    continue
                known = last.get(claim.source)
                if known is None or (known.epoch, known.seq) < (claim.epoch, claim.seq):
                    last[claim.source] = claim
        return {claim.kind for claim in last.values()}

    def _joined(self, a: str, b: str) -> bool:
        """True when some source's last claim joins the pair and none parts it."""
        kinds = self._verdicts(a, b)
        return bool(kinds & JOINING) and not kinds & PARTING

    def _claimed(self, key: str) -> list[str]:
        """Records that share a claim with this one, from either end."""
        row = self._row(key)
        return sorted(
            {claim.other for claim in row.claims.values() if claim.other} | set(row.named_by)
        )

    # --- groups --------------------------------------------------------------------------------

    def _neighbours(self, key: str) -> Iterator[str]:
        row = self._row(key)
        for nam in sorted(row.nams):
            yield from (other for other in self._carriers(nam) if other != key)
        for other in self._claimed(key):
            if self._joined(key, other):
                yield other

    def _region(self, seeds: Iterable[str]) -> list[str]:
        """Every record reachable over edges: the groups outside it cannot change."""
        found = set(seeds)
        waiting = sorted(found)
        while waiting:
            for other in self._neighbours(waiting.pop()):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return sorted(found)

    def _edges(self, keys: Sequence[str]) -> Iterator[Edge]:
        for key in keys:
            row = self._row(key)
            for other in self._claimed(key):
                if key < other and self._joined(key, other):
                    yield Edge(0, key, other, "claim")
            for nam in row.nams:
                carriers = sorted(self._carriers(nam))
                # A chain joins as much as every pair would, with n edges and not n².
                index = carriers.index(key)
                if index + 1 < len(carriers):
                    yield Edge(1, key, carriers[index + 1], "nam")

    def _barred(self, a: str, b: str) -> str | None:
        one, two = self._row(a), self._row(b)
        if one.nams and two.nams and not one.nams & two.nams:
            return "two-valid-nams"
        if (one.claims or one.named_by) and self._verdicts(a, b) & PARTING:
            return "not-same"
        return None

    def _regroup(self, seeds: set[str], at: int) -> None:
        keys = self._region(seeds)
        first = {key: self._row(key).first_captured_at for key in keys}
        groups = group(first, self._edges(keys), self._barred)
        for key in keys:
            self._link(key, groups)
        self._review(keys, groups, at)

    def _link(self, key: str, groups: Grouping) -> None:
        row = self._row(key)
        person = groups.person[key]
        if row.person == person or not row.seen:
            return
        before, row.person = row.person, person
        row.version += 1
        self._dirty_rows[key] = None
        authority, number = split_record_key(key)
        link = RecordLink(
            authority=authority,
            number=number,
            person=person,
            version=row.version,
            previous=before,
            reasons=groups.reasons[key] or ("own",),
        )
        lane = partition_of(key, self._partitions)
        self._outputs.append(Output(IDENTITY_LINKS, lane, key.encode(), self._codec.encode(link)))

    def _review(self, keys: Sequence[str], groups: Grouping, at: int) -> None:
        """Open a pair for each prevented join, close those that are no longer prevented."""
        now: dict[tuple[str, str], tuple[str, ...]] = {}
        for a, b, reason, bar in sorted(groups.blocked):
            now[a, b] = (bar, reason)
        before = {(key, other) for key in keys for other in self._row(key).reviews if key < other}
        for pair in sorted(before ^ now.keys()):
            self._review_pair(pair, now.get(pair), at)

    def _review_pair(self, pair: tuple[str, str], reasons: tuple[str, ...] | None, at: int) -> None:
        for one, two in (pair, pair[::-1]):
            row = self._row(one)
            row.reviews = sorted({*row.reviews, two} if reasons else {*row.reviews} - {two})
            self._dirty_rows[one] = None
        (authority_a, number_a), (authority_b, number_b) = map(split_record_key, pair)
        review = ReviewPair(
            authority_a=authority_a,
            number_a=number_a,
            authority_b=authority_b,
            number_b=number_b,
            reasons=reasons or (),
            opened_at=at,
            open=reasons is not None,
        )
        key = person_id(pair[0]) + person_id(pair[1])
        lane = partition_of(key, self._partitions)
        value = self._codec.encode(review)
        self._outputs.append(Output(IDENTITY_REVIEWS, lane, key.encode(), value))


def _nam(request: IdentityRequest) -> str:
    """The valid NAM that the request brings, or empty."""
    if request.op != "upsert" or not isinstance(request.content, Demographics):
        return ""
    return verified(request.content) or ""


def _other(key: str, claim: IdentityClaim) -> str:
    """The other record of a claim; empty when it names none, or the record itself."""
    if not claim.other_authority or not claim.other_number:
        return ""
    other = record_key(claim.other_authority, claim.other_number)
    return "" if other == key else other
