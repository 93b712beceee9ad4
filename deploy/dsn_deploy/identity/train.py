"""Weights from records without labels: a file for ``dsn identity evaluate --weights``.

What the records teach is found by `expectation`; here it becomes bits. A level is worth log2(m/u). Of a
shared name, how rare it is counts on its own (``*_percent`` of the records, 2 in their number for a
name that is in no table), so the level alone is worth log2(m), and a near agreement is only a
penalty. A name and surname that were inverted are one mistake and not two: each is half of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from itertools import pairwise
from math import log2

from dsn_deploy.errors import CommandError
from dsn_deploy.identity.evaluate import candidates
from dsn_deploy.identity.expectation import Learned, learn
from dsn_streams.matching.compare import explain
from dsn_streams.matching.features import Features
from dsn_streams.matching.levels import FIELDS, LEVELS
from dsn_streams.matching.weights import UNITS_PER_BIT, Weights, parsed

#: Fewer records than this teach nothing.
RECORDS_MIN = 100
#: A name of fewer records than this is not in the table: it is rare.
NAME_RECORDS_MIN = 3
#: Where unrelated people are the whole list, nothing of a household is counted twice.
NO_HOUSEHOLD_BITS = 99.0
#: A pair of a list is never joined below a likelihood of .999.
SAME_BITS_MIN = 10.0
#: How many of all joined pairs of a list may be expected to be two people.
FALSE_EXPECTED_MAX = 0.05
#: Above the first pair that is one too many.
BITS_STEP = 0.01
#: Fields whose rarity is counted beside the level.
NAMES = ("given", "family")

#: Chains of levels from the most alike to the least: bits never rise along one. Levels of which
#: neither is the nearer one (a name cut, a name mistyped) are in different chains, so that what a
#: list never has does not press down what it has.
ORDER: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "nam": (("same", "claimed", "one-off", "unlike", "differs"),),
    "identifier": (("same", "near", "differs"), ("same", "local"), ("same", "mixed")),
    "born": (("same", "one-off", "part", "differs"), ("same", "swapped"), ("same", "compatible")),
    "given": (("same", "near", "fair"), ("same", "variant"), ("same", "part")),
    "family": (("same", "near", "fair"), ("same", "part"), ("same", "alias")),
    "sex": (("same", "differs"),),
    "phone": (("same", "near", "differs"),),
    "email": (("same", "near", "differs"),),
    "postal": (("same", "area", "differs"), ("same", "near", "differs")),
    "street": (("same", "near", "part", "differs"),),
    "mother": (("same", "near", "part", "differs"),),
    "father": (("same", "near", "part", "differs"),),
}


def train(
    features: Mapping[str, Features], base: Weights, name: str, families: bool
) -> dict[str, object]:
    """A weights file made from records. Raises ``CommandError`` for too few of them.

    ``base`` reads the levels and gives what the records cannot teach; ``families``: whether the
    records have families, so that gates must hold. The population is the one that makes the prior
    what was learned: two records of this list are one person once in so many pairs.
    """
    if len(features) < RECORDS_MIN:
        raise CommandError(f"{len(features)} records teach nothing; {RECORDS_MIN} is the least")
    met, _ = candidates(features, families)
    learned = learn(features, met, base)
    file = file_of(learned, features, base, name, families)
    thresholds = file["thresholds_bits"]
    if not families and isinstance(thresholds, dict):
        weights = parsed(json.dumps(file).encode())
        found = (explain(features[a], features[b], weights)[0].weight for a, b in met)
        same = same_bits([weight / UNITS_PER_BIT for weight in found])
        file["thresholds_bits"] = {**thresholds, "same": same}
    return file


def file_of(
    learned: Learned, features: Mapping[str, Features], base: Weights, name: str, families: bool
) -> dict[str, object]:
    """What was learned as a weights file."""
    file = _shipped()
    rare = len(features) // 2
    file.update(
        version=name,
        source=f"dsn identity train, {len(features)} records, no labels",
        population=round(1 / learned.share),
        families=families,
        family_percent=_percent(one.families for one in features.values()),
        given_percent=_percent(one.givens for one in features.values()),
        rare_names=dict.fromkeys(NAMES, rare),
        levels_bits={
            field: _bits(place, learned, log2(rare), base) for place, field in enumerate(FIELDS)
        },
    )
    if not families:
        file["household_bits_max"] = NO_HOUSEHOLD_BITS
    return file


def same_bits(posteriors: Sequence[float]) -> float:
    """From how many bits pairs of a list are joined: as few as leave, in all that are joined, less
    than `FALSE_EXPECTED_MAX` pair that is two people by the posteriors themselves; never fewer than
    `SAME_BITS_MIN`. A long list of doubtful pairs gets a higher threshold than a short one."""
    sure = sorted((bits for bits in posteriors if bits >= SAME_BITS_MIN), reverse=True)
    false = 0.0
    for bits in sure:
        false += 1 / (1 + 2.0**bits)
        if false > FALSE_EXPECTED_MAX:
            return round(bits + BITS_STEP, 2)
    return SAME_BITS_MIN


def _bits(place: int, learned: Learned, rare: float, base: Weights) -> dict[str, float]:
    """Bits of the levels of one field, falling as the likeness falls; those of the shipped weights
    where no two records have the field."""
    field = FIELDS[place]
    m, u = learned.m[place], learned.u[place]
    if not learned.known[place]:
        said = base.by_level[place]
        return {
            name: said[level] / UNITS_PER_BIT for level, name in enumerate(LEVELS[field]) if level
        }
    found: dict[str, float] = {}
    for level, name in enumerate(LEVELS[field][1:], start=1):
        bits = log2(m[level] / u[level])
        if field in NAMES:
            bits = _name_bits(name, m[level], bits, rare)
        found[name] = round(bits, 2)
    for chain in ORDER[field]:
        for above, below in pairwise(chain):
            found[below] = min(found[below], found[above])
    return found


def _name_bits(level: str, m: float, bits: float, rare: float) -> float:
    """What a level of names is worth beside the rarity of the name."""
    if level == "same":
        return log2(m)
    if level == "inverted":
        return log2(m) / 2
    return bits if level == "differs" else min(bits - rare, 0.0)


def _percent(names: Iterable[tuple[str, ...]]) -> dict[str, float]:
    """Percent of records that bear each name that is not rare."""
    counts = Counter(name for all_names in names for name in set(all_names))
    total = max(counts.total(), 1)
    return {
        name: round(100 * count / total, 4)
        for name, count in sorted(counts.items())
        if count >= NAME_RECORDS_MIN
    }


def _shipped() -> dict[str, object]:
    """The shipped file: thresholds, stop lists and names that exist are not learned."""
    data = resources.files("dsn_streams.matching").joinpath("data", "default.json").read_bytes()
    found: dict[str, object] = json.loads(data)
    found["given_known"] = sorted({*_texts(found["given_known"]), *_texts(found["given_percent"])})
    return found


def _texts(value: object) -> set[str]:
    return {str(one) for one in value} if isinstance(value, (list, dict)) else set()
