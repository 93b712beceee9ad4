"""Starts the stack and our services, keeps them running, and stops them in the right order.

One small process, detached from the terminal by ``dsn up`` (or in it, with ``--foreground``). It
holds no data and decides nothing about records: when it dies, its children run on, and the next
``dsn up`` or ``dsn down`` finds them in the state file.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog

from dsn_deploy.asked import Asked, StopAsked
from dsn_deploy.child import STOP_S, Child
from dsn_deploy.errors import StackError
from dsn_deploy.logs import bound
from dsn_deploy.restart import Course, Resting, Running, next_course
from dsn_deploy.stack.server import Server
from dsn_deploy.statefile import Phase, StateFile

log = structlog.get_logger()

#: Between two looks at the children: a crash is answered within this.
LOOK_S = 0.2

#: Between two looks at the size of the logs.
LOGS_S = 10.0

#: A service that lived this long has at least its imports and settings right.
SETTLED_S = 2.0


class Stack(Protocol):
    """The servers, as a supervisor sees them; `EmbeddedStack` is one."""

    @property
    def servers(self) -> Sequence[Child]: ...
    @property
    def state_file(self) -> StateFile: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Supervisor:
    """The life of one data folder, from ``dsn up`` to ``dsn down``."""

    def __init__(
        self,
        stack: Stack,
        *,
        services: Callable[[StateFile], Sequence[Child]],
        provision: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stack = stack
        #: Makes the services, once there is a state file to record them in.
        self._services_of = services
        #: Makes topics, schemas and tables; before any service, each time.
        self._provision = provision
        self._now = now
        self._services: Sequence[Child] = ()
        self._watches: list[Watch] = []
        #: Of its own: whoever shares the process may count on the global one being left alone.
        self._chance = random.Random()

    def run(self, asked: Asked) -> None:
        """Keep everything running until we are asked to stop.

        1. Servers.
        2. Topics, schemas and tables, which services expect to find.
        3. Services.
        4. Look after all of them.
        5. Stop services first: what they still have in hand goes to the servers.
        6. Stop the servers.
        """
        try:
            with asked.interruptible():
                self._stack.start()  # 1
                self._provision()  # 2
            self._start_services()  # 3
            self._stack.state_file.put(phase=Phase.RUNNING)
            log.info("everything_started", processes=[watch.child.name for watch in self._watches])
            self._look_after(asked)  # 4
        except StopAsked:
            log.info("stop_asked_while_starting")
        finally:
            self._stop_services()  # 5
            self._stack.stop()  # 6

    def _start_services(self) -> None:
        state_file = self._stack.state_file
        self._services = self._services_of(state_file)
        for service in self._services:
            service.start()
        children: list[Child] = [*self._stack.servers, *self._services]
        self._watches = [Watch(child, state_file, now=self._now()) for child in children]

    def _look_after(self, asked: Asked) -> None:
        logs_at = self._now()
        while not asked.wait(LOOK_S):
            if self._stack.state_file.is_gone():
                # Servers without their files can only do harm, and nothing else could stop them.
                log.error("data_folder_gone")
                return
            self._renew_services()
            for watch in self._watches:
                watch.look(self._now(), self._chance.random())
            if self._now() >= logs_at:
                logs_at = self._now() + LOGS_S
                for watch in self._watches:
                    bound(watch.child.log)

    def _renew_services(self) -> None:
        """Stop what is not to run any more, then start what is: a rebuild adds and takes away."""
        state_file = self._stack.state_file
        wanted = {service.key: service for service in self._services_of(state_file)}
        known = {service.key: service for service in self._services}
        if wanted.keys() == known.keys():
            return
        gone = [service for key, service in known.items() if key not in wanted]
        _stop_all(gone)
        for service in gone:
            state_file.forget(service.name)
        new = [service for key, service in wanted.items() if key not in known]
        for service in new:
            service.start()
        self._services = [*(one for one in self._services if one not in gone), *new]
        self._watches = [one for one in self._watches if one.child not in gone]
        self._watches += [Watch(service, state_file, now=self._now()) for service in new]
        log.info("services_renewed", gone=[s.name for s in gone], new=[s.name for s in new])

    def _stop_services(self) -> None:
        if not self._services:
            return
        self._stack.state_file.put(phase=Phase.STOPPING)
        _stop_all(self._services)


class Watch:
    """Keeps one child running."""

    def __init__(self, child: Child, state_file: StateFile, *, now: float) -> None:
        self.child = child
        self._state_file = state_file
        self._course: Course = Running(since=now)
        self._ready = isinstance(child, Server)  # servers were waited for
        self._restarts = 0

    def look(self, now: float, jitter: float) -> None:
        """See how the child is, and act on it."""
        before = self._course
        self._course = next_course(before, alive=self.child.is_alive(), now=now, jitter=jitter)
        match before, self._course:
            case Running(), Resting() as resting:
                self._report_crash(resting, now)
            case Resting(), Running():
                self._start()
            case _, Running(since=since) if not self._ready and self._settled(now - since):
                self._ready = True
                self._state_file.note(self.child.name, ready=True, note="")

    def _settled(self, age_s: float) -> bool:
        """Does it do its work? Servers are asked; services have only to stay alive."""
        return self.child.probe() if isinstance(self.child, Server) else age_s >= SETTLED_S

    def _report_crash(self, resting: Resting, now: float) -> None:
        self._ready = False
        code, wait_s = self.child.exit_code, round(resting.until - now, 1)
        why = f"ended with exit code {code}; see {self.child.log}"
        self._state_file.note(self.child.name, process=None, ready=False, note=why)
        log.warning("process_ended", process=self.child.name, exit_code=code, again_in_s=wait_s)

    def _start(self) -> None:
        self._restarts += 1
        try:
            self.child.start()
        except (OSError, StackError) as error:  # whatever it was, the other children still need us
            log.error("process_not_started", process=self.child.name, error=str(error))
        else:
            log.info("process_restarted", process=self.child.name, restarts=self._restarts)
        self._state_file.note(self.child.name, restarts=self._restarts)


def _stop_all(services: Sequence[Child]) -> None:
    if services:
        with ThreadPoolExecutor(len(services)) as pool:
            list(pool.map(_stop_service, services))


def _stop_service(service: Child) -> None:
    clean = service.stop(STOP_S)
    # A worker that is told to stop before its loop runs is ended by the signal itself: fine.
    log.info("service_stopped", process=service.name, clean=clean, exit_code=service.exit_code)
