"""The database fails over to a standby that lags (F19): rows and offsets go back together.

The standby is made from the running primary, follows it, and is cut off for a while before the
primary dies for good. What it had not heard is gone, and has to come from the journal again.
"""

from __future__ import annotations

import signal
import time
from typing import Any

import psycopg

from dsn_deploy.faults import reader
from dsn_deploy.faults.kinds.kind import Kind
from dsn_deploy.faults.proxy import FINE, Weather
from dsn_deploy.faults.standby import Standby
from dsn_deploy.faults.world import World
from dsn_deploy.stack.postgres import DATABASE, SUPERUSER

#: For the standby to be a primary, s.
PROMOTE_S = 60
#: It hears nothing for so long before the primary dies, s; making it may have taken all the time
#: that was planned.
DEAF_S = 3.0

#: Between the standby and the primary.
_LINK = "postgres-standby"
_READ = "SELECT coalesce(sum(next_offset), 0)::bigint FROM dsn_store.offsets"


def _follow(world: World, _target: str) -> None:
    """A standby follows for a moment, and then hears nothing any more."""
    place = world.cluster.folders["postgres"].parent
    number = len(list(place.glob("standby-*"))) + 1
    standby = Standby(
        folder=place / f"standby-{number}",
        log=world.folder / "logs" / f"standby-{number}.log",
        port=world.free_port(),
        primary=world.postgres,
        over=world.links[_LINK],
        record=world.record,
    )
    world.standby = standby
    standby.start()
    standby.wait_ready()
    world.links[_LINK].turn(Weather(down=True))


def _fail_over(world: World, _target: str) -> None:
    """1. The primary dies and stays dead. 2. The standby is promoted. 3. Whoever connects from now on
    comes to it."""
    standby = world.standby
    if standby is None:
        return  # it could not be made
    time.sleep(DEAF_S)
    with psycopg.connect(world.conninfo(), connect_timeout=10) as connection:
        before = _count(connection)
    processes = world.pids("postgres")
    world.hold("postgres")  # 1
    for process in processes:
        process.send(signal.SIGKILL)
    superuser = standby.conninfo(SUPERUSER, DATABASE)  # 2
    with psycopg.connect(superuser, autocommit=True, connect_timeout=10) as connection:
        _promote(connection)
        world.rolled_back += before - _count(connection)
    world.replace_postgres(standby)  # 3
    world.links[_LINK].turn(FINE)
    (world.folder / reader.WHERE).write_text(world.conninfo(), encoding="utf-8")
    world.release("postgres")


def _promote(connection: psycopg.Connection[Any]) -> None:
    """Make it a primary. To wait within ``pg_promote`` would hold a snapshot that what is still to be
    replayed conflicts with."""
    connection.execute("SELECT pg_promote(wait => false)")
    end = time.monotonic() + PROMOTE_S
    while time.monotonic() < end:
        row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if row is not None and not row[0]:
            return
        time.sleep(0.05)
    raise TimeoutError(f"the standby was no primary after {PROMOTE_S} s")


def _count(connection: psycopg.Connection[Any]) -> int:
    """Journal and view records that consumers have written, all of them together."""
    row = connection.execute(_READ).fetchone()
    assert row is not None
    return int(row[0])


KINDS = (
    Kind(
        name="postgres-failover",
        targets=("a standby that lags",),
        touches=("postgres", "postgres-links", "disk"),
        seconds=(3, 6),
        begin=_follow,
        end=_fail_over,
    ),
)
