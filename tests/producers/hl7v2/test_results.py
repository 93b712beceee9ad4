"""OBR and OBX → results, documents, directives."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from dsn_producers.mapping import Unmappable

PID = "PID|1||1||Roy^Luc||19800510"
OBR = "OBR|1|P7|A7^LAB|24331-1^Bilan lipidique^LN|||202605110700|||||||||||||||202605111000||LAB|F"


def obx(value: str, kind: str = "NM", status: str = "F", sub: str = "", code: str = "") -> str:
    code = code or "2085-9^HDL^LN^HDL^Cholestérol HDL^L"
    return f"OBX|1|{kind}|{code}|{sub}|{value}|mmol/L^^UCUM|1.0-2.0|L|||{status}"


@pytest.fixture
def results(items: Any, msh: Any) -> Any:
    """Items of a laboratory message but the demographics."""

    def mapped(*segments: str) -> list[Any]:
        found = items(msh("ORU^R01"), PID, *segments)
        return [item for item in found if item.section != "demographics"]

    return mapped


def test_a_result_with_all_that_belongs_to_it(results: Any) -> None:
    """Value, unit, range, flag, panel, numbers, specimen, times, comments."""
    (item,) = results(
        OBR,
        "NTE|1||À jeun",
        obx("0.90") + "|||202605110705||42^Cyr^Ève^^^Dr||",
        "NTE|1||Vérifié\\.br\\deux fois",
        "SPM|1|||SER^Sérum^HL70487",
    )
    result = item.content

    assert (item.section, item.item, item.status) == ("results", "A7|2085-9|", "final")
    assert item.entry == "http://loinc.org|2085-9|A7"
    assert (result.value_quantity.value, result.value_quantity.code) == ("0.90", "mmol/L")
    assert (result.reference_ranges[0].low.value, result.reference_ranges[0].text) == (
        "1.0",
        "1.0-2.0",
    )
    assert result.interpretation[0].codings[0].code == "L"
    assert (result.accession, result.placer, result.category) == ("A7", "P7", "laboratory")
    assert result.panel.codings[0].code == "24331-1"
    assert [c.system for c in result.code.codings] == ["http://loinc.org", "hsc/L"]
    assert result.specimen.text == "Sérum"
    assert (result.effective, result.issued) == (
        "2026-05-11T07:05:00-04:00",
        "2026-05-11T10:00:00-04:00",
    )
    assert result.note == "Vérifié\ndeux fois\nÀ jeun"
    assert result.performer.name == "Dr Ève Cyr"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("P", "preliminary"),
        ("F", "final"),
        ("C", "corrected"),
        ("X", "cancelled"),
        ("D", "entered-in-error"),
        ("W", "entered-in-error"),
        ("I", "registered"),
        ("A", "amended"),
        ("", "final"),
    ],
)
def test_a_correction_is_the_same_item(results: Any, code: str, status: str) -> None:
    """Whatever becomes of a result, its item and entry stay; an empty OBX-11 is the order's."""
    (item,) = results(OBR, obx("5.5", status=code))

    assert (item.item, item.entry) == ("A7|2085-9|", "http://loinc.org|2085-9|A7")
    assert (item.op, item.status) == ("upsert", status)


def test_a_new_value_outweighs_the_retraction_beside_it(results: Any) -> None:
    """W for the old value and C for the new one in one message: one item, the new value."""
    for rows in (
        (obx("120", status="W"), obx("130", status="C")),
        (obx("130", status="C"), obx("120", status="W")),
    ):
        (item,) = results(OBR, *rows)

        assert (item.status, item.content.value_quantity.value) == ("corrected", "130")


