"""Which records meet: each emits a few keys, and two records with a key in common are compared.

Every key joins two facts, so that none is long: the largest block stays in the tens at two
million records. What would make a block long (INCONNU, 1900-01-01, a hospital's telephone) is no
feature to begin with. A key that is shared by more than `BLOCK_RECORDS_MAX` records all the same
counts for none of them, not even those that came first: a cap at look-up time would make groups
depend on arrival.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from dsn_streams.matching.features import Features
from dsn_streams.matching.fold import PARTICLES
from dsn_streams.matching.phonetic import sound

#: Strangers who meet by chance over a hash are compared, found different, and cost a comparison: one
#: in 600 records at 40 M.
KEY_BYTES = 5

#: A key that more records share brings nobody together: that many are a test patient or a number
#: that stands for none, and never one person (``grouping.GROUP_RECORDS_MAX``).
BLOCK_RECORDS_MAX = 64

#: Two surnames, or the given names of a compound one, and no more.
_WORDS_MAX = 3


def keys_of(features: Features) -> tuple[bytes, ...]:
    """The blocking keys, each once, sorted.

    1. A number: of health, personal, or local within its authority.
    2. The sound of a name and the birth date; a given name and a surname alike, so that inverted
       names meet.
    3. The sounds of given name and surname, and the year: another month or day. (A key of month and
       day for a wrong year found nothing more in 10,000 synthetic people: key 4 finds those.)
    4. The sounds of the whole name and the postal code: another year, or none. (With the given name
       alone nine in ten pairs that met were strangers who met over nothing else. The sound of a given
       name and the telephone: of 342 pairs that met over nothing else in 10,000 synthetic people two
       were one person, and none could be joined.) An electronic address.
    5. The mother's name or the postal code, and the birth date: a newborn without a name, a
       changed one, a name that two sites spell past recognition.
    6. Without a full birth date, the sounds of the whole name: nothing else brings them together.
    """
    born = features.born
    families = _sounds(features.families)
    givens = _sounds(features.givens)
    found = [f"n{number}" for number in features.trusted + features.claimed]
    found += [f"i{number}" for number in features.personal + features.local]
    first = givens if len(givens) == 1 else _firsts(features.givens)
    pairs = [f"{x}+{y}" if x <= y else f"{y}+{x}" for x in families for y in first]
    if len(born) == 8:
        found += [f"d{born}{word}" for word in {*families, *givens}]
        found += [f"b{born}{code}" for code in features.postal]
        if features.mother:
            found.append(f"p{born}{features.mother}")
    else:
        found += [f"w{pair}" for pair in pairs]
    if born:
        found += [f"y{born[:4]}{pair}" for pair in pairs]
    found += [f"e{address}" for address in features.emails]
    found += [f"c{code}{pair}" for pair in pairs for code in features.postal]
    return tuple(sorted({blake2b(key.encode(), digest_size=KEY_BYTES).digest() for key in found}))


@lru_cache(maxsize=1 << 16)
def _sounds(names: tuple[str, ...]) -> frozenset[str]:
    """The sounds of the words of names."""
    if len(names) == 1 and " " not in names[0]:
        return frozenset((sound(names[0]),))
    return frozenset(
        sound(word)
        for name in names
        for word in name.split()[:_WORDS_MAX]
        if len(word) > 1 and word not in PARTICLES
    ) or frozenset(sound(name.replace(" ", "")) for name in names)


@lru_cache(maxsize=1 << 16)
def _firsts(names: tuple[str, ...]) -> tuple[str, ...]:
    """The sounds of the first words of given names, sorted."""
    return tuple(sorted({sound(name.partition(" ")[0]) for name in names}))
