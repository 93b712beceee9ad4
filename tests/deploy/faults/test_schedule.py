"""What a seed decides."""

from __future__ import annotations

import pytest

from dsn_deploy.faults.kinds import BY_NAME, KINDS
from dsn_deploy.faults.schedule import BEGIN_S, plan

MANY = range(1, 400)


def test_the_same_seed_plans_the_same() -> None:
    """And another one something else."""
    assert [plan(3, n, KINDS) for n in MANY] == [plan(3, n, KINDS) for n in MANY]
    assert [plan(3, n, KINDS) for n in MANY] != [plan(4, n, KINDS) for n in MANY]


def test_faults_of_a_round_may_happen_together() -> None:
    """One to three, none in the other's way, each as its kind allows."""
    sizes = set()
    for planned in (plan(1, number, KINDS) for number in MANY):
        sizes.add(len(planned))
        touched = [touch for one in planned for touch in BY_NAME[one.kind].touches]

        assert len(touched) == len(set(touched))
        for one in planned:
            kind = BY_NAME[one.kind]
            assert one.target in kind.targets
            assert 0 <= one.at_s <= BEGIN_S
            assert kind.seconds[0] <= one.seconds <= kind.seconds[1]
    assert sizes == {1, 2, 3}


def test_every_kind_and_target_is_drawn() -> None:
    """Nothing is listed that never happens."""
    drawn = {(one.kind, one.target) for n in range(4_000) for one in plan(1, n, KINDS)}

    assert drawn == {(kind.name, target) for kind in KINDS for target in kind.targets}


def test_nothing_to_choose_from_is_an_error() -> None:
    """Rather than a round without faults that proves nothing."""
    with pytest.raises(ValueError, match="no kind"):
        plan(1, 1, [])
