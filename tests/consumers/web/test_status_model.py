"""The status page is never green without proof."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from test_chart_model import NOW, source

from dsn_consumers.web.rows import LedgerRow
from dsn_consumers.web.status import Light, build


def ledger(unexplained: int = 0) -> LedgerRow:
    """Ten changes."""
    return LedgerRow(
        source="adt", received=10, shown=10 - unexplained, superseded=0, duplicate=0,
        quarantined=0, in_flight=0, unexplained=unexplained,
    )  # fmt: skip


def test_good_when_everything_is_known_and_good() -> None:
    """Heard of, complete and balanced is green."""
    assert build([source()], [ledger()], NOW).verdict is Light.GOOD


def test_what_cannot_be_asked_is_unknown() -> None:
    """Without the database no figure is shown and nothing is green but the words."""
    found = build(None, None, NOW)

    assert found.verdict is Light.BAD
    assert found.sources is None
    assert [line.light for line in found.lines] == [Light.BAD, Light.UNKNOWN, Light.UNKNOWN]


def test_no_source_is_not_good() -> None:
    """An empty table is no proof of health."""
    assert build([], [], NOW).verdict is not Light.GOOD


def test_unexplained_is_bad_in_either_direction() -> None:
    """One change too many is as wrong as one too few."""
    assert build([source()], [ledger(3)], NOW).verdict is Light.BAD
    assert build([source()], [ledger(-3)], NOW).verdict is Light.BAD


def test_a_ledger_that_took_too_long_is_unknown() -> None:
    """Sources are shown, the ledger is said to be unknown."""
    found = build([source()], None, NOW)

    assert found.verdict is Light.UNKNOWN
    assert found.sources


@given(behind=st.integers(0, 5), queued=st.integers(0, 5), hours=st.floats(0, 100))
def test_green_means_current(behind: int, queued: int, hours: float) -> None:
    """Green exactly when nothing waits and the source was heard within the hour."""
    row = replace(source(behind=behind, hours=hours), queued=queued)
    good = build([row], [ledger()], NOW).verdict is Light.GOOD

    assert good == (behind == 0 and queued == 0 and hours <= 1.0)
