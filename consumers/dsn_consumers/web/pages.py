"""Templates and what they may call. Every page is produced here, so every page looks alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from dsn_consumers.bilingual import Words as Said
from dsn_consumers.web.dates import age_words, instant_words, span_words
from dsn_consumers.web.labels import LABELS, Label, Language


class Pages:
    """Renders the templates of this package."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FunctionLoader(_template),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"instant": instant_words, "age": age_words}
        self._environment.filters |= {"css": css_string, "span": span_words}

    def render(
        self, name: str, language: Language, now: datetime, path: str, values: Mapping[str, object]
    ) -> str:
        """A whole page; ``path`` is where the language switch leads back to."""
        words = Words(language)
        return self._environment.get_template(name).render(
            t=words.label,
            w=words.both,
            plain=words.plain,
            lang=language,
            query="" if language == "fr" else "?lang=en",
            now=now,
            path=path,
            **values,
        )


class Words:
    """Labels in two languages, the reader's first."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def label(self, key: str, **values: object) -> Markup:
        """A label of the table, in both languages."""
        return self.both(LABELS[key].with_values(**values))

    def both(self, label: Label | Said) -> Markup:
        """Both languages, the second one quieter; once where one says it all."""
        if label.once or label.fr == label.en:
            return escape(self._of(label, self._language))
        other: Language = "en" if self._language == "fr" else "fr"
        first, second = self._of(label, self._language), self._of(label, other)
        return Markup('<span lang="{}">{}</span> <span class="second" lang="{}">{}</span>').format(
            self._language, first, other, second
        )

    def plain(self, label: Label | str) -> str:
        """The reader's language only, for attributes and titles."""
        return self._of(LABELS[label] if isinstance(label, str) else label, self._language)

    @staticmethod
    def _of(label: Label | Said, language: Language) -> str:
        return label.fr if language == "fr" else label.en


def css_string(text: str) -> Markup:
    """A text as a CSS string: every character but letters, digits and spaces as its code (a space ends it).

    So nothing in it can end the string, the rule or the style element.
    """
    escaped = re.sub(r"[^A-Za-z0-9 ]", lambda found: f"\\{ord(found[0]):06x} ", text)
    return Markup('"{}"').format(Markup(escaped))


def _template(name: str) -> str:
    return (files("dsn_consumers.web") / "templates" / name).read_text(encoding="utf-8")
