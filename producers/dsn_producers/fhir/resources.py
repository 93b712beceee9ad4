"""The FHIR R4 resources we read: the elements that reach a chart, and no others.

Every resource that belongs to a patient names it ``subject`` here, whatever FHIR calls it. An
element is required only where FHIR requires it and a chart without it would mislead.
"""

from __future__ import annotations

from msgspec import Raw, field

from dsn_producers.fhir.datatypes import (
    NO_NUMBER,
    Address,
    Annotation,
    Attachment,
    CodeableConcept,
    Coding,
    ContactPoint,
    Dosage,
    Element,
    Extended,
    Extension,
    FhirDate,
    HumanName,
    Identifier,
    Period,
    Quantity,
    Range,
    Ratio,
    Reference,
    Resource,
    SmallInt,
)

Concepts = tuple[CodeableConcept | None, ...]
References = tuple[Reference | None, ...]


class PatientContact(Element):
    """Someone to reach."""

    relationship: Concepts | None = None
    name: HumanName | None = None
    telecom: tuple[ContactPoint | None, ...] | None = None
    address: Address | None = None
    organization: Reference | None = None


class Communication(Element):
    """A language of the patient."""

    language: CodeableConcept | None = None
    preferred: bool | None = None


class PatientLink(Element):
    """Another resource about the same person."""

    other: Reference | None = None
    type: str | None = None


class Patient(Resource, kw_only=True):
    """Who the person of a record is."""

    extension: tuple[Extension, ...] | None = None
    active: bool | None = None
    name: tuple[HumanName | None, ...] | None = None
    telecom: tuple[ContactPoint | None, ...] | None = None
    gender: str | None = None
    birth_date: FhirDate | None = None
    birth_date_extended: Extended | None = field(default=None, name="_birthDate")
    deceased_boolean: bool | None = None
    deceased_date_time: FhirDate | None = None
    address: tuple[Address | None, ...] | None = None
    marital_status: CodeableConcept | None = None
    multiple_birth_boolean: bool | None = None
    multiple_birth_integer: SmallInt | None = None
    contact: tuple[PatientContact | None, ...] | None = None
    communication: tuple[Communication | None, ...] | None = None
    #: One object instead of a list is a mistake seen in the field.
    general_practitioner: References | Reference | None = None
    link: tuple[PatientLink | None, ...] | None = None


class RelatedPerson(Resource, kw_only=True):
    """A relative: read for the names of the parents."""

    subject: Reference | None = field(default=None, name="patient")
    relationship: Concepts | None = None
    #: One object instead of a list is a mistake seen in the field.
    name: tuple[HumanName | None, ...] | HumanName | None = None


class Participant(Element):
    """Who takes part in an encounter."""

    type: Concepts | None = None
    individual: Reference | None = None


class EncounterLocation(Element):
    """A place of an encounter."""

    location: Reference | None = None
    status: str | None = None
    period: Period | None = None


class Hospitalization(Element):
    """How a stay began and ended."""

    admit_source: CodeableConcept | None = None
    discharge_disposition: CodeableConcept | None = None


class Encounter(Resource, kw_only=True):
    """A visit or stay."""

    status: str
    class_code: Coding | None = field(default=None, name="class")
    type: Concepts | None = None
    service_type: CodeableConcept | None = None
    subject: Reference | None = None
    participant: tuple[Participant | None, ...] | None = None
    period: Period | None = None
    reason_code: Concepts | None = None
    reason_reference: References | None = None
    hospitalization: Hospitalization | None = None
    location: tuple[EncounterLocation | None, ...] | None = None
    service_provider: Reference | None = None


class AllergyReaction(Element):
    """What happened on exposure."""

    manifestation: Concepts | None = None
    description: str | None = None
    onset: FhirDate | None = None
    severity: str | None = None


class AllergyIntolerance(Resource, kw_only=True):
    """An allergy or intolerance, or the statement that there is none."""

    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    type: str | None = None
    category: tuple[str | None, ...] | None = None
    criticality: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = field(default=None, name="patient")
    onset_date_time: FhirDate | None = None
    recorded_date: FhirDate | None = None
    recorder: Reference | None = None
    asserter: Reference | None = None
    last_occurrence: FhirDate | None = None
    note: tuple[Annotation | None, ...] | None = None
    reaction: tuple[AllergyReaction | None, ...] | None = None


class Condition(Resource, kw_only=True):
    """A problem or diagnosis."""

    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    category: Concepts | None = None
    severity: CodeableConcept | None = None
    code: CodeableConcept | None = None
    body_site: Concepts | None = None
    subject: Reference | None = None
    onset_date_time: FhirDate | None = None
    onset_period: Period | None = None
    onset_age: Quantity | None = None
    onset_range: Range | None = None
    onset_string: str | None = None
    abatement_date_time: FhirDate | None = None
    abatement_period: Period | None = None
    abatement_age: Quantity | None = None
    abatement_range: Range | None = None
    abatement_string: str | None = None
    recorded_date: FhirDate | None = None
    recorder: Reference | None = None
    asserter: Reference | None = None
    note: tuple[Annotation | None, ...] | None = None


