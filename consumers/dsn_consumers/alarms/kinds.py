"""Every kind of alarm: its words, and the runbook of its name. Pure.

Each says in French, and in English beside it, what the consequence is and what to do next. The runbook
of a kind is ``deploy/runbooks/<kind>.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsn_consumers.bilingual import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of alarm."""

    #: Stable name; also of its runbook.
    name: str
    title: Words
    consequence: Words
    next_step: Words

    @property
    def runbook(self) -> str:
        """Path of its runbook from the root of the project."""
        return f"deploy/runbooks/{self.name}.md"


SOURCE_SILENT = Kind(
    name="source-silent",
    title=Words("Source silencieuse", "Source silent"),
    consequence=Words(
        "Ses dossiers vieillissent ; chaque dossier l’affiche (« en date du »).",
        "Its charts grow old; each chart says so (as of).",
    ),
    next_step=Words(
        "Vérifier le poste de l’établissement et la liaison, puis son système.",
        "Check the establishment's edge and its line, then its system.",
    ),
)
VOLUME_LOW = Kind(
    name="volume-low",
    title=Words("Volume sous l’habitude", "Volume below usual"),
    consequence=Words(
        "Une partie des messages n’est peut-être pas envoyée.",
        "Part of the messages may not be sent.",
    ),
    next_step=Words(
        "Demander à l’établissement si un de ses flux est arrêté.",
        "Ask the establishment whether one of its feeds stopped.",
    ),
)
CLOCK_SKEW = Kind(
    name="clock-skew",
    title=Words("Horloge décalée", "Clock skew"),
    consequence=Words(
        "L’ordre reste juste (il vient des numéros), mais les heures affichées sont fausses.",
        "Order stays right (it comes from the numbers), but the times shown are wrong.",
    ),
    next_step=Words(
        "Remettre à l’heure le poste de l’établissement.",
        "Set the clock of the establishment's edge.",
    ),
)
OUTBOX_FULL = Kind(
    name="outbox-full",
    title=Words("Boîte d’envoi presque pleine", "Outbox nearly full"),
    consequence=Words(
        "Pleine, elle refusera les messages de l’établissement, avant de les accuser.",
        "When full it refuses the establishment's messages, before acknowledging them.",
    ),
    next_step=Words(
        "Voir pourquoi rien n’est confirmé, ou donner de la place.",
        "See why nothing is confirmed, or give it room.",
    ),
)
DISK_FULL = Kind(
    name="disk-full",
    title=Words("Disque presque plein", "Disk nearly full"),
    consequence=Words(
        "Plein, le service qui y écrit s’arrête ; rien d’accusé ne se perd.",
        "When full, the service that writes there stops; nothing acknowledged is lost.",
    ),
    next_step=Words("Libérer ou agrandir le disque.", "Free or enlarge the disk."),
)
CERTIFICATE = Kind(
    name="certificate-expiring",
    title=Words("Certificat bientôt échu", "Certificate about to expire"),
    consequence=Words(
        "Échu, les systèmes de l’établissement ne pourront plus se connecter.",
        "Once expired, the establishment's systems cannot connect.",
    ),
    next_step=Words("Installer le nouveau certificat.", "Install the new certificate."),
)
STREAMS_BEHIND = Kind(
    name="streams-behind",
    title=Words("Traitement en retard", "Streams behind"),
    consequence=Words(
        "Les dossiers montrent un état antérieur, et le disent.",
        "Charts show an earlier state, and say so.",
    ),
    next_step=Words(
        "Vérifier que les traitements tournent ; ils rattrapent seuls.",
        "Check that the streams run; they catch up by themselves.",
    ),
)
IDENTITY_BEHIND = Kind(
    name="identity-behind",
    title=Words("Identité en retard", "Identity behind"),
    consequence=Words(
        "Les nouveaux dossiers attendent une personne ; les dossiers connus avancent.",
        "New records wait for a person; known records go on.",
    ),
    next_step=Words(
        "Vérifier les traitements ; chercher un même patient d’essai enregistré des milliers de fois.",
        "Check the streams; look for one test patient registered thousands of times.",
    ),
)
STORE_BEHIND = Kind(
    name="store-behind",
    title=Words("Dossier central en retard", "Store behind"),
    consequence=Words(
        "Les dossiers montrent un état antérieur, et le disent.",
        "Charts show an earlier state, and say so.",
    ),
    next_step=Words(
        "Vérifier le service store et PostgreSQL.", "Check the service store, and PostgreSQL."
    ),
)
AUDIT_BEHIND = Kind(
    name="audit-behind",
    title=Words("Journal d’audit en retard", "Audit behind"),
    consequence=Words(
        "Les accusés finaux s’arrêtent et les boîtes d’envoi se remplissent.",
        "Receipts stop and outboxes fill.",
    ),
    next_step=Words(
        "Vérifier le service audit et PostgreSQL.", "Check the service audit, and PostgreSQL."
    ),
)
RECEIPTS_LATE = Kind(
    name="receipts-late",
    title=Words("Accusés finaux en retard", "Receipts late"),
    consequence=Words(
        "Rien ne se perd ; la boîte d’envoi garde tout, jusqu’à être pleine.",
        "Nothing is lost; the outbox keeps everything, until it is full.",
    ),
    next_step=Words(
        "Vérifier receipts, puis audit, store et les trous.",
        "Check receipts, then audit, store and the gaps.",
    ),
)
OUTBOX_OLD = Kind(
    name="outbox-old",
    title=Words("Boîte d’envoi en attente", "Outbox waiting"),
    consequence=Words(
        "Le centre n’a pas ces changements, ou ne l’a pas confirmé depuis des heures.",
        "The centre does not have these changes, or has not confirmed them for hours.",
    ),
    next_step=Words(
        "Vérifier la liaison entre l’établissement et Kafka, et le poste.",
        "Check the line between the establishment and Kafka, and the edge.",
    ),
)
GAPS = Kind(
    name="gaps",
    title=Words("Numéros manquants", "Numbers missing"),
    consequence=Words(
        "« Complet jusqu’à » n’avance plus pour cette source.",
        "What is complete stops for this source.",
    ),
    next_step=Words(
        "La boîte d’envoi est redemandée seule ; sinon expliquer le trou.",
        "The outbox is asked by itself; else explain the hole.",
    ),
)
UNEXPLAINED = Kind(
    name="unexplained",
    title=Words("Changements inexpliqués", "Changes unexplained"),
    consequence=Words(
        "Un changement accusé n’est ni montré, ni remplacé, ni mis de côté : perdu, ou mal compté.",
        "An acknowledged change is neither shown, superseded nor set aside: lost, or miscounted.",
    ),
    next_step=Words(
        "Comparer puis réparer depuis le journal.", "Compare, then repair from the journal."
    ),
)
QUARANTINE = Kind(
    name="quarantine",
    title=Words("Quarantaine à traiter", "Quarantine to be worked off"),
    consequence=Words(
        "Ces changements manquent aux dossiers jusqu’à leur relance.",
        "These changes are missing from charts until they are retried.",
    ),
    next_step=Words(
        "Voir les raisons, corriger, essayer à blanc, relancer ; sinon abandonner avec un motif.",
        "See the reasons, fix, try it dry, retry; else abandon with a reason.",
    ),
)
KAFKA_DOWN = Kind(
    name="kafka-down",
    title=Words("Kafka ne répond pas", "Kafka does not answer"),
    consequence=Words(
        "Les établissements sont accusés et gardent tout ; les dossiers se lisent, datés.",
        "Establishments are acknowledged and keep everything; charts are read, with their date.",
    ),
    next_step=Words("Relancer Kafka ; rien d’autre à faire.", "Start Kafka; nothing else to do."),
)
REGISTRY_DOWN = Kind(
    name="registry-down",
    title=Words("Le registre ne répond pas", "The registry does not answer"),
    consequence=Words(
        "Les schémas connus passent ; un schéma nouveau attend.",
        "Known schemas pass; a new one waits.",
    ),
    next_step=Words("Relancer le registre.", "Start the registry."),
)
DATABASE_DOWN = Kind(
    name="database-down",
    title=Words("PostgreSQL ne répond pas", "PostgreSQL does not answer"),
    consequence=Words(
        "Aucun dossier ne se lit au centre ; rien ne se perd, tout attend.",
        "No chart can be read at the centre; nothing is lost, everything waits.",
    ),
    next_step=Words("Relancer PostgreSQL.", "Start PostgreSQL."),
)
SERVICE_DOWN = Kind(
    name="service-down",
    title=Words("Service arrêté", "Service down"),
    consequence=Words(
        "Ce qu’il fait attend ; rien d’accusé ne se perd.",
        "What it does waits; nothing acknowledged is lost.",
    ),
    next_step=Words("Lire son journal, le relancer.", "Read its log, start it again."),
)

KINDS = (
    SOURCE_SILENT, VOLUME_LOW, CLOCK_SKEW, OUTBOX_FULL, OUTBOX_OLD, DISK_FULL, CERTIFICATE,
    STREAMS_BEHIND, IDENTITY_BEHIND, STORE_BEHIND, AUDIT_BEHIND, RECEIPTS_LATE, GAPS, UNEXPLAINED,
    QUARANTINE, KAFKA_DOWN, REGISTRY_DOWN, DATABASE_DOWN, SERVICE_DOWN,
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}
