"""Codes of the contract in words a reader knows; a code nobody wrote words for is shown as it came.

Used by the chart model. The words are clinical French of Quebec first.
"""

from __future__ import annotations

from dsn_consumers.web.labels import Label, same

#: Sections in clinical order: what can hurt first.
SECTIONS: dict[str, Label] = {
    "alerts": Label("Alertes", "Alerts"),
    "allergies": Label("Allergies et intolérances", "Allergies and intolerances"),
    "medications": Label("Médicaments", "Medications"),
    "problems": Label("Problèmes de santé", "Problems"),
    "directives": Label("Niveaux de soins et directives", "Levels of care and directives"),
    "immunizations": Label("Immunisation", "Immunizations"),
    "results": Label("Résultats", "Results"),
    "procedures": Label("Interventions", "Procedures"),
    "encounters": Label("Visites et séjours", "Visits and stays"),
    "documents": Label("Documents", "Documents"),
    "restrictions": Label("Restrictions et refus d’accès", "Access restrictions and refusals"),
}

#: Sections whose French name is masculine, for « aucun connu ».
MASCULINE = frozenset({"medications", "problems", "directives", "results", "documents"})

_STATUS: dict[str, Label] = {
    "active": Label("actif", "active"),
    "inactive": Label("inactif", "inactive"),
    "resolved": Label("résolu", "resolved"),
    "recurrence": Label("récidive", "recurrence"),
    "relapse": Label("rechute", "relapse"),
    "remission": Label("rémission", "remission"),
    "final": Label("final", "final"),
    "preliminary": Label("préliminaire", "preliminary"),
    "partial": Label("partiel", "partial"),
    "registered": Label("demandé, pas encore de résultat", "registered, no result yet"),
    "corrected": Label("corrigé", "corrected"),
    "amended": Label("modifié", "amended"),
    "appended": Label("complété", "appended"),
    "cancelled": Label("annulé", "cancelled"),
    "entered-in-error": Label("inscrit par erreur", "entered in error"),
    "unknown": Label("statut inconnu", "status unknown"),
    "completed": Label("terminé", "completed"),
    "in-progress": Label("en cours", "in progress"),
    "finished": Label("terminé", "finished"),
    "planned": Label("prévu", "planned"),
    "arrived": Label("arrivé", "arrived"),
    "triaged": Label("trié", "triaged"),
    "onleave": Label("en congé temporaire", "on leave"),
    "on-hold": Label("suspendu", "on hold"),
    "stopped": Label("cessé", "stopped"),
    "draft": Label("ébauche", "draft"),
    "intended": Label("prévu", "intended"),
    "not-taken": Label("non pris", "not taken"),
    "not-done": Label("non fait", "not done"),
    "preparation": Label("en préparation", "in preparation"),
    "declined": Label("refusé", "declined"),
    "current": Label("en vigueur", "current"),
    "superseded": Label("remplacé", "superseded"),
}

