"""PostgreSQL dies, freezes, has no room, or never says whether it committed (F15, F17, F18)."""

from __future__ import annotations

from dsn_deploy.faults.kinds.kind import Kind
from dsn_deploy.faults.members import CENTRAL
from dsn_deploy.faults.proxy import FINE, Weather
from dsn_deploy.faults.world import World

_POSTGRES = ("postgres",)
_LINKS = tuple(f"postgres-{name}" for name in CENTRAL)


def _kill(world: World, target: str) -> None:
    world.kill(target)


def _freeze(world: World, target: str) -> None:
    world.freeze(target)


def _thaw(world: World, target: str) -> None:
    world.thaw(target)


def _cut_commits(world: World, _target: str) -> None:
    for name in _LINKS:
        world.links[name].turn(Weather(cut_commits=0.5))


def _silence(world: World, target: str) -> None:
    up, down = target == "statements", target == "answers"
    for name in _LINKS:
        world.links[name].turn(Weather(silent_up=up, silent_down=down))


def _fine(world: World, _target: str) -> None:
    for name in _LINKS:
        world.links[name].turn(FINE)


def _silent_then_reset(world: World, target: str) -> None:
    """A partition ends as most do: what hung is reset by somebody on the way."""
    _fine(world, target)
    for name in _LINKS:
        world.links[name].cut()


def _fill(world: World, target: str) -> None:
    world.disks[target].fill()


def _free(world: World, target: str) -> None:
    world.disks[target].free()


KINDS = (
    Kind(
        name="postgres-killed",
        targets=_POSTGRES,
        touches=("postgres",),
        seconds=(0, 0),
        begin=_kill,
        weight=4,
    ),
    Kind(
        name="postgres-frozen",
        targets=_POSTGRES,
        touches=("postgres",),
        seconds=(2, 5),
        begin=_freeze,
        end=_thaw,
    ),
    Kind(
        name="commit-unknown",
        targets=("every consumer",),
        touches=("postgres-links",),
        seconds=(4, 8),
        begin=_cut_commits,
        end=_fine,
        weight=4,
    ),
    Kind(
        name="postgres-partitioned",
        targets=("statements", "answers"),
        touches=("postgres-links",),
        seconds=(3, 6),
        begin=_silence,
        end=_silent_then_reset,
    ),
    Kind(
        name="postgres-disk-full",
        targets=_POSTGRES,
        touches=("postgres", "disk"),
        seconds=(3, 5),
        begin=_fill,
        end=_free,
        needs_disks=True,
    ),
)
