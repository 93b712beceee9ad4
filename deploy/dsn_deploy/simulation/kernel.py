"""Time, and whose turn it is: one thread, one heap of events, one generator of chance.

A process may be interrupted at any *point* (see ``Actor.point``): others then run inside its frame
for a while, so that transactions overlap, locks are held too long, and a process that slept finds
the world changed, all without a thread.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

#: Interruptions inside interruptions; deeper ones would find nobody left to run.
DEPTH_MAX = 4
#: Part of the points at which others run for a moment.
INTERRUPTED = 0.02
#: Longest such moment, s.
MOMENT_S = 0.3


class Died(BaseException):
    """The process was killed: nothing of it runs any more, no handler, no flush."""


class Kernel:
    """The clock and the events still to come."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        #: Seconds since the beginning of the run.
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._depth = 0

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Have something happen later."""
        self._count += 1
        heapq.heappush(self._events, (self.now + delay_s, self._count, act))

    def run(self, until_s: float) -> None:
        """Let everything happen up to an instant."""
        while self._events and self._events[0][0] <= until_s:
            at, _, act = heapq.heappop(self._events)
            self.now = max(self.now, at)
            act()
        self.now = max(self.now, until_s)

    def interlude(self, seconds: float) -> None:
        """Let the others run while somebody stands still.

        Within too many others of its kind nobody runs, but time passes: who waits for something that
        comes with time would otherwise wait for ever.
        """
        if self._depth >= DEPTH_MAX:
            self.now += seconds
            return
        self._depth += 1
        try:
            self.run(self.now + seconds)
        finally:
            self._depth -= 1


class Actor:
    """A process: it takes its turns until it dies, and is started again."""

    #: Names of the components whose numbered steps run in it, as `points` calls them.
    components: tuple[str, ...] = ()
    #: What kind of process it is, for the figures.
    kind = ""
    #: Seconds until a supervisor starts it again, at least and at most.
    RESTART_S = (0.3, 1.2)

    def __init__(self, kernel: Kernel, name: str) -> None:
        self.kernel = kernel
        self.name = name
        #: What the points of its database session are called.
        self.session_label = name
        self.running = False
        self._busy = False
        self._doomed = False
        self._frozen_until = 0.0
        self._incarnation = 0
        #: Points to die at: label -> how often it must still be passed before.
        self._deaths: dict[str, int] = {}
        #: Points at which it died.
        self.died_at: list[str] = []
        #: Every point it passes, for whoever wants to choose one by what stands around it.
        self.trace: list[str] | None = None
        self.deaths = 0
        #: What ended it other than a kill.
        self.faults: list[str] = []
        self._down_since: float | None = None
        self._down_why = ""
        #: Why it did not work, and how long it took to work again, s.
        self.recoveries: list[tuple[str, float]] = []

    # --- what a process overrides --------------------------------------------------------------

    def begin(self) -> None:
        """The process starts, with nothing but its disk."""

    def tick(self) -> float:
        """One turn; seconds until the next."""
        raise NotImplementedError

    def gone(self) -> None:
        """The process is dead: what the system closes for it (sockets, file locks)."""

    # --- its life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.running:
            return
        self.running = True
        self._doomed = False
        self._incarnation += 1
        incarnation = self._incarnation
        self._busy = True  # who is killed while it starts dies at its next point
        try:
            self.begin()
        except Died:
            self._ended()
            return
        finally:
            self._busy = False
        if self._doomed:
            self._ended()
            return
        self.kernel.after(self.kernel.random.uniform(0, 0.05), lambda: self._turn(incarnation))

    def kill(self) -> None:
        """SIGKILL, now or, when it stands in the middle of something, there."""
        if not self.running:
            return
        if self._busy:
            self._doomed = True
        else:
            self._ended()

    def die_at(self, label: str, passes: int = 0) -> None:
        """Kill it the next time it passes a point, or ``passes`` times later."""
        self._deaths[label] = passes

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later."""
        self._frozen_until = max(self._frozen_until, self.kernel.now + seconds)

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self.kernel.now < self._frozen_until

    def point(self, label: str) -> None:
        """A place between two steps: here it may be killed, frozen or overtaken by others."""
        if self.trace is not None:
            self.trace.append(label)
        left = self._deaths.get(label)
        if left is not None:
            if left == 0:
                del self._deaths[label]
                self.died_at.append(label)
                raise Died
            self._deaths[label] = left - 1
        if self._doomed:
            raise Died
        if self.frozen:
            self.kernel.interlude(self._frozen_until - self.kernel.now)
        elif self.kernel.random.random() < INTERRUPTED:
            self.kernel.interlude(self.kernel.random.uniform(0, MOMENT_S))
        if self._doomed:
            raise Died

    def exits(self) -> None:
        """The process ends by itself, with a status that has it started again."""
        raise Died

    def away(self, why: str) -> None:
        """It does not work any more: it died, or a neighbour is away."""
        if self._down_since is None:
            self._down_since = self.kernel.now
            self._down_why = why

    def works(self, not_before_s: float = 0.0) -> None:
        """It works again; ``not_before_s`` is when its neighbours came back."""
        if self._down_since is not None:
            back = max(not_before_s, self._frozen_until)
            since = max(self._down_since, min(back, self.kernel.now))
            self.recoveries.append((self._down_why, self.kernel.now - since))
            self._down_since = None

    def close(self) -> None:
        """The run is over."""
        if self.running:
            self.running = False
            self.gone()

    def heal(self) -> None:
        """No death or frost is waiting any more."""
        self._deaths.clear()
        self._frozen_until = 0.0

    def _turn(self, incarnation: int) -> None:
        if incarnation != self._incarnation or not self.running:
            return
        if self._busy or self.frozen:
            self.kernel.after(0.05, lambda: self._turn(incarnation))
            return
        self._busy = True
        try:
            delay_s = self.tick()
        except Died:
            self._ended()
            return
        finally:
            self._busy = False
        if self._doomed:
            self._ended()
            return
        self.kernel.after(delay_s, lambda: self._turn(incarnation))

    def _ended(self) -> None:
        self.running = False
        self.deaths += 1
        self._frozen_until = 0.0
        self.away(f"{self.kind} died")
        self.gone()
        self.kernel.after(self.kernel.random.uniform(*self.RESTART_S), self.start)
