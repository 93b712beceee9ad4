"""People with a story: what is particular of each, by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What is particular of one person; the rest is drawn."""

    key: str
    family: str
    given: str
    sex: str
    born: str
    usual: str = ""
    sequence: str = "1"
    marker: str = ""
    married: str = ""
    language: str = "fr"
    birth_order: int = 0
    insured: bool = True
    #: Surname and given name, where the story needs this mother.
    mother: tuple[str, str] | None = None


_NGUYEN = ("Phạm", "Thu Hà")
_COTE = ("Fortin", "Marie-Soleil")

#: People with a story; what happens to them is told in ``registrations`` and ``journeys``.
CAST = (
    Role(
        key="therese", family="Bélanger", given="Thérèse", sex="F", born="1948-03-14",
        married="Ouellet",
    ),
    Role(
        key="lea", family="Côté-Fortin", given="Léa", sex="F", born="2019-05-02",
        birth_order=1, mother=_COTE,
    ),
    Role(
        key="leanne", family="Côté-Fortin", given="Léanne", sex="F", born="2019-05-02",
        sequence="2", birth_order=2, mother=_COTE,
    ),
    Role(key="melanie", family="Simard", given="Mélanie", sex="F", born="1994-08-21"),
    Role(
        key="rosalie", family="Simard-Pelletier", given="Rosalie", sex="F", born="2026-09-09",
        mother=("Simard", "Mélanie"),
    ),
    Role(
        key="garcon", family="Lavoie", given="Garçon", sex="M", born="2026-10-27",
        insured=False, mother=("Lavoie", "Joannie"),
    ),
    Role(key="karine", family="Bouchard", given="Karine", sex="F", born="1990-01-30"),
    Role(
        key="nathan", family="Bouchard", given="Nathan", sex="M", born="2026-02-11",
        insured=False, mother=("Bouchard", "Karine"),
    ),
    Role(
        key="visitor", family="Müller", given="Hans-Jürgen", sex="M", born="1966-11-05",
        insured=False, language="de",
    ),
    Role(
        key="lucassie", family="Annahatak", given="Lucassie", sex="M", born="1979-12-01",
        language="iu",
    ),
    Role(
        key="wideline", family="Jean-Baptiste", given="Wideline", sex="F", born="1985-07-19",
        language="ht",
    ),
    Role(
        key="chau", family="Nguyễn", given="Minh Châu", sex="F", born="1992-02-29",
        language="vi", mother=_NGUYEN,
    ),
    Role(key="jean-1", family="Tremblay", given="Jean", sex="M", born="1961-06-24"),
    Role(
        key="jean-2", family="Tremblay", given="Jean", sex="M", born="1961-06-24", sequence="2"
    ),
    Role(
        key="sacha", family="Lavoie", given="Sacha", sex="F", born="1999-04-17", marker="X"
    ),
    Role(
        key="durantaye", family="De La Durantaye", given="Anne", sex="F", born="1957-09-03"
    ),
    Role(key="damours", family="D'Amours", given="Marc", sex="M", born="1971-03-28"),
    Role(
        key="oneil", family="O'Neil", given="Liam", sex="M", born="2004-10-10", language="en"
    ),
    Role(
        key="mcdonald", family="McDonald", given="Heather", sex="F", born="1950-05-06",
        language="en",
    ),
    Role(key="saint", family="Saint-Pierre", given="Julie", sex="F", born="1982-12-12"),
    Role(key="sainte", family="Ste-Marie", given="Réginald", sex="M", born="1939-02-02"),
    Role(
        key="jean-pierre", family="Lecœur", given="Jean-Pierre", sex="M", born="1944-04-04"
    ),
    Role(
        key="normand", family="Gagnon", given="Joseph Réal Normand", usual="Normand", sex="M",
        born="1936-01-22",
    ),
    Role(
        key="compound", family="Tremblay-Gagnon", given="Marie-Josée", sex="F",
        born="1988-11-11",
    ),
    Role(
        key="letter", family="Roy", given="Michel", sex="M", born="1955-07-07", sequence="A"
    ),
    Role(key="typo", family="Bédard", given="Ghislain", sex="M", born="1963-08-15"),
    Role(key="swapped", family="Deschênes", given="Odette", sex="F", born="1952-06-09"),
)  # fmt: skip
