"""Requests as identify reads them, in part."""

from __future__ import annotations

import pytest

from dsn_schemas.contract import composed
from dsn_schemas.records import IdentityRequest, Receipt
from dsn_schemas.wire import FRAME_BYTES, Codec, UnreadableRecord, decode_content
from dsn_streams.identity.requests import Requests, demographics_of
from dsn_streams.matching.features import features_of
from dsn_streams.matching.weights import load
from support.histories import demographics
from support.world import FixedIds

REQUEST = IdentityRequest(
    authority="H",
    number="1",
    source="east",
    epoch=1,
    seq=300,
    first_captured_at=1_700_000_000_000,
    captured_at=1_700_000_000_001,
    section="demographics",
    op="upsert",
    item="patient",
    content=demographics(3, "Côté"),
)


class OlderId(FixedIds):
    """Another id of the registry's, for the same schema."""

    def schema_of(self, schema_id: int) -> dict[str, object]:
        return composed("IdentityRequest") if schema_id == 0x32 else super().schema_of(schema_id)


def test_a_request() -> None:
    """Every field of it is read, and what is compared of its demographics."""
    codec = Codec(FixedIds())
    said, content = Requests(codec).read(codec.encode(REQUEST))

    assert [getattr(REQUEST, name) for name in said.__struct_fields__] == [
        getattr(said, name) for name in said.__struct_fields__
    ]
    assert {*said.__struct_fields__, "content"} == set(IdentityRequest.__dataclass_fields__)
    assert decode_content(content) == REQUEST.content
    found = demographics_of(content)
    assert found is not None
    assert features_of(found, load()) == features_of(demographics(3, "Côté"), load())


def test_a_request_of_another_version() -> None:
    """What another version of the schema wrote is read through the codec, and is the same."""
    codec = Codec(OlderId())
    data = codec.encode(REQUEST)

    other = Requests(codec).read(b"\0\0\0\0\x32" + data[FRAME_BYTES:])

    assert other == Requests(codec).read(data)


def test_not_a_request() -> None:
    """Another record is a fault of ours; bytes that end too early are no record."""
    codec = Codec(FixedIds())
    requests = Requests(codec)
    with pytest.raises(TypeError, match="Receipt among the requests"):
        requests.read(codec.encode(Receipt(source="s", epoch=1, seq=1, at=1)))
    data = codec.encode(REQUEST)
    for length in range(len(data)):
        with pytest.raises(UnreadableRecord):
            demographics_of(requests.read(data[:length]).content)
