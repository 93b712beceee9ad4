"""What was released can be read for ever."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from dsn_schemas import compatibility
from dsn_schemas.compatibility import Incompatible, check, obstacles, release, released
from dsn_schemas.contract import SUBJECTS, composed

PAIRS = Path(__file__).parents[3] / "shared/data/from-registry/avro-compat/compat_pairs.jsonl"


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_released_version_is_read(name: str) -> None:
    """Every subject has a released version, and ours reads all of them."""
    assert min(released(name)) == 1
    check(name, composed(name))


def test_versions_are_without_gaps() -> None:
    """Released versions count from 1, and nothing else lies among them."""
    folders = {path.name for path in compatibility.RELEASED.iterdir()}

    assert folders == set(SUBJECTS)
    for name in SUBJECTS:
        versions = list(released(name))
        assert versions == list(range(1, len(versions) + 1))


def change() -> Any:
    return deepcopy(composed("RecordChange"))


def without_item(schema: Any) -> None:
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "item"]


def with_default(schema: Any) -> None:
    schema["fields"].insert(0, {"name": "tenant", "type": "string", "default": ""})


def with_symbol(schema: Any) -> None:
    _field(schema, "op")["type"]["symbols"].append("restore")


def with_branch(schema: Any) -> None:
    fields: list[Any] = []
    added = {"type": "record", "name": "Device", "namespace": "dsn", "fields": fields}
    _field(schema, "content")["type"].append(added)


@pytest.mark.parametrize("grow", [without_item, with_default, with_symbol, with_branch])
def test_growth_is_allowed(grow: Any) -> None:
    """A field with a default, a symbol, a branch, or a field less: older data is still read."""
    schema = change()
    grow(schema)

    check("RecordChange", schema)


def no_default(schema: Any) -> None:
    schema["fields"].insert(0, {"name": "tenant", "type": "string"})


def renamed(schema: Any) -> None:
    _field(schema, "item")["name"] = "thing"


def narrower(schema: Any) -> None:
    _field(schema, "seq")["type"] = "int"


def fewer_symbols(schema: Any) -> None:
    op = _field(schema, "op")["type"]
    op["symbols"].remove("delete")
    del op["default"]


def fewer_branches(schema: Any) -> None:
    _field(schema, "content")["type"].pop()


def within_a_content(schema: Any) -> None:
    demographics = _field(schema, "content")["type"][1]
    demographics["fields"].append({"name": "tribe", "type": "string"})


def content_first(schema: Any) -> None:
    schema["fields"].insert(0, schema["fields"].pop())


@pytest.mark.parametrize(
    "broken",
    [
        no_default,
        renamed,
        narrower,
        fewer_symbols,
        fewer_branches,
        within_a_content,
        content_first,
    ],
)
def test_breaking_change_is_refused(broken: Any) -> None:
    """What could not read an older record is refused, with the subject and the reason."""
    schema = change()
    broken(schema)

    with pytest.raises(Incompatible, match="RecordChange"):
        check("RecordChange", schema)


def _field(schema: Any, name: str) -> Any:
    return next(field for field in schema["fields"] if field["name"] == name)


def test_release_writes_what_changed(tmp_path: Path) -> None:
    """A release writes each subject once, then only what changed since, as the next version."""
    assert release(tmp_path) == [f"{name}/1.avsc" for name in SUBJECTS]
    assert release(tmp_path) == []

    before = composed("Receipt")
    fields: Any = before["fields"]
    older = {**before, "fields": [*fields, {"name": "gone", "type": "string", "doc": "."}]}
    (tmp_path / "Receipt" / "1.avsc").write_text(json.dumps(older))

    assert release(tmp_path) == ["Receipt/2.avsc"]
    assert released("Receipt", tmp_path)[2] == before


def test_release_refuses_all_or_nothing(tmp_path: Path) -> None:
    """One subject that breaks its past stops the release of all."""
    folder = tmp_path / "Receipt"
    folder.mkdir()
    fields: Any = composed("Receipt")["fields"]
    older = {**composed("Receipt"), "fields": fields[1:]}
    (folder / "1.avsc").write_text(json.dumps(older))

    with pytest.raises(Incompatible, match="Receipt cannot read its released version 1"):
        release(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Receipt"]


def test_pairs_of_the_avro_project() -> None:
    """Our judgement is the one that the Avro project's own tests expect, pair by pair."""
    if not PAIRS.exists():
        pytest.skip(f"{PAIRS.name} is not on this machine: shared test data is absent")
    pairs = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    judged = {p["id"]: not obstacles(p["reader"], p["writer"]) for p in pairs}

    assert judged == {p["id"]: p["expect"] == "compatible" for p in pairs}
    assert len(pairs) == 62
