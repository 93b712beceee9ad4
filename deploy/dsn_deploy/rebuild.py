"""Builds everything behind the journal anew, beside what serves: ``dsn rebuild``.

A generation is a set of derived topics, stream state, and tables. The new one reads the journal from
offset 0 with processes of its own, which whoever starts services runs because the generations file
says so. So a rebuild goes on whatever becomes of the command that began it; typed again, the command
finds it where it is. See docs/recovery.md.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from confluent_kafka.admin import AdminClient

from dsn_consumers import generations as store
from dsn_consumers.generations import SHADOW, Unlike
from dsn_deploy import generations
from dsn_deploy.errors import CommandError
from dsn_deploy.generations import Generations
from dsn_deploy.steps import Steps
from dsn_schemas.settings import Settings
from dsn_schemas.topics import IDENTITY_REQUESTS, named

#: Between two looks at how far it is, s.
LOOK_S = 0.5
#: The shadow is there when it is this close behind the live one (sum of offsets over lanes), moves
#: excepted; what is on its way then is told from what is wrong by looking again.
BEHIND_MAX = 1_000
#: Between two looks that a difference has to outlast unchanged, s, and how often is looked.
BETWEEN_S = 2.0
LOOKS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What live and shadow do not say alike, and keep saying."""

    generation: int
    lines: tuple[Unlike, ...]


def begin(settings: Settings, establishments: Sequence[str], rate: int) -> Generations:
    """Begin a generation beside the live one, or take up the one that is there.

    1. Topics. 2. Tables, which is where a generation is said to exist. 3. The file, by which its
    processes are started. Dying in between leaves topics, or a generation without processes: typed
    again, each step finds what is there.
    """
    from dsn_deploy.topics import ensure
    from dsn_schemas.topics import topics

    known = _known(settings)
    if known.other is None:
        number = _next(settings, known)
        shadow = settings.model_copy(update={"generation": number})
        ensure(settings, topics(shadow, establishments))  # 1
        store.begin(settings.conninfo, number)  # 2
        known = replace(known, other=number)
    known = replace(known, rate=rate)
    generations.write(settings.data, known)  # 3
    return known


def follow(
    settings: Settings, deadline_s: float, *, wait: Callable[[float], object] = time.sleep
) -> None:
    """Show how far the shadow is until it is there. Raises ``CommandError`` after the deadline."""
    end = time.monotonic() + deadline_s
    steps = Steps("rebuild", 1)
    try:
        while True:
            done, total, moving = store.progress(settings.conninfo)
            steps.at(done, total)
            if total - done <= BEHIND_MAX and not moving and total:
                return
            if time.monotonic() >= end:
                raise CommandError(
                    f"the shadow is at {done} of {total} after {deadline_s:.0f} s; it goes on"
                    " building: type the command again, and see `dsn status`"
                )
            wait(LOOK_S)
    finally:
        steps.end()


def diff(settings: Settings, *, wait: Callable[[float], object] = time.sleep) -> Diff:
    """What live and shadow say differently, in two looks alike.

    What is on its way differs too, for a moment and in another way each time.
    """
    known = _existing(settings)
    before: frozenset[Unlike] = frozenset()
    found: frozenset[Unlike] = frozenset(store.differences(settings.conninfo))
    for _ in range(LOOKS):
        if not found:
            break
        _, target, _ = store.progress(settings.conninfo)
        wait(BETWEEN_S)
        before, found = found, frozenset(store.differences(settings.conninfo))
        done, _, moving = store.progress(settings.conninfo)
        if found == before and not moving and done >= target:
            break  # the shadow has passed where the live one was, and still says so
    lines = sorted(found & before, key=lambda one: one.describe()) if found else []
    return Diff(generation=known, lines=tuple(lines))


def switch(settings: Settings) -> Generations:
    """Let readers see the other generation: one transaction, then the file follows it.

    The same command leads back: what was live stays beside, and is kept up to date.
    """
    _existing(settings)
    store.switch(settings.conninfo)
    known = _known(settings)
    generations.write(settings.data, known)
    return known


def finish(settings: Settings, stopped: Callable[[int], bool]) -> int:
    """End the generation beside the live one for good: processes, tables, topics, state.

    1. The file, and wait until its processes have ended (``stopped``).
    2. Tables. 3. Topics, save the requests of the first generation, which cost nothing. 4. State.
    """
    number = _existing(settings)
    known = _known(settings)
    generations.write(settings.data, replace(known, other=None))  # 1
    for _ in range(120):
        if stopped(number):
            break
        time.sleep(LOOK_S)
    else:
        raise CommandError(f"services of generation {number} still run: see `dsn status`")
    store.end(settings.conninfo, number)  # 2
    _delete_topics(settings, number)  # 3
    for folder in _state_folders(settings.data, number):  # 4
        shutil.rmtree(folder, ignore_errors=True)
    return number


def _known(settings: Settings) -> Generations:
    """What PostgreSQL says of the generations; the rate is the file's."""
    places = store.places(settings.conninfo)
    live = next(number for number, place in places.items() if place != SHADOW)
    other = next((number for number, place in places.items() if place == SHADOW), None)
    return Generations(live=live, other=other, rate=generations.read(settings.data).rate)


def _existing(settings: Settings) -> int:
    other = _known(settings).other
    if other is None:
        raise CommandError("there is only one generation: `dsn rebuild` begins another")
    return other


def _next(settings: Settings, known: Generations) -> int:
    """A number no topic has had: ended generations may still be in the broker's mind."""
    listed = AdminClient({"bootstrap.servers": settings.kafka}).list_topics(timeout=10).topics
    parts = [name.split(".")[1][1:] for name in listed if name.startswith("dsn.g")]
    return max({known.live, *(int(part) for part in parts if part.isdigit())}) + 1


def _delete_topics(settings: Settings, generation: int) -> None:
    from dsn_schemas.topics import topics

    admin = AdminClient({"bootstrap.servers": settings.kafka})
    listed = admin.list_topics(timeout=10).topics
    own = topics(settings.model_copy(update={"generation": generation}), ())
    shared = {topic.name for topic in topics(settings.model_copy(update={"generation": 0}), ())}
    if generation:
        names = [topic.name for topic in own if topic.name in listed and topic.name not in shared]
    else:
        keep = {named(IDENTITY_REQUESTS, 0), "dsn.access"}
        names = [topic.name for topic in own if topic.name in listed and topic.name not in keep]
    if names:
        for future in admin.delete_topics(names).values():
            future.result(30)


def _state_folders(data: Path, generation: int) -> list[Path]:
    pattern = f"streams-g{generation}-*" if generation else "streams-[0-9]*"
    return [path for path in data.glob(pattern) if path.is_dir()]
