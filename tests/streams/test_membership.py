"""Whose name a worker may leave its group in."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupCoordinatorNotAvailableError

from dsn_streams.membership import Membership, succeed


class Coordinator:
    """Joins under a name that the broker gives, and notes what was sent."""

    group_id = "g"

    def __init__(self, *answers: object, joins: bool = True) -> None:
        self.member_id = ""
        self.sent: list[tuple[str, str]] = []
        self._answers = list(answers)
        self._joins = joins

    async def _do_rejoin_group(self, subscription: object) -> bool:
        self.sent.append(("join", self.member_id))
        if self._joins:
            self.member_id = "member-é-2"
        return self._joins

    async def _send_req(self, request: Any) -> object:
        self.sent.append(("leave", request._member_id))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def join(folder: Path, *answers: object, joins: bool = True) -> tuple[Coordinator, Membership]:
    coordinator, membership = Coordinator(*answers, joins=joins), Membership(folder)
    succeed(coordinator, membership)
    asyncio.run(coordinator._do_rejoin_group(None))
    return coordinator, membership


def dies(membership: Membership) -> None:
    """Its lock goes with it."""
    assert membership._file is not None
    os.close(membership._file)


def test_the_first_worker_of_a_slot_leaves_in_nobodys_name(tmp_path):
    coordinator, membership = join(tmp_path)
    assert coordinator.sent == [("join", "")]
    dies(membership)
    assert Membership(tmp_path).predecessor == "member-é-2"


@pytest.mark.parametrize(
    "answer", [SimpleNamespace(error_code=25), GroupCoordinatorNotAvailableError()]
)
def test_a_dead_predecessor_leaves_once_and_its_successor_joins_whatever_comes_of_it(
    tmp_path, answer
):
    (tmp_path / "member").write_text("a-much-longer-name-of-member-1")
    coordinator, _ = join(tmp_path, answer)
    asyncio.run(coordinator._do_rejoin_group(None))

    leave = ("leave", "a-much-longer-name-of-member-1")
    assert coordinator.sent == [leave, ("join", ""), ("join", "member-é-2")]
    assert (tmp_path / "member").read_text() == "member-é-2"


def test_as_long_as_it_has_not_joined_the_next_one_knows_of_its_predecessor(tmp_path):
    (tmp_path / "member").write_text("member-1")
    _, membership = join(tmp_path, SimpleNamespace(error_code=0), joins=False)
    dies(membership)
    assert Membership(tmp_path).predecessor == "member-1"


def test_a_predecessor_that_lives_stays_a_member(tmp_path):
    """Frozen, it still has its lock."""
    (tmp_path / "member").write_text("member-1")
    frozen = Membership(tmp_path)
    coordinator, _ = join(tmp_path)

    assert coordinator.sent == [("join", "")]
    assert (tmp_path / "member").read_text() == "member-1"
    dies(frozen)
