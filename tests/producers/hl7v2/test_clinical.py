"""Allergies, problems, procedures, vaccines, drugs, documents."""

from __future__ import annotations

from typing import Any

import pytest

from dsn_producers.mapping import Unmappable

PID = "PID|1||1||Roy^Luc||19800510"
LATEX = "111088007^Latex^SCT"


@pytest.fixture
def only(items: Any, msh: Any) -> Any:
    """Items of one section of a message."""

    def mapped(section: str, kind: str, *segments: str) -> list[Any]:
        return [i for i in items(msh(kind), PID, *segments) if i.section == section]

    return mapped


def test_an_allergy(only: Any) -> None:
    """Substance, category, severity, reactions, onset."""
    (item,) = only("allergies", "ADT^A01", f"AL1|1|FA|{LATEX}|SV|Urticaire~91175000^Crise^SCT|2019")
    (reaction,) = item.content.reactions

    assert item.item == item.entry == "http://snomed.info/sct|111088007"
    assert (item.status, item.content.category, item.content.onset) == ("active", "food", "2019")
    assert reaction.severity == "severe"
    assert [m.text for m in reaction.manifestations] == ["Urticaire", "Crise"]


def test_al1_and_iam_of_one_substance_are_one_item(only: Any) -> None:
    """So that IAM can delete what AL1 said."""
    (said,) = only("allergies", "ADT^A01", f"AL1|1|DA|{LATEX}")
    (gone,) = only("allergies", "ADT^A60", f"IAM|1|DA|{LATEX}|||D")

    assert (gone.item, gone.op, gone.content) == (said.item, "delete", None)


@pytest.mark.parametrize(
    ("code", "verification", "status"),
    [
        ("C", "confirmed", "active"),
        ("U", "unconfirmed", "active"),
        ("I", "confirmed", "inactive"),
        ("E", "entered-in-error", "entered-in-error"),
        ("", "", "active"),
    ],
)
def test_what_is_known_of_an_allergy(only: Any, code: str, verification: str, status: str) -> None:
    """IAM-17 says how sure it is; an erroneous one is hidden."""
    (item,) = only("allergies", "ADT^A60", f"IAM|1|DA|{LATEX}|||A|||||||||||{code}")

    assert (item.content.verification, item.status) == (verification, status)


def test_an_allergy_in_words(only: Any) -> None:
    """Words name the item without case and spaces, and are grouped with nothing."""
    (one,) = only("allergies", "ADT^A01", "AL1|1|DA|^Pénicilline  G")
    (two,) = only("allergies", "ADT^A01", "AL1|1|DA|pénicilline g")

    assert one.item == two.item
    assert (one.entry, one.content.code.text) == ("", "Pénicilline  G")
    assert "nicilline" not in one.item


@pytest.mark.parametrize(
    "said", ["716186003^No known allergy^SCT", "NKA", "^Aucune allergie connue", "NKA^None^L"]
)
def test_none_known_is_a_statement(only: Any, said: str) -> None:
    """ "None known" is said of the section, and is no allergy."""
    (item,) = only("allergies", "ADT^A01", f"AL1|1||{said}")

    assert (item.item, item.entry, item.op) == ("statement", "statement", "upsert")
    assert item.content.code == "none-known"


@pytest.mark.parametrize("said", ["409137002^No known drug allergy^SCT", "NKDA^NKDA^L"])
def test_no_known_drug_allergy_is_not_none_known(only: Any, said: str) -> None:
    """It says nothing of food: the section is not empty for that."""
    (item,) = only("allergies", "ADT^A01", f"AL1|1|DA|{said}")

    assert item.item != "statement"


def test_a_diagnosis(only: Any) -> None:
    """The code names it, not its date: a corrected date is the same diagnosis."""
    first = only("problems", "ADT^A01", "DG1|1||I21.9^Infarctus^ICD10CA||20260501|W")[0]
    second = only("problems", "ADT^A03", "DG1|1||I21.9^Infarctus^ICD10CA||20260502|F")[0]

    assert first.item == second.item == first.entry
    assert (first.content.verification, second.content.verification) == ("provisional", "confirmed")
    assert second.content.recorded == "2026-05-02"


def test_a_diagnosis_in_words(only: Any) -> None:
    """Before 2.5 the words stand in DG1-4."""
    (item,) = only("problems", "ADT^A01", "DG1|1|||Douleur thoracique||A")

    assert item.content.code.text == "Douleur thoracique"


@pytest.mark.parametrize(
    ("prb", "op", "status"),
    [
        ("AD|20260511|E11^Diabète^I10|77", "upsert", "active"),
        ("UP|20260511|E11^Diabète^I10|77||||||||||RESOLVED", "upsert", "resolved"),
        ("UP|20260511|E11^Diabète^I10|77|||||20260510", "upsert", "resolved"),
        ("DE|20260511|E11^Diabète^I10|77", "delete", ""),
    ],
)
def test_a_problem_has_its_own_number(only: Any, prb: str, op: str, status: str) -> None:
    """PRB-4 names the problem through its life; PRB-1 DE takes it away."""
    (item,) = only("problems", "PPR^PC1", f"PRB|{prb}")

    assert (item.item, item.op, item.status) == ("77", op, status)
    assert item.entry == "http://hl7.org/fhir/sid/icd-10|E11"


