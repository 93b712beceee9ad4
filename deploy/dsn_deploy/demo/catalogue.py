"""The codes of the demonstration: allergies, problems, drugs, vaccines and laboratory tests.

Both hospitals and the clinic use the same terminologies, so that the same thing said at two places
is one entry of the chart. Each code carries its system as HL7 v2 names it (table 0396) and as FHIR
does.
"""

from __future__ import annotations

from dataclasses import dataclass

#: HL7 v2 name of a code system -> FHIR address.
SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "LN": "http://loinc.org",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "ATC": "http://www.whocc.no/atc",
    "UCUM": "http://unitsofmeasure.org",
}


@dataclass(frozen=True, slots=True)
class Code:
    """One meaning."""

    #: Key of ``SYSTEMS``.
    system: str
    code: str
    #: As shown, in French.
    text: str


@dataclass(frozen=True, slots=True)
class Allergen:
    """An allergy somebody can have."""

    code: Code
    #: HL7 table 0127: DA drug, FA food, EA environment.
    kind: str
    reaction: str


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug as it is usually prescribed."""

    code: Code
    amount: str
    unit: str
    #: In words.
    dosage: str


@dataclass(frozen=True, slots=True)
class Test:
    """A laboratory test with its expected values."""

    code: Code
    unit: str
    low: float
    high: float
    decimals: int


@dataclass(frozen=True, slots=True)
class Panel:
    """Tests ordered together."""

    code: Code
    tests: tuple[Test, ...]


NO_KNOWN_ALLERGY = Code("SCT", "716186003", "Aucune allergie connue")
PENICILLIN = Allergen(
    Code("SCT", "91936005", "Allergie à la pénicilline"), "DA", "Urticaire généralisée"
)
WARFARIN = Drug(Code("ATC", "B01AA03", "Warfarine"), "4", "mg", "4 mg par la bouche, au souper")

ALLERGENS = (
    PENICILLIN,
    Allergen(Code("SCT", "91935009", "Allergie aux arachides"), "FA", "Anaphylaxie"),
    Allergen(Code("SCT", "91939003", "Allergie aux sulfamides"), "DA", "Éruption cutanée"),
    Allergen(Code("SCT", "300916003", "Allergie au latex"), "EA", "Dermatite de contact"),
    Allergen(Code("SCT", "91930004", "Allergie aux œufs"), "FA", "Œdème des lèvres"),
    Allergen(Code("SCT", "293586001", "Allergie à l'aspirine"), "DA", "Bronchospasme"),
)

PROBLEMS = (
    Code("I10", "I10", "Hypertension essentielle"),
    Code("I10", "E11.9", "Diabète de type 2 sans complication"),
    Code("I10", "J45.9", "Asthme, sans précision"),
    Code("I10", "J44.9", "Maladie pulmonaire obstructive chronique"),
    Code("I10", "I48.9", "Fibrillation auriculaire"),
    Code("I10", "E03.9", "Hypothyroïdie, sans précision"),
    Code("I10", "N18.3", "Maladie rénale chronique, stade 3"),
    Code("I10", "M17.9", "Gonarthrose, sans précision"),
    Code("I10", "F32.9", "Épisode dépressif, sans précision"),
    Code("I10", "K21.9", "Reflux gastro-œsophagien sans œsophagite"),
)

DRUGS = (
    WARFARIN,
    Drug(Code("ATC", "A10BA02", "Metformine"), "500", "mg", "500 mg 2 fois par jour, aux repas"),
    Drug(Code("ATC", "C08CA01", "Amlodipine"), "5", "mg", "5 mg 1 fois par jour, le matin"),
    Drug(Code("ATC", "C09AA05", "Ramipril"), "10", "mg", "10 mg 1 fois par jour"),
    Drug(Code("ATC", "C10AA07", "Rosuvastatine"), "20", "mg", "20 mg au coucher"),
    Drug(Code("ATC", "H03AA01", "Lévothyroxine"), "75", "ug", "75 mcg le matin, à jeun"),
    Drug(Code("ATC", "A02BC02", "Pantoprazole"), "40", "mg", "40 mg avant le déjeuner"),
    Drug(Code("ATC", "R03AC02", "Salbutamol"), "200", "ug", "2 inhalations au besoin"),
    Drug(Code("ATC", "N02BE01", "Acétaminophène"), "650", "mg", "650 mg aux 6 heures au besoin"),
)

VACCINES = (
    Code("CVX", "150", "Influenza, quadrivalent"),
    Code("CVX", "115", "dcaT"),
    Code("CVX", "133", "Pneumocoque conjugué 13-valent"),
    Code("CVX", "03", "Rougeole-rubéole-oreillons"),
    Code("CVX", "187", "Zona recombinant"),
)

PANELS = (
    Panel(
        Code("LN", "24320-4", "Ions et créatinine"),
        (
            Test(Code("LN", "2951-2", "Sodium"), "mmol/L", 135, 145, 0),
            Test(Code("LN", "2823-3", "Potassium"), "mmol/L", 3.5, 5.0, 1),
            Test(Code("LN", "14682-9", "Créatinine"), "umol/L", 50, 110, 0),
        ),
    ),
    Panel(
        Code("LN", "58410-2", "Formule sanguine complète"),
        (
            Test(Code("LN", "718-7", "Hémoglobine"), "g/L", 120, 160, 0),
            Test(Code("LN", "6690-2", "Leucocytes"), "10*9/L", 4.0, 11.0, 1),
            Test(Code("LN", "777-3", "Plaquettes"), "10*9/L", 150, 400, 0),
        ),
    ),
    Panel(
        Code("LN", "4548-4", "Hémoglobine glyquée"),
        (Test(Code("LN", "4548-4", "Hémoglobine glyquée"), "%", 4.0, 6.0, 1),),
    ),
)

#: Levels of care (niveaux d'intervention médicale) in words.
LEVELS_OF_CARE = {
    "A": "Prolonger la vie par tous les soins nécessaires",
    "B": "Prolonger la vie par des soins limités",
    "C": "Assurer le confort prioritairement à prolonger la vie",
    "D": "Assurer le confort uniquement sans viser à prolonger la vie",
}
