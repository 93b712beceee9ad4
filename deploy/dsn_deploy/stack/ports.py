"""Which ports the servers listen on: the ones asked for, the ones of last time, or free ones."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

#: Free ports are taken from here: below the kernel's range for outgoing connections (32768 and
#: up), because a client that keeps reconnecting to a dead broker's port inside that range can be
#: given the port itself, connects to itself and keeps the broker from coming back.
FREE_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """A loopback port for each listener."""

    #: Kafka's clients.
    kafka: int
    #: Kafka's own quorum.
    controller: int
    #: The registry's clients.
    registry: int
    #: The registry's health pages, which it insists on having.
    registry_management: int
    #: PostgreSQL's clients.
    postgres: int


def choose(remembered: Path, wanted: Mapping[str, int] | None = None) -> Ports:
    """Ports for this data folder, kept in the file `remembered` so that addresses stay the same.

    A port asked for in `wanted` is taken as it is. Any other is last time's if nobody else took
    it since, or a free one.
    """
    names = [field.name for field in fields(Ports)]
    chosen = dict(wanted or {})
    unknown = chosen.keys() - set(names)
    if unknown:
        raise ValueError(f"no such port: {', '.join(sorted(unknown))}")
    before = _read(remembered)
    for name in names:
        if name not in chosen:
            chosen[name] = _free(before.get(name), taken=set(chosen.values()))
    ports = Ports(**chosen)
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(json.dumps(asdict(ports)))
    return ports


def is_free(port: int) -> bool:
    """Can a server listen here now?"""
    with socket.socket() as probe:
        # As every server does, or the connections of its predecessor would count for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free(before: int | None, taken: set[int]) -> int:
    candidates = random.sample(FREE_PORTS, 200)
    if before is not None:
        candidates.insert(0, before)
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise OSError(f"200 ports between {FREE_PORTS.start} and {FREE_PORTS.stop} are all taken")


def _read(remembered: Path) -> dict[str, int]:
    """Last time's ports; a file that cannot be read only costs new ports."""
    try:
        before = json.loads(remembered.read_text())
        return {str(name): int(port) for name, port in before.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
