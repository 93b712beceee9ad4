"""Who reaches whom. A cut goes both ways, or loses only the answers: what was asked is then done."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from dsn_deploy.simulation.kernel import Kernel

KAFKA, POSTGRES, REGISTRY = "kafka", "postgres", "registry"


class Network:
    """Links between processes and servers, and whether the servers are up."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._down: dict[str, float] = {}
        self._cut: dict[tuple[str, str], tuple[float, bool]] = {}

    def take_down(self, server: str, seconds: float) -> None:
        """A server is away for a while."""
        self._down[server] = max(self._down.get(server, 0.0), self._kernel.now + seconds)

    def cut(self, name: str, server: str, seconds: float, *, answers_only: bool) -> None:
        """A process does not reach a server, or hears no answer, for a while."""
        self._cut[name, server] = (self._kernel.now + seconds, answers_only)

    def back_at(self, name: str, server: str) -> float:
        """When a process could reach a server again at the earliest, s."""
        return max(self._down.get(server, 0.0), self._cut.get((name, server), (0.0, False))[0])

    def heal(self) -> None:
        """Everybody reaches everybody."""
        now = self._kernel.now
        self._down = {server: min(until, now) for server, until in self._down.items()}
        self._cut = {link: (min(cut[0], now), cut[1]) for link, cut in self._cut.items()}

    def up(self, server: str) -> bool:
        """Whether a server runs."""
        return self._kernel.now >= self._down.get(server, 0.0)

    def asks(self, name: str, server: str) -> bool:
        """Whether what a process asks arrives."""
        until, answers_only = self._cut.get((name, server), (0.0, False))
        return self.up(server) and (answers_only or self._kernel.now >= until)

    def hears(self, name: str, server: str) -> bool:
        """Whether the answer arrives."""
        return self.up(server) and self._kernel.now >= self._cut.get((name, server), (0.0, 0))[0]


def away(what: str, *, retriable: bool = True) -> KafkaException:
    """What a client says when brokers do not answer."""
    return KafkaException(KafkaError(KafkaError._TIMED_OUT, what, False, retriable, False))


def fenced() -> KafkaException:
    """What a producer hears that was replaced."""
    return KafkaException(KafkaError(KafkaError._FENCED, "fenced", True, False, False))
