"""What can go wrong in a consumer, and the answer to each.

    ConsumerError           stop: we are wrong, or somebody has to decide; the supervisor restarts us
    ├── AnotherWriter       a second consumer of the same name moved our offsets
    ├── OffsetsLost         the topic no longer has what we would read next
    └── BrokenRecord        a stage of ours wrote what cannot be

Away neighbours are no error of ours: ``is_passing`` tells them from the rest, and the consumer
tries again with growing pauses, each said in the log.
"""

from __future__ import annotations

import psycopg
from confluent_kafka import KafkaError

#: SQLSTATE classes and codes of a server that is away, full or busy, not of a wrong statement.
_PASSING = (
    "08",  # connection exceptions
    "25006",  # read only: a standby, or a primary just demoted
    "40",  # rolled back: deadlock, serialisation
    "53",  # out of disk, memory or connections
    "55P03",  # a lock was not to be had
    "57014",  # cancelled, by us at a deadline or by an operator
    "57P",  # shutting down, starting, crashed
    "58030",  # input or output error
)


class ConsumerError(RuntimeError):
    """A consumer has to stop; the message says what, where and what to do."""


class AnotherWriter(ConsumerError):
    """Somebody else moved the offsets: nothing was written by us."""


class OffsetsLost(ConsumerError):
    """The topic was made anew, or what we would read next is gone from it."""


class BrokenRecord(ConsumerError):
    """A record of our own topics that no version of ours can have meant."""


def is_passing(error: psycopg.Error) -> bool:
    """Is the database away for a while, rather than asked something wrong?"""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(_PASSING)


def raise_fatal(error: KafkaError, where: str) -> None:
    """Raise for what only a person can mend; return for what the client mends by itself."""
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        raise OffsetsLost(
            f"{where}: the broker no longer has the offset we would read next (retention passed it,"
            " or the topic was made anew); the audit reads on behind a retention when it is started"
            " again, a store is rebuilt from offset 0"
        )
    if error.fatal() or not error.retriable() and error.code() not in _MENDED:
        raise ConsumerError(f"{where}: {error.str()} ({error.name()})")


#: Said once by the client, which goes on trying.
_MENDED = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
    KafkaError._TIMED_OUT,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._MAX_POLL_EXCEEDED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
}
