"""What was typed becomes a search, or a sentence that says what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn_consumers.web.search import Criteria, Incomplete, Typed, criteria


def test_spaces_in_a_health_number_are_tolerated() -> None:
    """A number is found as it is printed on the card."""
    assert criteria(Typed(nam=" tree 8254\u00a00415 ")).number == "TREE82540415"


def test_accents_and_case_do_not_decide() -> None:
    """A name is looked up by the beginnings of its bare words."""
    assert criteria(Typed(name="ÉLOÏSE trembl")).prefixes == ("eloise", "trembl")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (Typed(), "nam"),
        (Typed(name="é"), "name"),
        (Typed(nam="AB"), "nam"),
        (Typed(nam="ABCD' OR 1=1"), "nam"),
        (Typed(name="roy", birth="hier"), "birth"),
    ],
)
def test_too_little_is_said(typed: Typed, field: str) -> None:
    """The field at fault is named, so that the page can point at it."""
    with pytest.raises(Incomplete) as raised:
        criteria(typed)

    assert raised.value.field == field


@given(st.text(), st.text(), st.text())
def test_nothing_typed_breaks_it(nam: str, name: str, birth: str) -> None:
    """Whatever is typed is a search without NUL, or an answer; nothing else is raised."""
    try:
        found = criteria(Typed(nam=nam, name=name, birth=birth))
    except Incomplete:
        return

    assert isinstance(found, Criteria)
    assert "\x00" not in "".join((found.number, *found.prefixes, found.birth))
