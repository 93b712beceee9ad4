"""Stage 2: say which person each record belongs to.

Reads ``dsn.identity.requests``, one partition, a total order that nobody needs: the groups are a
pure function of the latest demographics of each record and of the set of claims and decisions.

A turn takes everything in first and decides once, in this order:

1. What the sources say now (words) and claim now, by the greatest (epoch, seq) of each item.
2. Postings: which records share a blocking key. Two records that share none are never compared,
   nor those that share crowded ones only (``identity.postings``).
3. Comparisons of each changed record with those it shares a key with: *same* is an edge, *review*
   is a doubt, kept at both ends.
4. Regions: what hangs together over edges around everything that changed (``identity.region``).
5. Groups of each region (``grouping``), links of the records whose person is another now.
6. Questions for a steward (``identity.questions``).

State is of one version of the weights: another one means a recomputation beside, from the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from dsn_schemas.decisions import STEWARD
from dsn_schemas.keys import partition_of, person_id, record_key
from dsn_schemas.topics import IDENTITY_LINKS, IDENTITY_REVIEWS
from dsn_schemas.wire import Codec
from dsn_streams.grouping import Blocked, Grouping
from dsn_streams.identity.claims import claim_of
from dsn_streams.identity.comparing import Comparing
from dsn_streams.identity.engine import Engine
from dsn_streams.identity.index import Index
from dsn_streams.identity.matcher import Matcher
from dsn_streams.identity.questions import Asked, questions
from dsn_streams.identity.region import Region
from dsn_streams.identity.requests import IdentityRequest, Request, Requests, demographics_of
from dsn_streams.identity.rows import Question, RecordRow, Word
from dsn_streams.identity.written import digest, link_of, review_of
from dsn_streams.stage import Batch, Decision, Output, State

Value = TypeVar("Value")

#: Layout of the state rows.
FORMAT = 5
_VERSION_ROW = b"v"


class StaleState(RuntimeError):
    """The state is of another version of the weights or of the rows; says what to do."""


class Identify:
    """The stage; one lane only."""

    def __init__(self, codec: Codec, partitions: int, matcher: Matcher | None = None) -> None:
        """Compares with the shipped weights unless another matcher is given."""
        self.codec = codec
        self._read = Requests(codec).read
        self.partitions = partitions
        self.matcher = matcher or Engine()
        self._version = f"{FORMAT} {self.matcher.version}".encode()

    def opened(self, state: State) -> None:
        """See ``Stage``. Raises ``StaleState``."""
        found = state.get_many((_VERSION_ROW,)).get(_VERSION_ROW)
        if found is None and next(iter(state.scan(b"d")), None) is not None:
            found = b"1"
        if found is not None and found != self._version:
            raise StaleState(
                f"the state of identify is of version {found.decode()}, this is"
                f" {self._version.decode()}: compute it anew from the journal, beside this one"
            )

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        """See ``Stage``.

        Raises ``TypeError`` when the topic holds anything but requests: only admit may write it,
        so that is a fault of ours and not of a record.
        """
        turn = _Turn(self, state)
        turn.take([self._read(one.value or b"") for batch in batches for one in batch.records])
        decision = turn.decision()
        decision.writes[_VERSION_ROW] = self._version
        return decision

    def derived(self, key: bytes, value: bytes) -> Iterable[tuple[bytes, bytes]]:
        """See ``Stage``: nothing follows from its rows."""
        return ()


class _Turn:
    """One call of ``decide``: rows are read in few calls, and written once."""

    def __init__(self, stage: Identify, state: State) -> None:
        self._stage = stage
        self._matcher = stage.matcher
        self._index = Index(state, stage.matcher.block_records_max)
        self._comparing = Comparing(stage.matcher, self._index)
        self._region = Region(self._index, self._comparing)
        self._outputs: list[Output] = []
        #: Records whose region has to be looked at.
        self._seeds: set[str] = set()
        #: What was compared before this turn, of records that may say something else now.
        self._features_before: dict[str, tuple[bytes, ...]] = {}
        #: Edge clock (ms) of the newest request of each record.
        self._at: dict[str, int] = {}

    def take(self, requests: Sequence[Request]) -> None:
        """Take these requests in, then say what they change, all at once."""
        self._read_ahead(requests)
        for request in requests:
            self._take(*request)  # 1
        self._compare(self._repost())  # 2, 3
        self._regroup()  # 4, 5, 6

    def decision(self) -> Decision:
        """The outputs, and the rows that changed."""
        return Decision(outputs=self._outputs, writes=self._index.writes())

    # --- 1: what is said ------------------------------------------------------------------------

    def _read_ahead(self, requests: Sequence[Request]) -> None:
        keys = {record_key(one.said.authority, one.said.number) for one in requests}
        self._index.read(keys)
        claims = [one for one in requests if one.said.section == "claims"]
        if claims:
            named = {claim_of("", *one).other for one in claims}
            for one, _ in claims:
                named |= self._index.row(record_key(one.authority, one.number)).claimed()
            self._index.read(named - {""})

    def _take(self, request: IdentityRequest, content: bytes) -> None:
        key = record_key(request.authority, request.number)
        row = self._index.rows[key]
        self._at[key] = max(self._at.get(key, 0), request.captured_at)
        if request.first_captured_at < row.first_captured_at:
            self._index.change(key).first_captured_at = request.first_captured_at
            self._seeds.add(key)
        if request.section == "demographics" and request.source != STEWARD:
            self._say(key, row, request, content)
        elif request.section == "claims":
            self._claim(key, row, request, content)

    def _say(self, key: str, row: RecordRow, request: IdentityRequest, content: bytes) -> None:
        known = row.words.get(request.source)
        if known is not None and (known.epoch, known.seq) >= (request.epoch, request.seq):
            return
        features = b""
        if request.op == "upsert":
            said = demographics_of(content)
            features = self._matcher.features(said) if said else b""
        self._features_before.setdefault(key, row.features())
        self._index.change(key).words[request.source] = Word(request.epoch, request.seq, features)

    def _claim(self, key: str, row: RecordRow, request: IdentityRequest, content: bytes) -> None:
        claim = claim_of(key, request, content)
        name = f"{request.source}\0{request.item}"
        known = row.claims.get(name)
        if known is not None and (known.epoch, known.seq) >= (claim.epoch, claim.seq):
            return
        self._index.change(key).claims[name] = claim
        touched = {claim.other, known.other if known else ""} - {""}
        for other in touched:
            self._name(key, row, other)
        self._seeds |= {key} | touched

    def _name(self, key: str, row: RecordRow, other: str) -> None:
        """Keep at the other record whether this one names it."""
        named = self._index.row(other).named_by
        names = any(claim.other == other for claim in row.claims.values())
        if names != (key in named):
            now = {*named, key} if names else {*named} - {key}
            self._index.change(other).named_by = sorted(now)

    # --- 2, 3: who is alike ---------------------------------------------------------------------

    def _repost(self) -> dict[str, set[str]]:
        """Move the changed records in the postings; whom each shares a key with now."""
        blocks: dict[str, set[bytes]] = {}
        for key, features in sorted(self._features_before.items()):
            after = self._index.rows[key].features()
            if after != features:
                now = blocks[key] = self._keys(after)
                self._index.move(key, self._keys(features) if features else set(), now)
        for key in self._index.settle():
            if key not in blocks:
                blocks[key] = self._keys(self._index.row(key).features())
        self._seeds |= self._index.heads()
        return self._index.sharing(blocks)

    def _keys(self, features: Iterable[bytes]) -> set[bytes]:
        return {b"k" + key for one in features for key in self._matcher.keys(one)}

    def _compare(self, candidates: dict[str, set[str]]) -> None:
        rows, seeds = self._index.rows, self._seeds
        known: dict[str, set[str]] = {}
        for key in candidates:
            row = rows[key]
            if row.same or row.alike:
                known[key] = {*row.same, *row.alike}
                seeds.update(row.same)
        if known:
            self._index.read(set().union(*known.values()))
        for key, sharing in candidates.items():
            near = sharing | known[key] if key in known else sharing
            for other in sorted(near):
                if key < other:
                    self._relate(key, other, other in sharing)
                elif other not in candidates:
                    self._relate(other, key, other in sharing)
        seeds.update(candidates)
        for key in candidates:
            seeds.update(rows[key].same)

    def _relate(self, a: str, b: str, shared: bool) -> None:
        """Keep at both ends what two records are to each other."""
        same: int | None = None
        alike: int | None = None
        if shared:
            verdict = self._comparing.verdict(a, b)
            if verdict.outcome == "same":
                same = verdict.weight
            elif verdict.outcome == "review":
                alike = verdict.weight
        row = self._index.rows[a]
        if row.same.get(b) == same and row.alike.get(b) == alike:
            return
        for one, two in ((a, b), (b, a)):
            row = self._index.change(one)
            _put(row.same, two, same)
            _put(row.alike, two, alike)

    # --- 4, 5, 6: who is who --------------------------------------------------------------------

    def _regroup(self) -> None:
        self._index.read_near(self._seeds)
        rows = self._index.rows
        keys: list[str] = []
        blocked: list[Blocked] = []
        asked: set[str] = set()
        near: set[str] = set()
        for component in self._region.components(self._seeds):
            groups = self._region.grouped(component)
            for key in component:
                row = rows[key]
                if row.person != groups.person[key] and row.seen:
                    self._link(key, groups)
                if row.questions:
                    asked.update(row.questions)
                if row.alike or row.crowds:
                    near.update(row.alike, row.crowds)
            keys.extend(component)
            blocked.extend(groups.blocked)
        self._index.read(asked)
        self._index.read_near(near)
        self._ask(keys, questions(self._index, self._region, self._comparing, keys, blocked))

    def _link(self, key: str, groups: Grouping) -> None:
        row = self._index.change(key)
        before, row.person = row.person, groups.person[key]
        row.version += 1
        link = link_of(self._index, self._comparing, key, before, groups.edges.get(key, ()))
        self._send(IDENTITY_LINKS, key, link)

    def _ask(self, keys: Sequence[str], asked: dict[tuple[str, str], Asked]) -> None:
        """Put the questions that are new on the list, and take away those that are settled."""
        before: dict[tuple[str, str], Question] = {}
        rows = self._index.rows
        for key in keys:
            for other, question in rows[key].questions.items():
                before[(key, other) if key < other else (other, key)] = question
        for pair in sorted(before.keys() | asked.keys()):
            known, now = before.get(pair), asked.get(pair)
            review = review_of(self._comparing, pair, now)
            said = digest(review) if now else ""
            if known is not None and known.asked == said:
                continue
            question = Question(known.opened_at if known else self._when(pair), said)
            for one, two in (pair, pair[::-1]):
                _put(self._index.change(one).questions, two, question if now else None)
            key = person_id(pair[0]) + person_id(pair[1])
            self._send(IDENTITY_REVIEWS, key, replace(review, opened_at=question.opened_at))

    def _when(self, pair: tuple[str, str]) -> int:
        """When the question came up: the newest request of its records, or of all in this turn."""
        found = [self._at[key] for key in pair if key in self._at]
        return max(found or self._at.values())

    def _send(self, topic: str, key: str, record: object) -> None:
        lane = partition_of(key, self._stage.partitions)
        self._outputs.append(Output(topic, lane, key.encode(), self._stage.codec.encode(record)))


def _put(values: dict[str, Value], name: str, value: Value | None) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value
