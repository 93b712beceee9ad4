"""Brokers die, freeze, lose what their disks had, or find them full (F1-F3, F6, F7, F9)."""

from __future__ import annotations

import shutil
from pathlib import Path

from dsn_deploy.faults.kinds.kind import Kind
from dsn_deploy.faults.world import World

BROKERS = ("kafka", "kafka-2", "kafka-3")
_PAIRS = ("kafka+kafka-2", "kafka+kafka-3", "kafka-2+kafka-3")
_ALL = ("kafka+kafka-2+kafka-3",)


def _hold(world: World, target: str) -> None:
    for name in target.split("+"):
        world.hold(name)


def _release(world: World, target: str) -> None:
    for name in target.split("+"):
        world.release(name)


def _freeze(world: World, target: str) -> None:
    world.freeze(target)


def _thaw(world: World, target: str) -> None:
    world.thaw(target)


def _copy_disk(world: World, target: str) -> None:
    """Keep a copy of its disk as it is now; it runs on, and what it writes from here is lost."""
    world.hold(target)
    shutil.copytree(world.cluster.folders[target] / "data", _copy_of(world, target))
    world.release(target)


def _restore_disk(world: World, target: str) -> None:
    """Its disk is the copy again, as after a power cut that took unwritten pages."""
    world.hold(target)
    data = world.cluster.folders[target] / "data"
    shutil.rmtree(data)
    shutil.move(_copy_of(world, target), data)
    world.release(target)


def _copy_of(world: World, target: str) -> Path:
    return world.folder / f"stale-{target}"


def _fill(world: World, target: str) -> None:
    world.disks[target].fill()


def _free(world: World, target: str) -> None:
    """Room again; whoever gave up because of it is started by the keeper."""
    world.disks[target].free()


KINDS = (
    Kind(
        name="broker-killed",
        targets=BROKERS,
        touches=("brokers",),
        seconds=(2, 5),
        begin=_hold,
        end=_release,
        weight=4,
    ),
    Kind(
        name="two-brokers-killed",
        targets=_PAIRS,
        touches=("brokers",),
        seconds=(2, 5),
        begin=_hold,
        end=_release,
    ),
    Kind(
        name="cluster-killed",
        targets=_ALL,
        touches=("brokers",),
        seconds=(0, 3),
        begin=_hold,
        end=_release,
    ),
    Kind(
        name="broker-frozen",
        targets=BROKERS,
        touches=("brokers",),
        seconds=(4, 9),
        begin=_freeze,
        end=_thaw,
    ),
    Kind(
        name="broker-disk-stale",
        targets=("kafka", "kafka-2"),
        touches=("brokers",),
        seconds=(6, 9),
        begin=_copy_disk,
        end=_restore_disk,
    ),
    Kind(
        name="broker-disk-full",
        targets=("kafka-3",),
        touches=("brokers", "disk"),
        seconds=(3, 6),
        begin=_fill,
        end=_free,
        needs_disks=True,
    ),
)
