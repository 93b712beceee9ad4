"""``dsn run streams``: one worker with the three stages."""

from __future__ import annotations

import logging
import time

import faust
import structlog
from confluent_kafka.admin import AdminClient

from dsn_schemas.settings import Settings
from dsn_streams.app import build, changes_topics
from dsn_streams.lane import state_folder
from dsn_streams.lanes import leave

log = structlog.get_logger()

#: Wait between looks for a first changes topic: a worker may be started before its provision.
TOPICS_PAUSE_S = 1.0


def main(settings: Settings) -> None:
    """Run until SIGTERM; drains and ends with exit status 0 then, 70 after a fault."""
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    found = changes_topics(admin)
    while not found:
        log.warning("changes_topics_awaited")
        time.sleep(TOPICS_PAUSE_S)
        found = changes_topics(admin)
    (state_folder(settings) / "faust").mkdir(parents=True, exist_ok=True)
    app = build(settings, admin, found)
    worker = faust.Worker(
        app,
        loglevel=logging.WARNING,
        redirect_stdouts=False,
        override_logging=False,
        quiet=True,
    )
    log.info("streams_started", topics=len(found), slot=settings.slot)
    status: object = 1
    try:
        worker.execute_from_commandline()
    except SystemExit as stopped:
        status = stopped.code
    # The lanes are closed; what is left are native threads of clients, which must not meet an
    # interpreter that is being taken down (seen as a segmentation fault after a clean stop).
    leave(status if isinstance(status, int) else int(status is not None))