@pytest.mark.parametrize(
    ("kind", "raw", "quantity"),
    [
        ("NM", "5.50", ("", "5.50")),
        ("NM", "<0.01", ("<", "0.01")),
        ("NM", ">= 100", (">=", "100")),
        ("SN", ">^100", (">", "100")),
        ("SN", "^182", ("", "182")),
        ("SN", "=^1.2", ("", "1.2")),
    ],
)
def test_numbers_keep_their_digits(
    results: Any, kind: str, raw: str, quantity: tuple[str, str]
) -> None:
    """No digit is added or lost; a comparator stands apart."""
    found = results(OBR, obx(raw, kind))[0].content.value_quantity

    assert (found.comparator, found.value) == quantity


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("NM", "12,5", "12,5 mmol/L"),
        ("NM", "NEG", "NEG mmol/L"),
        ("SN", "^1^:^128", "1:128 mmol/L"),
        ("SN", "^10^-^20", "10-20 mmol/L"),
        ("ST", "R&D ^ co", "R&D ^ co"),
        ("TX", "ligne 1~ligne 2", "ligne 1\nligne 2"),
        ("FT", "un\\.br\\deux", "un\ndeux"),
        ("DT", "20260511", "2026-05-11"),
        ("TS", "202605110830", "2026-05-11T08:30:00-04:00"),
        ("XPN", "Roy^Luc", "Roy Luc"),
    ],
)
def test_values_that_are_words(results: Any, kind: str, raw: str, text: str) -> None:
    """What is no plain number is shown as it was written, never repaired."""
    content = results(OBR, obx(raw, kind))[0].content

    assert (content.value_text, content.value_quantity) == (text, None)


def test_coded_values(results: Any) -> None:
    """One code is a concept; several are parts of one result."""
    one = results(OBR, obx("260385009^Négatif^SCT", "CWE"))[0].content
    two = results(OBR, obx("A^Alpha^L~B^Bêta^L", "CE"))[0].content

    assert one.value_concept.codings[0].system == "http://snomed.info/sct"
    assert [c.value_concept.text for c in two.components] == ["Alpha", "Bêta"]


def test_the_null_value_of_a_result(results: Any) -> None:
    """A deleted value is no value, and no two quotes."""
    content = results(OBR, obx('""'))[0].content

    assert (content.value_quantity, content.value_text, content.value_concept) == (None, None, None)


REPORT = "18748-4^Rapport^LN"


@pytest.mark.parametrize("subs", [("", "", ""), ("1", "1", "1"), ("1", "2", "3")])
def test_lines_of_a_report_are_one_result(results: Any, subs: tuple[str, ...]) -> None:
    """Several OBX of one code are lines of one text, also where OBX-4 counts them."""
    rows = [obx(t, "TX", sub=s, code=REPORT) for t, s in zip(("a", '""', "c"), subs, strict=True)]
    (item,) = results(OBR, *rows)

    assert item.content.value_text == "a\n\nc"
    assert item.item == "A7|18748-4|"


def test_two_organisms_are_two_results(results: Any) -> None:
    """A sub-id tells results of one code apart, in item and entry."""
    first, second = results(
        OBR,
        obx("112283007^E. coli^SCT", "CE", sub="1"),
        obx("3092008^S. aureus^SCT", "CE", sub="2"),
    )

    assert (first.item, second.item) == ("A7|2085-9|", "A7|2085-9|2")
    assert second.entry == first.entry + "|2"


def test_one_code_twice_without_sub_id(results: Any) -> None:
    """Nothing is lost where a sender repeats a code: the second one is counted."""
    found = results(OBR, obx("5.1"), obx("7.2"))

    assert [item.item for item in found] == ["A7|2085-9|", "A7|2085-9|#2"]
    assert len({item.entry for item in found}) == 2


@pytest.mark.parametrize(
    ("order", "item", "entry"),
    [
        ("OBR|1|P7|A7|X^Y", "A7|GLU|", "hsc/local|GLU|A7"),
        ("OBR|1|P7||X^Y", "P7|GLU|", "hsc/local|GLU|P7"),
        ("OBR|1|||X^Y|||202605110700", "X@202605110700|GLU|", ""),
    ],
)
def test_the_number_of_an_order(results: Any, order: str, item: str, entry: str) -> None:
    """OBR-3, else OBR-2, else what was ordered and when; only a number groups sources."""
    (found,) = results(order, obx("5", code="GLU"))

    assert (found.item, found.entry) == (item, entry)


