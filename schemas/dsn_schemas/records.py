"""Typed records of the contract, one frozen dataclass per Avro type.

Made from ``avro/*.avsc`` by ``python -m dsn_schemas.generate``: change the schema, not this file.
Instants (``*_at`` fields) are milliseconds since 1970 UTC; clinical dates are FHIR dates as text,
because their precision is part of what was said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


#: upsert: the item is now this; delete: the item is gone; mark: no item, only how far the source has come.
Op: TypeAlias = Literal[
    "unknown",
    "upsert",
    "delete",
    "mark",
]


#: Part of the chart an item belongs to; the last four are not shown as such.
Section: TypeAlias = Literal[
    "unknown",
    "demographics",
    "encounters",
    "allergies",
    "medications",
    "problems",
    "immunizations",
    "results",
    "procedures",
    "documents",
    "directives",
    "alerts",
    "restrictions",
    "claims",
    "rejected",
    "marks",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEvent:
    """Somebody read, printed or received something of a chart (R-22.1, s. 103)."""

    #: Who.
    actor: str
    #: Role at that moment.
    role: str
    #: Where the actor works.
    establishment: str
    #: Person id; empty for a search.
    person: str
    #: search, read, print, export.
    action: str
    #: Which information.
    sections: tuple[str, ...] = ()
    #: Why, as the actor declared it.
    purpose: str
    #: shown, refused, failed.
    outcome: str
    #: When.
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEnd:
    """Something that was in quarantine is used now: what it said has numbers or contributions of its own."""

    #: Source.
    source: str
    #: A rejected message that was mapped again at the edge: the item its earlier rejections carry;
    #: empty: one record of the journal.
    item: str = ""
    #: Where what ends it was read; of one record of the journal: its own place.
    topic: str
    #: Partition.
    partition: int
    #: Offset.
    offset: int
    #: Epoch of the number that ends it.
    epoch: int
    #: Number that ends it: everything below it that carries the item is over.
    seq: int
    #: Edge clock of that number.
    captured_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedChange:
    """Something no stage could use, byte for byte, with a reason a person can act on."""

    #: Source as far as it is known.
    source: str
    #: edge, admit, identify, unify, store, audit.
    stage: str
    #: Reason class.
    reason: str
    #: What, where and what to do, without patient data.
    detail: str
    #: Where it was read.
    topic: str
    #: Partition it was read from.
    partition: int
    #: Offset it was read at.
    offset: int
    #: 0 when it could not be read.
    epoch: int
    #: 0 when it could not be read.
    seq: int
    #: Edge clock, or broker time when it could not be read.
    captured_at: int
    #: The bytes as they were read.
    payload: bytes
    #: Of a message the edge rejected: what a retry will say is over (SHA-256 of its bytes,
    #: hexadecimal).
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What of a source is in the central store, told to its outbox."""

    #: Establishment system.
    source: str
    #: Epoch of its numbers.
    epoch: int
    #: Everything up to this number is in the store or in quarantine, committed.
    seq: int
    #: Clock of the centre.
    at: int
    #: Highest number of this epoch the centre has read; an outbox that gave fewer was restored.
    seen: int = 0
    #: Which store speaks: its identity and, behind a colon, its time line.
    store: str = ""
    #: Grows with each look at the store; lower than before: the store went back.
    issued: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSettled:
    """All entries of the record have arrived at the person of this link version."""

    #: Assigning authority.
    authority: str
    #: Local number.
    number: str
    #: Link version.
    version: int
    #: Person id.
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendRequest:
    """The centre misses numbers of a source and asks its outbox for them."""

    #: Establishment system.
    source: str
    #: Epoch of the numbers.
    epoch: int
    #: Everything above this number is wanted.
    after: int
    #: Last number that is missing; 0: all there are.
    upto: int = 0
    #: Partition that misses them; -1: any.
    partition: int = -1
    #: Put a rejected message in the place of what the outbox no longer has: an operator explained
    #: the loss.
    fill: bool = False
    #: Why, in an operator's words, without patient data.
    reason: str = ""
    #: Which store asks.
    store: str = ""
    #: Grows with each request of this store: each is served once.
    number: int = 0
    #: Clock of the centre.
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """The centre asks an outbox to map messages again that its edge rejected."""

    #: Establishment system.
    source: str
    #: SHA-256 of each message, hexadecimal.
    messages: tuple[str, ...]
    #: Which store asks.
    store: str
    #: Grows with each request of this store: each is served once.
    number: int
    #: Clock of the centre.
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPair:
    """Two records that may be one person and that a person must look at."""

    #: Assigning authority of the first record, in key order.
    authority_a: str
    #: Its local number.
    number_a: str
    #: Assigning authority of the second record.
    authority_b: str
    #: Its local number.
    number_b: str
    #: Why it is not automatic.
    reasons: tuple[str, ...] = ()
    #: When it was first put on the list (captured_at of the request).
    opened_at: int
    #: False when settled.
    open: bool = True
    #: Weight of the comparison in 1/256 bit.
    weight: int = 0
    #: The comparison vector: one field=level per field compared.
    levels: tuple[str, ...] = ()
    #: Version of the weights.
    weights: str = ""
    #: doubt: too alike to ignore; blocked: a join that something forbids; contradiction: claims
    #: that contradict each other.
    kind: str = "blocked"
    #: Person of the first record when the pair was put on the list.
    person_a: str = ""
    #: Person of the second record.
    person_b: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewBarrier:
    """Everything this partition of changes held below the position is in this partition of the view."""

    #: Changes topic.
    topic: str
    #: Its partition.
    partition: int
    #: Next offset.
    position: int
    #: Source the numbers belong to; empty when the partition has none yet.
    source: str = ""
    #: Epoch of the source.
    epoch: int = 0
    #: Complete up to this number, as far as this partition goes.
    seq: int = 0
    #: Edge clock at that number.
    as_of: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or body that did, said or signed something."""

    #: Name for display.
    name: str = ""
    #: Licence or local number.
    identifier: str = ""
    #: Who issued the identifier.
    authority: str = ""
    #: attending, admitting, ordering, performer, author, pharmacist...
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address (FHIR R4 Address)."""

    #: home, work, temp, old, billing.
    use: str = ""
    #: Street lines.
    lines: tuple[str, ...] = ()
    #: Municipality.
    city: str = ""
    #: Province, ISO 3166-2 suffix (QC).
    state: str = ""
    #: Postal code as received.
    postal_code: str = ""
    #: Country code or name as received.
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """One code in one code system (FHIR R4 Coding)."""

    #: Code system, a URI where one exists, else the source's own name for it.
    system: str = ""
    #: The code itself.
    code: str = ""
    #: Text the source showed for the code.
    display: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """A telephone number or electronic address (FHIR R4 ContactPoint)."""

    #: phone, email, fax, pager, sms, url, other.
    system: str = ""
    #: The number or address as received.
    value: str = ""
    #: home, work, mobile, temp, old.
    use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """A record item that an entry of the chart is made of."""

    #: Establishment system.
    source: str
    #: Assigning authority of the record.
    authority: str
    #: Local number of the record.
    number: str
    #: Item within the record.
    item: str
    #: Epoch of the change.
    epoch: int
    #: Number of the change.
    seq: int
    #: upsert, or delete for an item that is gone.
    op: Op
    #: Status the source gave.
    status: str
    #: When it happened at the source.
    occurred_at: int
    #: When the edge put it on disk.
    captured_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One of several values that contributors give for one field of an entry."""

    #: Name of the field in the content.
    field: str
    #: The value as JSON, in the shape it has in the content.
    value: str
    #: Positions in the entry's list of contributors, from 0.
    contributors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why two records are held, or not held, for one person: one comparison or one claim."""

    #: Assigning authority of the other record.
    authority: str
    #: Local number of the other record.
    number: str
    #: decision (a steward), claim (a source) or match (a comparison).
    rule: str
    #: Weight of the comparison in 1/256 bit; 0 for a decision or claim.
    weight: int = 0
    #: The comparison vector: one field=level per field compared.
    levels: tuple[str, ...] = ()
    #: Gates that spoke, or the kinds of the claims.
    reasons: tuple[str, ...] = ()
    #: Version of the weights; empty for a decision or claim.
    weights: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOrigin:
    """Who one field of a merged entry came from."""

    #: Name of the field in the content.
    field: str
    #: Positions in the entry's list of contributors, from 0.
    contributors: tuple[int, ...] = ()
    #: Survivorship rule that chose it: only, agreed, verified, recent, key, union.
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanName:
    """A name of a person (FHIR R4 HumanName)."""

    #: official (surname at birth in Quebec), usual, maiden, nickname, old, anonymous.
    use: str = ""
    #: Surname with its particles, original spelling.
    family: str = ""
    #: Given names in the order of the source.
    given: tuple[str, ...] = ()
    #: Title.
    prefix: str = ""
    #: Suffix.
    suffix: str = ""
    #: The whole name where the source sent it in one piece.
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number that somebody gave to a person or thing (FHIR R4 Identifier)."""

    #: Assigning authority: canonical URI or the name configured for the source.
    system: str = ""
    #: The number as received, white space trimmed.
    value: str = ""
    #: HL7 table 0203 code: JHN (provincial health number), MR (local record number), PPN...
    type: str = ""
    #: FHIR identifier use: official, usual, old, temp, secondary.
    use: str = ""
    #: Organization that issued it, in words.
    assigner: str = ""
    #: Valid from, FHIR dateTime.
    period_start: str | None = None
    #: Valid until, FHIR dateTime.
    period_end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language of the patient (FHIR R4 Patient.communication)."""

    #: BCP 47 code where known (fr, en), else as received.
    code: str = ""
    #: True for the language of service.
    preferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A measured amount; the digits are kept as reported."""

    #: Decimal number as text, so that no digit is added or lost.
    value: str = ""
    #: <, <=, >=, > or empty.
    comparator: str = ""
    #: Unit for display.
    unit: str = ""
    #: Unit system, usually UCUM.
    system: str = ""
    #: Unit code.
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One place of an encounter (FHIR R4 Encounter.location)."""

    #: Ward, room and bed as the source names them.
    location: str = ""
    #: planned, active, reserved, completed.
    status: str = ""
    #: FHIR dateTime.
    start: str | None = None
    #: FHIR dateTime.
    end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedMessage:
    """A message the establishment side could not map, byte for byte."""

    #: Reason class, the same that was answered to the sender.
    reason: str = ""
    #: What was wrong and where, without patient data.
    detail: str = ""
    #: hl7v2 or fhir.
    format: str = ""
    #: Control id of the message where one could be read.
    message_id: str = ""
    #: Bytes received.
    size: int = 0
    #: Digest of the bytes received, hexadecimal.
    sha256: str = ""
    #: The bytes; empty when larger than the journal takes (kept at the edge).
    payload: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMark:
    """How far a source has come: what a partition with no traffic would not say."""

    #: Changes read from the source since the epoch began, duplicates included.
    received: int = 0
    #: Of those, the ones that said nothing new and got no number.
    duplicate: int = 0
    #: Edge clock, milliseconds since 1970 UTC.
    sent_at: int = 0
    #: Numbered changes that no receipt covers, of every epoch.
    unconfirmed: int = 0
    #: Edge clock of the oldest of them, milliseconds; 0 when there is none.
    unconfirmed_since: int = 0
    #: Bytes of the outbox in use.
    outbox_bytes: int = 0
    #: Bytes at which it refuses messages; 0 when not told.
    outbox_bytes_max: int = 0
    #: Bytes free on its disk; at the floor it refuses messages.
    disk_free_bytes: int = 0
    #: That floor; 0 when not told.
    disk_free_bytes_min: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLink:
    """The person a record belongs to, and why."""

    #: Assigning authority.
    authority: str
    #: Local number.
    number: str
    #: Person id.
    person: str
    #: Grows by one with each move of this record.
    version: int
    #: Person id before the move; empty for the first link.
    previous: str = ""
    #: Rules that decided, the first reason first.
    reasons: tuple[str, ...] = ()
    #: What holds the record to others of its person, the strongest first.
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """A meaning, by codes and by words (FHIR R4 CodeableConcept)."""

    #: Codes for the same meaning, the source's preferred one first.
    codings: tuple[Coding, ...] = ()
    #: What the author wrote or picked.
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRange:
    """Expected values (FHIR R4 Observation.referenceRange)."""

    #: Lower bound.
    low: Quantity | None = None
    #: Upper bound.
    high: Quantity | None = None
    #: As the laboratory wrote it.
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityClaim:
    """What a source or a steward says about which records are one person."""

    #: merge (A40), link (A24), unlink (A37), move (A43, A44, A45), not-same.
    kind: str = ""
    #: Assigning authority of the other record (for a merge, the one that ends).
    other_authority: str = ""
    #: Number of the other record.
    other_number: str = ""
    #: Who decided.
    actor: Actor | None = None
    #: Why, in words.
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A restriction or refusal of access (R-22.1, sections 7 and 8)."""

    #: restriction (s. 7) or refusal (s. 8).
    kind: str = ""
    #: Providers who may not see it.
    barred: tuple[Actor, ...] = ()
    #: Categories of providers who may not see it.
    barred_categories: tuple[str, ...] = ()
    #: Sections concerned; none means the whole chart.
    sections: tuple[str, ...] = ()
    #: Items concerned, as source/item; none means all of the sections.
    items: tuple[str, ...] = ()
    #: The information, in the words of the notice.
    description: str = ""
    #: Who signed the notice.
    signed_by: str = ""
    #: FHIR dateTime.
    signed_at: str | None = None
    #: FHIR dateTime.
    start: str | None = None
    #: FHIR dateTime.
    end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionStatement:
    """What a source says of a whole section: "none known" is a statement, silence is not."""

    #: none-known, not-asked, unavailable or withheld.
    code: str = "none-known"
    #: In words.
    text: str = ""
    #: Who said it.
    author: Actor | None = None
    #: FHIR dateTime.
    recorded: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of a result that has several, such as blood pressure."""

    #: What was measured.
    code: Concept
    #: Measured amount.
    value_quantity: Quantity | None = None
    #: Coded value.
    value_concept: Concept | None = None
    #: Value in words.
    value_text: str | None = None
    #: High, low, abnormal...
    interpretation: tuple[Concept, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPerson:
    """Someone to reach for the patient (FHIR R4 Patient.contact)."""

    #: What this person is to the patient.
    relationship: Concept | None = None
    #: Name.
    name: HumanName | None = None
    #: How to reach the person.
    telecoms: tuple[ContactPoint, ...] = ()
    #: Address.
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What happened on exposure (FHIR R4 AllergyIntolerance.reaction)."""

    #: Signs and symptoms.
    manifestations: tuple[Concept, ...] = ()
    #: mild, moderate, severe.
    severity: str = ""
    #: FHIR dateTime.
    onset: str | None = None
    #: In words.
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A warning about the patient (FHIR R4 Flag)."""

    #: Warning.
    code: Concept
    #: Isolation, fall, violence, clinical, administrative...
    category: Concept | None = None
    #: FHIR dateTime.
    start: str | None = None
    #: FHIR dateTime.
    end: str | None = None
    #: Who raised it.
    author: Actor | None = None
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """A level of care or advance medical directive (NIM, DMA)."""

    #: Kind of directive.
    type: Concept
    #: The level or choice.
    value: Concept | None = None
    #: In words.
    text: str = ""
    #: FHIR dateTime.
    effective: str | None = None
    #: FHIR dateTime.
    expires: str | None = None
    #: Who signed it.
    author: Actor | None = None
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report, letter or note (FHIR R4 DocumentReference, DiagnosticReport)."""

    #: Kind of document.
    type: Concept
    #: Title.
    title: str = ""
    #: Unique document numbers.
    identifiers: tuple[Identifier, ...] = ()
    #: FHIR dateTime.
    date: str | None = None
    #: Who wrote it.
    authors: tuple[Actor, ...] = ()
    #: Organization that keeps it.
    custodian: str = ""
    #: Media type of the content.
    mime_type: str = ""
    #: Content when it is text.
    text: str = ""
    #: Bytes of the original content.
    size: int | None = None
    #: Digest of the original content, hexadecimal.
    sha256: str = ""
    #: Where the source keeps it, when it is not carried here.
    url: str = ""
    #: Documents that this one replaces.
    replaces: tuple[Identifier, ...] = ()
    #: Conclusion.
    conclusion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """A visit or stay (FHIR R4 Encounter)."""

    #: Inpatient, outpatient, emergency (v3 ActCode or HL7 table 0004).
    class_code: Coding | None = None
    #: Kind of visit.
    types: tuple[Concept, ...] = ()
    #: Visit numbers.
    identifiers: tuple[Identifier, ...] = ()
    #: Hospital service.
    service_type: Concept | None = None
    #: FHIR dateTime.
    start: str | None = None
    #: FHIR dateTime.
    end: str | None = None
    #: Places, the current one first.
    stays: tuple[Stay, ...] = ()
    #: Attending, admitting, consulting...
    participants: tuple[Actor, ...] = ()
    #: Reason for the visit.
    reasons: tuple[Concept, ...] = ()
    #: Where the patient came from.
    admit_source: Concept | None = None
    #: Where the patient went.
    discharge_disposition: Concept | None = None
    #: Organization.
    service_provider: str = ""
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Immunization:
    """A vaccine given or not given (FHIR R4 Immunization)."""

    #: Vaccine.
    code: Concept
    #: FHIR dateTime.
    occurrence: str | None = None
    #: Amount.
    dose: Quantity | None = None
    #: Position in the series.
    dose_number: str = ""
    #: Name of the series.
    series: str = ""
    #: Lot number.
    lot: str = ""
    #: FHIR date.
    expiration: str | None = None
    #: Maker.
    manufacturer: str = ""
    #: Body site.
    site: Concept | None = None
    #: Route.
    route: Concept | None = None
    #: Who gave it.
    performer: Actor | None = None
    #: Where.
    location: str = ""
    #: False when reported by somebody else than who gave it.
    primary_source: bool | None = None
    #: Why it was not given.
    reason_not_done: Concept | None = None
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medication:
    """A medication ordered, dispensed, given or stated."""

    #: request, dispense, administration or statement: they are different things.
    kind: str = ""
    #: Drug.
    code: Concept
    #: Instructions in words.
    dosage: str = ""
    #: Amount per take.
    dose: Quantity | None = None
    #: Route.
    route: Concept | None = None
    #: Dose form.
    form: Concept | None = None
    #: Frequency as the source wrote it.
    timing: str = ""
    #: True for PRN.
    as_needed: bool | None = None
    #: Amount ordered or dispensed.
    quantity: Quantity | None = None
    #: Refills allowed.
    refills: int | None = None
    #: FHIR dateTime.
    start: str | None = None
    #: FHIR dateTime.
    end: str | None = None
    #: FHIR dateTime of the order or statement.
    authored: str | None = None
    #: Who ordered it.
    prescriber: Actor | None = None
    #: Who dispensed or gave it.
    dispenser: Actor | None = None
    #: Why.
    reason: Concept | None = None
    #: Order, prescription or dispense numbers.
    identifiers: tuple[Identifier, ...] = ()
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem or diagnosis (FHIR R4 Condition)."""

    #: Condition.
    code: Concept
    #: problem-list-item or encounter-diagnosis.
    category: str = ""
    #: unconfirmed, provisional, differential, confirmed, refuted, entered-in-error.
    verification: str = ""
    #: Severity.
    severity: Concept | None = None
    #: Body site.
    body_site: Concept | None = None
    #: FHIR dateTime.
    onset: str | None = None
    #: FHIR dateTime.
    abatement: str | None = None
    #: FHIR dateTime.
    recorded: str | None = None
    #: Who recorded it.
    recorder: Actor | None = None
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """Something done to or for the patient (FHIR R4 Procedure)."""

    #: What was done.
    code: Concept
    #: Kind.
    category: Concept | None = None
    #: FHIR dateTime.
    start: str | None = None
    #: FHIR dateTime.
    end: str | None = None
    #: Who did it.
    performers: tuple[Actor, ...] = ()
    #: Where.
    location: str = ""
    #: Body site.
    body_site: Concept | None = None
    #: Why.
    reason: Concept | None = None
    #: Outcome.
    outcome: Concept | None = None
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allergy:
    """An allergy or intolerance (FHIR R4 AllergyIntolerance)."""

    #: Substance or product.
    code: Concept
    #: allergy or intolerance.
    type: str = ""
    #: food, medication, environment, biologic.
    category: str = ""
    #: low, high, unable-to-assess.
    criticality: str = ""
    #: unconfirmed, confirmed, refuted, entered-in-error.
    verification: str = ""
    #: FHIR dateTime.
    onset: str | None = None
    #: FHIR dateTime.
    recorded: str | None = None
    #: FHIR dateTime.
    last_occurrence: str | None = None
    #: Who recorded it.
    recorder: Actor | None = None
    #: What happened.
    reactions: tuple[Reaction, ...] = ()
    #: Free text.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics:
    """Who the person of this record is, with every identifier the source knows."""

    #: Health numbers, local numbers, others.
    identifiers: tuple[Identifier, ...] = ()
    #: Every name known to the source.
    names: tuple[HumanName, ...] = ()
    #: FHIR administrative gender: male, female, other, unknown.
    gender: str = ""
    #: The source's own code, verbatim.
    gender_code: str = ""
    #: Sex assigned at birth: M, F, X, UNK; never derived from gender.
    birth_sex: str = ""
    #: YYYY, YYYY-MM or YYYY-MM-DD: the precision is the information.
    birth_date: str = ""
    #: The source marked the date as estimated.
    birth_date_estimated: bool = False
    #: FHIR dateTime of birth where known.
    birth_time: str | None = None
    #: In words.
    birth_place: str = ""
    #: True for a twin or more.
    multiple_birth: bool | None = None
    #: Order in a multiple birth, from 1.
    birth_order: int | None = None
    #: Null when the source said nothing.
    deceased: bool | None = None
    #: FHIR dateTime.
    deceased_at: str | None = None
    #: Postal addresses.
    addresses: tuple[Address, ...] = ()
    #: Telephones and electronic addresses.
    telecoms: tuple[ContactPoint, ...] = ()
    #: Mother's name: a real discriminator in Quebec.
    mother: HumanName | None = None
    #: Father's name.
    father: HumanName | None = None
    #: Numbers of the mother, as sent with a newborn.
    mother_identifiers: tuple[Identifier, ...] = ()
    #: Marital status.
    marital_status: Concept | None = None
    #: Languages.
    languages: tuple[Language, ...] = ()
    #: An interpreter is needed.
    interpreter_needed: bool | None = None
    #: People to reach.
    contacts: tuple[ContactPerson, ...] = ()
    #: Family physician or clinic.
    general_practitioners: tuple[Actor, ...] = ()
    #: False when the source closed the record.
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A laboratory result, vital sign or other observation (FHIR R4 Observation)."""

    #: laboratory, vital-signs, imaging, survey, social-history...
    category: str = ""
    #: What was measured.
    code: Concept
    #: The order or panel it belongs to.
    panel: Concept | None = None
    #: Filler order or accession number.
    accession: str = ""
    #: Placer order number.
    placer: str = ""
    #: FHIR dateTime of the observation or collection.
    effective: str | None = None
    #: FHIR dateTime of the report.
    issued: str | None = None
    #: Measured amount.
    value_quantity: Quantity | None = None
    #: Coded value.
    value_concept: Concept | None = None
    #: Value in words.
    value_text: str | None = None
    #: High, low, abnormal...
    interpretation: tuple[Concept, ...] = ()
    #: Expected values.
    reference_ranges: tuple[ReferenceRange, ...] = ()
    #: Parts of a composed result.
    components: tuple[Component, ...] = ()
    #: Specimen.
    specimen: Concept | None = None
    #: Body site.
    body_site: Concept | None = None
    #: Method.
    method: Concept | None = None
    #: Laboratory or person.
    performer: Actor | None = None
    #: Why there is no value.
    data_absent_reason: Concept | None = None
    #: Comments of the laboratory.
    note: str = ""


#: What a change or an entry can hold.
Content: TypeAlias = (
    Demographics
    | Encounter
    | Allergy
    | Medication
    | Problem
    | Immunization
    | Result
    | Procedure
    | Document
    | Directive
    | Alert
    | Restriction
    | SectionStatement
    | IdentityClaim
    | RejectedMessage
    | SourceMark
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRequest:
    """A record or a claim put before identify, in one total order."""

    #: Assigning authority of the record.
    authority: str
    #: Local number of the record.
    number: str
    #: Who says it: establishment system, or steward.
    source: str
    #: Epoch of the change.
    epoch: int
    #: Number of the change.
    seq: int
    #: Earliest captured_at of any change of the record.
    first_captured_at: int
    #: When the edge put this change on disk.
    captured_at: int
    #: demographics or claims; unknown when only the record as such is put forward.
    section: Section
    #: delete withdraws what the same item said before.
    op: Op
    #: Item within the record.
    item: str
    #: Demographics or a claim; null when only the record as such is put forward.
    content: Content | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """One item of one record changed at its source. Everything a stage needs to decide stands before the content."""

    #: Establishment system that numbered this change.
    source: str
    #: Grows when the outbox of the source is recreated or restored.
    epoch: int
    #: Number of the change: gapless per source and epoch, from 1. For a mark: the highest number so
    #: far.
    seq: int
    #: Number of the change of this source that went to the same partition just before; 0 for the
    #: first. A break in this chain is a gap.
    previous: int
    #: Assigning authority of the record.
    authority: str
    #: Local number of the record.
    number: str
    #: Section of the chart.
    section: Section
    #: Names the item within (source, record, section).
    item: str
    #: What the item means, so that the same thing said by two records is one entry; empty: the item
    #: stands alone.
    entry: str
    #: What happened to the item.
    op: Op
    #: FHIR status of the item (active, final, preliminary, corrected, entered-in-error...); empty:
    #: none.
    status: str
    #: When it happened at the source.
    occurred_at: int
    #: When the edge put it on disk.
    captured_at: int
    #: The item; null for a delete.
    content: Content | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewEntry:
    """One entry of one person's chart, merged from every record that says it. A pure function of the contributions."""

    #: Person id.
    person: str
    #: Section of the chart.
    section: Section
    #: Entry within the section.
    entry: str
    #: Status of the leading contribution.
    status: str
    #: What the contributors disagree on: field names, or status.
    conflicts: tuple[str, ...] = ()
    #: Latest occurred_at among the contributions, none later than its captured_at.
    as_of: int
    #: Every record item behind the entry, the leading one first.
    contributors: tuple[Contributor, ...]
    #: For an entry merged field by field (demographics): who each field came from; empty when there
    #: is one contributor.
    provenance: tuple[FieldOrigin, ...] = ()
    #: Every value of each field in conflicts, the leading one included; a status is with its
    #: contributor.
    disagreements: tuple[Disagreement, ...] = ()
    #: Content of the entry; null when every contribution was deleted.
    content: Content | None = None
