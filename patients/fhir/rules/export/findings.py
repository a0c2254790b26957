"""The person, the people around them, and rows that are one resource each."""

import re
from typing import Any

from patients.fhir.rules.codes.systems import ATC, ICD10CM, LOINC, RXNORM, SNOMED
from patients.fhir.rules.export.shape import (
    MCODE,
    coding,
    concept,
    filled,
    hl7,
    instant,
    partial,
    patient_id,
    quantity,
    reference,
    start,
)
from patients.fhir.rules.report import JsonObject

_LOINC = re.compile(r"\d{1,7}-\d")


def subject(patient: Any) -> JsonObject:
    """The reference to the patient."""
    return reference("Patient", patient_id(patient.pk))


def patient(export: Any) -> JsonObject:
    """The person, as a cancer patient of mCODE."""
    row = export.patient
    dead = {"deceasedDateTime": row.deceased_on.isoformat()} if row.deceased_on else {}
    if not dead and row.is_deceased:
        dead = {"deceasedBoolean": True}
    interpreter: list[JsonObject] = []
    if row.interpreter is not None:
        url = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
        interpreter = [{"url": url, "valueBoolean": row.interpreter}]
    reached = [filled(system="phone", value=row.phone), filled(system="email", value=row.email)]
    meta: JsonObject = {"profile": [MCODE + "mcode-cancer-patient"]}
    if row.is_confidential:
        meta["security"] = [coding("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R")]
    return filled(
        resourceType="Patient",
        id=patient_id(row.pk),
        meta=meta,
        extension=interpreter,
        identifier=[
            filled(
                type=hl7("v2-0203", i.kind) if i.kind else {},
                system=i.system,
                value=i.value,
            )
            for i in sorted(export.identifiers, key=lambda i: (i.value != row.mrn, i.pk))
        ],
        name=[filled(use="official", family=row.family_name, given=row.given_name.split())],
        telecom=[contact for contact in reached if "value" in contact],
        gender=row.sex,
        birthDate=partial(row.birth_date, row.birth_precision),
        address=[filled(text=row.address, country=row.country)] if row.address or row.country else [],
        communication=[{"language": concept(coding("urn:ietf:bcp:47", row.language)), "preferred": True}]
        if row.language
        else [],
        generalPractitioner=[{"display": row.general_practitioner}] if row.general_practitioner else [],
        **dead,
    )


def contact(row: Any, export: Any) -> list[JsonObject]:
    """Somebody beside the patient."""
    reached = [filled(system="phone", value=row.phone), filled(system="email", value=row.email)]
    return [
        filled(
            **start("RelatedPerson", "contact", row.pk),
            patient=export.subject,
            relationship=[concept(text=row.relation)] if row.relation else [],
            name=[{"text": row.name}],
            telecom=[one for one in reached if "value" in one],
        )
    ]


def care_team(row: Any, export: Any) -> list[JsonObject]:
    """One member of the care team; the roles are in words, the names as displays."""
    role = row.get_role_display()
    name = str(row)
    return [
        filled(
            **start("CareTeam", "careteam", row.pk),
            status="inactive" if row.ended_on else "active",
            name=row.organization,
            subject=export.subject,
            participant=[{"role": [concept(text=role)], "member": {"display": name}}],
        )
    ]


def measurement(row: Any, export: Any) -> list[JsonObject]:
    """A result."""
    profiles = {"89247-1": "mcode-ecog-performance-status", "89243-0": "mcode-karnofsky-performance-status"}
    code = [coding(LOINC if _LOINC.fullmatch(row.code) else SNOMED, row.code, row.label)] if row.code else []
    if not any(sign.isdigit() for sign in row.code):
        code = []  # a code of our own means nothing elsewhere: the words do
    value: JsonObject = {"valueString": row.text}
    if row.value is not None:
        value = {"valueQuantity": quantity(row.value, row.unit, row.comparator)}
        if row.code in profiles:
            value = {"valueInteger": int(row.value)}
    normal = filled(
        low=quantity(row.reference_low, row.unit) if row.reference_low is not None else {},
        high=quantity(row.reference_high, row.unit) if row.reference_high is not None else {},
    )
    taken = instant(row.taken_at) if row.taken_precision == "day" else partial(row.taken_at.date(), row.taken_precision)
    return [
        filled(
            **start("Observation", "measurement", row.pk, profiles.get(row.code, "")),
            status="final",
            category=[hl7("observation-category", row.category)] if row.category in _CATEGORIES else [],
            code=concept(*code, text=row.label),
            subject=export.subject,
            effectiveDateTime=taken,
            interpretation=[concept(text=row.interpretation)] if row.interpretation else [],
            method=concept(text=row.assay),
            referenceRange=[normal] if normal else [],
            note=[{"text": row.note}] if row.note else [],
            **value,
        )
    ]


