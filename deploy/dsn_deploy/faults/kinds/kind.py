"""What a kind of fault is: whom it may strike, for how long, and how it begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsn_deploy.faults.world import World

Act = Callable[[World, str], None]


def nothing(_world: World, _target: str) -> None:
    """An end for what is over as soon as it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault. F-numbers are those of the project's list of faults."""

    name: str
    #: What it may strike.
    targets: tuple[str, ...]
    #: Two faults of a round never share one of these: what would follow from both at once is more
    #: than anybody promises (two of three disks lost, say).
    touches: tuple[str, ...]
    #: How long it lasts, s, at least and at most; (0, 0): a blow.
    seconds: tuple[float, float]
    begin: Act
    end: Act = nothing
    #: It needs small disks of its own.
    needs_disks: bool = False
    #: How often it is drawn beside the others.
    weight: int = 2
