"""The FHIR R4 data types we read, as typed structs.

Only the elements that reach a chart are named; msgspec walks past the others. Optional elements
may be ``null`` although FHIR forbids it, because senders write it. Codes stay ``str`` and not
``Enum``: an enum's error message repeats the value it found, and that may be a person's.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

#: A date, dateTime or instant. The zone and the seconds may lack, as they do in practice.
FhirDate = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?\Z"
    ),
]
#: FHIR positiveInt and unsignedInt; also what an Avro int can hold.
SmallInt = Annotated[int, Meta(ge=0, le=2**31 - 1)]
#: A number as the sender wrote it, digit for digit; empty bytes when absent.
NO_NUMBER = Raw(b"")


class Element(msgspec.Struct, rename="camel", gc=False):
    """What every element is: camel case in JSON, and never part of a reference circle."""


class Coding(Element):
    """One code of one system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None
    user_selected: bool | None = None


class CodeableConcept(Element):
    """A meaning, by codes and by words."""

    coding: tuple[Coding | None, ...] | None = None
    text: str | None = None


class Period(Element):
    """A time span; either end may be open."""

    start: FhirDate | None = None
    end: FhirDate | None = None


class Quantity(Element):
    """A measured amount."""

    value: Raw = NO_NUMBER
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Element):
    """Two bounds."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Element):
    """Two amounts, one over the other."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Reference(Element):
    """A pointer to another resource, by address, by identifier or by words only."""

    reference: str | None = None
    type: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Identifier(Element):
    """A number that somebody gave."""

    system: str | None = None
    value: str | None = None
    type: CodeableConcept | None = None
    use: str | None = None
    period: Period | None = None
    assigner: Reference | None = None


class Extension(Element):
    """An addition to an element, named by its address."""

    url: str = ""
    extension: tuple[Extension, ...] | None = None
    value_string: str | None = None
    value_code: str | None = None
    value_coding: Coding | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_boolean: bool | None = None
    value_date_time: FhirDate | None = None
    value_address: Address | None = None


class Extended(Element):
    """The extensions of a primitive (``_birthDate``)."""

    extension: tuple[Extension, ...] | None = None


class HumanName(Element):
    """A name."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: tuple[str | None, ...] | None = None
    prefix: tuple[str | None, ...] | None = None
    suffix: tuple[str | None, ...] | None = None


class Address(Element):
    """A postal address."""

    use: str | None = None
    text: str | None = None
    line: tuple[str | None, ...] | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class ContactPoint(Element):
    """A telephone number or electronic address."""

    system: str | None = None
    value: str | None = None
    use: str | None = None


class Annotation(Element):
    """A note."""

    text: str | None = None


class Attachment(Element):
    """Content carried here or kept elsewhere."""

    content_type: str | None = None
    data: str | None = None
    url: str | None = None
    size: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    title: str | None = None
    creation: FhirDate | None = None


class ResourceMeta(Element):
    """What the server says about the resource."""

    last_updated: FhirDate | None = None
    tag: tuple[Coding | None, ...] | None = None


class Resource(Element):
    """What every resource we read may have."""

    id: str | None = None
    meta: ResourceMeta | None = None
    identifier: tuple[Identifier | None, ...] | None = None
    contained: tuple[Raw, ...] | None = None
    #: Elements that change the meaning of the resource in ways we do not know.
    modifier_extension: tuple[Extension, ...] | None = None


class Timing(Element):
    """When something is to be done."""

    code: CodeableConcept | None = None
    repeat: TimingRepeat | None = None
    event: tuple[FhirDate | None, ...] | None = None


class TimingRepeat(Element):
    """The structured form of a frequency."""

    bounds_period: Period | None = None
    frequency: Raw = NO_NUMBER
    period: Raw = NO_NUMBER
    period_unit: str | None = None
    when: tuple[str | None, ...] | None = None


class DoseAndRate(Element):
    """Amount per take."""

    dose_quantity: Quantity | None = None
    dose_range: Range | None = None


class Dosage(Element):
    """How a medication is taken."""

    text: str | None = None
    patient_instruction: str | None = None
    timing: Timing | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_and_rate: tuple[DoseAndRate | None, ...] | None = None
    #: MedicationAdministration carries its dose here.
    dose: Quantity | None = None
