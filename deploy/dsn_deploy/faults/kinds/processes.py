"""Our own processes and the registry die or freeze (F12-F14, F28, F38)."""

from __future__ import annotations

from dsn_deploy.faults.kinds.kind import Kind
from dsn_deploy.faults.members import CENTRAL, EDGES, WORKERS
from dsn_deploy.faults.world import World


def _kill(world: World, target: str) -> None:
    world.kill(target)


def _kill_all_workers(world: World, _target: str) -> None:
    for name in WORKERS:
        world.kill(name)


def _freeze(world: World, target: str) -> None:
    world.freeze(target)


def _thaw(world: World, target: str) -> None:
    world.thaw(target)


def _hold(world: World, target: str) -> None:
    world.hold(target)


def _release(world: World, target: str) -> None:
    world.release(target)


KINDS = (
    Kind(
        name="worker-killed",
        targets=WORKERS,
        touches=("streams",),
        seconds=(0, 0),
        begin=_kill,
        weight=4,
    ),
    Kind(
        name="workers-killed",
        targets=("streams",),
        touches=("streams",),
        seconds=(0, 0),
        begin=_kill_all_workers,
    ),
    # Longer than its group waits for it (6 s): another takes its lanes over, then it wakes up.
    Kind(
        name="worker-frozen",
        targets=WORKERS,
        touches=("streams",),
        seconds=(8, 11),
        begin=_freeze,
        end=_thaw,
    ),
    Kind(
        name="consumer-killed",
        targets=CENTRAL,
        touches=("consumer",),
        seconds=(0, 0),
        begin=_kill,
        weight=4,
    ),
    Kind(
        name="consumer-frozen",
        targets=CENTRAL,
        touches=("consumer",),
        seconds=(2, 6),
        begin=_freeze,
        end=_thaw,
    ),
    Kind(
        name="edge-killed",
        targets=EDGES,
        touches=("edge",),
        seconds=(0, 0),
        begin=_kill,
        weight=3,
    ),
    Kind(
        name="edge-frozen",
        targets=EDGES,
        touches=("edge",),
        seconds=(2, 5),
        begin=_freeze,
        end=_thaw,
    ),
    Kind(
        name="registry-down",
        targets=("registry",),
        touches=("registry",),
        seconds=(3, 6),
        begin=_hold,
        end=_release,
    ),
)
