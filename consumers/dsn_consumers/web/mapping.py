"""Rows as PostgreSQL gives them, made into the typed rows of ``rows``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dsn_consumers.web.dates import parse_instant
from dsn_consumers.web.rows import (
    ContributorRow,
    DisagreementRow,
    EntryRow,
    FoundRow,
    LedgerRow,
    RecordRow,
)

Row = Mapping[str, Any]


def record(row: Row) -> RecordRow:
    """A row of ``chart_records``."""
    return RecordRow(**row)


def entry(row: Row) -> EntryRow:
    """A row of ``chart_entries``."""
    return EntryRow(
        section=row["section"],
        entry=row["entry"],
        status=row["status"] or "",
        content_type=row["content_type"],
        content=row["content"],
        contributors=tuple(contributor(said) for said in row["contributors"] or ()),
        as_of=row["as_of"],
        conflict=tuple(row["conflict"] or ()),
        origins={o["field"]: tuple(o["contributors"]) for o in row["provenance"] or ()},
        disagreements=tuple(
            DisagreementRow(
                field=d["field"], value=d["value"], contributors=tuple(d["contributors"])
            )
            for d in row["disagreements"] or ()
        ),
    )


def contributor(said: Row) -> ContributorRow:
    """One element of ``contributors``."""
    return ContributorRow(
        source=said["source"],
        authority=said["authority"],
        number=said["number"],
        item=said["item"],
        epoch=int(said["epoch"]),
        seq=int(said["seq"]),
        op=said["op"],
        status=said["status"],
        occurred_at=parse_instant(str(said["occurred_at"])),
        captured_at=parse_instant(str(said["captured_at"])),
    )


def ledger(row: Row) -> LedgerRow:
    """A row of ``ledger``; sums come as numeric."""
    return LedgerRow(
        source=row["source"], **{k: int(v or 0) for k, v in row.items() if k != "source"}
    )


def found(row: Row) -> FoundRow:
    """A row of ``search_people``."""
    return FoundRow(
        person=row["person_id"],
        demographics=row["demographics"],
        records=row["records"],
        authorities=tuple(row["authorities"]),
    )
