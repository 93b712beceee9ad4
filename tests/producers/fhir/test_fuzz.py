"""Whatever arrives, the mapper answers with items or a reason, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn_producers.fhir import MAPPED_TYPES, map_bundle
from dsn_producers.mapping import Item, Unmappable
from dsn_producers.sources import Source
from dsn_schemas.contract import SUBJECTS, composed
from dsn_schemas.records import RecordChange
from dsn_schemas.wire import Codec, check_content, encode_content

#: What no refusal may repeat.
CANARY = "TremblayCanari"

SOURCE = Source(name="f", establishment="f", authority="F", authorities={"sys": "F"})


class OwnIds:
    """Schema ids by position, no registry."""

    def id_of(self, name: str) -> int:
        return SUBJECTS.index(name) + 1

    def schema_of(self, schema_id: int) -> Mapping[str, object]:
        return composed(SUBJECTS[schema_id - 1])


CODEC = Codec(OwnIds())

SUBJECT = {"reference": "Patient/p", "identifier": {"system": "sys", "value": "1"}}
CONCEPT = {"coding": [{"system": "s", "code": "c", "display": CANARY}], "text": CANARY}
AMOUNT = {"value": 1.5, "unit": "mg"}
PERIOD = {"start": "2024-01-02", "end": "2024-01-03T04:05:06Z"}
COMMON = {
    "id": "x",
    "status": "active",
    "intent": "order",
    "subject": SUBJECT,
    "patient": SUBJECT,
    "identifier": [{"system": "sys", "value": "1", "type": {"coding": [{"code": "FILL"}]}}],
    "code": CONCEPT,
    "vaccineCode": CONCEPT,
    "medicationCodeableConcept": CONCEPT,
    "medicationReference": {"reference": "Medication/m"},
    "category": [CONCEPT],
    "valueQuantity": AMOUNT,
    "valueInteger": 3,
    "component": [{"code": CONCEPT, "valueRange": {"low": AMOUNT}}],
    "referenceRange": [{"low": AMOUNT, "text": "x"}],
    "period": PERIOD,
    "effectivePeriod": PERIOD,
    "dosage": [{"text": "x", "doseAndRate": [{"doseQuantity": AMOUNT}]}],
    "content": [{"attachment": {"contentType": "text/plain", "data": "YQ==", "size": 1}}],
    "provision": {"type": "deny", "actor": [{"reference": {"display": CANARY}}]},
    "section": [{"code": {"coding": [{"code": "48765-2"}]}, "emptyReason": CONCEPT}],
    "item": [{"type": "source", "resource": SUBJECT}],
    "name": [{"family": CANARY, "given": [CANARY]}],
    "link": [{"other": {"reference": "Patient/q"}, "type": "replaces"}],
    "birthDate": "1954-12-28",
    "multipleBirthInteger": 1,
    "note": [{"text": CANARY}],
    "performer": [{"actor": SUBJECT}],
    "meta": {"lastUpdated": "2024-01-02T03:04:05Z", "tag": [{"code": "x"}]},
}
#: Elements that are a list in one resource and something else in another.
SHAPES: dict[str, dict[str, Any]] = {
    "MedicationAdministration": {"dosage": {"dose": AMOUNT}, "performer": [{"actor": SUBJECT}]},
    "Observation": {"performer": [SUBJECT]},
    "DiagnosticReport": {"performer": [SUBJECT]},
    "Consent": {"performer": [SUBJECT]},
    "AllergyIntolerance": {"category": ["food"]},
    "Procedure": {"category": CONCEPT},
}


def whole(kind: str) -> dict[str, Any]:
    """A resource with every element we read."""
    return {"resourceType": kind, **deepcopy(COMMON), **deepcopy(SHAPES.get(kind, {}))}


def mapped(data: bytes) -> tuple[Item, ...]:
    """The items, each fit for the journal; none when it was refused as it should be."""
    try:
        items = map_bundle(data, SOURCE, 5).items
    except Unmappable as refusal:
        assert CANARY not in str(refusal)
        assert refusal.reason and refusal.detail
        return ()
    for item in items:
        change = RecordChange(
            source=SOURCE.name,
            epoch=1,
            seq=1,
            previous=0,
            captured_at=5,
            **{name: getattr(item, name) for name in Item.__slots__},
        )
        assert CODEC.decode(CODEC.encode(change)) == change
        if item.content is not None:
            check_content(encode_content(item.content), item.section)
        assert item.number and item.item
    return items


@pytest.mark.parametrize("kind", sorted(MAPPED_TYPES))
def test_whole_resource_fits(kind: str) -> None:
    """The resource the fuzzing starts from is mapped, so the fuzzing is not idle."""
    assert mapped(json.dumps(whole(kind)).encode()) or kind in ("Composition", "Linkage")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(CANARY)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(
    ["", "2024", "Patient/p", "#x", "Patient?identifier=sys|1", "urn:uuid:1", "Group/1", "9" * 30]
)


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A good bundle in which one to three places hold something else."""
    kinds = draw(st.lists(st.sampled_from(sorted(MAPPED_TYPES)), min_size=1, max_size=3))
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": draw(st.sampled_from(["batch", "history", "document"])),
        "entry": [{"fullUrl": "http://h/Patient/p", "resource": whole(kind)} for kind in kinds],
    }
    for _ in range(draw(st.integers(1, 3))):
        spots = list(_spots(bundle["entry"]))
        place, key = draw(st.sampled_from(spots))
        place[key] = draw(anything | words)
    return bundle


def _spots(node: Any) -> Any:
    keys = range(len(node)) if isinstance(node, list) else list(node)
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _spots(node[key])


_SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@_SETTINGS
@given(spoiled())
def test_spoiled_bundles(bundle: Any) -> None:
    """A bundle with anything anywhere gives items that fit the journal, or a reason."""
    mapped(json.dumps(bundle).encode())


@_SETTINGS
@given(anything, st.booleans())
def test_any_json(value: Any, as_resource: bool) -> None:
    """Any JSON gives items or a reason."""
    if as_resource and isinstance(value, dict):
        value["resourceType"] = "Observation"
    mapped(json.dumps(value).encode())


@_SETTINGS
@given(st.binary() | st.tuples(st.integers(0, 2000), st.integers(0, 255)))
def test_any_bytes(given_: bytes | tuple[int, int]) -> None:
    """Any bytes, and any one wrong byte, give items or a reason."""
    if isinstance(given_, bytes):
        mapped(given_)
        return
    data = bytearray(json.dumps(whole("Observation")).encode())
    data[given_[0] % len(data)] = given_[1]
    mapped(bytes(data))
