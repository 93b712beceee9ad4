"""What each level is worth: frozen, versioned data, in integers of 1/256 bit.

A weight is log2(m/u): how often records of one person reach the level, over how often records of
two people do. The prior is the population; thresholds are bits of the *posterior*, so that they
mean the same for any population. The version ends in a digest of the file: a changed file is
another version, and a stored decision names the one it was made with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from math import log2
from pathlib import Path

import msgspec

from dsn_streams.matching.levels import FIELDS, LEVELS, Variants

#: Grows with every change of features, keys, levels or gates after which a pair may come to another
#: outcome: a state is of one version of these as well.
RULES = 2
#: Weights are integers of this fraction of a bit: sums do not depend on the order of adding.
UNITS_PER_BIT = 256
DIGEST_LENGTH = 8


class UnknownWeights(ValueError):
    """No such weights, or a file that is not one; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """One version of what levels are worth. Units: 1/256 bit."""

    version: str
    #: log2 of the population: what evidence must outweigh.
    prior: int
    #: Posterior from which a pair may be joined without a person, if a gate allows it.
    same_min: int
    #: The same for a pair with nothing but name, birth date and sex: how rare an unlisted name is
    #: was never counted, so it needs a margin.
    same_alone_min: int
    #: Posterior from which a person should look.
    review_min: int
    #: Posterior up to which two records may not be in one group.
    veto_max: int
    #: The population has families, whose members agree on nearly everything: gates hold. False
    #: for lists of unrelated people only, where weight alone decides.
    families: bool
    #: What a household shares counts once: phone, postal code, street and parents together.
    household_max: int
    #: Deducted from a birth date on 1 January, which many people were given by an office.
    january: int
    #: People born before this year were adults when the weights were frozen.
    adult_born_before: int
    #: Weight by level, for each field of `levels.FIELDS`.
    by_level: tuple[tuple[int, ...], ...]
    #: Bits of a surname or given name by how rare it is.
    family_bits: dict[str, int]
    family_rare: int
    given_bits: dict[str, int]
    given_rare: int
    variants: Variants
    stop_names: frozenset[str]
    stop_dates: frozenset[str]
    stop_phones: frozenset[str]
    stop_numbers: frozenset[str]
    stop_postal_codes: frozenset[str]


class WeightsFile(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON of one version; bits are decimal numbers there, for people to read."""

    version: str
    #: Where the figures come from, in words.
    source: str
    population: int
    thresholds_bits: dict[str, float]
    families: bool
    household_bits_max: float
    january_bits: float
    adult_born_before: int
    #: field -> level -> bits.
    levels_bits: dict[str, dict[str, float]]
    #: One in how many people bears a name that is in no table.
    rare_names: dict[str, int]
    #: Percent of people who bear it.
    family_percent: dict[str, float]
    given_percent: dict[str, float]
    #: Given names that exist but are not frequent enough for the table.
    given_known: list[str]
    #: Forms of one given name.
    given_variants: list[list[str]]
    stop: dict[str, list[str]]


@lru_cache(maxsize=8)
def load(name: str = "default") -> Weights:
    """The shipped weights of that name, or those of a file when the name is a path to one.

    Raises ``UnknownWeights``.
    """
    try:
        if name.endswith(".json"):
            data = Path(name).read_bytes()
        else:
            data = resources.files(__package__).joinpath("data", f"{name}.json").read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise UnknownWeights(f"there are no weights {name!r}") from None
    return parsed(data)


def parsed(data: bytes) -> Weights:
    """Weights from the JSON of a file. Raises ``UnknownWeights``."""
    try:
        file = msgspec.json.decode(data, type=WeightsFile)
        return _weights(file, hashlib.sha256(data).hexdigest()[:DIGEST_LENGTH])
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise UnknownWeights(f"not weights: {error!r}") from None


def units(bits: float) -> int:
    """Bits as an integer of 1/256 bit."""
    return round(bits * UNITS_PER_BIT)


def _weights(file: WeightsFile, digest: str) -> Weights:
    rare = {field: units(log2(people)) for field, people in file.rare_names.items()}
    stop = {kind: frozenset(values) for kind, values in file.stop.items()}
    known = frozenset((*file.given_percent, *file.given_known))
    groups = tuple(frozenset(group) for group in file.given_variants)
    return Weights(
        version=f"{file.version}+{RULES}-{digest}",
        prior=units(log2(file.population)),
        same_min=units(file.thresholds_bits["same"]),
        same_alone_min=units(file.thresholds_bits["same_alone"]),
        review_min=units(file.thresholds_bits["review"]),
        veto_max=units(file.thresholds_bits["veto"]),
        families=file.families,
        household_max=units(file.household_bits_max),
        january=units(file.january_bits),
        adult_born_before=file.adult_born_before,
        by_level=tuple(_by_level(field, file.levels_bits[field]) for field in FIELDS),
        family_bits=_name_bits(file.family_percent, rare["family"]),
        family_rare=rare["family"],
        given_bits=_name_bits(file.given_percent, rare["given"]),
        given_rare=rare["given"],
        variants=Variants(known, groups),
        stop_names=stop["names"],
        stop_dates=stop["dates"],
        stop_phones=stop["phones"],
        stop_numbers=stop["numbers"],
        stop_postal_codes=stop["postal_codes"],
    )


def _by_level(field: str, bits: Mapping[str, float]) -> tuple[int, ...]:
    if set(bits) != set(LEVELS[field][1:]):
        raise ValueError(f"levels of {field} are {', '.join(LEVELS[field][1:])}")
    return (0, *(units(bits[level]) for level in LEVELS[field][1:]))


def _name_bits(percent: Mapping[str, float], rare: int) -> dict[str, int]:
    """Bits by name: what is frequent says little."""
    return {name: min(rare, units(-log2(share / 100))) for name, share in percent.items()}
