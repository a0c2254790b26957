"""Rows that come from one fact each: comorbidities, drugs, allergies, visits, people."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from careteam.people.rules import Role
from patients.fhir.rules.codes.systems import ATC, ICD10, ICD10CM, RXNORM, SNOMED
from patients.fhir.rules.facts import (
    AllergyFact,
    AppointmentFact,
    CareTeamFact,
    ComorbidityFact,
    ContactFact,
    Disease,
    DiseaseStatusFact,
    DrugFact,
    EncounterFact,
    GeneticFact,
    OrderFact,
    PatientFact,
    ProviderFact,
    RelatedPersonFact,
)
from patients.fhir.rules.rows.base import Rows, Sourced, day
from patients.fhir.rules.values import Coding
from patients.record.rules import (
    AllergyKind,
    ContactScope,
    DrugClass,
    ResponseCategory,
    StatusMethod,
)


def _code(coding: Coding | None, *systems: str) -> str:
    return coding.code if coding and coding.system in systems else ""


def comorbidities(facts: Sequence[Sourced], rows: Rows) -> None:
    """Other conditions. One that goes on is one row, however many visits name it; one that is over without a date ends
    on the day it began: it must not look current."""
    going_on: dict[tuple[str, str], int] = {}
    found = [(of, of.fact) for of in facts if isinstance(of.fact, ComorbidityFact)]
    for of, fact in sorted(found, key=lambda pair: (pair[1].since is None, day(pair[1].since), pair[0].member)):
        until = day(fact.until) or (None if fact.active else day(fact.since))
        if not fact.active and until is None:
            rows.keep(of, "is over and has no date")
            continue
        same = (fact.code.code if fact.code else "", fact.label.casefold())
        if until is None and same in going_on:
            row = rows.rows[going_on[same]]
            rows.rows[going_on[same]] = replace(row, members=(*row.members, of.member))
            continue
        if until is None:
            going_on[same] = len(rows.rows)
        values = {
            "label": fact.label,
            "icd10": _code(fact.code, ICD10, ICD10CM)[:10],
            "snomed": _code(fact.code, SNOMED),
            "since": day(fact.since),
            "resolved_on": until,
        }
        rows.add("Comorbidity", of, values)


_DRUG_CLASSES = (
    (r"prazol|protonix|nexium", DrugClass.PPI),
    (r"metformin|glucophage", DrugClass.METFORMIN),
    (r"warfarin|phenprocoum|heparin|parin\b|xaban|dabigatran|marcumar|coumadin", DrugClass.ANTICOAGULANT),
    (
        r"conazol|clarithromycin|erythromycin|ritonavir|rifampi|phenytoin|carbamazepin|verapamil|diltiazem",
        DrugClass.CYP3A4,
    ),
    (r"bevacizumab|sunitinib|cabozantinib|lenvatinib|pazopanib|sorafenib|axitinib", DrugClass.VEGF),
    (r"predniso|dexamethason|hydrocortison|cortison", DrugClass.STEROID),
)


def medication(of: Sourced, fact: DrugFact, rows: Rows) -> None:
    """A drug that is no line of treatment."""
    if fact.not_given:
        rows.keep(of, f"was not given ({fact.stop_reason or fact.status})")
        return
    over = fact.status in ("completed", "stopped", "ended", "cancelled") or not fact.open_ended
    ended = day(fact.end) or (day(fact.start) if over else None)
    if over and ended is None:
        rows.keep(of, "is over and has no date")
        return
    words = fact.label.lower()
    rows.add(
        "Medication",
        of,
        {
            "name": fact.label,
            "drug_class": str(next((k for pattern, k in _DRUG_CLASSES if re.search(pattern, words)), DrugClass.OTHER)),
            "atc": _code(fact.code, ATC)[:10],
            "rxnorm": _code(fact.code, RXNORM)[:12],
            "dose": " ".join(part for part in (fact.dose, fact.schedule) if part),
            "started_on": day(fact.start),
            "ended_on": ended,
        },
    )


def allergy(of: Sourced, fact: AllergyFact, rows: Rows) -> None:
    """An allergy that still holds."""
    if fact.none_known:
        rows.keep(of, "says that no allergy is known; ask and enter it with today's date")
        return
    if not fact.active:
        rows.keep(of, "no longer holds, says the source")
        return
    kinds = {"medication": AllergyKind.DRUG, "biologic": AllergyKind.DRUG, "food": AllergyKind.FOOD}
    kind = AllergyKind.CONTRAST if fact.contrast else kinds.get(fact.category, AllergyKind.OTHER)
    rows.add(
        "Allergy",
        of,
        {
            "kind": str(kind),
            "substance": fact.substance,
            "reaction": fact.reaction,
            "severity": {"unable-to-assess": "unknown"}.get(fact.criticality, fact.criticality),
            "since": day(fact.on),
            "codes": [f"{fact.code.system}|{fact.code.code}"[:60]] if fact.code and fact.code.code else [],
        },
    )


_RESPONSES = {
    Disease.NO_EVIDENCE: ResponseCategory.CR,
    Disease.COMPLETE: ResponseCategory.CR,
    Disease.PARTIAL: ResponseCategory.PR,
    Disease.STABLE: ResponseCategory.SD,
    Disease.PROGRESSION: ResponseCategory.PD,
    Disease.RECURRENCE: ResponseCategory.PD,
    Disease.UNCERTAIN: ResponseCategory.NE,
    Disease.NON_CR_NON_PD: ResponseCategory.NON_CR_NON_PD,
}


def disease_status(of: Sourced, fact: DiseaseStatusFact, rows: Rows) -> None:
    """The course of the disease. “Improved” is kept as partial response with its wording beside it."""
    if fact.on is None:
        rows.keep(of, "has no date; a course without one cannot be placed")
        return
    rows.add(
        "DiseaseStatus",
        of,
        {
            "assessed_on": fact.on.day,
            "category": str(_RESPONSES[fact.status]),
            "method": str(StatusMethod.IMPORTED),
            "note": ". ".join(part for part in (fact.label, fact.evidence) if part),
        },
    )


def encounter(of: Sourced, fact: EncounterFact, rows: Rows) -> None:
    """An admission, or a visit."""
    if fact.start is None:
        rows.keep(of, "has no date; a visit without one cannot be placed")
        return
    if fact.kind == "inpatient":
        rows.add(
            "Admission",
            of,
            {
                "admitted_on": fact.start.day,
                "discharged_on": max(fact.end.day, fact.start.day) if fact.end else None,
                "unplanned": fact.unplanned or None,
                "reason": fact.reason or fact.label,
                "place": fact.place,
            },
        )
        return
    kinds = {"emergency": "emergency", "virtual": "video", "home": "home visit"}
    rows.add(
        "Encounter",
        of,
        {
            "kind": kinds.get(fact.kind, "visit"),
            "starts_at": fact.start.moment(rows.zone),
            "ends_at": fact.end.moment(rows.zone) if fact.end else None,
            "with_whom": fact.place,
            "reason": fact.reason or fact.label,
            "status": fact.status,
        },
    )


def appointment(of: Sourced, fact: AppointmentFact, rows: Rows) -> None:
    """A booked visit."""
    if fact.start is None:
        rows.keep(of, "has no date yet")
        return
    if fact.status in ("cancelled", "noshow"):
        rows.keep(of, "was cancelled or missed")
        return
    rows.add(
        "Encounter",
        of,
        {
            "kind": "appointment",
            "starts_at": fact.start.moment(rows.zone),
            "ends_at": fact.end.moment(rows.zone) if fact.end else None,
            "with_whom": "",
            "reason": fact.label,
            "status": fact.status,
        },
    )


def genetic(of: Sourced, fact: GeneticFact, rows: Rows) -> None:
    """A variant with its gene."""
    rows.add(
        "GeneticResult",
        of,
        {
            "origin": "germline" if fact.germline else "somatic",
            "gene": fact.gene,
            "result": fact.result,
            "pathogenic": fact.pathogenic,
            "tested_on": day(fact.on),
            "codes": list(fact.codes),
        },
    )


_AGENT = re.compile(r"agent|power of attorney|proxy|guardian|betreuer|vorsorge|hpowatt", re.IGNORECASE)


def _contact(of: Sourced, fact: ContactFact, rows: Rows, part: str) -> None:
    reached: dict[str, str] = {}
    for telecom in fact.telecom:
        reached.setdefault("email" if telecom.system == "email" else "phone", telecom.value)
    rows.add(
        "PatientContact",
        of,
        {
            "name": fact.name or reached.get("phone", "") or reached.get("email", ""),
            "relation": fact.relation,
            "phone": reached.get("phone", ""),
            "email": reached.get("email", ""),
            "scope": str(ContactScope.PRACTICAL),
            "is_proxy": bool(_AGENT.search(fact.relation)),
        },
        part,
    )


def related_person(of: Sourced, fact: RelatedPersonFact, rows: Rows) -> None:
    """Somebody beside the patient. What they may be told is for a person to decide: practical things only."""
    if not fact.contact.active:
        rows.keep(of, "is no longer a contact, says the source")
        return
    _contact(of, fact.contact, rows, "")


def patient_contacts(of: Sourced, fact: PatientFact, rows: Rows) -> None:
    """Patient.contact. The person's own row is written elsewhere."""
    for contact in fact.contacts:
        _contact(of, contact, rows, contact.part)


