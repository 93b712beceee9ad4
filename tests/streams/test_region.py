"""The short ways through regions in which nobody claims anything give what the long way gives."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from dsn_streams.grouping import MATCH, Edge, components, group
from dsn_streams.identity.index import Index
from dsn_streams.identity.region import Region
from dsn_streams.identity.rows import RecordRow
from dsn_streams.stage import MemoryState

KEYS = "H|1", "H|2", "H|3", "H|4", "H|5", "H|6"


@dataclass
class Known:
    """Records, who of them is the same by comparison, and who is never one person by it."""

    rows: dict[str, RecordRow]
    edges: list[Edge]
    bars: set[tuple[str, str]]

    def barred(self, a: str, b: str, decided: bool = False) -> str | None:
        """As ``Comparing`` says it, and as ``group`` asks for it."""
        return "weight-against" if (min(a, b), max(a, b)) in self.bars else None


@st.composite
def known(draw: st.DrawFn) -> Known:
    """All pairs of two halves are alike, or most; or each record and the two beside it, a circle,
    which of four records looks like a whole from each of them."""
    rows = {
        key: RecordRow(key, draw(st.integers(1, 3)), draw(st.sampled_from(("", "p", "q"))))
        for key in KEYS[: draw(st.integers(1, len(KEYS)))]
    }
    often = draw(st.sampled_from((0, 9, 10)))
    parts = {key: draw(st.booleans()) for key in rows}
    edges, bars = [], set()
    for a, b in combinations(rows, 2):
        beside = KEYS.index(b) - KEYS.index(a) in (1, len(rows) - 1)
        near = parts[a] == parts[b] and draw(st.integers(0, 9)) < often
        if near if often else beside:
            weight = draw(st.integers(1, 3))
            rows[a].same[b] = rows[b].same[a] = weight
            edges.append(Edge(MATCH, -weight, a, b))
        elif draw(st.booleans()):
            bars.add((a, b))
    return Known(rows, edges, bars)


@settings(deadline=None)
@given(known())
def test_records_that_are_all_alike_are_grouped_as_any(found: Known) -> None:
    """Regions, people and what says so, of everyone whose person is another than before."""
    index = Index(MemoryState(), 64)
    index.rows.update(found.rows)
    region = Region(index, found)  # type: ignore[arg-type]  # asks for bars alone
    first = {key: row.first_captured_at for key, row in found.rows.items()}

    regions = list(region.components(found.rows))

    assert sorted(map(sorted, components(found.rows, found.edges))) == regions
    for keys in regions:
        inside = [edge for edge in found.edges if edge.a in keys]
        long = group({key: first[key] for key in keys}, inside, found.barred)
        short = region.grouped(keys)
        assert long.person == short.person
        assert list(long.blocked) == list(short.blocked)
        for key in keys:
            if found.rows[key].person != long.person[key]:
                assert list(long.edges.get(key, ())) == list(short.edges.get(key, ()))
