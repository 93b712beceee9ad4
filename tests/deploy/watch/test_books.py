"""How often the ledger is counted."""

from __future__ import annotations

from dsn_deploy.watch.books import Books


def test_a_count_that_takes_long_is_made_seldom() -> None:
    """Two in a hundred seconds, whatever it costs."""
    now, made = [0.0], []

    def count(conninfo: str) -> dict[str, int]:
        made.append(now[0])
        now[0] += 20
        return {"adt": len(made)}

    books = Books(count, lambda: now[0])
    seen = []
    while now[0] < 2500:
        seen.append(books.unexplained("db")["adt"])
        now[0] += 30

    assert made == [0.0, 1040.0, 2080.0]
    assert set(seen) == {1, 2, 3}
