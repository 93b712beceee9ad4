"""``dsn bench stream``: every part is measured, and a view that is wrong is no result."""

from __future__ import annotations

import pytest

from dsn_deploy.bench import stream
from dsn_deploy.bench.figures import BenchError
from dsn_deploy.bench.stream_input import Expected, fill
from dsn_deploy.stack import EmbeddedStack
from dsn_schemas.settings import Settings

PARTS = {
    "fetch", "decode", "state get", "merge", "encode", "produce", "flush",
    "state put", "client and database threads",
}  # fmt: skip


def silent(_: str) -> None:
    """Says nothing."""


def test_a_small_load_is_merged_compared_and_restored() -> None:
    """Everything asked is merged once, each part has its figure, the state comes back."""
    figures = stream.run(stream.Asked(changes=2_000, people=100), silent)

    parts = figures["parts"]
    assert isinstance(parts, dict)
    assert set(parts) == PARTS
    assert figures["changes"] == 2_000
    assert 0 < int(str(figures["entries"])) < int(str(figures["news"])) < 2_000
    for name in ("changes_per_s", "cpu_us_per_change", "rss_mb", "state_mb", "restore_keys_per_s"):
        assert float(str(figures[name])) > 0


def test_a_view_that_is_not_the_fold_is_an_error(
    monkeypatch: pytest.MonkeyPatch, stack: EmbeddedStack
) -> None:
    """An empty view against a fold with entries is refused."""
    monkeypatch.setattr(stream, "VIEW", "bench-stream-empty")
    expected = Expected(newest={("a" * 26, "allergies", "x"): 1})

    with pytest.raises(BenchError, match="0 entries in the view, 1 in the fold"):
        stream._compare(stack.settings, expected)


def test_the_fold_counts_news_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats and late changes are sent, and are no news."""
    sent: list[bytes] = []
    monkeypatch.setattr(
        "dsn_deploy.bench.stream_input._produce", lambda *args: sent.append(args[-1])
    )
    monkeypatch.setattr(
        "dsn_deploy.bench.stream_input.Producer", lambda _: type("P", (), {"flush": lambda *_: 0})()
    )
    expected = fill(Settings(), 50, 1_000, 3, silent)

    assert len(sent) == 1_000
    assert len(expected.newest) < expected.news < 1_000
    assert len(set(sent)) < len(sent)
