"""Every reason has a class, and every class says whose it is and what to do."""

from __future__ import annotations

from pathlib import Path

from dsn_consumers.quarantine.classes import CLASS_OF, CLASSES, CONTENT, MISTAKE, class_of

ROOT = Path(__file__).parents[3]


def test_every_listed_reason_is_one_that_somebody_gives() -> None:
    """A word that no mapper and no stage says would classify nothing."""
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("producers", "streams", "consumers")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sql") and path.name != "classes.py"
    ]
    for reason in CLASS_OF:
        assert any(f'"{reason}"' in text or f"'{reason}'" in text for text in texts), reason


def test_other_reasons_are_about_content_at_the_edge_and_mistakes_behind() -> None:
    """A new reason is never without an owner."""
    assert class_of("something-new", "edge") is CONTENT
    assert class_of("something-new", "store") is MISTAKE


def test_every_class_says_what_to_do_in_two_languages() -> None:
    """And no two have one name."""
    assert len({kind.name for kind in CLASSES}) == len(CLASSES)
    for kind in CLASSES:
        for words in (kind.words, kind.next_step):
            assert words.fr and words.en and words.fr != words.en
