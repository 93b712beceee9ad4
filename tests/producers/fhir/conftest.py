"""A source with known authorities, and short ways to map what a test writes down."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dsn_producers.fhir import map_bundle
from dsn_producers.mapping import Item
from dsn_producers.sources import Source

#: Milliseconds; where a message has no time of its own.
CAPTURED_AT = 1_700_000_000_000

Json = dict[str, Any]


@pytest.fixture(scope="session")
def source() -> Source:
    """A hospital whose numbers arrive under an OID, beside another hospital's."""
    return Source(
        name="hsc-fhir",
        establishment="hsc",
        authority="HSC",
        authorities={
            "2.16.124.113635.1.1": "HSC",
            "http://hsc.example/mrn": "HSC",
            "http://mgh.example/mrn": "MGH",
        },
    )


@pytest.fixture(scope="session")
def items(source: Source) -> Callable[..., list[Item]]:
    """Items of a collection of resources; a dictionary with ``resource`` is a whole entry."""

    def mapped(*resources: Json, kind: str = "collection") -> list[Item]:
        entries = [r if "resource" in r or "request" in r else {"resource": r} for r in resources]
        bundle = {"resourceType": "Bundle", "type": kind, "id": "b-1", "entry": entries}
        data = json.dumps(bundle, ensure_ascii=False).encode()
        return list(map_bundle(data, source, CAPTURED_AT).items)

    return mapped


@pytest.fixture(scope="session")
def item(items: Callable[..., list[Item]]) -> Callable[..., Item]:
    """The one item of one resource of patient Patient/p, whatever else lies beside it."""

    def mapped(resource: Json, *beside: Json) -> Item:
        role = "patient" if resource["resourceType"] in _PATIENT else "subject"
        found = items({"id": "x", role: {"reference": "Patient/p"}, **resource}, *beside)
        own = [one for one in found if one.item == f"{resource['resourceType']}/x"]
        own = own or [one for one in found if one.item == "statement"]

        assert len(own) == 1

        return own[0]

    return mapped


_PATIENT = {"AllergyIntolerance", "Immunization", "Consent"}
