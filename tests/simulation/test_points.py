"""Every numbered step of every component dies once, before, between and after, for the first, the
middle and the last record of a batch; and the table of steps is the one of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

import dsn_consumers
import dsn_producers
import dsn_streams
from dsn_deploy.simulation import world as worlds
from dsn_deploy.simulation.campaign import quiet
from dsn_deploy.simulation.judge import judge
from dsn_deploy.simulation.kernel import Actor
from dsn_deploy.simulation.plan import Fault, Plan, plan_of
from dsn_deploy.simulation.points import POINTS, WITHIN
from dsn_deploy.simulation.world import World, lived

_NUMBERED = re.compile(r"^\s*(\d)\. ", re.MULTILINE)
#: Where a process may die in a batch: the place in front of what kind of point.
PLACES = ("first", "middle", "last")


def numbered() -> Iterator[tuple[str, int]]:
    """(component, step) of every docstring that numbers steps, in what carries records."""
    for package in (dsn_producers, dsn_streams, dsn_consumers):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package.__name__, *(p for p in parts if p != "__init__")))
            yield from _steps(ast.parse(path.read_text(encoding="utf-8")), name)


def _steps(node: ast.AST, name: str) -> Iterator[tuple[str, int]]:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for step in _NUMBERED.findall(ast.get_docstring(node) or ""):
        yield name, int(step)
    for child in ast.iter_child_nodes(node):
        yield from _steps(child, f"{name}.{getattr(child, 'name', '')}")


def test_the_table_is_the_one_of_the_code() -> None:
    """Every numbered step has its points, and every point its step."""
    found = set(numbered())
    table = {(point.component, point.step) for point in POINTS}

    assert {step for step in found if step[0] not in WITHIN} == table
    assert set(WITHIN) <= {component for component, _ in found}


@cache
def quiet_plan() -> Plan:
    """A run with nothing wrong in it, busy enough for batches of some records."""
    quiet()
    seed = next(s for s in range(1_000) if plan_of(s).partitions == 2 and len(plan_of(s).said) > 24)
    return plan_of(seed).without(faults=())


@cache
def restoring_plan() -> Plan:
    """A run in which an outbox is restored, and takes messages before it hears of it."""
    for seed in range(1_000):
        for target in (0, 1):
            faults = (
                Fault(2.0, "back up outbox", target, 0),
                Fault(6.0, "restore outbox", target, 0),
            )
            plan = plan_of(seed).without(faults=faults)
            if any("epoch.2 between" in trace for trace in traces(plan).values()):
                return plan
    raise AssertionError("no outbox was restored in time")


@cache
def succeeding_plan() -> Plan:
    """A run in which a worker dies, and another opening of its lanes finds its claims."""
    for target in range(100):
        plan = quiet_plan().without(faults=(Fault(4.0, "kill", target, 0),))
        passed = {label for trace in traces(plan).values() for label in trace}
        if {"records.unclaim after", "identify.unclaim after"} <= passed:
            return plan
    raise AssertionError("no worker was killed in time")


def plan_for(label: str) -> Plan:
    """The run in which the point is passed."""
    if label.split()[0].endswith((".fence", ".unclaim")):
        return succeeding_plan()
    return restoring_plan() if label.startswith("epoch.") else quiet_plan()


@cache
def traces(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Process -> every point that it passes in that run."""
    return {name: tuple(trace) for name, trace in _built(plan).items()}


def _built(plan: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}

    class Traced(World):
        def run(self) -> None:
            for actor in self.actors:
                found[actor.name] = actor.trace = []
            super().run()

    original, worlds.World = worlds.World, Traced  # type: ignore[misc]
    try:
        with lived(plan) as world:
            assert judge(world) == []
    finally:
        worlds.World = original  # type: ignore[misc]
    return found


def passes(label: str) -> dict[str, tuple[str, int]]:
    """Place in a batch -> (process, how often the point was passed before)."""
    for name, trace in traces(plan_for(label)).items():
        if label not in trace:
            continue
        batches = _batches(trace, label)
        start, count = max(batches, key=lambda batch: batch[1])
        if count == 1:
            return {"only": (name, start)}
        return {
            "first": (name, start),
            "middle": (name, start + count // 2),
            "last": (name, start + count - 1),
        }
    raise AssertionError(f"nobody passes {label}")


def _batches(trace: tuple[str, ...], label: str) -> list[tuple[int, int]]:
    """(passes before, passes) of each unbroken series of a point, others of its step aside."""
    part = label.split(".")[0]
    mine = [one for one in trace if one.split(".")[0] == part]
    found: list[tuple[int, int]] = []
    before = 0
    for one, other in pairwise(["", *mine]):
        if other != label:
            continue
        if one == label and found:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((before, 1))
        before += 1
    return found


def cases() -> list[tuple[str, str]]:
    """(point, place in the batch)."""
    return [
        (point.label, place)
        for point in {point.label: point for point in POINTS}.values()
        for place in (PLACES if "between" in point.label else ("only",))
    ]


@pytest.mark.parametrize(("label", "place"), cases(), ids=lambda value: str(value))
def test_dying_there_changes_nothing(
    label: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies at that point, is started again, and the centre is right."""
    quiet()
    chosen = passes(label)
    name, before = chosen.get(place) or chosen["first" if "first" in chosen else "only"]
    dead: list[Actor] = []

    class Deadly(World):
        def run(self) -> None:
            actor = next(actor for actor in self.actors if actor.name == name)
            actor.die_at(label, before)
            dead.append(actor)
            super().run()

    monkeypatch.setattr(worlds, "World", Deadly)
    with lived(plan_for(label)) as world:
        violations = judge(world)

    assert dead[0].died_at == [label]
    assert violations == []