class Ingredient(Element):
    """A part of a medication."""

    item_codeable_concept: CodeableConcept | None = None
    item_reference: Reference | None = None


class Medication(Resource, kw_only=True):
    """A drug, to which orders point."""

    code: CodeableConcept | None = None
    form: CodeableConcept | None = None
    ingredient: tuple[Ingredient | None, ...] | None = None


class Performer(Element):
    """Who did something, and as what."""

    function: CodeableConcept | None = None
    actor: Reference | None = None


class DispenseRequest(Element):
    """How much may be dispensed, and until when."""

    validity_period: Period | None = None
    number_of_repeats_allowed: SmallInt | None = None
    quantity: Quantity | None = None


class MedicationUse(Resource, kw_only=True):
    """What the four medication resources have in common."""

    status: str
    subject: Reference | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    reason_code: Concepts | None = None
    reason_reference: References | None = None
    note: tuple[Annotation | None, ...] | None = None


class MedicationRequest(MedicationUse, kw_only=True):
    """An order, or a plan for one."""

    intent: str | None = None
    do_not_perform: bool | None = None
    authored_on: FhirDate | None = None
    requester: Reference | None = None
    dosage_instruction: tuple[Dosage | None, ...] | None = None
    dispense_request: DispenseRequest | None = None


class MedicationDispense(MedicationUse, kw_only=True):
    """A drug handed out."""

    performer: tuple[Performer | None, ...] | None = None
    authorizing_prescription: References | None = None
    quantity: Quantity | None = None
    when_prepared: FhirDate | None = None
    when_handed_over: FhirDate | None = None
    dosage_instruction: tuple[Dosage | None, ...] | None = None


class MedicationAdministration(MedicationUse, kw_only=True):
    """A drug given, or not given."""

    effective_date_time: FhirDate | None = None
    effective_period: Period | None = None
    performer: tuple[Performer | None, ...] | None = None
    dosage: Dosage | None = None


class MedicationStatement(MedicationUse, kw_only=True):
    """What somebody says a patient takes."""

    effective_date_time: FhirDate | None = None
    effective_period: Period | None = None
    date_asserted: FhirDate | None = None
    dosage: tuple[Dosage | None, ...] | None = None


class ProtocolApplied(Element):
    """Place of a dose in its series."""

    series: str | None = None
    dose_number_positive_int: SmallInt | None = None
    dose_number_string: str | None = None


class Immunization(Resource, kw_only=True):
    """A vaccine given or not given."""

    status: str
    vaccine_code: CodeableConcept
    status_reason: CodeableConcept | None = None
    subject: Reference | None = field(default=None, name="patient")
    occurrence_date_time: FhirDate | None = None
    occurrence_string: str | None = None
    recorded: FhirDate | None = None
    primary_source: bool | None = None
    location: Reference | None = None
    manufacturer: Reference | None = None
    lot_number: str | None = None
    expiration_date: FhirDate | None = None
    site: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_quantity: Quantity | None = None
    performer: tuple[Performer | None, ...] | None = None
    note: tuple[Annotation | None, ...] | None = None
    protocol_applied: tuple[ProtocolApplied | None, ...] | None = None


class ObservedValue(Resource, kw_only=True):
    """A value of an observation or of one component: one of these."""

    value_quantity: Quantity | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: Raw = NO_NUMBER
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    value_sampled_data: SampledData | None = None
    value_time: str | None = None
    value_date_time: FhirDate | None = None
    value_period: Period | None = None


class SampledData(Element):
    """A curve; its points stay with the source."""

    data: str | None = None


class ObservationComponent(ObservedValue, kw_only=True):
    """One part of a composed result."""

    code: CodeableConcept
    data_absent_reason: CodeableConcept | None = None
    interpretation: Concepts | None = None


class ObservationRange(Element):
    """Expected values."""

    low: Quantity | None = None
    high: Quantity | None = None
    text: str | None = None


class Observation(ObservedValue, kw_only=True):
    """A result, vital sign or other observation."""

    status: str
    based_on: References | None = None
    category: Concepts | None = None
    code: CodeableConcept
    subject: Reference | None = None
    effective_date_time: FhirDate | None = None
    effective_period: Period | None = None
    effective_instant: FhirDate | None = None
    issued: FhirDate | None = None
    performer: References | None = None
    data_absent_reason: CodeableConcept | None = None
    interpretation: Concepts | None = None
    note: tuple[Annotation | None, ...] | None = None
    body_site: CodeableConcept | None = None
    method: CodeableConcept | None = None
    specimen: Reference | None = None
    reference_range: tuple[ObservationRange | None, ...] | None = None
    has_member: References | None = None
    component: tuple[ObservationComponent | None, ...] | None = None


