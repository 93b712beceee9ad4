"""One name for each system of identifiers: aliases, OIDs and HL7 v2 authorities of health numbers.

Mappers already write canonical names for what their source's settings know; this table is for the
rest, and for records that others made. Source: CA Baseline (HL7 Canada), DSQ root OIDs.
"""

from __future__ import annotations

from functools import lru_cache

_INFOWAY = "https://fhir.infoway-inforoute.ca/NamingSystem/"

#: Health number of Quebec (NAM).
QUEBEC = _INFOWAY + "ca-qc-patient-healthcare-id"

#: Province or territory -> system of its health number.
PROVINCES = {
    "QC": QUEBEC,
    "ON": _INFOWAY + "ca-on-patient-hcn",
    **{
        code: f"{_INFOWAY}ca-{code.lower()}-patient-healthcare-id"
        for code in ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "PE", "SK", "YT")
    },
}

#: Other spellings, in upper case.
_ALIASES = {
    "RAMQ": QUEBEC,
    "QCQC": QUEBEC,
    "NAM": QUEBEC,
    "2.16.124.10.101.1.60.100": QUEBEC,
    "HTTP://DOCUMENTATION.CLICSANTE.CA/FHIR/BASE/NAM": QUEBEC,
    "2.16.840.1.113883.4.59": PROVINCES["ON"],
    "2.16.840.1.113883.4.50": PROVINCES["BC"],
    "OHIP": PROVINCES["ON"],
    "CANON": PROVINCES["ON"],
    "CANBC": PROVINCES["BC"],
    "CANQC": QUEBEC,
    **{system.upper(): system for system in PROVINCES.values()},
}


@lru_cache(maxsize=1 << 12)
def canonical(system: str, kind: str = "") -> str:
    """The canonical name of a system; itself when no alias is known.

    ``kind`` is the HL7 table 0203 type: a bare ``ON`` is Ontario's health number only with ``JHN``.
    """
    name = system.strip().removeprefix("urn:oid:")
    upper = name.upper()
    if upper in _ALIASES:
        return _ALIASES[upper]
    if kind == "JHN" and upper in PROVINCES:
        return PROVINCES[upper]
    return name
