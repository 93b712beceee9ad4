"""A change as it should be; tests make theirs of it with ``dataclasses.replace``."""

from __future__ import annotations

from dsn_schemas.records import Alert, Concept, RecordChange

ALERT = RecordChange(
    source="adt",
    epoch=1,
    seq=2,
    previous=1,
    authority="H",
    number="1",
    section="alerts",
    item="a",
    entry="",
    op="upsert",
    status="active",
    occurred_at=1,
    captured_at=2,
    content=Alert(code=Concept(text="x")),
)