_CATEGORIES = frozenset({"laboratory", "vital-signs", "survey", "social-history", "imaging"})


def comorbidity(row: Any, export: Any) -> list[JsonObject]:
    """Another condition."""
    codes = [coding(SNOMED, row.snomed)] if row.snomed else []
    codes += [coding(ICD10CM, row.icd10)] if row.icd10 else []
    return [
        filled(
            **start("Condition", "comorbidity", row.pk),
            clinicalStatus=hl7("condition-clinical", "resolved" if row.resolved_on else "active"),
            code=concept(*codes, text=row.label),
            subject=export.subject,
            onsetDateTime=partial(row.since, "day"),
            abatementDateTime=partial(row.resolved_on, "day"),
        )
    ]


def medication(row: Any, export: Any) -> list[JsonObject]:
    """A drug that is no line of treatment."""
    codes = [coding(ATC, row.atc)] if row.atc else []
    codes += [coding(RXNORM, row.rxnorm)] if row.rxnorm else []
    return [
        filled(
            **start("MedicationStatement", "medication", row.pk),
            status="completed" if row.ended_on else "active",
            medicationCodeableConcept=concept(*codes, text=row.name),
            subject=export.subject,
            effectivePeriod=filled(start=partial(row.started_on, "day"), end=partial(row.ended_on, "day")),
            dosage=[{"text": row.dose}] if row.dose else [],
        )
    ]


def allergy(row: Any, export: Any) -> list[JsonObject]:
    """An allergy."""
    category = {"drug": "medication", "contrast": "medication", "food": "food"}.get(row.kind, "")
    level = {"unknown": "unable-to-assess"}.get(row.severity, row.severity)
    codes = [coding(*code.split("|", 1)) for code in row.codes if "|" in code]
    return [
        filled(
            **start("AllergyIntolerance", "allergy", row.pk),
            clinicalStatus=hl7("allergyintolerance-clinical", "active"),
            category=[category] if category else [],
            criticality=level if level in ("low", "high", "unable-to-assess") else "",
            code=concept(*codes, text=row.substance),
            patient=export.subject,
            onsetDateTime=partial(row.since, "day"),
            reaction=[{"manifestation": [concept(text=row.reaction)]}] if row.reaction else [],
        )
    ]


def admission(row: Any, export: Any) -> list[JsonObject]:
    """A stay in hospital."""
    return [
        filled(
            **start("Encounter", "admission", row.pk),
            status="finished" if row.discharged_on else "in-progress",
            class_=coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IMP"),
            priority=hl7("v3-ActPriority", "EM") if row.unplanned else {},
            subject=export.subject,
            period=filled(start=partial(row.admitted_on, "day"), end=partial(row.discharged_on, "day")),
            reasonCode=[concept(text=row.reason)] if row.reason else [],
            serviceProvider={"display": row.place} if row.place else {},
        )
    ]


# What FHIR's Encounter can be; a booking, and what became of it, is an Appointment.
_ENCOUNTER_STATES = frozenset({"", "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled"})
_CLASSES = {"emergency": "EMER", "video": "VR", "home visit": "HH"}


def encounter(row: Any, export: Any) -> list[JsonObject]:
    """A visit, or an appointment."""
    begins, ends = instant(row.starts_at), instant(row.ends_at) if row.ends_at else ""
    if row.kind == "appointment" or row.status not in _ENCOUNTER_STATES:
        return [
            filled(
                **start("Appointment", "encounter", row.pk),
                status=row.status or "booked",
                description=row.reason,
                start=begins,
                end=ends or begins,
                participant=[{"actor": export.subject, "status": "accepted"}],
            )
        ]
    return [
        filled(
            **start("Encounter", "encounter", row.pk),
            status=row.status or "finished",
            class_=coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", _CLASSES.get(row.kind, "AMB")),
            subject=export.subject,
            period=filled(start=begins, end=ends),
            reasonCode=[concept(text=row.reason)] if row.reason else [],
            serviceProvider={"display": row.with_whom} if row.with_whom else {},
        )
    ]
