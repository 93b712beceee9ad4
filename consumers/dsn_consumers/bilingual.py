"""Words for people, in French and in English beside it, where no page is near. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Words:
    """The same said twice."""

    fr: str
    en: str
    #: A page shows both languages.
    once: ClassVar[bool] = False

    def both(self) -> dict[str, str]:
        """By language, for scripts."""
        return {"fr": self.fr, "en": self.en}
