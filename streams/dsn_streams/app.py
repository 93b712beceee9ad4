"""The faust application: three agents that hand batches to their lanes.

This file and ``transport.py`` are the only ones that know faust. An agent does nothing but queue a
batch for the lane that owns its partition; what a stage decides is in ``admit``, ``identify`` and
``unify``, and how it becomes durable is in ``lane``. Admit and unify of one partition number share a
lane (``together``); identify has one of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import faust
import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from rocksdict import Cache

from dsn_schemas.registry import RegistryIds
from dsn_schemas.settings import Settings
from dsn_schemas.topics import (
    CHANGES_PREFIX,
    CONTRIBUTIONS,
    IDENTITY_LINKS,
    IDENTITY_REQUESTS,
    REPLAYS,
    STATE_IDENTIFY,
    STATE_RECORDS,
    group_of,
    meant,
    named,
)
from dsn_schemas.wire import Codec
from dsn_streams.admit import Admit
from dsn_streams.clients import ASK_S, topic_ids
from dsn_streams.identify import Identify
from dsn_streams.inputs import made_anew
from dsn_streams.lane import Lane, state_folder
from dsn_streams.lanes import EXIT_SOFTWARE, Lanes, leave
from dsn_streams.membership import Membership
from dsn_streams.stage import Stage
from dsn_streams.state import new_cache
from dsn_streams.together import Together
from dsn_streams.transport import Consumer, ConsumerThread, Transport
from dsn_streams.unify import Unify

log = structlog.get_logger()

CHANGELOGS = {"records": STATE_RECORDS, "identify": STATE_IDENTIFY}
#: How often new establishments, lost batches and topics that were made anew are looked for.
WATCH_S = 10.0
#: A broker that has just come back may say for a moment that it knows no topics; a group that forms
#: then gets no lanes, and finds out only when it asks again. Its client's own 5 minutes are too long.
METADATA_AGE_MS_MAX = 5_000
#: A worker that says nothing for this long is dead to its group; so is one that does not come to a
#: rebalance. One that is started again need not be waited for (``membership.py``).
SESSION_S = 6.0
#: Exit status that asks the supervisor for a restart because a new topic is there, or an old one is
#: another now: what that means is decided when the lanes open.
EXIT_RESTART = 75


class _BatchSchema(faust.Schema[Any, Any]):
    """Events carry the batch as it is: nothing is decoded, so nothing can fail to be."""

    def compile(self, app: Any, **_: Any) -> Any:
        """See ``faust.Schema``."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, {}, message)

        return decode


def route(topic: str) -> str:
    """The lane that reads a topic. Raises ``ValueError`` for one that none reads."""
    return "identify" if stage_of(topic) == "identify" else "records"


def stage_of(topic: str) -> str:
    """The stage that reads a topic. Raises ``ValueError`` for one that none reads."""
    if topic.startswith(CHANGES_PREFIX) or topic in (IDENTITY_LINKS, REPLAYS):
        return "admit"
    if topic == IDENTITY_REQUESTS:
        return "identify"
    if topic == CONTRIBUTIONS:
        return "unify"
    raise ValueError(f"no stage reads {topic}")


def make_stage(name: str, codec: Codec, partitions: int) -> Stage:
    """What the lane of this name decides with."""
    if name == "identify":
        return Identify(codec, partitions)
    stages: dict[str, Stage] = {
        "admit": Admit(codec, partitions),
        "unify": Unify(codec, partitions),
    }
    return Together(stages, stage_of)


def make_lane(settings: Settings, name: str, number: int, cache: Cache) -> Lane:
    """A lane of this name with a codec of its own."""
    stage = make_stage(name, Codec(RegistryIds(settings)), settings.partitions)
    return Lane(settings, name, number, CHANGELOGS[name], stage, cache)


def changes_topics(admin: AdminClient) -> list[str]:
    """The changes topics that exist now."""
    found = admin.list_topics(timeout=ASK_S).topics
    return sorted(name for name in found if name.startswith(CHANGES_PREFIX))


def build(settings: Settings, admin: AdminClient, establishments: Sequence[str]) -> faust.App:
    """The application over these changes topics."""
    app = faust.App(
        group_of(settings.generation),
        broker=[f"kafka://{server}" for server in settings.kafka.split(",")],
        autodiscover=False,
        datadir=str(state_folder(settings) / "faust"),
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        store="memory://",
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=SESSION_S,
        broker_request_timeout=20.0,
        broker_max_poll_interval=600.0,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=2 << 20,
        consumer_metadata_max_age_ms=METADATA_AGE_MS_MAX,
        stream_buffer_maxsize=16,
        worker_redirect_stdouts=False,
    )
    app.transport = Transport(app.conf.broker_consumer, app)

    def routed(topic: str) -> str:
        return route(meant(topic, settings.generation))

    lanes = Lanes(settings, routed, make_lane, new_cache())
    Consumer.lanes = lanes
    ConsumerThread.membership = Membership(state_folder(settings))
    _attach(app, lanes, admin, establishments, settings.generation)
    return app


def _attach(
    app: faust.App,
    lanes: Lanes,
    admin: AdminClient,
    establishments: Sequence[str],
    generation: int,
) -> None:
    """Declare the agents and hooks."""

    def agent(name: str, *topics: str) -> None:
        names = [named(topic, generation) for topic in topics]
        channel = app.topic(*names, schema=_BatchSchema())

        async def run(stream: Any) -> None:
            async for event in stream.events():
                await lanes.submit(event.value)

        app.agent(channel, name=name, concurrency=1)(run)

    agent("admit", *establishments, IDENTITY_LINKS, REPLAYS)
    agent("identify", IDENTITY_REQUESTS)
    agent("unify", CONTRIBUTIONS)

    async def opened(*_: Any, **__: Any) -> None:
        try:
            inputs = [(tp.topic, tp.partition) for tp in app.consumer.assignment()]
            await lanes.close_all()
            await lanes.open_all(inputs)
        except asyncio.CancelledError:
            raise  # asked to stop meanwhile
        except BaseException:
            log.exception("lanes_not_opened")
            leave(EXIT_SOFTWARE)

    app.on_rebalance_complete.connect(opened, weak=False)

    async def watch() -> None:
        stalled = lanes.stalled(time.monotonic())
        if stalled:
            log.error("batches_lost_on_the_way", inputs=[f"{t}[{p}]" for t, p in stalled])
            leave(EXIT_SOFTWARE)
        known = lanes.topics()
        try:
            there = await app.loop.run_in_executor(None, changes_topics, admin)
            found = await app.loop.run_in_executor(None, topic_ids, admin, known)
        except KafkaException as error:
            log.warning("topics_not_looked_at", why=str(error.args[0]))
            return
        if set(there) > set(establishments):
            log.info("new_establishment_found")
            await lanes.close_all()
            leave(EXIT_RESTART)
        if anew := made_anew(known, found):
            log.error("topics_made_anew", topics=anew)
            await lanes.close_all()
            leave(EXIT_RESTART)

    app.timer(interval=WATCH_S)(watch)
