"""How each kind of fault befalls a world."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dsn_deploy.simulation.disk import Folder
from dsn_deploy.simulation.kernel import Actor
from dsn_deploy.simulation.network import KAFKA, POSTGRES, REGISTRY
from dsn_deploy.simulation.points import POINTS
from dsn_schemas.decisions import STEWARD
from dsn_schemas.topics import CHANGES_PREFIX, changes_topic

if TYPE_CHECKING:
    from dsn_deploy.simulation.edge import Edge
    from dsn_deploy.simulation.plan import Fault
    from dsn_deploy.simulation.world import World


def befall(world: World, fault: Fault) -> None:
    """Do what the fault says to whom it says."""
    _KINDS[fault.kind](world, fault)


def _process(world: World, fault: Fault) -> Actor:
    processes = [*world.edges, *world.workers, *world.consumers, world.receipts]
    return processes[fault.target % len(processes)]


def _kill(world: World, fault: Fault) -> None:
    _process(world, fault).kill()


def _crash_point(world: World, fault: Fault) -> None:
    """Die at one of the numbered steps of a component, the first, second, … time it is passed."""
    # The edge passes each of its points a few times a run, the others hundreds of times.
    components = [*sorted({point.part for point in POINTS}), "edge", "edge"]
    part = components[fault.target % len(components)]
    points = [point for point in POINTS if point.part == part]
    label = points[fault.target // len(components) % len(points)].label
    for actor in [*world.edges, *world.workers, *world.consumers, world.receipts]:
        if part in actor.components:
            actor.die_at(label, int(fault.size * 3))


def _freeze(world: World, fault: Fault) -> None:
    """SIGSTOP, for longer than the group's session every second time."""
    _process(world, fault).freeze(0.5 + fault.size * 15)


def _cut(world: World, fault: Fault) -> None:
    server = (KAFKA, POSTGRES)[fault.target % 2]
    world.network.cut(_process(world, fault).name, server, 0.3 + fault.size * 8, answers_only=False)


def _answers_lost(world: World, fault: Fault) -> None:
    server = (KAFKA, POSTGRES)[fault.target % 2]
    world.network.cut(_process(world, fault).name, server, 0.3 + fault.size * 8, answers_only=True)


def _lose_leaders(world: World, fault: Fault) -> None:
    """The broker dies that leads some partitions; what it had not passed on is gone."""
    for index, place in enumerate(sorted(world.broker.logs)):
        if (index + fault.target) % 2:
            world.broker.lose_leader(place)


def _kafka_down(world: World, fault: Fault) -> None:
    """Every broker at once, with what none had passed on."""
    for place in world.broker.logs:
        world.broker.lose_leader(place)
    world.network.take_down(KAFKA, 0.5 + fault.size * 6)


def _postgres_down(world: World, fault: Fault) -> None:
    world.database.end_all()
    world.network.take_down(POSTGRES, 0.3 + fault.size * 5)


def _end_sessions(world: World, fault: Fault) -> None:
    world.database.end_all()


def _failover(world: World, fault: Fault) -> None:
    """The standby takes over with what it has: it lags by up to some seconds."""
    world.database.promote()


def _quiet_failover(world: World, fault: Fault) -> None:
    """The same behind a pooler: nobody's connection breaks."""
    world.database.promote(quietly=True)


def _rewind_store(world: World, fault: Fault) -> None:
    """An operator has the store read again what it has read, and starts it anew a little late."""
    world.database.rewind(fault.size)
    world.kernel.after(1.0, world.consumers[0].kill)


def _registry_down(world: World, fault: Fault) -> None:
    world.network.take_down(REGISTRY, 0.5 + fault.size * 8)


def _compact(world: World, fault: Fault) -> None:
    """Compact everything older than a moment; removals go a little later, as they do in Kafka."""
    now_ms = world.broker.clock_ms
    before = now_ms - int(fault.size * 3_000)
    for topic, number in sorted(world.broker.logs):
        if world.broker.topics[topic][1]:
            gone = world.broker.compact((topic, number), before, 0)
            world.database.note_compacted((topic, number), gone)


