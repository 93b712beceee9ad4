"""The Avro contract: every ``.avsc`` file of this package, composed into whole schemas.

A file names other types (``dsn.Concept``) without repeating them. A composed schema carries each
named type in full at its first use, so that it stands alone in a registry and in a reader.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

NAMESPACE = "dsn"

#: Record types that stand alone on a topic: each is one subject of the registry.
SUBJECTS = (
    "RecordChange",
    "IdentityRequest",
    "RecordLink",
    "ReviewPair",
    "ViewEntry",
    "ViewBarrier",
    "RecordSettled",
    "QuarantinedChange",
    "QuarantineEnd",
    "Receipt",
    "AccessEvent",
    "ResendRequest",
    "RetryRequest",
)


@cache
def named_types() -> dict[str, dict[str, object]]:
    """Every named type by full name, as its file says it.

    Raises ``ValueError`` when a file's name and the type in it differ.
    """
    found: dict[str, dict[str, object]] = {}
    root = resources.files(__package__) / "avro"
    for folder in (root, root / "types", root / "sections"):
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if not entry.name.endswith(".avsc"):
                continue
            schema = json.loads(entry.read_text(encoding="utf-8"))
            if entry.name != f"{schema['name']}.avsc":
                raise ValueError(f"{entry.name} holds the type {schema['name']}: rename one")
            found[f"{schema['namespace']}.{schema['name']}"] = schema
    return found


@cache
def section_types() -> tuple[str, ...]:
    """Full names of the content types, in the order of the content union."""
    return tuple(name for name in _content_union() if name != "null")


def _content_union() -> list[str]:
    fields = named_types()[f"{NAMESPACE}.RecordChange"]["fields"]
    assert isinstance(fields, list)
    union = fields[-1]["type"]
    assert isinstance(union, list)
    return [str(branch) for branch in union]


def composed(name: str) -> dict[str, object]:
    """The schema ``name`` ("RecordChange") with every type it needs, defined at its first use.

    Raises ``KeyError`` for a name that has no file.
    """
    result = _inline(f"{NAMESPACE}.{name}", set())
    assert isinstance(result, dict)
    return result


@cache
def composed_json(name: str) -> str:
    """The composed schema as the canonical text that is registered."""
    return json.dumps(composed(name), ensure_ascii=False, separators=(",", ":"))


def _inline(node: object, defined: set[str]) -> object:
    types = named_types()
    if isinstance(node, str):
        if node not in types or node in defined:
            return node
        defined.add(node)
        return {key: _inline_part(key, value, defined) for key, value in types[node].items()}
    if isinstance(node, list):
        return [_inline(branch, defined) for branch in node]
    if isinstance(node, dict):
        return {key: _inline_part(key, value, defined) for key, value in node.items()}
    return node


def _inline_part(key: str, value: object, defined: set[str]) -> object:
    if key == "fields" and isinstance(value, list):
        return [{**field, "type": _inline(field["type"], defined)} for field in value]
    if key in ("items", "values"):
        return _inline(value, defined)
    if key == "type" and isinstance(value, dict | list):
        return _inline(value, defined)
    return value


def without_logical_types(node: object) -> object:
    """The same schema with the same bytes, read as plain numbers.

    A timestamp logical type costs about 3 µs per value in both directions; the stages compare and
    copy instants and need no ``datetime``.
    """
    if isinstance(node, dict):
        return {k: without_logical_types(v) for k, v in node.items() if k != "logicalType"}
    if isinstance(node, list):
        return [without_logical_types(item) for item in node]
    return node