_ROLES = (
    (r"interventional", Role.INTERVENTIONAL_RADIOLOGIST),
    (r"nuclear", Role.NUCLEAR_MEDICINE),
    (r"radiolog", Role.RADIOLOGIST),
    (r"patholog", Role.PATHOLOGIST),
    (r"hepatolog", Role.HEPATOLOGIST),
    (r"endocrin|gastroent", Role.ENDOCRINOLOGIST),
    (r"palliat|hospice", Role.PALLIATIVE),
    (r"surg|chirurg", Role.SURGEON),
    (r"diet|nutrition", Role.DIETITIAN),
    (r"psycho", Role.PSYCHO_ONCOLOGIST),
    (r"chaplain|spiritual|pastoral", Role.CHAPLAIN),
    (r"trial|research", Role.TRIAL_NURSE),
    (r"onkolog|oncolog", Role.ONCOLOGIST),
    (r"coordinat|nurse|pflege", Role.NURSE_COORDINATOR),
)


def care_team(of: Sourced, fact: CareTeamFact, rows: Rows) -> None:
    """Members whose role the product knows, by name: whether they work here is for a person to say."""
    if fact.status in ("inactive", "entered-in-error"):
        rows.keep(of, "is no longer active, says the source")
        return
    found = False
    for member in fact.members:
        role = next((r for pattern, r in _ROLES if re.search(pattern, member.role.lower())), None)
        if role:
            found = True
            values = {"role": str(role), "name": member.name, "organization": fact.name}
            rows.add("CareTeamMember", of, values, member.part)
    if not found:
        rows.keep(of, "names nobody with a role that the product knows")


def _order(of: Sourced, fact: OrderFact, rows: Rows) -> None:
    rows.keep(of, f"an order other than for imaging ({fact.label[:60]}) has no place yet")


def _provider(of: Sourced, fact: ProviderFact, rows: Rows) -> None:
    rows.keep(of, f"{fact.kind} kept for the names that others refer to")


SINGLE: dict[type[Any], Callable[[Sourced, Any, Rows], None]] = {
    AllergyFact: allergy,
    DiseaseStatusFact: disease_status,
    EncounterFact: encounter,
    AppointmentFact: appointment,
    GeneticFact: genetic,
    RelatedPersonFact: related_person,
    PatientFact: patient_contacts,
    CareTeamFact: care_team,
    OrderFact: _order,
    ProviderFact: _provider,
}
