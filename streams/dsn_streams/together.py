"""Stages that share a lane: one transaction for what each of them decides in a turn.

Admit and unify read the same partition numbers, so the worker that owns one owns the other. A
transaction costs the client 1-2 ms and the broker more, whatever is in it; half as many of them is
the difference between waiting for the machine and not. Their rows share one state and one changelog:
the prefixes of their keys differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from dsn_streams.stage import Batch, Decision, Stage, State


class Together:
    """Several stages as one; each is given the batches of its topics, in order."""

    def __init__(self, stages: Mapping[str, Stage], reader: Callable[[str], str]) -> None:
        """``reader`` names the stage that reads a topic."""
        self._stages = stages
        self._reader = reader

    def opened(self, state: State) -> None:
        """See ``Stage``."""
        for stage in self._stages.values():
            stage.opened(state)

    def decide(self, state: State, batches: Sequence[Batch]) -> Decision:
        """See ``Stage``. What one decides the other sees when it comes back over Kafka."""
        shares: dict[str, list[Batch]] = {}
        for batch in batches:
            shares.setdefault(self._reader(batch.topic), []).append(batch)
        whole = Decision()
        for name, share in shares.items():
            decision = self._stages[name].decide(state, share)
            whole.outputs.extend(decision.outputs)
            whole.writes.update(decision.writes)
            whole.derived.update(decision.derived)
        return whole

    def derived(self, key: bytes, value: bytes) -> Iterator[tuple[bytes, bytes]]:
        """See ``Stage``."""
        for stage in self._stages.values():
            yield from stage.derived(key, value)
