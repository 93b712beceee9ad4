"""A worker that was killed leaves its group as soon as it is started again.

Who dies without a word stays a member until its session ends, and until then no rebalance of the
group is complete: nobody gets the dead one's lanes, not even the worker that was started in its
place. So each worker notes its member id in the folder of its slot, and the next one of the slot
leaves in that name before it joins.

It may only if the other one is dead. It is when its lock on the note is gone; a frozen worker still
has it, and is waited for as before. Were it wrong, the fences of the lanes would hold all the same.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import LeaveGroupRequest

from dsn_schemas.file_lock import taken

log = structlog.get_logger()


class Membership:
    """The note of one slot, locked as long as this process lives."""

    def __init__(self, folder: Path) -> None:
        """``folder`` exists."""
        self._file = taken(folder / "member")
        if self._file is None:
            log.warning("slot_in_use")
        #: Who had the slot before, is dead, and may not have left.
        self.predecessor = "" if self._file is None else _noted(self._file)

    def joined(self, member_id: str) -> None:
        """Note who we are now; nothing is noted while somebody else has the slot."""
        self.predecessor = ""
        if self._file is not None and member_id != _noted(self._file):
            os.pwrite(self._file, member_id.encode(), 0)
            os.ftruncate(self._file, len(member_id.encode()))


def _noted(file: int) -> str:
    return os.pread(file, 1_000, 0).decode(errors="replace")


def succeed(coordinator: Any, membership: Membership) -> None:
    """Let aiokafka's coordinator leave in the predecessor's name before it joins, and note its own.

    Of aiokafka 0.14: ``_do_rejoin_group`` joins once, with the coordinating broker known, and tells
    whether it did.
    """
    join = coordinator._do_rejoin_group

    async def rejoin(subscription: Any) -> bool:
        if membership.predecessor:
            await _leave(coordinator, membership.predecessor)
        joined: bool = await join(subscription)
        if joined:
            membership.joined(coordinator.member_id)
        return joined

    coordinator._do_rejoin_group = rejoin


async def _leave(coordinator: Any, member_id: str) -> None:
    """Once; where it fails, the session ends by itself a little later."""
    try:
        answer = await coordinator._send_req(LeaveGroupRequest(coordinator.group_id, member_id))
    except KafkaError as error:
        log.warning("predecessor_not_left", why=type(error).__name__)
    else:
        # 25: it had left, or its session is over.
        log.info("predecessor_left", error_code=answer.error_code)
