"""Code systems and code tables: HL7 v2 spellings on the left, what the contract says on the right."""

from __future__ import annotations

import re

#: HL7 table 0396 and what feeds write instead -> URI of the code system. A system that is not here
#: belongs to the establishment that uses it: two hospitals' codes "123" are two things.
_SYSTEMS = {
    "LN": "http://loinc.org",
    "LOINC": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "SNM": "http://snomed.info/sct",
    "SNOMED": "http://snomed.info/sct",
    "SNOMED-CT": "http://snomed.info/sct",
    "SNOMEDCT": "http://snomed.info/sct",
    "SCTCA": "http://snomed.info/sct",
    "CCDD": "http://snomed.info/sct",
    "I9": "http://hl7.org/fhir/sid/icd-9",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
    "I9CDX": "http://hl7.org/fhir/sid/icd-9-cm",
    "ICD9": "http://hl7.org/fhir/sid/icd-9",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ICD-10": "http://hl7.org/fhir/sid/icd-10",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "I10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10CA": "https://fhir.infoway-inforoute.ca/CodeSystem/icd-10-ca",
    "ICD-10-CA": "https://fhir.infoway-inforoute.ca/CodeSystem/icd-10-ca",
    "CIM10CA": "https://fhir.infoway-inforoute.ca/CodeSystem/icd-10-ca",
    "CCI": "https://fhir.infoway-inforoute.ca/CodeSystem/cci",
    "DIN": "http://hl7.org/fhir/NamingSystem/ca-hc-din",
    "HC-DIN": "http://hl7.org/fhir/NamingSystem/ca-hc-din",
    "ATC": "http://www.whocc.no/atc",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "NDC": "http://hl7.org/fhir/sid/ndc",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "MVX": "http://hl7.org/fhir/sid/mvx",
    "C4": "http://www.ama-assn.org/go/cpt",
    "CPT": "http://www.ama-assn.org/go/cpt",
    "NCIT": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "UCUM": "http://unitsofmeasure.org",
    "ISO639": "urn:ietf:bcp:47",
    "ISO3166": "urn:iso:std:iso:3166",
}
_HL7_TABLE = re.compile(r"HL7-?(\d{1,4})$")
_OID = re.compile(r"\d+(\.\d+){3,}$")
_OIDS = {
    "2.16.840.1.113883.6.1": "http://loinc.org",
    "2.16.840.1.113883.6.96": "http://snomed.info/sct",
    "2.16.840.1.113883.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "2.16.840.1.113883.12.292": "http://hl7.org/fhir/sid/cvx",
    "2.16.840.1.113883.5.1105": "http://hl7.org/fhir/NamingSystem/ca-hc-din",
}

GENDER = {"F": "female", "M": "male", "O": "other", "A": "other", "X": "other", "N": "other"}

NAME_USE = {
    "L": "official",
    "B": "official",
    "C": "usual",
    "D": "usual",
    "M": "maiden",
    "N": "nickname",
    "S": "anonymous",
}
ADDRESS_USE = {
    "H": "home",
    "P": "home",
    "L": "home",
    "HOME": "home",
    "B": "work",
    "O": "work",
    "C": "temp",
    "BA": "old",
    "BI": "billing",
}
PHONE_USE = {
    "PRN": "home",
    "HOME": "home",
    "ORN": "home",
    "VHN": "temp",
    "WPN": "work",
    "WORK": "work",
    "PRS": "mobile",
    "CELL": "mobile",
}
PHONE_SYSTEM = {
    "PH": "phone",
    "CP": "phone",
    "SAT": "phone",
    "FX": "fax",
    "BP": "pager",
    "INTERNET": "email",
    "X.400": "email",
    "TDD": "other",
    "TTY": "other",
    "MD": "other",
}
LANGUAGE = {
    "F": "fr",
    "FR": "fr",
    "FRE": "fr",
    "FRA": "fr",
    "FRENCH": "fr",
    "FRANCAIS": "fr",
    "FRANÇAIS": "fr",
    "E": "en",
    "EN": "en",
    "A": "en",
    "AN": "en",
    "ANG": "en",
    "ENG": "en",
    "ENGLISH": "en",
    "ANGLAIS": "en",
    "ES": "es",
    "SPA": "es",
    "AR": "ar",
    "ARA": "ar",
    "IT": "it",
    "ITA": "it",
    "PT": "pt",
    "POR": "pt",
    "ZH": "zh",
    "CHI": "zh",
    "ZHO": "zh",
    "HT": "ht",
    "HAT": "ht",
    "IU": "iu",
    "IKU": "iu",
    "CR": "cr",
    "CRE": "cr",
}


def v2_table(number: str) -> str:
    """URI of an HL7 v2 table."""
    return f"http://terminology.hl7.org/CodeSystem/v2-{number.zfill(4)}"


def code_system(spelled: str, establishment: str, table: str = "") -> str:
    """URI of the code system as a message spells it.

    ``table`` is the HL7 table of the field where the message names no system. A local system
    becomes ``<establishment>/<name>``.
    """
    name = spelled.strip()
    if not name and table:
        return v2_table(table)
    upper = name.upper().replace("_", "-")
    known = _SYSTEMS.get(upper)
    if known:
        return known
    if hl7 := _HL7_TABLE.match(upper):
        return v2_table(hl7[1])
    if _OID.match(name):
        return _OIDS.get(name, f"urn:oid:{name}")
    if "://" in name or name.startswith("urn:"):
        return name
    return f"{establishment}/{name or 'local'}"


def is_standard(system: str) -> bool:
    """True for a system that means the same everywhere."""
    return ":" in system
