"""What happens between a hospital and the journal: bad links, full disks, wrong clocks, poison
(F24-F27, F32, F34, F35)."""

from __future__ import annotations

from dsn_deploy.faults.hospital import POISON
from dsn_deploy.faults.kinds.kind import Kind
from dsn_deploy.faults.members import EDGES
from dsn_deploy.faults.proxy import FINE, Weather
from dsn_deploy.faults.world import World

_WEATHERS = {
    "down": Weather(down=True),
    "silent up": Weather(silent_up=True),
    "silent down": Weather(silent_down=True),
    "slow": Weather(delay_s=0.4, bytes_per_s=16_000),
    "resets": Weather(reset_after_bytes=6_000),
}
#: A day either way, 1970, and behind 2038.
_SKEWS_MS = {
    "a day late": -86_400_000,
    "a day early": 86_400_000,
    "1970": -56 * 365 * 86_400_000,
    "2040": 14 * 365 * 86_400_000,
}


def _turn(world: World, target: str) -> None:
    for name, link in world.links.items():
        if name.startswith("site-"):
            link.turn(_WEATHERS[target])


def _fine(world: World, _target: str) -> None:
    for name, link in world.links.items():
        if name.startswith("site-"):
            link.turn(FINE)


def _skew(world: World, target: str) -> None:
    """Both edges start again on machines whose date is wrong."""
    for name in EDGES:
        world.member(name).skew_ms = _SKEWS_MS[target]
        world.hold(name)
        world.release(name)


def _right_clock(world: World, _target: str) -> None:
    for name in EDGES:
        world.member(name).skew_ms = 0
        world.hold(name)
        world.release(name)


def _poison(world: World, _target: str) -> None:
    for hospital in world.hospitals.values():
        hospital.poison = 0.4


def _no_poison(world: World, _target: str) -> None:
    for hospital in world.hospitals.values():
        hospital.poison = POISON


def _fill(world: World, target: str) -> None:
    world.disks[target].fill()


def _free(world: World, target: str) -> None:
    world.disks[target].free()


KINDS = (
    *(
        Kind(
            name=f"site-link-{name.replace(' ', '-')}",
            targets=(name,),
            touches=("site-links",),
            seconds=(3, 7),
            begin=_turn,
            end=_fine,
            weight=1,
        )
        for name in _WEATHERS
    ),
    Kind(
        name="edge-clock-wrong",
        targets=tuple(_SKEWS_MS),
        touches=("edge",),
        seconds=(4, 6),
        begin=_skew,
        end=_right_clock,
    ),
    Kind(
        name="poison-storm",
        targets=("every hospital",),
        touches=("load",),
        seconds=(4, 7),
        begin=_poison,
        end=_no_poison,
    ),
    Kind(
        name="edge-disk-full",
        targets=("edge-2",),
        touches=("edge", "disk"),
        seconds=(3, 6),
        begin=_fill,
        end=_free,
        needs_disks=True,
    ),
)
