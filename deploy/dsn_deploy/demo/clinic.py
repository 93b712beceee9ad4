"""What HDM's family clinic sends: FHIR R4 transaction bundles, one file each.

The clinic is a third source with numbers of its own. It knows a level of care (NIM), a fall risk, a
letter and a blood pressure that the hospitals do not, a drug that it stopped while CHUL goes on
with it, and an allergy that it withdraws.
"""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta

from dsn_deploy.demo import fhir
from dsn_deploy.demo.catalogue import (
    LEVELS_OF_CARE,
    NO_KNOWN_ALLERGY,
    WARFARIN,
    Allergen,
    Code,
    Drug,
)
from dsn_deploy.demo.charts import Chart, chart_at
from dsn_deploy.demo.events import arrival
from dsn_deploy.demo.fhir import Json
from dsn_deploy.demo.names import PHYSICIANS
from dsn_deploy.demo.population import drawer
from dsn_deploy.demo.registrations import Registration


class Clinic:
    """Writes the bundles of one file of the clinic."""

    def __init__(self, registration: Registration) -> None:
        self._registration = registration
        self._chart: Chart = chart_at(registration)
        self._draw = drawer("clinic", *registration.key)
        self._id = f"p{registration.number[1:]}"
        self._subject: Json = {"reference": f"Patient/{self._id}"}
        licence, family, given = self._draw.choice(PHYSICIANS)
        self._physician: Json = {
            "identifier": {"system": "https://cmq.example/permis", "value": licence},
            "display": f"Dre {given} {family}",
        }
        self.when = arrival(registration) + timedelta(days=3)

    def bundles(self) -> list[bytes]:
        """All bundles of this file, in order."""
        first = [self.patient(), *self.allergies(), *self.conditions(), *self.medications()]
        first += [*self.immunizations(), *self.observations(), *self.papers()]
        bundles = [self._bundle(1, self.when, first)]
        later = self.when + timedelta(days=12)
        match self._registration.person.key:
            case "therese":
                drug, since = self._chart.drugs[0]
                stopped = [self.patient(), self._order(drug, since, "stopped")]
                bundles.append(self._bundle(2, later, stopped))
            case "sacha":
                wrong = [self.patient(), self._latex("entered-in-error")]
                bundles.append(self._bundle(2, later, wrong))
            case "chau":
                name = self._latex("confirmed")["id"]
                # The address alone would not say whose allergy it was.
                url = f"AllergyIntolerance?_id={name}&patient=Patient/{self._id}"
                gone: Json = {"request": fhir.request("DELETE", url)}
                bundles.append(self._bundle(2, later, [self.patient()], gone))
        return bundles

    def patient(self) -> Json:
        """Who the person is."""
        return fhir.patient(self._registration, self._id, self._physician)

    def allergies(self) -> list[Json]:
        """Each allergy, or the statement that there is none."""
        if self._chart.no_known_allergy:
            return [self._allergy("allergie-0", NO_KNOWN_ALLERGY, None)]
        found = [
            self._allergy(f"allergie-{count}", allergen.code, (allergen, since))
            for count, (allergen, since) in enumerate(self._chart.allergies, start=1)
        ]
        if self._registration.person.key in ("chau", "sacha"):
            found.append(self._latex("confirmed"))
        return found

    def conditions(self) -> list[Json]:
        """The problem list."""
        return [
            self._resource(
                "Condition",
                f"probleme-{count}",
                {
                    "clinicalStatus": fhir.concept("condition-clinical", "active"),
                    "verificationStatus": fhir.concept("condition-ver-status", "confirmed"),
                    "category": [fhir.concept("condition-category", "problem-list-item")],
                    "code": fhir.code(code),
                    "onsetDateTime": since.isoformat(),
                    "recordedDate": fhir.instant(self.when),
                    "recorder": self._physician,
                },
            )
            for count, (code, since) in enumerate(self._chart.problems, start=1)
        ]

    def medications(self) -> list[Json]:
        """What the clinic prescribes."""
        return [self._order(drug, since, "active") for drug, since in self._chart.drugs]

    def immunizations(self) -> list[Json]:
        """Vaccines, also those the hospital sends."""
        return [
            self._resource(
                "Immunization",
                f"vaccin-{count}",
                {
                    "status": "completed",
                    "vaccineCode": fhir.code(code),
                    "occurrenceDateTime": given.isoformat(),
                    "primarySource": False,
                    "lotNumber": f"LOT{given.year}{count}",
                },
                subject="patient",
            )
            for count, (code, given) in enumerate(self._chart.vaccines, start=1)
        ]

    def observations(self) -> list[Json]:
        """A blood pressure and a weight."""
        high, low = self._draw.randrange(105, 165), self._draw.randrange(60, 98)
        weight = f"{self._draw.uniform(45, 110):.1f}"
        pressure: Json = {
            "status": "final",
            "category": [fhir.concept("observation-category", "vital-signs")],
            "code": fhir.code(Code("LN", "85354-9", "Tension artérielle")),
            "effectiveDateTime": fhir.instant(self.when),
            "component": [
                fhir.measured(Code("LN", "8480-6", "Systolique"), high, "mm[Hg]"),
                fhir.measured(Code("LN", "8462-4", "Diastolique"), low, "mm[Hg]"),
            ],
        }
        weighed: Json = {
            "status": "final",
            "category": [fhir.concept("observation-category", "vital-signs")],
            **fhir.measured(Code("LN", "29463-7", "Poids"), float(weight), "kg"),
            "effectiveDateTime": fhir.instant(self.when),
        }
        return [
            self._resource("Observation", "ta-1", pressure),
            self._resource("Observation", "poids-1", weighed),
        ]

    def papers(self) -> list[Json]:
        """A letter for everybody; a level of care and a fall risk for the old."""
        papers = [self._letter()]
        if 2026 - self._registration.person.born.year >= 60:
            papers += [self._level_of_care(), self._fall_risk()]
        return papers

    def _letter(self) -> Json:
        text = "Suivi annuel.\nÉtat général conservé ; revoir dans six mois."
        data = base64.b64encode(text.encode()).decode()
        return self._resource(
            "DocumentReference",
            "lettre-1",
            {
                "status": "current",
                "docStatus": "final",
                "type": fhir.code(Code("LN", "11488-4", "Note de consultation")),
                "date": fhir.instant(self.when),
                "author": [self._physician],
                "custodian": {"display": "Clinique de médecine familiale HDM"},
                "description": "Note de suivi",
                "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
            },
        )

    def _level_of_care(self) -> Json:
        level = "C" if self._registration.person.key == "therese" else self._draw.choice("ABC")
        said: Json = {
            "coding": [
                {"system": f"{fhir.HERE}/CodeSystem/nim", "code": level, "display": f"NIM {level}"}
            ],
            "text": f"NIM {level} : {LEVELS_OF_CARE[level]}",
        }
        return self._resource(
            "Consent",
            "nim-1",
            {
                "status": "active",
                "scope": fhir.concept("consentscope", "adr"),
                "category": [
                    {
                        "coding": [{"system": f"{fhir.HL7}/consentcategorycodes", "code": "acd"}],
                        "text": "Niveau d'intervention médicale (NIM)",
                    }
                ],
                "dateTime": fhir.instant(self.when),
                "performer": [self._physician],
                "policyRule": {"coding": [{"system": f"{fhir.HL7}/v3-ActCode", "code": "OPTIN"}]},
                "provision": {"type": "permit", "code": [said]},
            },
            subject="patient",
        )

    def _fall_risk(self) -> Json:
        return self._resource(
            "Flag",
            "chute-1",
            {
                "status": "active",
                "category": [fhir.concept("flag-category", "safety")],
                "code": fhir.code(Code("SCT", "129839007", "Risque de chute")),
                "period": {"start": self.when.date().isoformat()},
                "author": self._physician,
            },
        )

    def _allergy(
        self, name: str, code: Code, known: tuple[Allergen, date] | None, status: str = "confirmed"
    ) -> Json:
        content: Json = {
            "clinicalStatus": fhir.concept("allergyintolerance-clinical", "active"),
            "verificationStatus": fhir.concept("allergyintolerance-verification", status),
            "code": fhir.code(code),
            "recordedDate": fhir.instant(self.when),
            "recorder": self._physician,
        }
        if status == "entered-in-error":
            # FHIR forbids a clinical status on what was entered in error (ait-2).
            del content["clinicalStatus"]
        if known:
            allergen, since = known
            kinds = {"DA": "medication", "FA": "food", "EA": "environment"}
            content |= {
                "type": "allergy",
                "category": [kinds[allergen.kind]],
                "criticality": "high" if "Anaphylaxie" in allergen.reaction else "low",
                "onsetDateTime": since.isoformat(),
                "reaction": [{"manifestation": [{"text": allergen.reaction}]}],
            }
        return self._resource("AllergyIntolerance", name, content, subject="patient")

    def _latex(self, status: str) -> Json:
        """An allergy of another patient, entered here by mistake."""
        return self._allergy(
            "allergie-9", Code("SCT", "300916003", "Allergie au latex"), None, status
        )

    def _order(self, drug: Drug, since: date, status: str) -> Json:
        return self._resource(
            "MedicationRequest",
            f"ordonnance-{drug.code.code}",
            {
                "status": status if drug is WARFARIN else "active",
                "intent": "order",
                "medicationCodeableConcept": fhir.code(drug.code),
                "authoredOn": since.isoformat(),
                "requester": self._physician,
                "dosageInstruction": [
                    {
                        "text": drug.dosage,
                        "doseAndRate": [
                            {"doseQuantity": fhir.quantity(float(drug.amount), drug.unit)}
                        ],
                    }
                ],
            },
        )

    def _resource(self, kind: str, name: str, content: Json, *, subject: str = "subject") -> Json:
        head: Json = {"resourceType": kind, "id": f"{self._id}-{name}"}
        return {**head, subject: self._subject, **content}

    def _bundle(self, count: int, when: datetime, resources: list[Json], *others: Json) -> bytes:
        return fhir.bundle(f"{self._id}-{count}", when, resources, *others)
