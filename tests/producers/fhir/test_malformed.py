"""Messages that cannot be mapped: each is refused with its reason and place, and no value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dsn_producers.fhir import map_bundle
from dsn_producers.mapping import Unmappable
from dsn_producers.sources import Source

PATIENT = '{"resourceType":"Patient","id":"p"%s}'
ENTRY = '{"resourceType":"Bundle","type":"transaction","entry":[%s]}'


def nested(levels: int) -> str:
    text = PATIENT % ""
    for _ in range(levels):
        text = ENTRY % f'{{"resource":{text}}}'
    return text


@pytest.mark.parametrize(
    ("data", "reason", "where"),
    [
        (b"", "malformed-json", ""),
        (b"\x0bMSH|^~\\&|", "malformed-json", "byte 0"),
        (b"[]", "invalid-resource", ""),
        (b"{}", "not-fhir", ""),
        (b'{"resourceType":7}', "invalid-resource", ".resourceType"),
        (b'{"resourceType":"Patient","x":NaN}', "malformed-json", "byte"),
        (b'{"resourceType":"Patient","x":"\xe9"}', "invalid-utf8", "byte 31"),
        (PATIENT % r',"gender":"\u0000"', "nul-character", ""),
        (PATIENT % ',"gender":"\0"', "malformed-json", ""),
        (PATIENT % r',"gender":"\ud800"', "malformed-json", ""),
        (PATIENT % r',"gender":"\udc00abcdef"', "malformed-json", ""),
        (PATIENT % r',"gender":"\ud800abcdefgh"', "malformed-json", ""),
        (PATIENT % (',"x":' + "[" * 100_000), "too-deep", ""),
        (PATIENT % (',"contact":' + '[{"a":' * 100_000), "too-deep", ""),
        (nested(4), "too-deep", "entry[0].resource.entry[0]"),
        (PATIENT % ',"birthDate":"12/31/1954"', "invalid-resource", "resource.birthDate: not a"),
        (PATIENT % ',"birthDate":"1954-12-31\\n"', "invalid-resource", "resource.birthDate"),
        (PATIENT % ',"name":[{"family":["Roy"]}]', "invalid-resource", "resource.name[0].family"),
        (
            PATIENT % ',"multipleBirthInteger":2147483648',
            "invalid-resource",
            "multipleBirthInteger",
        ),
        (
            PATIENT % ',"modifierExtension":[{"url":"u"}]',
            "modifier-extension",
            "resource (Patient)",
        ),
        (ENTRY % "7", "invalid-resource", ".entry[0]"),
        (ENTRY % '{"resource":7}', "invalid-resource", "entry[0].resource"),
        (ENTRY % '{"resource":{"id":"1"}}', "not-fhir", "entry[0].resource"),
        (ENTRY % '{"request":{"method":"PUT","url":"x"}}', "missing-resource", "entry[0]"),
        (
            ENTRY % '{"resource":{"resourceType":"Parameters"},"request":{"method":"PATCH"}}',
            "patch-not-supported",
            "entry[0].request.method",
        ),
        (
            ENTRY % '{"resource":{"resourceType":"Observation","code":{}}}',
            "invalid-resource",
            "entry[0].resource: Object missing required field `status`",
        ),
        ('{"resourceType":"Bundle","type":"batch-response"}', "unsupported-bundle-type", "Bundle"),
        ('{"resourceType":"Bundle","type":"batch"}', "nothing-to-map", ""),
        ('{"resourceType":"Practitioner","id":"1"}', "nothing-to-map", ""),
    ],
)
def test_refusals(source: Source, data: str | bytes, reason: str, where: str) -> None:
    """Each kind of unusable message has its own reason, and says where."""
    with pytest.raises(Unmappable) as refusal:
        map_bundle(data if isinstance(data, bytes) else data.encode(), source, 0)

    assert refusal.value.reason == reason
    assert where in refusal.value.detail
    assert refusal.value.refusal == ("AR" if reason in _AT_FAULT else "AE")


_AT_FAULT = {"malformed-json", "invalid-utf8", "too-deep"}


def observation(value: str) -> bytes:
    return (
        '{"resourceType":"Observation","id":"o","status":"final","code":{},'
        f'"subject":{{"reference":"Patient/p"}},"valueQuantity":{{"value":{value}}}}}'
    ).encode()


@pytest.mark.parametrize("value", ['"5"', "true", "[5]", "{}"])
def test_amount_that_is_no_number(source: Source, value: str) -> None:
    """An amount is a JSON number and nothing that looks like one."""
    with pytest.raises(Unmappable, match="not a JSON number"):
        map_bundle(observation(value), source, 0)


def attached(data: str, mime_type: str = "text/plain") -> bytes:
    return json.dumps(
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "id": "d",
            "subject": {"reference": "Patient/p"},
            "content": [{"attachment": {"contentType": mime_type, "data": data}}],
        }
    ).encode()


@pytest.mark.parametrize(
    ("data", "mime_type", "reason"),
    [
        ("é", "text/plain", "invalid-attachment"),
        ("abc", "text/plain", "invalid-attachment"),
        ("6Q==", "text/plain", "invalid-attachment"),
        ("+2AA-", "text/plain; charset=utf-7", "invalid-attachment"),
        ("AAAA", "text/plain; charset=none-such", "invalid-attachment"),
        ("YQBi", "text/plain", "nul-character"),
    ],
)
def test_attachments(source: Source, data: str, mime_type: str, reason: str) -> None:
    """A text that cannot be read as text is refused: half a letter must not look like a letter."""
    with pytest.raises(Unmappable) as refusal:
        map_bundle(attached(data, mime_type), source, 0)

    assert refusal.value.reason == reason


def test_one_bad_resource_sets_the_message_aside(items: Any) -> None:
    """All of a message or nothing; the refusal names the message it refuses."""
    with pytest.raises(Unmappable) as refusal:
        items({"resourceType": "Patient", "id": "p"}, {"resourceType": "Flag", "id": "f"})

    assert refusal.value.message_id == "b-1"
    assert refusal.value.detail.startswith("entry[1].resource")


def test_byte_order_mark_and_escaped_backslash(source: Source) -> None:
    """A byte order mark is no part of the text, and a backslash before u0000 is no NUL."""
    text = "\ufeff" + PATIENT % r',"gender":"\\u0000"'

    assert len(map_bundle(text.encode(), source, 0).items) == 1


def test_null_is_as_good_as_absent(items: Any) -> None:
    """Senders write null for what they lack; it is read as absent."""
    (found,) = items({"resourceType": "Patient", "id": "p", "name": None, "birthDate": None})

    assert (found.content.names, found.content.birth_date) == ((), "")
