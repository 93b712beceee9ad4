"""Schema ids of a registry that may be away; what a process has seen once, it has on its disk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dsn_deploy.simulation.network import REGISTRY, Network
from dsn_schemas.contract import SUBJECTS, composed
from dsn_schemas.wire import UnknownSchema, UnreadableRecord


@cache
def _composed(schema_id: int) -> Mapping[str, object]:
    return composed(SUBJECTS[schema_id - 1])


class KnownIds:
    """Every id, for whoever looks on from outside."""

    def id_of(self, name: str) -> int:
        """The place of the type in the contract."""
        return SUBJECTS.index(name) + 1

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        """The writer's schema. Raises ``UnreadableRecord``."""
        if not 1 <= schema_id <= len(SUBJECTS):
            raise UnreadableRecord(f"no schema has the id {schema_id}")
        return _composed(schema_id)


class SimulatedIds(KnownIds):
    """The ids of one process."""

    def __init__(self, network: Network, name: str) -> None:
        self._network = network
        self._name = name
        self._kept: set[int] = set()

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        """The writer's schema. Raises ``UnknownSchema`` while the registry is away."""
        if schema_id not in self._kept:
            if not self._network.hears(self._name, REGISTRY):
                raise UnknownSchema(f"schema {schema_id}: the registry does not answer")
            self._kept.add(schema_id)
        return super().schema_of(schema_id)
