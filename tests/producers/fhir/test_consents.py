"""Consent → directives, restrictions, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from dsn_producers.mapping import Unmappable
from dsn_schemas.records import Actor, Directive, Restriction

PRIVACY = {"coding": [{"code": "patient-privacy"}]}
OPT_OUT = {"coding": [{"code": "OPTOUT"}]}


def consent(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Consent", "status": "active", "scope": PRIVACY, **more}


def test_level_of_care(item: Any) -> None:
    """An advance directive is a directive: its kind, its choice, its dates."""
    found = item(
        consent(
            scope={"coding": [{"code": "adr"}]},
            category=[{"coding": [{"system": "http://loinc.org", "code": "75320-2"}]}],
            dateTime="2024-05-01",
            provision={"code": [{"text": "NIM C"}], "period": {"end": "2026"}},
        )
    )

    assert (found.section, found.entry) == ("directives", "http://loinc.org|75320-2")
    assert isinstance(found.content, Directive)
    assert found.content.value is not None and found.content.value.text == "NIM C"
    assert (found.content.effective, found.content.expires) == ("2024-05-01", "2026")


def test_restriction_of_a_provider(item: Any) -> None:
    """A denied provider and sections make a restriction (s. 7)."""
    rule = {
        "type": "deny",
        "actor": [
            {"reference": {"reference": "Practitioner/d", "display": "Dre Roy"}},
            {"role": {"text": "pharmacien"}},
        ],
        "class": [{"code": "Observation"}, {"code": "MedicationRequest"}],
        "data": [{"reference": {"reference": "Procedure/9"}}],
    }
    found = item(consent(dateTime="2024-05-01", provision={"provision": [rule]}))

    assert found.section == "restrictions"
    assert found.content == Restriction(
        kind="restriction",
        barred=(Actor(name="Dre Roy"),),
        barred_categories=("pharmacien",),
        sections=("results", "medications"),
        items=("hsc-fhir/Procedure/9",),
        signed_at="2024-05-01",
        start="2024-05-01",
    )


def test_refusal_of_the_whole_chart(item: Any) -> None:
    """Opting out without a limit is a refusal (s. 8)."""
    assert item(consent(policyRule=OPT_OUT)).content == Restriction(kind="refusal")


def test_consent_that_permits(items: Any) -> None:
    """A consent that only permits is no item."""
    permit = consent(patient={"reference": "Patient/p"}, provision={"type": "permit"})

    with pytest.raises(Unmappable, match="nothing-to-map"):
        items(permit)


@pytest.mark.parametrize(
    "more",
    [
        {"policyRule": OPT_OUT, "provision": {"provision": [{"type": "permit"}]}},
        {"provision": {"provision": [{"type": "deny"}, {"type": "deny"}]}},
        {"provision": {"type": "deny", "purpose": [{"code": "HMARKT"}]}},
        {"provision": {"type": "deny", "securityLabel": [{"code": "PSY"}]}},
        {"provision": {"type": "deny", "dataPeriod": {"start": "2015"}}},
        {"provision": {"type": "deny", "code": [{"text": "x"}]}},
        {"provision": {"type": "deny", "class": [{"code": "Slot"}]}},
        {"provision": {"type": "deny", "data": [{"reference": {"reference": "#x"}}]}},
        {"provision": {"type": "deny", "action": [{"coding": [{"code": "correct"}]}]}},
        {"provision": {"provision": [{"type": "permit", "provision": [{"type": "deny"}]}]}},
    ],
)
def test_restriction_that_cannot_be_said(item: Any, more: dict[str, Any]) -> None:
    """A restriction that would become wider or narrower than meant is set aside."""
    with pytest.raises(Unmappable, match="consent-not-representable"):
        item(consent(**more))