def test_no_known_problems(only: Any) -> None:
    """The other section that can be said to be empty."""
    (item,) = only("problems", "PPR^PC1", "PRB|AD|2026|160245001^None^SCT|1")

    assert (item.item, item.content.code) == ("statement", "none-known")


def test_a_procedure(only: Any) -> None:
    """Code and day name it, and group it with the same one elsewhere."""
    (item,) = only(
        "procedures", "ADT^A03", "PR1|1||80146002^Appendicectomie^SCT||202605100930||||||9^Cyr^Ève"
    )

    assert item.item == item.entry == "http://snomed.info/sct|80146002|2026-05-10"
    assert [(p.role, p.name) for p in item.content.performers] == [("surgeon", "Ève Cyr")]


RXA = "RXA|0|1|20260501||{code}|0.5|mL^^UCUM||00^New^NIP001|9^Cyr^Ève|^^^CLSC||||L55|20270101|MSD^Merck^MVX|{why}||{done}|{act}"


def rxa(code: str = "08^Hep B^CVX", why: str = "", done: str = "CP", act: str = "A") -> str:
    return RXA.format(code=code, why=why, done=done, act=act)


def test_a_vaccine(only: Any) -> None:
    """Dose, lot, maker, site, route, who, where, dose number."""
    (item,) = only(
        "immunizations",
        "VXU^V04",
        "ORC|RE||IZ7^REG",
        rxa(),
        "RXR|IM^Intramusculaire^HL70162|LD^Deltoïde g.^HL70163",
        "OBX|1|NM|30973-2^Dose^LN|1|2||||||F",
        "OBX|2|CE|64994-7^Admissible^LN|1|V01^Non^HL70064||||||F",
    )
    content = item.content

    assert (item.item, item.status) == ("IZ7", "completed")
    assert item.entry == "http://hl7.org/fhir/sid/cvx|08|2026-05-01"
    assert (content.dose.value, content.dose_number, content.lot) == ("0.5", "2", "L55")
    assert (content.manufacturer, content.expiration) == ("Merck", "2027-01-01")
    assert (content.route.text, content.site.text) == ("Intramusculaire", "Deltoïde g.")
    assert (content.performer.name, content.location) == ("Ève Cyr", "CLSC")
    assert (content.primary_source, content.note) == (True, "Admissible: Non")


def test_what_describes_a_dose_is_no_result(only: Any) -> None:
    """OBX under RXA belong to the dose; under CVX 998 (no vaccine) they are about the patient."""
    row = "OBX|1|CE|59784-9^Immunité présumée^LN|1|38907003^Varicelle^SCT||||||F"

    assert only("results", "VXU^V04", rxa(), row) == []
    assert only("immunizations", "VXU^V04", rxa("998^No vaccine^CVX"), row) == []
    assert len(only("results", "VXU^V04", rxa("998^No vaccine^CVX"), row)) == 1


@pytest.mark.parametrize(
    ("done", "status"),
    [
        ("CP", "completed"),
        ("PA", "completed"),
        ("RE", "not-done"),
        ("NA", "not-done"),
        ("", "completed"),
    ],
)
def test_a_refused_vaccine(only: Any, done: str, status: str) -> None:
    """RXA-20 says whether it was given; the order number 9999 of refusals names nothing."""
    (item,) = only("immunizations", "VXU^V04", "ORC|RE||9999^REG", rxa(done=done, why="00^Refus"))

    assert (item.status, item.content.reason_not_done.text) == (status, "Refus")
    assert item.item == "http://hl7.org/fhir/sid/cvx|08|2026-05-01"


def test_a_vaccine_taken_back(only: Any) -> None:
    """RXA-21 D deletes what the same number said."""
    (item,) = only("immunizations", "VXU^V04", "ORC|RE||IZ7^REG", rxa(act="D"))

    assert (item.item, item.op) == ("IZ7", "delete")


RXE = "RXE|1|00054418425^Dexaméthasone 4 mg^NDC|4||mg|TAB^Comprimé|^1 co. aux 6 h|||30|co|2"


def test_a_drug_order(only: Any) -> None:
    """Number, drug, dose, timing, quantity, prescriber."""
    (item,) = only(
        "medications",
        "RDE^O11",
        "ORC|NW|RX7^CPOE|F7|||||||20260511||9^Cyr^Ève|",
        RXE,
        "TQ1|1||Q6H^^PRN||||20260511|20260601",
        "RXR|PO^Orale^HL70162",
        "NTE|1||Avec repas",
    )
    drug = item.content

    assert (item.item, item.status) == ("RX7", "active")
    assert item.entry == "http://hl7.org/fhir/sid/ndc|00054418425"
    assert (drug.kind, drug.dose.value, drug.dose.unit) == ("request", "4", "mg")
    assert (drug.dosage, drug.timing, drug.refills) == ("1 co. aux 6 h", "Q6H", 2)
    assert (drug.start, drug.end, drug.route.text) == ("2026-05-11", "2026-06-01", "Orale")
    assert drug.prescriber.name == "Ève Cyr"
    assert drug.note == "Avec repas"
    assert [(i.value, i.type) for i in drug.identifiers] == [("RX7", "PLAC"), ("F7", "FILL")]


