"""Records of texts, numbers and lists, written without a library."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from fastavro import schemaless_writer
from hypothesis import HealthCheck, given, settings

from dsn_schemas.contract import SUBJECTS
from dsn_schemas.plain import writer_of
from dsn_schemas.records import Evidence, RecordLink
from dsn_schemas.wire import Codec, avro_dict, own_schema

_SETTINGS = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

EVIDENCE = Evidence(authority="H", number="2", rule="match", weight=-70_000, levels=("nam:same",))
LINK = RecordLink(
    authority="H" * 70,
    number="é" * 9_000,
    person="p",
    version=2**40,
    reasons=("match",) * 70,
    evidence=(EVIDENCE,) * 65,
)


def by_fastavro(record: Any) -> bytes:
    out = io.BytesIO()
    schemaless_writer(out, own_schema(type(record).__name__), avro_dict(record))
    return out.getvalue()


def written(record: Any) -> bytes:
    write = writer_of(own_schema(type(record).__name__))
    assert write is not None
    out = bytearray()
    write(record, out)
    return bytes(out)


def test_links_are_plain_and_changes_are_not() -> None:
    """What has a content, or may be null, is left to the library."""
    plain = {name for name in SUBJECTS if writer_of(own_schema(name))}

    assert {"RecordLink", "Receipt"} <= plain
    assert plain.isdisjoint({"RecordChange", "ViewEntry", "IdentityRequest"})


@pytest.mark.parametrize("name", [name for name in SUBJECTS if writer_of(own_schema(name))])
def test_same_bytes(a_record: Any, name: str) -> None:
    """The bytes are those of the library."""

    @_SETTINGS
    @given(a_record(name))
    def alike(record: Any) -> None:
        assert by_fastavro(record) == written(record)

    alike()


def test_long_texts_and_lists() -> None:
    """Lengths of several bytes are written as the library writes them."""
    assert by_fastavro(LINK) == written(LINK)


@pytest.mark.parametrize(
    "more",
    [
        {"version": 2**63},
        {"version": -(2**63) - 1},
        {"version": None},
        {"version": "1"},
        {"version": 1.5},
        {"number": None},
        {"number": "\ud800"},
        {"reasons": (1,)},
        {"reasons": None},
        {"evidence": ("x",)},
        {"evidence": (replace(EVIDENCE, weight=2**63),)},
        {"evidence": None},
    ],
)
def test_what_does_not_fit(codec: Codec, more: dict[str, Any]) -> None:
    """A wrong value is refused when it is written, and not repeated."""
    with pytest.raises(ValueError, match="RecordLink does not fit its schema"):
        codec.encode(replace(LINK, **more))
