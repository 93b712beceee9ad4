"""A small validator: what a screen reader, a keyboard and the content policy need of a page."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = frozenset(["meta", "link", "input", "br", "hr", "img", "path", "rect"])
_REFERENCES = ("aria-labelledby", "aria-describedby", "aria-errormessage", "for")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[str] = []
        self.headings: list[int] = []
        self.tags: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag not in _VOID:
            self._open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        for name in _REFERENCES:
            self.references += given.get(name, "").split()
        if given.get("href", "").startswith("#"):
            self.references.append(given["href"][1:])
        self._element(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def _element(self, tag: str, given: dict[str, str]) -> None:
        match tag:
            case "html" if given.get("lang") not in ("fr", "en"):
                self.problems.append("html has no language")
            case "th" if given.get("scope") not in ("row", "col"):
                self.problems.append("a th without scope")
            case "label":
                self.labelled.add(given.get("for", ""))
            case "input":
                self.inputs.append(given.get("id", ""))
            case "script" | "iframe" | "object" | "img":
                self.problems.append(f"a {tag}")
            case "h1" | "h2" | "h3" | "h4":
                self.headings.append(int(tag[1]))
        for name in given:
            if name == "style" or name.startswith("on"):
                self.problems.append(f"{tag} has {name}")


def problems(text: str) -> list[str]:
    """What is wrong with a page; nothing when all is well."""
    page = _Page()
    page.feed(text)
    page.close()
    found = [*page.problems]
    found += [f"id {name} twice" for name in set(page.ids) if page.ids.count(name) > 1]
    found += [f"nothing has the id {name}" for name in page.references if name not in page.ids]
    found += [f"input {name} has no label" for name in page.inputs if name not in page.labelled]
    found += [f"{n} {tag}" for tag in ("main", "h1", "title") if (n := page.tags.count(tag)) != 1]
    found += [f"{tag} left open" for tag in page._open]
    jumps = zip([0, *page.headings], page.headings, strict=False)
    found += [f"h{after} after h{before}" for before, after in jumps if after > before + 1]
    if not text.startswith("<!doctype html>"):
        found.append("no doctype")
    return found