_OTHER: dict[str, Label] = {
    # allergy
    "allergy": Label("allergie", "allergy"),
    "intolerance": Label("intolérance", "intolerance"),
    "food": Label("aliment", "food"),
    "medication": Label("médicament", "medication"),
    "environment": Label("environnement", "environment"),
    "biologic": Label("produit biologique", "biologic"),
    "low": Label("faible", "low"),
    "high": Label("élevée", "high"),
    "unable-to-assess": Label("impossible à évaluer", "unable to assess"),
    "unconfirmed": Label("non confirmé", "unconfirmed"),
    "confirmed": Label("confirmé", "confirmed"),
    "refuted": Label("réfuté", "refuted"),
    "provisional": Label("provisoire", "provisional"),
    "differential": Label("différentiel", "differential"),
    "mild": Label("légère", "mild"),
    "moderate": Label("modérée", "moderate"),
    "severe": Label("grave", "severe"),
    # medication
    "request": Label("ordonnance", "prescription"),
    "dispense": Label("délivrance", "dispense"),
    "administration": Label("administration", "administration"),
    "statement": Label("déclaration", "statement"),
    # problem
    "problem-list-item": Label("liste de problèmes", "problem list"),
    "encounter-diagnosis": Label("diagnostic de visite", "encounter diagnosis"),
    # result
    "laboratory": Label("laboratoire", "laboratory"),
    "vital-signs": Label("signes vitaux", "vital signs"),
    "imaging": Label("imagerie", "imaging"),
    "survey": Label("questionnaire", "survey"),
    "social-history": Label("habitudes de vie", "social history"),
    # restriction
    "restriction": Label("restriction (art. 7)", "restriction (s. 7)"),
    "refusal": Label("refus (art. 8)", "refusal (s. 8)"),
    # person
    "male": Label("masculin", "male"),
    "female": Label("féminin", "female"),
    "other": Label("autre", "other"),
    "M": Label("masculin", "male"),
    "F": Label("féminin", "female"),
    "X": Label("X", "X"),
    "UNK": Label("inconnu", "unknown"),
    "official": Label("officiel", "official"),
    "usual": Label("usuel", "usual"),
    "maiden": Label("à la naissance", "maiden"),
    "nickname": Label("surnom", "nickname"),
    "old": Label("ancien", "old"),
    "temp": Label("temporaire", "temporary"),
    "home": Label("domicile", "home"),
    "work": Label("travail", "work"),
    "mobile": Label("cellulaire", "mobile"),
    "attending": Label("traitant", "attending"),
    "admitting": Label("admission", "admitting"),
    "consulting": Label("consultant", "consulting"),
    "referring": Label("référent", "referring"),
    "ordering": Label("prescripteur", "ordering"),
    "performer": Label("exécutant", "performer"),
    "author": Label("auteur", "author"),
    "pharmacist": Label("pharmacien", "pharmacist"),
    "fr": Label("français", "French"),
    "en": Label("anglais", "English"),
    "es": Label("espagnol", "Spanish"),
    "ar": Label("arabe", "Arabic"),
    "iu": Label("inuktitut", "Inuktitut"),
    "cr": Label("cri", "Cree"),
    "ht": Label("créole haïtien", "Haitian Creole"),
    "zh": Label("chinois", "Chinese"),
    "vi": Label("vietnamien", "Vietnamese"),
    "pt": Label("portugais", "Portuguese"),
    "it": Label("italien", "Italian"),
    # encounter classes (v3 ActCode, HL7 table 0004)
    "IMP": Label("hospitalisation", "inpatient"),
    "AMB": Label("ambulatoire", "ambulatory"),
    "EMER": Label("urgence", "emergency"),
    "SS": Label("court séjour", "short stay"),
    "HH": Label("soins à domicile", "home health"),
    "VR": Label("virtuel", "virtual"),
    "I": Label("hospitalisation", "inpatient"),
    "O": Label("externe", "outpatient"),
    "E": Label("urgence", "emergency"),
    "P": Label("préadmission", "preadmission"),
    "R": Label("visite récurrente", "recurring patient"),
    "B": Label("obstétrique", "obstetrics"),
}

#: HL7 table 0078 flags that a reader must not miss, the two-letter ones critical.
_FLAGS: dict[str, Label] = {
    "H": Label("élevé", "high"),
    "L": Label("bas", "low"),
    "HH": Label("critique, très élevé", "critical, very high"),
    "LL": Label("critique, très bas", "critical, very low"),
    "A": Label("anormal", "abnormal"),
    "AA": Label("critique, anormal", "critical, abnormal"),
    "N": Label("normal", "normal"),
    "POS": Label("positif", "positive"),
    "NEG": Label("négatif", "negative"),
    "R": Label("résistant", "resistant"),
    "S": Label("sensible", "susceptible"),
    "I": Label("intermédiaire", "intermediate"),
}

ABNORMAL = frozenset({"H", "L", "A", "POS", "R"})
CRITICAL = frozenset({"HH", "LL", "AA"})

