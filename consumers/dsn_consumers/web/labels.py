"""Every word the pages say themselves, in both languages, in one table.

A label that lacks a language cannot be built, so the pages are complete in French and in English
by construction. What patients' records say is data: it is shown as the source wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class Label:
    """The same words in French and in English."""

    fr: str
    en: str
    #: Shown in the reader's language only: an instant or an age needs no translation beside it.
    once: bool = False

    def __post_init__(self) -> None:
        if not self.fr.strip() or not self.en.strip():
            raise ValueError("a label needs its words in both languages")

    def with_values(self, **values: object) -> Label:
        """The label with ``{names}`` replaced; a value that is a label speaks both languages."""
        return Label(
            self.fr.format(**{k: v.fr if isinstance(v, Label) else v for k, v in values.items()}),
            self.en.format(**{k: v.en if isinstance(v, Label) else v for k, v in values.items()}),
        )


def same(text: str) -> Label:
    """A text that is the same in both languages: a number, a name, a unit."""
    return Label(text, text)


#: Labels by key. Keys are English, in the order of the pages.
LABELS: dict[str, Label] = {
    # every page
    "product": Label("Dossier unifié", "Unified chart"),
    "skip": Label("Aller au contenu", "Skip to content"),
    "nav": Label("Navigation principale", "Main navigation"),
    "nav.search": Label("Recherche", "Search"),
    "nav.status": Label("État des sources", "Source status"),
    "nav.statements": Label("Relevés", "Statements"),
    "nav.quarantine": Label("Quarantaine", "Quarantine"),
    "nav.revisions": Label("Doublons possibles", "Possible duplicates"),
    # offers the other language, in that language
    "language.switch": Label("English first", "Français d’abord"),
    "read_only": Label(
        "Consultation seulement. Chaque lecture est consignée.",
        "Read only. Every read is recorded.",
    ),
    "shown_at": Label("Page produite le {at}", "Page produced {at}"),
    # search
    "search.title": Label("Trouver une personne", "Find a person"),
    "search.nam": Label("NAM ou numéro de dossier", "Health insurance or record number"),
    "search.nam.hint": Label(
        "Espaces acceptés, p. ex. TREL 6254 1812", "Spaces accepted, e.g. TREL 6254 1812"
    ),
    "search.name": Label("Nom et prénom", "Surname and given name"),
    "search.name.hint": Label(
        "Dans n’importe quel ordre, début des mots, accents facultatifs",
        "In any order, beginnings of words, accents optional",
    ),
    "search.birth": Label("Date de naissance", "Birth date"),
    "search.birth.hint": Label(
        "Facultative : AAAA-MM-JJ, AAAA-MM ou AAAA", "Optional: YYYY-MM-DD, YYYY-MM or YYYY"
    ),
    "search.submit": Label("Rechercher", "Search"),
    "search.or": Label("ou", "or"),
    "search.privacy": Label(
        "Ce que vous cherchez ne paraît ni dans l’adresse ni dans les journaux techniques ; "
        "la consultation, elle, est consignée au registre des accès.",
        "What you look for appears neither in the address nor in technical logs; the read itself "
        "is entered in the access register.",
    ),
    "search.results": Label("Personnes trouvées", "People found"),
    "search.count.one": Label("1 personne", "1 person"),
    "search.count": Label("{count} personnes", "{count} people"),
    "search.none": Label("Aucune personne trouvée", "Nobody found"),
    "search.none.next": Label(
        "Vérifiez l’orthographe, ou cherchez avec moins de mots. Une personne dont le dossier "
        "vient d’arriver peut ne pas paraître encore : voyez l’état des sources.",
        "Check the spelling, or search with fewer words. A person whose record has just arrived "
        "may not show yet: see the source status.",
    ),
    "search.more": Label(
        "Seules les {count} premières personnes sont montrées : précisez la recherche.",
        "Only the first {count} people are shown: narrow the search.",
    ),
    "search.open": Label("Ouvrir le dossier", "Open the chart"),
    "search.error": Label("La recherche est à compléter", "The search needs more"),
    "search.error.empty": Label(
        "Inscrivez un NAM, un numéro de dossier ou au moins deux lettres d’un nom.",
        "Enter a health number, a record number or at least two letters of a name.",
    ),
    "search.error.nam": Label(
        "Ce numéro est trop court ou contient autre chose que des lettres et des chiffres.",
        "This number is too short or holds something else than letters and digits.",
    ),
    "search.error.birth": Label(
        "La date de naissance s’écrit AAAA-MM-JJ, AAAA-MM ou AAAA.",
        "Write the birth date as YYYY-MM-DD, YYYY-MM or YYYY.",
    ),
    # people and their banner
    "person.name": Label("Nom", "Name"),
    "person.unnamed": Label("Nom non reçu", "Name not received"),
    "person.birth": Label("Naissance", "Born"),
    "person.estimated": Label("estimée", "estimated"),
    "person.nam": Label("NAM", "Health number"),
    "person.nam.none": Label("aucun NAM reçu", "no health number received"),
    "person.sex": Label("Sexe à la naissance", "Sex at birth"),
    "person.gender": Label("Genre administratif", "Administrative gender"),
    "person.city": Label("Municipalité", "City"),
    "person.language": Label("Langue", "Language"),
    "person.death": Label("Décès", "Death"),
    "person.death.undated": Label("oui, date non reçue", "yes, date not received"),
    "person.records": Label("Dossiers", "Records"),
    "person.establishments": Label("Établissements", "Establishments"),
    "person.unknown": Label("non reçu", "not received"),
    # chart
    "chart.sections": Label("Sections du dossier", "Chart sections"),
    "chart.banner": Label("Identité de la personne", "Who this person is"),
    "chart.provenance": Label("D’où vient ce dossier", "Where this chart comes from"),
    "chart.provenance.note": Label(
        "Ce dossier réunit les dossiers locaux suivants.",
        "This chart gathers the following local records.",
    ),
    "chart.freshness": Label("Jusqu’où chaque source est complète", "How far each source is"),
    "chart.complete": Label(
        "complet jusqu’au n° {number}, en date du {at}", "complete up to no. {number}, as of {at}"
    ),
    "chart.complete.none": Label(
        "rien de complet reçu pour l’instant", "nothing complete received yet"
    ),
    "chart.incomplete": Label("Ce dossier peut être incomplet", "This chart may be incomplete"),
    "chart.moving": Label(
        "Des données changent de dossier en ce moment",
        "Data are moving between charts right now",
    ),
    "chart.moving.note": Label(
        "Le dossier {record} vient d’être rattaché à cette personne : une partie de ses données "
        "est encore en chemin et ne paraît pas ici. Rechargez la page dans quelques instants.",
        "Record {record} has just been linked to this person: part of its data is still on its "
        "way and does not show here. Reload the page in a moment.",
    ),
    "chart.cut": Label(
        "Seules les {count} premières inscriptions sont montrées.",
        "Only the first {count} entries are shown.",
    ),
    "chart.demographics": Label("Identité détaillée", "Detailed identity"),
    "chart.print": Label(
        "Pour imprimer : Ctrl + P. Chaque feuille porte le nom, la date de naissance, le NAM "
        "et la date d’état.",
        "To print: Ctrl + P. Every sheet carries name, birth date, health number and as-of time.",
    ),
    "chart.older": Label("{count} inscriptions plus anciennes", "{count} older entries"),
    "chart.entries.one": Label("1 inscription", "1 entry"),
    "chart.entries": Label("{count} inscriptions", "{count} entries"),
    "chart.contributors": Label("Provenance", "Provenance"),
    "chart.details": Label("Détails", "Details"),
    "chart.leading": Label("retenu ici", "shown here"),
    "chart.conflict": Label("Contradiction", "Contradiction"),
    "chart.conflict.note": Label(
        "Les sources ne s’accordent pas. Rien n’a été tranché : vérifiez auprès d’elles.",
        "The sources disagree. Nothing was decided: check with them.",
    ),
    "chart.conflict.values": Label("voir les sources", "see the sources"),
    "chart.status.none": Label("sans statut", "no status"),
    "chart.conflict.section": Label(
        "Une source dit « {statement} » alors qu’une autre inscrit des éléments. Les deux sont "
        "montrées ; rien n’a été tranché.",
        "One source says “{statement}” while another lists entries. Both are shown; nothing was "
        "decided.",
    ),
    "chart.unreadable": Label(
        "Contenu reçu mais illisible ici : consultez la source.",
        "Received but unreadable here: consult the source.",
    ),
    "chart.gone": Label("retiré à la source", "removed at the source"),
    # states of a section
    "state.none_known": Label("Aucune connue", "None known"),
    "state.none_known.m": Label("Aucun connu", "None known"),
    "state.not_asked": Label("Question non posée", "Not asked"),
    "state.withheld": Label("Information retenue", "Information withheld"),
    "state.said_unavailable": Label("Dite non disponible", "Stated unavailable"),
    "state.said_by": Label("dit par {who}, le {at}", "stated by {who}, {at}"),
    "state.nothing": Label("Rien reçu", "Nothing received"),
    "state.nothing.note": Label(
        "Aucune source n’en dit rien : ce n’est pas une absence constatée.",
        "No source says anything of it: this is not a finding of absence.",
    ),
    "state.unavailable": Label("Peut-être incomplet", "May be incomplete"),
    "state.unavailable.note": Label(
        "Rien reçu, mais une source est en retard ou silencieuse.",
        "Nothing received, but a source is behind or silent.",
    ),
    # columns
    "col.source": Label("Source", "Source"),
    "col.sources": Label("Sources", "Sources"),
    "col.authority": Label("Autorité", "Authority"),
    "col.record": Label("N° de dossier", "Record no."),
    "col.number": Label("N°", "No."),
    "col.status": Label("Statut", "Status"),
    "col.occurred": Label("En date du", "As of"),
    "col.captured": Label("Reçu le", "Received"),
    "col.test": Label("Analyse", "Test"),
    "col.value": Label("Résultat", "Result"),
    "col.reference": Label("Référence", "Reference"),
    "col.date": Label("Date", "Date"),
    # status page
    "status.title": Label("État des sources", "Source status"),
    "status.all_good": Label(
        "Toutes les sources sont à jour et tout est expliqué.",
        "Every source is up to date and everything is accounted for.",
    ),
    "status.attention": Label("Demande votre attention", "Needs your attention"),
    "status.no_sources": Label(
        "Aucune source connue : rien n’a encore été reçu.",
        "No source known: nothing has been received yet.",
    ),
    "status.database": Label("Base de données centrale", "Central database"),
    "status.database.ok": Label("répond", "answers"),
    "status.database.down": Label(
        "La base de données centrale ne répond pas. Les dossiers ne peuvent pas être montrés ; "
        "ce qui arrive des établissements attend sans se perdre.",
        "The central database does not answer. Charts cannot be shown; what arrives from "
        "establishments waits and is not lost.",
    ),
    "status.database.short": Label("ne répond pas", "does not answer"),
    "status.unknown": Label("Inconnu", "Unknown"),
    "status.unknown.note": Label(
        "Sans base de données, l’état des sources n’est pas connu.",
        "Without the database, the state of the sources is not known.",
    ),
    "status.streams": Label("Traitement des changements", "Change processing"),
    "status.streams.ok": Label("rien en attente", "nothing waiting"),
    "status.streams.late": Label(
        "{count} changements reçus ne sont pas encore visibles",
        "{count} changes received are not visible yet",
    ),
    "status.ledger": Label("Grand livre", "Ledger"),
    "status.ledger.balanced": Label("équilibré", "balanced"),
    "status.ledger.unbalanced": Label(
        "{count} changements inexpliqués : avertissez l’exploitation",
        "{count} changes unexplained: call operations",
    ),
    "status.ledger.note": Label(
        "Reçus = montrés + remplacés + en double + en quarantaine + en route",
        "Received = shown + superseded + duplicate + quarantined + in flight",
    ),
    "status.received": Label("Reçus", "Received"),
    "status.queued": Label("En file", "Queued"),
    "status.sent": Label("Envoyés", "Sent"),
    "status.errored": Label("En erreur", "Errored"),
    "status.quarantined": Label("En quarantaine", "Quarantined"),
    "status.last": Label("Dernier message", "Last message"),
    "status.complete": Label("Complet jusqu’à", "Complete up to"),
    "status.as_of": Label("En date du", "As of"),
    "status.state": Label("État", "State"),
    "status.shown": Label("Montrés", "Shown"),
    "status.superseded": Label("Remplacés", "Superseded"),
    "status.duplicate": Label("En double", "Duplicate"),
    "status.in_flight": Label("En route", "In flight"),
    "status.unexplained": Label("Inexpliqués", "Unexplained"),
    "status.words": Label("Ce que disent les colonnes", "What the columns say"),
    "status.words.received": Label(
        "Changements lus chez l’établissement, doublons compris.",
        "Changes read at the establishment, duplicates included.",
    ),
    "status.words.queued": Label(
        "Reçus, pas encore arrivés à leur sort.", "Received, their fate not reached yet."
    ),
    "status.words.sent": Label(
        "Arrivés au dossier central : montrés, remplacés par plus récent, ou déjà connus.",
        "Arrived in the central chart: shown, superseded by newer, or already known.",
    ),
    "status.words.errored": Label(
        "Refusés à l’établissement (réponse AE ou AR), gardés octet pour octet.",
        "Refused at the establishment (answered AE or AR), kept byte for byte.",
    ),
    "status.words.quarantined": Label(
        "Acceptés puis mis de côté au centre, gardés octet pour octet.",
        "Accepted, then set aside at the centre, kept byte for byte.",
    ),
    # freshness of a source
    "fresh.current": Label("À jour", "Up to date"),
    "fresh.behind": Label("En retard", "Behind"),
    "fresh.behind.note": Label(
        "{source} est en retard : {count} changements reçus ne sont pas encore montrés.",
        "{source} is behind: {count} changes received are not shown yet.",
    ),
    "fresh.silent": Label("Silencieuse", "Silent"),
    "fresh.silent.note": Label(
        "{source} est silencieuse depuis {age} : rien de nouveau, ou liaison coupée.",
        "{source} has been silent for {age}: nothing new, or link down.",
    ),
    "fresh.nothing": Label("Rien de complet", "Nothing complete"),
    "fresh.nothing.note": Label(
        "{source} n’a encore rien transmis de complet.",
        "{source} has not sent anything complete yet.",
    ),
    "fresh.unknown.note": Label(
        "L’état de {source} n’est pas connu.", "The state of {source} is not known."
    ),
    # quarantine
    "statements.title": Label("Relevés de clôture", "Closing statements"),
    "statements.lead": Label(
        "Ce que le centre a fait de chaque changement reçu d’une source, jour par jour.",
        "What the centre made of every change received from a source, day by day.",
    ),
    "statements.empty": Label(
        "Aucun relevé. La commande « dsn statement issue » en établit un.",
        "No statement. The command “dsn statement issue” makes one.",
    ),
    "statement.title": Label("Relevé de clôture", "Closing statement"),
    "statement.number": Label("Numéro", "Number"),
    "statement.period": Label("Période", "Period"),
    "statement.issued": Label("Établi", "Issued"),
    "statement.counted": Label("Compté", "Counted"),
    "statement.signature": Label("Signature", "Signature", once=True),
    "statement.signed": Label("Signé", "Signed"),
    "statement.unsigned": Label("Non signé", "Not signed"),
    "statement.unsigned.note": Label(
        "Ce relevé n’est pas signé : il ne prouve rien.",
        "This statement is not signed: it proves nothing.",
    ),
    "statement.unexplained": Label(
        "{count} changements INEXPLIQUÉS : quelque chose a été perdu.",
        "{count} changes UNEXPLAINED: something was lost.",
    ),
    "statement.provisional": Label(
        "Provisoire : {count} changements sont encore en route; rien n’est inexpliqué.",
        "Provisional: {count} changes are still on their way; nothing is unexplained.",
    ),
    "statement.closed": Label(
        "Clos : chaque changement a son sort, rien n’est inexpliqué.",
        "Closed: every change has its fate, nothing is unexplained.",
    ),
    "statement.fates": Label("Sort des changements", "Fates of the changes"),
    "statement.missing": Label("Numéros absents", "Missing numbers"),
    "statement.lost": Label("Perdus", "Lost"),
    "statement.awaited": Label("Attendus", "Awaited"),
    "statement.days": Label("Jours", "Days"),
    "statement.days.note": Label(
        "selon l’horloge de l’établissement, heure du Québec",
        "by the establishment’s clock, Quebec time",
    ),
    "statement.day": Label("Jour", "Day"),
    "statement.epoch": Label("Époque", "Epoch"),
    "statement.changes": Label("Changements", "Changes"),
    "statement.numbers": Label("Numéros", "Numbers"),
    "statement.digest": Label("Empreinte", "Digest"),
    "statement.proof": Label("Preuve", "Proof"),
    "statement.key": Label("clé", "key"),
    "statement.file": Label("Fichier signé", "Signed file"),
    "statement.check": Label("À vérifier au site :", "To check at the site:"),
    "quarantine.title": Label("Quarantaine", "Quarantine"),
    "quarantine.lead": Label(
        "Ce qu’aucune étape n’a pu utiliser, gardé octet pour octet. Le contenu n’est pas montré.",
        "What no stage could use, kept byte for byte. Contents are not shown.",
    ),
    "quarantine.empty": Label("La quarantaine est vide.", "Quarantine is empty."),
    "quarantine.stage": Label("Étape", "Stage"),
    "quarantine.detail": Label("Précision", "Detail"),
    "quarantine.age": Label("Depuis", "For"),
    "quarantine.site": Label("Repère", "Where"),
    "quarantine.next": Label("Prochaine étape", "Next step"),
    "quarantine.more": Label(
        "{count} autres ne sont pas montrés ici.", "{count} more are not shown here."
    ),
    "quarantine.class": Label("Classe", "Class"),
    "quarantine.open": Label("À traiter", "Open"),
    "quarantine.oldest": Label("La plus ancienne depuis", "The oldest for"),
    "quarantine.state": Label("État", "State"),
    "quarantine.state.open": Label("À traiter", "Open"),
    "quarantine.state.in-retry": Label("Relancé", "In retry"),
    "quarantine.state.abandoned": Label("Abandonné", "Abandoned"),
    "quarantine.owner": Label("Responsable", "Owner"),
    "quarantine.owner.site": Label("L’établissement", "The establishment"),
    "quarantine.owner.centre": Label("L’exploitation", "Operations"),
    "quarantine.owner.product": Label("Le fournisseur du produit", "The product's maker"),
    "quarantine.shape": Label("Forme du message", "Shape of the message"),
    "quarantine.shape.lead": Label(
        "Chaque lettre est un x, chaque chiffre un 9 : rien de personne n’est montré.",
        "Every letter is an x, every digit a 9: nothing of anybody is shown.",
    ),
    "quarantine.back": Label("Retour à la quarantaine", "Back to quarantine"),
    # alarms
    "alarm.title": Label("Alarmes", "Alarms"),
    "alarm.none": Label("Aucune alarme.", "No alarm."),
    "alarm.never": Label("La vigie n’a pas encore regardé.", "The watch has not looked yet."),
    "alarm.old": Label(
        "La vigie ne regarde plus : ceci est peut-être dépassé.",
        "The watch does not look any more: this may be out of date.",
    ),
    # questions for a steward
    "revision.title": Label("Doublons possibles", "Possible duplicates"),
    "revision.lead": Label(
        "Des dossiers qui sont peut-être d’une même personne, et que personne ne réunit sans votre réponse.",
        "Records that may be of one person, which nobody brings together without your answer.",
    ),
    "revision.note": Label(
        "Chaque lecture et chaque décision est consignée.",
        "Every read and every decision is recorded.",
    ),
    "revision.empty": Label("Aucune question n’attend.", "No question is waiting."),
    "revision.more": Label(
        "{count} autres questions attendent.", "{count} more questions are waiting."
    ),
    "revision.done": Label(
        "Décision n° {number} consignée ; les dossiers suivent dans un instant.",
        "Decision no. {number} kept; charts follow in a moment.",
    ),
    "revision.since": Label("Depuis", "For"),
    "revision.question": Label("Question", "Question"),
    "revision.a": Label("Personne A", "Person A"),
    "revision.b": Label("Personne B", "Person B"),
    "revision.weight": Label("Poids (bits)", "Weight (bits)"),
    "revision.open": Label("Réponse", "Answer"),
    "revision.examine": Label("Comparer", "Compare"),
    "revision.one": Label("Est-ce la même personne ?", "Is this the same person?"),
    "revision.field": Label("Donnée", "Item"),
    "revision.alike": Label("Ressemblance", "Likeness"),
    "revision.alike.same": Label("identique", "same"),
    "revision.alike.differs": Label("différent", "different"),
    "revision.alike.nothing": Label("d’un seul côté", "on one side only"),
    "revision.reason": Label("Motif", "Reason"),
    "revision.actor": Label("Votre nom", "Your name"),
    "revision.hint": Label(
        "La décision peut être reprise en tout temps ; son motif reste au registre.",
        "The decision can be taken back at any time; its reason stays on record.",
    ),
    "revision.answer.same": Label("C’est la même personne", "It is the same person"),
    "revision.answer.apart": Label("Ce sont deux personnes", "They are two people"),
    "revision.back": Label("Retour à la liste", "Back to the list"),
    "revision.error.answer": Label(
        "Choisissez une des deux réponses.", "Choose one of the two answers."
    ),
    "revision.error.who": Label(
        "Inscrivez votre nom et le motif.", "Enter your name and the reason."
    ),
    "revision.error.conflict": Label(
        "Quelqu’un vient de décider au sujet d’un de ces dossiers. Relisez cette page, puis décidez.",
        "Somebody has just decided about one of these records. Read this page again, then decide.",
    ),
    "revision.kind.doubt": Label("Ressemblance", "Likeness"),
    "revision.kind.blocked": Label("Réunion empêchée", "Joining prevented"),
    "revision.kind.contradiction": Label("Établissements en désaccord", "Establishments disagree"),
    "revision.reason.two-valid-nams": Label("deux NAM valides", "two valid health numbers"),
    "revision.reason.number-of-a-parent": Label("NAM d’un parent", "a parent’s health number"),
    "revision.reason.number-may-have-changed": Label(
        "le NAM a peut-être changé", "the health number may have changed"
    ),
    "revision.reason.number-on-other-traits": Label(
        "même NAM, autres traits", "same number, other traits"
    ),
    "revision.reason.same-name-at-home": Label("même nom, même adresse", "same name, same home"),
    "revision.reason.placeholder-dates": Label("dates fictives", "placeholder dates"),
    "revision.reason.weight": Label("traits semblables", "similar traits"),
    "revision.reason.not-same": Label(
        "une source dit que ce sont deux personnes", "a source says they are two people"
    ),
    "revision.reason.claim-beyond-authority": Label(
        "fusion demandée par un autre établissement", "merge asked for by another establishment"
    ),
    "revision.reason.decided-apart": Label(
        "une décision tient à part d’autres dossiers", "a decision keeps other records apart"
    ),
    "revision.reason.component-too-large": Label(
        "trop de dossiers pour une personne", "too many records for one person"
    ),
    "revision.reason.weight-against": Label(
        "d’autres dossiers s’y opposent", "other records speak against it"
    ),
    "revision.reason.crowded-block": Label(
        "plus de dossiers se ressemblent qu'une personne n'en a",
        "more records are alike than one person has",
    ),
    "revision.reason.birth-order-differs": Label(
        "rangs de naissance différents", "different birth orders"
    ),
    "revision.field.nam": Label("NAM", "health number"),
    "revision.field.identifier": Label("autre numéro", "other number"),
    "revision.field.born": Label("naissance", "birth"),
    "revision.field.given": Label("prénom", "given name"),
    "revision.field.family": Label("nom", "surname"),
    "revision.field.sex": Label("sexe", "sex"),
    "revision.field.phone": Label("téléphone", "telephone"),
    "revision.field.email": Label("courriel", "e-mail"),
    "revision.field.postal": Label("code postal", "postal code"),
    "revision.field.street": Label("rue", "street"),
    "revision.field.mother": Label("mère", "mother"),
    "revision.field.father": Label("père", "father"),
    "revision.level.same": Label("identique", "same"),
    "revision.level.near": Label("presque identique", "nearly the same"),
    "revision.level.differs": Label("différent", "different"),
    "revision.level.claimed": Label("identique, non confirmé", "same, not vouched for"),
    "revision.level.one-off": Label("à un ou deux caractères près", "one or two characters off"),
    "revision.level.unlike": Label("dissemblable", "unlike"),
    "revision.level.mixed": Label("un pareil, un différent", "one same, one different"),
    "revision.level.swapped": Label("jour et mois inversés", "day and month swapped"),
    "revision.level.part": Label("en partie", "in part"),
    "revision.level.compatible": Label("compatible", "compatible"),
    "revision.level.variant": Label("variante", "variant"),
    "revision.level.initial": Label("initiale", "initial"),
    "revision.level.fair": Label("assez proche", "fairly close"),
    "revision.level.alike": Label("proche, mais deux noms", "close, but two names"),
    "revision.level.clash": Label("un prénom diffère", "one given name differs"),
    "revision.level.inverted": Label("nom et prénom inversés", "names inverted"),
    "revision.level.area": Label("même secteur", "same area"),
    # refusals
    "error.title": Label("Page refusée", "Page refused"),
    "error.trace": Label(
        "La trace de votre lecture n’a pas pu être inscrite au registre des accès : "
        "la page n’est donc pas montrée.",
        "The trace of your read could not be entered in the access register, so the page is "
        "not shown.",
    ),
    "error.unavailable": Label(
        "La base de données centrale ne répond pas. Rien n’est perdu : ce qui arrive attend. "
        "Utilisez la copie de secours de votre unité, puis réessayez.",
        "The central database does not answer. Nothing is lost: what arrives waits. Use your "
        "unit’s downtime copy, then try again.",
    ),
    "error.not_found": Label(
        "Aucun dossier à cette adresse. Cherchez la personne par son NAM ou son nom.",
        "No chart at this address. Search for the person by health number or name.",
    ),
    "error.method": Label("Cette page se consulte seulement.", "This page can only be read."),
    "error.request": Label(
        "Le formulaire reçu est trop long ou illisible. Reprenez la recherche.",
        "The form received is too long or unreadable. Start the search again.",
    ),
    "error.ours": Label(
        "Une erreur de notre part empêche de montrer cette page. Elle a été signalée.",
        "An error of ours keeps this page from being shown. It was reported.",
    ),
    "error.next": Label("Retour à la recherche", "Back to search"),
    "error.next.status": Label("Voir l’état des sources", "See the source status"),
}