@pytest.mark.parametrize(
    ("control", "said", "status"),
    [
        ("NW", "", "active"),
        ("CA", "", "cancelled"),
        ("DC", "IP", "stopped"),
        ("OD", "", "stopped"),
        ("HD", "", "on-hold"),
        ("RL", "", "active"),
        ("SC", "CM", "completed"),
        ("XO", "IP", "active"),
    ],
)
def test_what_became_of_an_order(only: Any, control: str, said: str, status: str) -> None:
    """ORC-1 does, ORC-5 says; the order keeps its name."""
    (item,) = only("medications", "RDE^O11", f"ORC|{control}|RX7|||{said}", RXE)

    assert (item.item, item.status) == ("RX7", status)


def test_an_order_and_its_encoding_are_one_drug(only: Any) -> None:
    """RXO is what was asked, RXE what the pharmacy made of it: only the latter is the order."""
    found = only("medications", "RDE^O11", "ORC|NW|RX7", "RXO|^Dexaméthasone", RXE)

    assert [i.content.code.codings[0].code for i in found] == ["00054418425"]


def test_two_drugs_under_one_order_are_two_items(only: Any) -> None:
    """One number, two drugs: neither hides the other."""
    found = only("medications", "RDE^O11", "ORC|NW|RX7", RXE, "RXE|1|99^Autre^NDC")

    assert [i.item for i in found] == ["RX7", "RX7|http://hl7.org/fhir/sid/ndc|99"]


def test_two_vaccines_under_one_order_are_two_items(only: Any) -> None:
    """One number, two doses: the second one is named by vaccine and day."""
    found = only("immunizations", "VXU^V04", "ORC|RE||IZ7", rxa(), rxa("94^MMRV^CVX"))

    assert [i.item for i in found] == ["IZ7", "http://hl7.org/fhir/sid/cvx|94|2026-05-01"]


def test_dispensing_is_not_ordering(only: Any) -> None:
    """RXD and RXA are items of their own beside the order."""
    given = only("medications", "RDS^O13", "ORC|RE|RX7", RXE, "RXD|1|D1^Dexa^L|20260512|30|co")
    taken = only("medications", "RAS^O17", "ORC|RE|RX7", "RXA|0|1|202605120800||D1^Dexa^L|4|mg")

    assert [(i.item, i.content.kind) for i in given] == [("RX7|dispense|1", "dispense")]
    assert [(i.item, i.content.kind) for i in taken] == [
        ("RX7|administration|202605120800", "administration")
    ]


def test_an_order_without_number(only: Any) -> None:
    """The drug names it."""
    (item,) = only("medications", "OMP^O09", "ORC|NW", "RXO|123^Dexa^DIN")

    assert item.item == "http://hl7.org/fhir/NamingSystem/ca-hc-din|123"


TXA = "TXA|1|CN^Consultation|TX|20260510||20260511|||9^Cyr^Ève|||{number}|{parent}||||{state}"


def test_a_document(only: Any) -> None:
    """Number, kind, author, lines of text."""
    (item,) = only(
        "documents",
        "MDM^T02",
        TXA.format(number="D7^HSC", parent="", state="AU"),
        "OBX|1|TX|||Première ligne||||||F",
        "OBX|2|TX|||Deuxième||||||F",
    )

    assert (item.item, item.status, item.entry) == ("D7", "current", "")
    assert item.content.text == "Première ligne\nDeuxième"
    assert [a.name for a in item.content.authors] == ["Ève Cyr"]


def test_a_document_replaced(only: Any) -> None:
    """T10 puts the new one in the place of its parent."""
    found = only("documents", "MDM^T10", TXA.format(number="D8", parent="D7", state="IP"))

    assert [(i.item, i.op, i.status) for i in found] == [
        ("D8", "upsert", "preliminary"),
        ("D7", "delete", ""),
    ]


def test_a_document_withdrawn(only: Any) -> None:
    """T11 hides it."""
    (item,) = only("documents", "MDM^T11", TXA.format(number="D7", parent="", state="AU"))

    assert item.status == "entered-in-error"


def test_a_document_message_without_document(only: Any) -> None:
    """MDM without TXA has nothing to file."""
    with pytest.raises(Unmappable, match="TXA"):
        only("documents", "MDM^T02")


def test_local_codes_belong_to_their_establishment(only: Any) -> None:
    """Two hospitals' code 123 are two things; a standard system is the same everywhere."""
    (local,) = only("problems", "ADT^A01", "DG1|1||123^Toux^L^R05^Toux^I10")
    (named,) = only("problems", "ADT^A01", "DG1|1||123^Toux^MAISON")

    assert local.content.code.codings[0].system == "hsc/L"
    assert local.entry == "http://hl7.org/fhir/sid/icd-10|R05"
    assert named.entry == "hsc/MAISON|123"
