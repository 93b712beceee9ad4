"""Entries written by hand are the bytes that the Avro library writes."""

from __future__ import annotations

from io import BytesIO

from fastavro import schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from dsn_schemas.records import Disagreement, FieldOrigin
from dsn_schemas.wire import Codec, encode_content, head_schema
from dsn_streams.contribution import OPS, SECTIONS, Contribution
from dsn_streams.merge import Merged, merge
from dsn_streams.view import ViewWriter
from support.world import FixedIds

CODEC = Codec(FixedIds())

texts = st.text(max_size=80)
longs = st.integers(min_value=-(2**63), max_value=2**63 - 1)
#: About the age of instants, where they are written without a loop.
instants = st.one_of(longs, st.integers(min_value=2**33, max_value=2**42))
ints = st.integers(min_value=0, max_value=2**31 - 1)
positions = st.lists(ints, max_size=3).map(tuple)

contributions = st.builds(
    Contribution,
    record=st.builds(lambda a, n: f"{a}|{n}", texts.filter(lambda t: "|" not in t), texts),
    source=texts,
    item=texts,
    epoch=ints,
    seq=longs,
    op=st.integers(min_value=0, max_value=len(OPS) - 1),
    status=texts,
    occurred_at=instants,
    captured_at=instants,
    section=st.just(3),
    entry=texts,
    version=ints,
    content=st.just(encode_content(None)),
)

merged = st.builds(
    Merged,
    status=texts,
    conflicts=st.lists(texts, max_size=70).map(tuple),
    as_of=instants,
    contributions=st.lists(contributions, max_size=3),
    provenance=st.lists(
        st.builds(FieldOrigin, field=texts, contributors=positions, rule=texts), max_size=2
    ).map(tuple),
    disagreements=st.lists(
        st.builds(Disagreement, field=texts, value=texts, contributors=positions), max_size=2
    ).map(tuple),
    content=st.just(encode_content(None)),
)


@given(texts, st.integers(min_value=0, max_value=len(SECTIONS) - 1), texts, merged)
def test_written_as_the_library_does(person: str, section: int, entry: str, entire: Merged) -> None:
    """Whatever the entry holds, both write the same bytes."""
    out = BytesIO()
    out.write(CODEC.frame_of("ViewEntry"))
    schemaless_writer(out, head_schema("ViewEntry"), _plain(person, section, entry, entire))
    out.write(entire.content)

    named = (person.encode(), section, entry.encode())
    written = ViewWriter(CODEC, 4).entry(1, *named, entire).value

    assert written == out.getvalue()


@given(texts, st.integers(min_value=0, max_value=len(SECTIONS) - 1), texts, contributions)
def test_an_entry_of_one_is_written_as_any(
    person: str, section: int, entry: str, item: Contribution
) -> None:
    """The short way for one contribution gives what the merge and the long way give."""
    named = (1, person.encode(), section, entry.encode())
    writer = ViewWriter(CODEC, 4)

    assert writer.lone(*named, item) == writer.entry(*named, merge([item]))


def _plain(person: str, section: int, entry: str, entire: Merged) -> dict[str, object]:
    return {
        "person": person,
        "section": SECTIONS[section],
        "entry": entry,
        "status": entire.status,
        "conflicts": entire.conflicts,
        "as_of": entire.as_of,
        "contributors": [_contributor(item) for item in entire.contributions],
        "provenance": [
            {"field": o.field, "contributors": o.contributors, "rule": o.rule}
            for o in entire.provenance
        ],
        "disagreements": [
            {"field": d.field, "value": d.value, "contributors": d.contributors}
            for d in entire.disagreements
        ],
    }


def _contributor(item: Contribution) -> dict[str, object]:
    authority, _, number = item.record.partition("|")
    return {
        "source": item.source,
        "authority": authority,
        "number": number,
        "item": item.item,
        "epoch": item.epoch,
        "seq": item.seq,
        "op": OPS[item.op],
        "status": item.status,
        "occurred_at": item.occurred_at,
        "captured_at": item.captured_at,
    }