class DiagnosticReport(Resource, kw_only=True):
    """A report; its results are observations of their own."""

    status: str
    based_on: References | None = None
    code: CodeableConcept
    subject: Reference | None = None
    effective_date_time: FhirDate | None = None
    effective_period: Period | None = None
    issued: FhirDate | None = None
    performer: References | None = None
    results_interpreter: References | None = None
    result: References | None = None
    conclusion: str | None = None
    conclusion_code: Concepts | None = None
    presented_form: tuple[Attachment | None, ...] | None = None


class ServiceRequest(Resource, kw_only=True):
    """An order: read for its numbers."""


class Specimen(Resource, kw_only=True):
    """What was examined."""

    type: CodeableConcept | None = None
    accession_identifier: Identifier | None = None


class Procedure(Resource, kw_only=True):
    """Something done to or for the patient."""

    status: str
    status_reason: CodeableConcept | None = None
    category: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: FhirDate | None = None
    performed_period: Period | None = None
    performed_string: str | None = None
    performed_age: Quantity | None = None
    performer: tuple[Performer | None, ...] | None = None
    location: Reference | None = None
    reason_code: Concepts | None = None
    reason_reference: References | None = None
    body_site: Concepts | None = None
    outcome: CodeableConcept | None = None
    note: tuple[Annotation | None, ...] | None = None


class DocumentContent(Element):
    """One form of a document."""

    attachment: Attachment


class RelatesTo(Element):
    """What a document does to another."""

    code: str | None = None
    target: Reference | None = None


class DocumentReference(Resource, kw_only=True):
    """A document and where it is."""

    status: str
    doc_status: str | None = None
    master_identifier: Identifier | None = None
    type: CodeableConcept | None = None
    category: Concepts | None = None
    subject: Reference | None = None
    date: FhirDate | None = None
    author: References | None = None
    custodian: Reference | None = None
    relates_to: tuple[RelatesTo | None, ...] | None = None
    description: str | None = None
    content: tuple[DocumentContent, ...]


class Binary(Resource, kw_only=True):
    """Content carried beside the document that points to it."""

    content_type: str | None = None
    data: str | None = None


class ProvisionActor(Element):
    """Whom a rule concerns."""

    role: CodeableConcept | None = None
    reference: Reference | None = None


class ProvisionData(Element):
    """What a rule concerns."""

    reference: Reference | None = None


class Provision(Element):
    """A rule of a consent."""

    type: str | None = None
    period: Period | None = None
    actor: tuple[ProvisionActor | None, ...] | None = None
    action: Concepts | None = None
    security_label: tuple[Coding | None, ...] | None = None
    purpose: tuple[Coding | None, ...] | None = None
    class_codes: tuple[Coding | None, ...] | None = field(default=None, name="class")
    code: Concepts | None = None
    data_period: Period | None = None
    data: tuple[ProvisionData | None, ...] | None = None
    provision: tuple[Provision, ...] | None = None


class Consent(Resource, kw_only=True):
    """A directive, a restriction, or a consent of another kind."""

    status: str
    scope: CodeableConcept | None = None
    category: Concepts | None = None
    subject: Reference | None = field(default=None, name="patient")
    date_time: FhirDate | None = None
    performer: References | None = None
    policy_rule: CodeableConcept | None = None
    source_attachment: Attachment | None = None
    provision: Provision | None = None


class Flag(Resource, kw_only=True):
    """A warning."""

    status: str
    code: CodeableConcept
    category: Concepts | None = None
    subject: Reference | None = None
    period: Period | None = None
    author: Reference | None = None


class SectionText(Element):
    """The narrative of a section."""

    div: str | None = None


class CompositionSection(Element):
    """A section of a document."""

    title: str | None = None
    code: CodeableConcept | None = None
    empty_reason: CodeableConcept | None = None
    section: tuple[CompositionSection, ...] | None = None


class Composition(Resource, kw_only=True):
    """The head of a document: read for what it says of empty sections."""

    status: str
    subject: Reference | None = None
    date: FhirDate | None = None
    author: References | None = None
    section: tuple[CompositionSection, ...] | None = None


class LinkageItem(Element):
    """One end of a linkage."""

    type: str | None = None
    resource: Reference | None = None


class Linkage(Resource, kw_only=True):
    """Resources about the same thing."""

    active: bool | None = None
    author: Reference | None = None
    item: tuple[LinkageItem | None, ...] | None = None