#: Names of fields, as conflicts and details show them.
FIELDS: dict[str, Label] = {
    "status": Label("statut", "status"),
    "code": Label("code", "code"),
    "names": Label("noms", "names"),
    "identifiers": Label("identifiants", "identifiers"),
    "gender": Label("genre administratif", "administrative gender"),
    "gender_code": Label("code de genre reçu", "gender code received"),
    "birth_sex": Label("sexe à la naissance", "sex at birth"),
    "birth_date": Label("date de naissance", "birth date"),
    "birth_date_estimated": Label("date de naissance estimée", "birth date estimated"),
    "birth_time": Label("heure de naissance", "time of birth"),
    "birth_place": Label("lieu de naissance", "birth place"),
    "multiple_birth": Label("naissance multiple", "multiple birth"),
    "birth_order": Label("rang de naissance", "birth order"),
    "deceased": Label("décès", "deceased"),
    "deceased_at": Label("date du décès", "date of death"),
    "addresses": Label("adresses", "addresses"),
    "telecoms": Label("téléphones et courriels", "telephones and e-mail"),
    "mother": Label("mère", "mother"),
    "father": Label("père", "father"),
    "mother_identifiers": Label("numéros de la mère", "mother’s numbers"),
    "marital_status": Label("état civil", "marital status"),
    "languages": Label("langues", "languages"),
    "interpreter_needed": Label("interprète requis", "interpreter needed"),
    "contacts": Label("personnes à joindre", "contacts"),
    "general_practitioners": Label("médecin de famille ou clinique", "family physician or clinic"),
    "active": Label("dossier ouvert", "record open"),
    "type": Label("type", "type"),
    "category": Label("catégorie", "category"),
    "criticality": Label("criticité", "criticality"),
    "verification": Label("vérification", "verification"),
    "severity": Label("gravité", "severity"),
    "reactions": Label("réactions", "reactions"),
    "onset": Label("début", "onset"),
    "abatement": Label("fin", "abatement"),
    "recorded": Label("inscrit le", "recorded"),
    "recorder": Label("inscrit par", "recorded by"),
    "last_occurrence": Label("dernière réaction", "last occurrence"),
    "note": Label("note", "note"),
    "kind": Label("nature", "kind"),
    "dosage": Label("posologie", "dosage"),
    "dose": Label("dose", "dose"),
    "route": Label("voie", "route"),
    "form": Label("forme", "form"),
    "timing": Label("fréquence", "frequency"),
    "as_needed": Label("au besoin", "as needed"),
    "quantity": Label("quantité", "quantity"),
    "refills": Label("renouvellements", "refills"),
    "start": Label("début", "start"),
    "end": Label("fin", "end"),
    "authored": Label("ordonné le", "ordered"),
    "prescriber": Label("prescrit par", "prescribed by"),
    "dispenser": Label("délivré ou donné par", "dispensed or given by"),
    "reason": Label("raison", "reason"),
    "reasons": Label("raisons", "reasons"),
    "body_site": Label("site", "body site"),
    "value": Label("choix", "choice"),
    "text": Label("texte", "text"),
    "effective": Label("en vigueur le", "effective"),
    "expires": Label("échoit le", "expires"),
    "author": Label("auteur", "author"),
    "authors": Label("auteurs", "authors"),
    "occurrence": Label("donné le", "given"),
    "dose_number": Label("rang de la dose", "dose number"),
    "series": Label("série", "series"),
    "lot": Label("lot", "lot"),
    "expiration": Label("péremption", "expiry"),
    "manufacturer": Label("fabricant", "manufacturer"),
    "site": Label("site", "site"),
    "performer": Label("fait par", "performed by"),
    "performers": Label("fait par", "performed by"),
    "location": Label("lieu", "location"),
    "primary_source": Label("source primaire", "primary source"),
    "reason_not_done": Label("raison de l’omission", "reason not done"),
    "panel": Label("panel", "panel"),
    "accession": Label("n° d’échantillon", "accession no."),
    "placer": Label("n° de requête", "order no."),
    "issued": Label("rapporté le", "reported"),
    "value_quantity": Label("valeur", "value"),
    "value_concept": Label("valeur", "value"),
    "value_text": Label("valeur", "value"),
    "interpretation": Label("interprétation", "interpretation"),
    "reference_ranges": Label("référence", "reference range"),
    "components": Label("composantes", "components"),
    "specimen": Label("spécimen", "specimen"),
    "method": Label("méthode", "method"),
    "data_absent_reason": Label("raison de l’absence de valeur", "why there is no value"),
    "outcome": Label("issue", "outcome"),
    "class_code": Label("type de séjour", "class"),
    "types": Label("types", "types"),
    "service_type": Label("service", "service"),
    "stays": Label("lieux", "places"),
    "participants": Label("intervenants", "participants"),
    "admit_source": Label("provenance", "admitted from"),
    "discharge_disposition": Label("destination", "discharged to"),
    "service_provider": Label("établissement", "establishment"),
    "title": Label("titre", "title"),
    "date": Label("date", "date"),
    "custodian": Label("conservé par", "kept by"),
    "mime_type": Label("format", "format"),
    "size": Label("taille", "size"),
    "url": Label("adresse à la source", "address at the source"),
    "conclusion": Label("conclusion", "conclusion"),
    "barred": Label("personnes visées", "people barred"),
    "barred_categories": Label("catégories visées", "categories barred"),
    "sections": Label("sections visées", "sections concerned"),
    "items": Label("éléments visés", "items concerned"),
    "description": Label("renseignements visés", "information concerned"),
    "signed_by": Label("signé par", "signed by"),
    "signed_at": Label("signé le", "signed"),
    "replaces": Label("remplace", "replaces"),
    "sha256": Label("empreinte", "digest"),
}

YES = Label("oui", "yes")
NO = Label("non", "no")


def status_words(code: str) -> Label | None:
    """A status in words; nothing for an empty one, the code itself for an unknown one."""
    if not code.strip():
        return None
    return _STATUS.get(code) or same(code)


def word(code: str) -> Label:
    """A code in words, the code itself when there are none. ``code`` is not empty."""
    return _OTHER.get(code) or _STATUS.get(code) or same(code)


def flag_words(code: str) -> Label | None:
    """A flag of a result in words, where the code is one of HL7's."""
    return _FLAGS.get(code)


def field_words(name: str) -> Label:
    """A field of the contract in words."""
    return FIELDS.get(name) or same(name.replace("_", " ").strip() or "?")
