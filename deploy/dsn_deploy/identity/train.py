"""Weights from records without labels: expectation and maximisation over the pairs that meet.

After Fellegi and Sunter (1969) with Winkler's EM, as Splink does it. How often strangers reach a
level (u) is counted on random pairs and stays fixed; how often one person's records do (m), and
how many pairs are one person's (lambda), are found by turns among the pairs that share a blocking
key. Lambda is on the scale of *all* pairs: with a prior among blocked pairs alone, EM learns "same
name" as its match class. What random pairs of a small set cannot show (a health number is one in
millions) is bounded by the size of the set: u is never taken below 1 in the number of records.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from math import log2
from random import Random

from dsn_deploy.errors import CommandError
from dsn_deploy.identity.evaluate import candidates
from dsn_streams.matching.compare import explain
from dsn_streams.matching.features import Features
from dsn_streams.matching.levels import FIELDS, LEVELS
from dsn_streams.matching.weights import UNITS_PER_BIT, Weights

#: Random pairs that u is counted on.
RANDOM_PAIRS = 50_000
#: Turns of EM at most, and the change of lambda that ends it before.
TURNS_MAX = 50
TURNS_END = 1e-6
#: Fewer records than this teach nothing.
RECORDS_MIN = 100
#: Reached by a smaller share of likely matches, a level keeps the bits of the shipped weights.
LEVEL_SHARE_MIN = 0.005
#: A name of fewer records than this is not in the table: it is rare.
NAME_RECORDS_MIN = 3
#: Where unrelated people are the whole list, nothing of a household is counted twice.
NO_HOUSEHOLD_BITS = 99.0

Vector = tuple[int, ...]
#: From the most alike to the least; what is not here stands apart and keeps its own bits.
ORDER: Mapping[str, tuple[str, ...]] = {
    "nam": ("same", "claimed", "one-off", "unlike", "differs"),
    "identifier": ("same", "local", "mixed", "near", "differs"),
    "born": ("same", "swapped", "one-off", "part", "differs"),
    "given": ("same", "part", "near", "fair"),
    "family": ("same", "part", "fair"),
    "sex": ("same", "differs"),
    "phone": ("same", "near", "differs"),
    "email": ("same", "near", "differs"),
    "postal": ("same", "area", "differs"),
    "street": ("same", "near", "differs"),
    "mother": ("same", "near", "part", "differs"),
    "father": ("same", "near", "part", "differs"),
}


def train(
    features: Mapping[str, Features], base: Weights, name: str, families: bool
) -> dict[str, object]:
    """A weights file made from records. Raises ``CommandError`` for too few of them.

    ``base`` reads the levels and gives what the records cannot teach; ``families``: whether the
    records have families, so that gates must hold.
    """
    if len(features) < RECORDS_MIN:
        raise CommandError(f"{len(features)} records teach nothing; {RECORDS_MIN} is the least")
    met, _ = candidates(features)
    vectors = Counter(explain(features[a], features[b], base)[0].levels for a, b in sorted(met))
    u = _strangers(features, base)
    m = _matches(vectors, u, len(features))
    file = _shipped()
    file.update(
        version=name,
        source=f"dsn identity train, {len(features)} records, no labels",
        population=len(features),
        families=families,
        family_percent=_percent(one.families for one in features.values()),
        given_percent=_percent(one.givens for one in features.values()),
        rare_names={"family": len(features) // 2, "given": len(features) // 2},
        levels_bits={
            field: _bits(place, m[place], u[place], base) for place, field in enumerate(FIELDS)
        },
    )
    if not families:
        file["household_bits_max"] = NO_HOUSEHOLD_BITS
    return file


def _strangers(features: Mapping[str, Features], base: Weights) -> list[list[float]]:
    """u: how often two random records reach each level, among those that have the field."""
    random = Random(len(features))
    names = sorted(features)
    counts = [[0.0] * len(LEVELS[field]) for field in FIELDS]
    for _ in range(min(RANDOM_PAIRS, len(names) * (len(names) - 1) // 2)):
        a, b = random.sample(names, 2)
        found = explain(features[a], features[b], base)[0].levels
        for place, level in enumerate(found):
            counts[place][level] += 1
    return [_shares(one, 1 / len(names)) for one in counts]


def _matches(
    vectors: Mapping[Vector, int], u: Sequence[Sequence[float]], records: int
) -> list[list[float]]:
    """m by expectation and maximisation; begins with "mostly alike"."""
    pairs = records * (records - 1) / 2
    share = 1 / records
    m = [
        _shares([2.0 ** (len(LEVELS[field]) - level) for level in range(len(LEVELS[field]))], 0)
        for field in FIELDS
    ]
    for _ in range(TURNS_MAX):
        counts = [[0.0] * len(LEVELS[field]) for field in FIELDS]
        total = 0.0
        for vector, times in vectors.items():
            ratio = share / (1 - share)
            for place, level in enumerate(vector):
                if level:
                    ratio *= m[place][level] / u[place][level]
            likely = times * ratio / (1 + ratio)
            total += likely
            for place, level in enumerate(vector):
                counts[place][level] += likely
        before, share = share, max(total, 1.0) / pairs
        m = [_shares(one, 0.5 / max(total, 1.0)) for one in counts]
        if abs(share - before) < TURNS_END * before:
            break
    return m


def _shares(counts: Sequence[float], least: float) -> list[float]:
    """Shares among the records that have the field; none below ``least``."""
    known = sum(counts[1:])
    return [0.0, *(max(count / known if known else 0.0, least, 1e-9) for count in counts[1:])]


def _bits(place: int, m: Sequence[float], u: Sequence[float], base: Weights) -> dict[str, float]:
    """Bits of the levels of one field, falling as the likeness falls.

    Of a shared name, how rare it is counts on its own: the level alone is worth log2(m).
    """
    field = FIELDS[place]
    rare = {"given": base.given_rare, "family": base.family_rare}.get(field, 0) / UNITS_PER_BIT
    shipped = base.by_level[place]
    found: dict[str, float] = {}
    for level, name in enumerate(LEVELS[field]):
        if not level:
            continue
        seen = m[level] > LEVEL_SHARE_MIN
        bits = log2(m[level] / u[level])
        if rare and name == "same":
            bits = log2(m[level])
        elif rare and name != "differs":
            bits = min(bits - rare, 0.0)
        found[name] = round(bits, 2) if seen else shipped[level] / UNITS_PER_BIT
    least = found[ORDER[field][0]]
    for name in ORDER[field][1:]:
        least = found[name] = min(found[name], least)
    return found


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
