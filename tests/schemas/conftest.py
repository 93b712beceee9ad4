"""Records of every type, made from the schemas themselves, and a codec without a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import strategies as st

from dsn_schemas import records
from dsn_schemas.contract import SUBJECTS, composed, named_types
from dsn_schemas.wire import Codec, UnknownSchema

_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "bytes": st.binary(max_size=20),
    "string": st.text(max_size=8) | st.sampled_from(["Côté", "\U0001f3e5", "Ελένη", "\u0301e"]),
}


@cache
def made(name: str) -> st.SearchStrategy[Any]:
    """Typed records of one named type ("dsn.Actor"), any value the schema allows."""
    schema = named_types()[name]
    if schema["type"] == "enum":
        symbols: Any = schema["symbols"]
        return st.sampled_from(symbols)
    fields: Any = schema["fields"]
    kind = getattr(records, name.rpartition(".")[2])
    return st.builds(kind, **{field["name"]: _made(field["type"]) for field in fields})


def _made(node: Any) -> st.SearchStrategy[Any]:
    if isinstance(node, list):
        return st.one_of(*(_made(branch) for branch in node))
    if isinstance(node, dict):
        if node["type"] == "array":
            return st.lists(_made(node["items"]), max_size=1).map(tuple)
        return _PRIMITIVES[node["type"]]
    return _PRIMITIVES[node] if node in _PRIMITIVES else st.deferred(lambda: made(node))


class KnownIds:
    """The schema ids of a dictionary: ours, and what a test adds."""

    def __init__(self) -> None:
        self.schemas: dict[int, Mapping[str, object]] = {
            number: composed(name) for number, name in enumerate(SUBJECTS, start=1)
        }

    def id_of(self, name: str) -> int:
        """Ours, in the order of the subjects."""
        return SUBJECTS.index(name) + 1

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        """What the dictionary holds; anything else is not known yet."""
        if schema_id not in self.schemas:
            raise UnknownSchema(f"schema {schema_id}")
        return self.schemas[schema_id]


@pytest.fixture(scope="session")
def a_record() -> Callable[[str], st.SearchStrategy[Any]]:
    """A strategy for the records of a subject ("Receipt")."""
    return lambda name: made(f"dsn.{name}")


@pytest.fixture
def ids() -> KnownIds:
    """Ids that a test may add to."""
    return KnownIds()


@pytest.fixture
def codec(ids: KnownIds) -> Codec:
    """A codec over those ids."""
    return Codec(ids)
