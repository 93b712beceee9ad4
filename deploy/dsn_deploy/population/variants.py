"""One name, written by different people: what is right in more than one way.

These are no errors. Hyphens come and go, articles are joined, names are transliterated, family names
come first, one of two surnames is left out. Which of it occurs depends on where a name comes from.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from random import Random

from dsn_deploy.population.communities import Manner

#: Surname and given names as one record has them.
Written = tuple[str, tuple[str, ...]]

#: Share of names that are written in another way than the usual one.
_VARIED = {
    Manner.FRENCH: 0.05,
    Manner.PLAIN: 0.03,
    Manner.HAITIAN: 0.15,
    Manner.ARABIC: 0.22,
    Manner.VIETNAMESE: 0.35,
    Manner.CHINESE: 0.30,
    Manner.HISPANIC: 0.25,
    Manner.SOUTH_ASIAN: 0.12,
    Manner.INUIT: 0.18,
    Manner.FIRST_NATIONS: 0.14,
}

#: Other spellings of whole names.
_SPELLINGS = {
    "Mohammed": ("Mohamed", "Mohamad", "Muhammad", "Mohammad", "Med"),
    "Mohammad": ("Mohammed", "Muhammad", "Mohd"),
    "Muhammad": ("Mohammad", "Mohammed"),
    "Ahmed": ("Ahmad", "Ahmet"),
    "Youssef": ("Yousef", "Yusuf", "Joseph", "Youcef"),
    "Hussein": ("Hussain", "Houssein", "Husain"),
    "Khaled": ("Khalid", "Kaled"),
    "Mustapha": ("Mustafa", "Moustafa", "Moustapha"),
    "Rachid": ("Rashid", "Rachide"),
    "Said": ("Saïd", "Sayed"),
    "Fatima": ("Fatma", "Fatimah", "Fathima"),
    "Fatima Zahra": ("Fatima-Zahra", "Fatimazahra", "Fatima Ezzahra", "Fatima"),
    "Aicha": ("Aïcha", "Aisha", "Ayesha"),
    "Meriem": ("Mariam", "Meryem", "Myriam"),
    "Abdel Rahman": ("Abderrahmane", "Abdelrahman", "Abdul Rahman", "Abdurrahman"),
    "Abdelkader": ("Abdel Kader", "Abdelkadir", "Abdulkader"),
    "Abdelaziz": ("Abdel Aziz", "Abdulaziz"),
    "Noureddine": ("Nour Eddine", "Nureddin"),
    "Bouzid": ("Bou Zid", "Buzid"),
    "Khoury": ("Khouri", "Koury", "Khury"),
    "Slimani": ("Slimane", "Sulaimani"),
    "Youssef Ali": ("Yousef Ali",),
    "Elisapi": ("Elisapie", "Elisapee", "Elizabeth", "Ilisapi"),
    "Siasi": ("Siasie", "Sheeasi", "Jessie"),
    "Lukasi": ("Lucassie", "Lukasie", "Lucasi"),
    "Juani": ("Johnny", "Juanie", "Joanie"),
    "Jusipi": ("Josepi", "Joseph", "Jusipie"),
    "Paulusi": ("Paulusie", "Paulussie"),
    "Qumaluk": ("Kumaluk", "Qumaaluk"),
    "Ningiuruvik": ("Ningeoruvik", "Ningiurvik"),
    "Weetaluktuk": ("Uitaluktuk", "Weetaluktuq"),
    "Qinuajuak": ("Kenuajuak", "Qinuajuaq"),
    "Aani": ("Annie", "Aanie"),
    "Maaki": ("Maggie", "Makie"),
    "Mestokosho": ("Mistokosho", "Mestokusho"),
    "Coon Come": ("Cooncome", "Coon-Come", "Coon"),
    "Néwashish": ("Newashish", "Niwashish"),
    "Pien": ("Pierre",),
    "Shimun": ("Simon", "Shimon"),
    "Konwatsi'tsaiénni": ("Konwatsitsaienni", "Konwatsi tsaienni"),
    "Kanen'tó:kon": ("Kanentokon", "Kanen'to:kon"),
    "Tekaronhió:ken": ("Tekaronhioken", "Tekaronhio:ken"),
    "Jean": ("Jan",),
    "Marie": ("Mari", "Mary"),
    "Joseph": ("Jozèf", "José"),
    "Désir": ("Desir", "Dezir"),
    "Catherine": ("Cathy", "Katherine", "Catherine-Anne"),
    "Geneviève": ("Geneviéve", "Ginny"),
    "Stéphanie": ("Stephany", "Steph"),
    "Alexandre": ("Alex", "Alexander"),
    "Maxime": ("Max", "Maxim"),
    "Frédéric": ("Fred", "Frederick"),
    "Mathieu": ("Matthieu", "Mathieux", "Matt"),
    "Michael": ("Mike", "Michel", "Micheal"),
    "Michaël": ("Mickael", "Mike"),
    "Robert": ("Bob", "Bobby"),
    "William": ("Bill", "Will", "Willie"),
    "Elizabeth": ("Liz", "Betty", "Elisabeth"),
    "Giuseppe": ("Joseph", "Joe"),
    "Antonio": ("Tony", "Antoine"),
    "Zachary": ("Zacharie", "Zackary", "Zach"),
}

#: Articles and prefixes that are joined, hyphenated, changed or dropped.
_ARTICLES = ("Ben ", "El ", "Al ", "Abou ", "Abi ", "Hadj ")


def varied(family: str, given: str, manner: Manner, random: Random) -> Written:
    """Surname and given names in one of the ways in which they are written."""
    if random.random() >= _VARIED[manner]:
        return family, _parts(given, manner)
    chance = random.random()
    match manner:
        case Manner.ARABIC:
            return _arabic(family, given, chance, random)
        case Manner.VIETNAMESE | Manner.CHINESE:
            return _family_first(family, given, chance)
        case Manner.HISPANIC:
            return (family.split()[-1] if chance < 0.15 else family.split()[0]), (given,)
        case Manner.SOUTH_ASIAN:
            middle = "Kaur" if chance < 0.3 else "Singh"
            return (family, (given, middle)) if chance < 0.7 else (middle, (given, family))
        case Manner.HAITIAN if chance < 0.25:
            return given, (family,)
        case _:
            return _joined(family, given, chance, random)


@lru_cache(maxsize=1 << 16)
def plain(name: str) -> str:
    """Capitals without accents, as old systems have them."""
    parted = unicodedata.normalize("NFD", name)
    return "".join(c for c in parted if not unicodedata.combining(c)).upper()


def _parts(given: str, manner: Manner) -> tuple[str, ...]:
    """Given names as a list where a community has several."""
    if manner in (Manner.VIETNAMESE, Manner.HISPANIC):
        return tuple(given.split(" "))
    return (given,)


def _arabic(family: str, given: str, chance: float, random: Random) -> Written:
    for article in _ARTICLES:
        if chance < 0.5 and family.startswith(article):
            rest = family[len(article) :]
            joined = (article.strip() + rest.lower(), f"{article.strip()}-{rest}", rest)
            family = joined[int(random.random() * 3)]
            break
    if chance > 0.9:
        return given, (family,)
    return _spelled(family, random), (_spelled(given, random),)


def _family_first(family: str, given: str, chance: float) -> Written:
    """Nguyen Thi Minh Anh: the order, the middle name, and the spaces vary."""
    parts = given.split(" ")
    if chance < 0.25:
        return given, (family,)  # order as at home, taken for the one here
    if chance < 0.45:
        return parts[-1], (family, *parts[:-1])
    if chance < 0.70:
        return family, (parts[-1],)  # no middle name
    if chance < 0.85:
        return family, ("".join(parts).capitalize(),)
    return f"{family} {parts[0]}", tuple(parts[1:] or parts)


def _joined(family: str, given: str, chance: float, random: Random) -> Written:
    """Hyphens, Saint and Ste, halves of a double surname or given name, other spellings."""
    if chance < 0.35:
        if family.startswith("Saint-"):
            return "St" + family[5 if random.random() < 0.5 else 6 :].replace("--", "-"), (given,)
        if family.startswith("St-"):
            return ("Saint-" if random.random() < 0.6 else "St ") + family[3:], (given,)
        if "-" in family:
            first, _, second = family.partition("-")
            ways = (f"{first} {second}", first, second, f"{first}{second.lower()}")
            return ways[int(random.random() * 4)], (given,)
        if "'" in family:
            return family.replace("'", "" if random.random() < 0.5 else " "), (given,)
        return family.replace(" ", ""), (given,)
    if chance < 0.7 and "-" in given:
        first, _, second = given.partition("-")
        ways = (first, f"{first} {second}", f"{first[0]}-{second}", first + second.lower())
        return family, (ways[int(random.random() * 4)],)
    return _spelled(family, random), (_spelled(given, random),)


def _spelled(name: str, random: Random) -> str:
    """Another spelling where one is known."""
    spellings = _SPELLINGS.get(name)
    return spellings[int(random.random() * len(spellings))] if spellings else name
