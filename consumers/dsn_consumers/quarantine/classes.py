"""What kind of thing is in quarantine, whose it is, and what to do about it. Pure.

A reason is one of many words of the mappers and stages; a class is what an operator acts on. Used by
the command line, the page, the alarms and the metrics, so that all of them count the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dsn_consumers.bilingual import Words


class Owner(Enum):
    """Whose it is until it is assigned to somebody."""

    SITE = "site"
    CENTRE = "centre"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class of reasons."""

    #: Stable name, for scripts and metrics.
    name: str
    words: Words
    owner: Owner
    next_step: Words
    #: Whether a fix lets the same bytes pass; else only a new message does, and this one is abandoned.
    retriable: bool = True


UNREADABLE = Class(
    name="unreadable",
    words=Words("Message illisible", "Unreadable message"),
    owner=Owner.SITE,
    next_step=Words(
        "Corriger le jeu de caractères ou le cadrage à la source ; relancer si le réglage était en"
        " cause, sinon faire renvoyer et abandonner.",
        "Mend character set or framing at the source; retry if a setting was wrong, else have it sent"
        " anew and abandon this one.",
    ),
)
CONTENT = Class(
    name="content",
    words=Words("Contenu incomplet ou contradictoire", "Incomplete or contradictory content"),
    owner=Owner.SITE,
    next_step=Words(
        "Compléter à la source et faire renvoyer, puis abandonner celui-ci ; relancer si un réglage"
        " de la source (autorité, numéro) était en cause.",
        "Complete it at the source and have it sent anew, then abandon this one; retry if a setting"
        " of the source (authority, number) was wrong.",
    ),
)
UNSUPPORTED = Class(
    name="unsupported",
    words=Words("Pas encore pris en charge", "Not supported yet"),
    owner=Owner.PRODUCT,
    next_step=Words(
        "Demander la prise en charge ; relancer après la mise à jour.",
        "Ask for support of it; retry after the update.",
    ),
)
MISTAKE = Class(
    name="mistake",
    words=Words("Erreur du produit", "Mistake of the product"),
    owner=Owner.PRODUCT,
    next_step=Words(
        "Signaler ; relancer après la mise à jour.", "Report it; retry after the update."
    ),
)
NUMBER = Class(
    name="number",
    words=Words("Numérotation contradictoire", "Contradictory number"),
    owner=Owner.CENTRE,
    next_step=Words(
        "Chercher pourquoi le numéro est pris ou perdu (copie de sauvegarde remise en place) ; faire"
        " renvoyer le message, puis abandonner.",
        "Find out why the number is taken or lost (a restored copy); have the message sent anew, then"
        " abandon this one.",
    ),
    retriable=False,
)
JOURNAL = Class(
    name="journal",
    words=Words("Enregistrement illisible du journal", "Unreadable record of the journal"),
    owner=Owner.CENTRE,
    next_step=Words(
        "Son numéro manque : `dsn gaps` le redemande à la boîte d’envoi ; une fois comblé, abandonner.",
        "Its number is missing: `dsn gaps` asks the outbox for it; once it is filled, abandon this.",
    ),
    retriable=False,
)

CLASSES = (UNREADABLE, CONTENT, UNSUPPORTED, MISTAKE, NUMBER, JOURNAL)

_REASONS = {
    UNREADABLE: (
        "invalid-attachment invalid-utf8 malformed-json message-too-large not-fhir not-hl7 nul-bytes"
        " nul-character too-deep truncated-frame wrong-charset"
    ),
    UNSUPPORTED: (
        "consent-not-representable modifier-extension nothing-mapped nothing-to-map nothing-to-take"
        " patch-not-supported unknown-message-type unsupported-bundle-type unknown-section"
        " unknown-operation"
    ),
    MISTAKE: "mapper-failed unfit-item content-mismatch",
    NUMBER: "number-conflict number-lost impossible-number",
    JOURNAL: "unreadable-record",
}
#: Reasons that are listed; every other one is about content, or a mistake.
CLASS_OF = {reason: kind for kind, reasons in _REASONS.items() for reason in reasons.split()}


def class_of(reason: str, stage: str) -> Class:
    """The class of a reason; an unknown one of the edge is about content, of a stage a mistake."""
    return CLASS_OF.get(reason, CONTENT if stage in ("edge", "admit") else MISTAKE)