def _folders(world: World, fault: Fault) -> list[tuple[dict[str, Folder], str]]:
    found = [(w.disk, name) for w in world.workers if not w.running for name in sorted(w.disk)]
    return found[fault.target % len(found) :][:1] if found else []


def _wipe_state(world: World, fault: Fault) -> None:
    """A worker dies and its disk is lost."""
    worker = world.workers[fault.target % len(world.workers)]
    worker.kill()
    if not worker.running:
        worker.disk.clear()


def _damage_state(world: World, fault: Fault) -> None:
    """A worker dies and leaves a file that cannot be read."""
    worker = world.workers[fault.target % len(world.workers)]
    worker.kill()
    for disk, name in _folders(world, fault):
        disk[name].damaged = True


def _lose_batch(world: World, fault: Fault) -> None:
    world.workers[fault.target % len(world.workers)].losing += 1


def _back_up_outbox(world: World, fault: Fault) -> None:
    world.edges[fault.target % len(world.edges)].back_up()


def _restore_outbox(world: World, fault: Fault) -> None:
    """Somebody copies an outbox, and puts the copy back later: as soon as that destroys nothing which
    the outbox alone has. The centre may have seen the last numbers without knowing that they are."""
    edge = world.edges[fault.target % len(world.edges)]
    edge.back_up()
    world.kernel.after(0.5 + fault.size * 4, partial(_put_back, world, edge))


def _put_back(world: World, edge: Edge) -> None:
    done = world.changes_read and edge.restore(world.receipts.seen, world.journal)
    if not done and world.kernel.now < world.plan.seconds:
        world.kernel.after(0.1, partial(_put_back, world, edge))


def _resend(world: World, fault: Fault) -> None:
    world.edges[fault.target % len(world.edges)].resend(int(fault.size * 10))


def _skew(world: World, fault: Fault) -> None:
    """Minutes, days, or back to 1970."""
    edge = world.edges[fault.target % len(world.edges)]
    edge.skew_ms = (300_000, -300_000, 86_400_000, -1_772_000_000_000)[int(fault.size * 4)]


def _poison(world: World, fault: Fault) -> None:
    """Bytes that nobody can read, in the journal of an establishment."""
    # Not in the journal of the stewards: no stage of the simulation reads it.
    stewards = changes_topic(STEWARD)
    places = [
        place
        for place in sorted(world.broker.logs)
        if place[0].startswith(CHANGES_PREFIX) and place[0] != stewards
    ]
    data = (b"", b"\0", b"\0\0\0\0\xff", b"{}", b"\0\0\0\0\2\xff\xff\xff")[int(fault.size * 5)]
    world.broker.append(places[fault.target % len(places)], b"k", data)


def _lose_journal(world: World, fault: Fault) -> None:
    """Everybody who reads the changes is down for a moment, and what only the brokers have of them
    is lost with their disks, though it was confirmed: the outboxes have it."""
    for actor in (*world.workers, world.consumers[1]):
        actor.kill()
    world.kernel.after(0.29, world.lose_unread)


def _retention(world: World, fault: Fault) -> None:
    """Everybody who reads the changes is down for longer than the topics keep them."""
    for actor in (*world.workers, world.consumers[1]):
        actor.kill()
    world.kernel.after(0.29, world.delete_changes)


def _another_worker(world: World, fault: Fault) -> None:
    if len(world.workers) < 3:
        world.add_worker()


_KINDS: dict[str, Callable[[World, Fault], None]] = {
    "kill": _kill,
    "crash point": _crash_point,
    "freeze": _freeze,
    "cut": _cut,
    "answers lost": _answers_lost,
    "lose leaders": _lose_leaders,
    "kafka down": _kafka_down,
    "postgres down": _postgres_down,
    "end sessions": _end_sessions,
    "failover": _failover,
    "quiet failover": _quiet_failover,
    "rewind store": _rewind_store,
    "registry down": _registry_down,
    "compact": _compact,
    "wipe state": _wipe_state,
    "damage state": _damage_state,
    "lose batch": _lose_batch,
    "back up outbox": _back_up_outbox,
    "restore outbox": _restore_outbox,
    "resend": _resend,
    "skew": _skew,
    "poison": _poison,
    "lose journal": _lose_journal,
    "retention": _retention,
    "another worker": _another_worker,
}
