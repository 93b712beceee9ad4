"""Which records of a list of unrelated people meet: those that agree on any two facts.

For ``dsn identity`` alone. A list is read once and compared offline, so it can afford what a register of
patients cannot: the keys of `dsn_streams.matching.blocking` take a good name and a whole birth date for
granted, and a record whose name *and* date were typed wrong meets nobody over them. Where nobody is a
relative, two facts in common are reason enough to look, and weight decides. What many records share
brings nobody together (`BLOCK_RECORDS_MAX`), so a long list costs a bounded number of comparisons
for each record, and its commonest facts stop counting.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from dsn_streams.matching.features import Features
from dsn_streams.matching.fold import PARTICLES
from dsn_streams.matching.phonetic import sound

#: Words of a street that are facts; more are the name of a building or a mistake.
STREET_WORDS_MAX = 5
#: A number shorter than this has no halves worth a fact.
HALVES_MIN = 6

#: A kind and a value; two facts of one kind are one fact and no key.
Fact = tuple[str, str]


def list_keys_of(features: Features) -> frozenset[str]:
    """A number, telephone or electronic address alone; else any two facts of different kinds.

    A typing error leaves one half of a number as it was, and all but one word of a street.
    """
    alone = [*_numbers(features), *features.phones, *features.emails]
    facts = sorted(set(_facts(features)))
    pairs = (f"{a}{x}+{b}{y}" for (a, x), (b, y) in combinations(facts, 2) if a != b)
    return frozenset((*(f"={one}" for one in alone), *pairs))


def _numbers(features: Features) -> tuple[str, ...]:
    return (*features.trusted, *features.claimed, *features.personal, *features.local)


def _facts(features: Features) -> Iterator[Fact]:
    """What is known, in pieces that a typing error spares. A given name and a surname are of one
    kind for each sound, so that inverted names meet."""
    for name in (*features.givens, *features.families):
        for word in name.split():
            if len(word) > 1 and word not in PARTICLES:
                found = sound(word)
                yield f"w{found}", found
    born = features.born
    if born:
        yield "y", born[:4]
    if len(born) == 8:
        yield "d", "".join(sorted((born[4:6], born[6:])))
    for code in features.postal:
        yield "p", code
    for street in features.streets:
        number, words, _ = street.split("|")
        if number:
            yield "c", number
        for word in words.split()[:STREET_WORDS_MAX]:
            yield "s", word
    for one in _numbers(features):
        value = one.rpartition("=")[2]
        if len(value) >= HALVES_MIN:
            middle = len(value) // 2
            yield "n1", value[:middle]
            yield "n2", value[middle:]
