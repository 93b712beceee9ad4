"""Writes ``sql/schema.sql``, the migrations one after the other, and the tables of docs/views.md.

.venv/bin/python tests/consumers/make_schema.py CONNINFO_OF_A_MIGRATED_DATABASE
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from consumers.test_database import DOCS, PACKAGE, columns

from dsn_consumers.database import migrations

MARK = (
    "<!-- The rest is made by tests/consumers/make_schema.py from the comments in the database. -->"
)


def main() -> None:
    head = (
        "-- The whole schema: every migration, in order. Made by tests/consumers/make_schema.py.\n"
    )
    whole = "\n".join(migration.text for migration in migrations())
    (PACKAGE / "sql" / "schema.sql").write_text(f"{head}\n{whole}")
    with psycopg.connect(sys.argv[1]) as connection:
        rows = columns(connection)
    lines = [DOCS.read_text().partition(MARK)[0].rstrip(), "", MARK]
    for table in sorted({table for table, *_ in rows if table.startswith("dsn.")}):
        said = {column: words for name, column, words in rows if name == table}
        lines += [
            "",
            f"### {table}",
            "",
            str(said.pop("")),
            "",
            "| column | what it says |",
            "|---|---|",
        ]
        lines += [
            f"| `{c}` | {str(words).replace('|', chr(92) + '|')} |" for c, words in said.items()
        ]
    DOCS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