def test_order_numbers_of_orc(results: Any) -> None:
    """Where OBR has none, ORC has them."""
    (found,) = results("ORC|RE|P7|A7", "OBR|1|||X", obx("5", code="GLU"))

    assert found.item == "A7|GLU|"


def test_specimen_before_its_orders(items: Any, msh: Any) -> None:
    """In OUL^R22 the specimen stands before the order, in ORU after it."""
    found = items(
        msh("OUL^R22"), PID, "SPM|1|||SER^Sérum", OBR, obx("1"), "SPM|2|||UR^Urine", OBR, obx("2")
    )

    assert [i.content.specimen.text for i in found if i.section == "results"] == ["Sérum", "Urine"]


def test_a_cancelled_order_without_results(results: Any) -> None:
    """OBR-25 X: the cancellation is a result of its own; a pending order says nothing yet."""
    (item,) = results(OBR[:-1] + "X")

    assert (item.item, item.status) == ("A7|24331-1|", "cancelled")


def test_final_without_its_value_is_refused(results: Any) -> None:
    """OBX-11 U repeats no value: taking it would blank the preliminary one."""
    with pytest.raises(Unmappable, match="OBX-11"):
        results(OBR, obx("", status="U"))


def test_a_report_as_a_file(results: Any) -> None:
    """ED: media type, size and digest of the bytes; text where it is text."""
    content = b"<p>\xc3\xa9</p>"
    value = f"^TEXT^HTML^Base64^{base64.b64encode(content).decode()}"
    (item,) = results(OBR, obx(value, "ED", code=REPORT))

    assert (item.section, item.item, item.status) == ("documents", "A7|18748-4|", "current")
    assert (item.content.mime_type, item.content.text) == ("text/html", "<p>é</p>")
    assert (item.content.size, item.content.sha256) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
    )


def test_a_report_by_reference(results: Any) -> None:
    """RP: where it is."""
    (item,) = results(OBR, obx("https://pacs/1&PACS^^application^pdf", "RP", code=REPORT))

    assert (item.section, item.content.mime_type) == ("documents", "application/pdf")


@pytest.mark.parametrize("data", ["@@@", "QQ"])
def test_a_file_that_cannot_be_decoded(results: Any, data: str) -> None:
    """Broken base 64 is kept as it came."""
    (item,) = results(OBR, obx(f"^application^pdf^Base64^{data}", "ED", code=REPORT))

    assert (item.content.text, item.content.size) == (data, None)


@pytest.mark.parametrize(
    "code", ["75320-2^Directive^LN", "NIM^Niveau d'intervention médicale^L", "^Niveau de soins"]
)
def test_a_level_of_care(results: Any, code: str) -> None:
    """NIM and advance directives have a section of their own."""
    (item,) = results(OBR, obx("C^Niveau C^L", "CE", code=code))

    assert (item.section, item.status) == ("directives", "active")
    assert item.content.value.text == "Niveau C"


@pytest.mark.parametrize(
    ("code", "service", "category"),
    [
        ("8867-4^Pouls^LN", "", "vital-signs"),
        ("X", "RAD", "imaging"),
        ("X", "HM", "laboratory"),
        ("X", "", ""),
    ],
)
def test_category(results: Any, code: str, service: str, category: str) -> None:
    """Vital signs by their code, else what OBR-24 says."""
    order = "OBR|1||A7|P" + "|" * 20 + service
    (item,) = results(order, obx("70", code=code))

    assert item.content.category == category


def test_observations_outside_any_order(items: Any, msh: Any) -> None:
    """Height in an admission: named by its code and its own time, grouped with nothing."""
    found = items(msh("ADT^A31"), PID, obx("170", code="8302-2^Taille^LN") + "|||20260511")
    (item,) = [i for i in found if i.section == "results"]

    assert (item.item, item.entry) == ("@20260511|8302-2|", "")
