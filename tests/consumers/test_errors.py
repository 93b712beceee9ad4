"""Which errors are waited out, how long, and which stop a consumer."""

from __future__ import annotations

import psycopg
import pytest
from confluent_kafka import KafkaError
from psycopg import errors as pg

from dsn_consumers.errors import ConsumerError, OffsetsLost, is_passing, raise_fatal
from dsn_consumers.search import prefixes, terms
from dsn_consumers.stopping import Backoff, Stop

PASSING = (
    pg.AdminShutdown,
    pg.CannotConnectNow,
    pg.ConnectionFailure,
    pg.CrashShutdown,
    pg.DeadlockDetected,
    pg.DiskFull,
    pg.LockNotAvailable,
    pg.QueryCanceled,
    pg.ReadOnlySqlTransaction,
    pg.SerializationFailure,
    pg.TooManyConnections,
)
OURS = (pg.CheckViolation, pg.CharacterNotInRepertoire, pg.UndefinedTable, pg.UniqueViolation)


@pytest.mark.parametrize("error", PASSING)
def test_a_server_that_is_away_full_or_busy_is_waited_out(error: type[psycopg.Error]) -> None:
    """Nothing was asked wrong."""
    assert is_passing(error("x"))


@pytest.mark.parametrize("error", OURS)
def test_a_wrong_statement_stops(error: type[psycopg.Error]) -> None:
    """Trying it again would change nothing."""
    assert not is_passing(error("x"))


def test_a_connection_that_broke_without_a_word_is_waited_out() -> None:
    """There is no SQLSTATE when nobody answered."""
    assert is_passing(psycopg.OperationalError("server closed the connection unexpectedly"))
    assert not is_passing(psycopg.DataError("no such value"))


def test_offsets_that_are_gone_stop_and_say_what_to_do() -> None:
    """A broker that is away does not."""
    with pytest.raises(OffsetsLost, match=r"dsn\.view\[2\].*store is rebuilt"):
        raise_fatal(KafkaError(KafkaError._AUTO_OFFSET_RESET), "dsn.view[2]")
    with pytest.raises(ConsumerError, match="TOPIC_AUTHORIZATION_FAILED"):
        raise_fatal(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), "dsn.view[2]")
    raise_fatal(KafkaError(KafkaError._TRANSPORT), "dsn.view[2]")
    raise_fatal(KafkaError(KafkaError._ALL_BROKERS_DOWN), "dsn.view[2]")


def test_pauses_grow_to_a_bound_and_begin_anew() -> None:
    """At most five seconds after the server is back, work goes on."""
    backoff = Backoff()
    pauses = [backoff.next_s(jitter=1.0) for _ in range(30)]
    backoff.reset()

    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert max(pauses) == pauses[-1] == Backoff.LONGEST_S
    assert backoff.next_s(jitter=0.0) == 0.05


def test_a_pause_ends_when_asked_to_stop() -> None:
    """However long it was meant to be."""
    stop = Stop()
    stop.ask()

    assert stop.wait(60) is True
    assert stop.asked


def test_a_name_becomes_beginnings_of_words() -> None:
    """Accents and case do not matter; numbers and single letters are no names."""
    assert prefixes("Lévesque-O’Connor Œuvrard") == ("levesque", "connor", "oeuvrard")
    assert prefixes("1980-05-22 P-77") == ()
    assert prefixes("  l ") == ()


def test_terms_of_a_person_are_bounded() -> None:
    """A hostile chart with thousands of names does not fill the index."""
    names = [{"family": f"Nom{n}", "given": ["x" * 500]} for n in range(2_000)]
    found = terms({"names": names, "identifiers": [], "birth_date": "1980"})

    assert len(found) == 400
    assert max(len(term) for _, term in found) <= 64
