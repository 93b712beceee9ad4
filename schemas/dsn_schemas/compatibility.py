"""Can what we publish today still be read tomorrow?

``avro/released/<Record>/<version>.avsc`` holds every released version of every subject, composed,
for ever. Our version has to read each of them (``BACKWARD_TRANSITIVE``): journals are kept for
good, and a rebuild reads them from the first byte. A registry refuses the same changes, but only
once they are deployed; here they fail a test.

``python -m dsn_schemas.compatibility`` at a release writes a new version of each subject that
changed, and refuses one that could not read an older one.
"""

from __future__ import annotations

import json
from pathlib import Path

import avro.schema
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityType,
)

from dsn_schemas.contract import SUBJECTS, composed

#: Where the released versions lie.
RELEASED = Path(__file__).parent / "avro" / "released"


class Incompatible(ValueError):
    """A schema that cannot read what a released version wrote; says which, where and why."""


def released(name: str, folder: Path = RELEASED) -> dict[int, dict[str, object]]:
    """The released versions of a subject ("RecordChange"), the oldest first."""
    found = {
        int(path.stem): json.loads(path.read_text(encoding="utf-8"))
        for path in (folder / name).glob("*.avsc")
    }
    return dict(sorted(found.items()))


def obstacles(reader: object, writer: object) -> list[str]:
    """Why data of ``writer`` cannot be read with ``reader``; empty when it can."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call] # as published
    found = checker.get_compatibility(_parsed(reader), _parsed(writer))
    if found.compatibility is SchemaCompatibilityType.compatible:
        return []
    return sorted(found.messages) or ["the types differ"]


def check(name: str, schema: object, folder: Path = RELEASED) -> None:
    """See that ``schema`` reads every released version of ``name``. Raises ``Incompatible``."""
    _check_content_last(name, schema)
    for version, writer in released(name, folder).items():
        found = obstacles(schema, writer)
        if found:
            raise Incompatible(
                f"{name} cannot read its released version {version}: {'; '.join(found)}; give each"
                " new field a default, and take away no branch and no symbol"
            )


def release(folder: Path = RELEASED) -> list[str]:
    """Write a new version of each subject that changed; the names of the files.

    1. Check every subject: nothing is written when one is refused.
    2. Write those that differ from their newest version.

    Raises ``Incompatible``.
    """
    for name in SUBJECTS:
        check(name, composed(name), folder)
    written = []
    for name in SUBJECTS:
        versions = released(name, folder)
        newest = max(versions, default=0)
        if newest and versions[newest] == composed(name):
            continue
        path = folder / name / f"{newest + 1}.avsc"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(composed(name), ensure_ascii=False, indent=1)
        path.write_text(f"{text}\n", encoding="utf-8")
        written.append(f"{name}/{path.name}")
    return written


def _check_content_last(name: str, schema: object) -> None:
    """Stages read the head of a record and carry the rest unread: ``content`` has to be last."""
    fields = schema.get("fields", []) if isinstance(schema, dict) else []
    names = [field["name"] for field in fields]
    if "content" in names[:-1]:
        raise Incompatible(f"{name}: content has to stay the last field, stages splice it")


def _parsed(schema: object) -> avro.schema.Schema:
    return avro.schema.parse(json.dumps(schema))


if __name__ == "__main__":
    print("\n".join(release()) or "no subject changed")
