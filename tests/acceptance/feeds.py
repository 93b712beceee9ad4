"""The sources of the shared system, as the integration engineer of each feed would write them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from producers.hl7v2.test_real_messages import AUTHORITIES


def table(
    name: str,
    establishment: str,
    authority: str,
    *,
    authorities: Mapping[str, str] | None = None,
    listens: bool = True,
) -> str:
    """One ``[[source]]`` of a sources file."""
    names = ", ".join(
        f"{json.dumps(key)} = {json.dumps(value)}" for key, value in (authorities or {}).items()
    )
    port = "mllp_port = PORT\n" if listens else ""
    return (
        f'[[source]]\nname = "{name}"\nestablishment = "{establishment}"\n'
        f'authority = "{authority}"\nauthorities = {{ {names} }}\n{port}'
    )


def authority_of(feed: str) -> str:
    """The canonical name of a feed's own record numbers; feeds share none."""
    return f"ESSAI-{feed}"


#: Hospitals that send the messages with an expected Patient, each under an authority of its own.
CONVERTED = tuple(f"converted-{number}" for number in range(8))
#: Systems of the client registry cases, and the one domain that is theirs.
REGISTRY = (("registry", "TEST"), ("registry-a", "TEST_A"), ("registry-b", "TEST_B"))
REGISTRY_FHIR = {"http://ohie.org/test/test": "REG-F"}
SOURCES = (
    *(
        table(
            feed,
            "essai",
            authority_of(feed),
            authorities=dict.fromkeys(names, authority_of(feed)),
        )
        for feed, names in AUTHORITIES.items()
    ),
    *(
        table(
            name,
            "essai",
            authority_of(name),
            authorities=dict.fromkeys(AUTHORITIES["microsoft-fhir-converter"], authority_of(name)),
        )
        for name in CONVERTED
    ),
    *(table(name, "registre", domain, authorities={domain: domain}) for name, domain in REGISTRY),
    table("registry-fhir", "registre", "REG-F", authorities=REGISTRY_FHIR, listens=False),
    table("synthea", "synthea", "SYN", listens=False),
    table("decided-adt", "decided", "DEC"),
    table("bad-adt", "bad", "BAD"),
    table("late-adt", "late", "LATE"),
    table("bad-fhir", "bad", "BADF", listens=False),
    table("live-adt", "live", "LIVE"),
    table("live-lab", "live", "LIVE"),
)
