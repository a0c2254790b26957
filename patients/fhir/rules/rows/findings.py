"""Rows that come from one fact each: measurements, comorbidities, drugs, allergies, visits, people."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from careteam.people.rules import Role
from patients.fhir.rules.codes.systems import ATC, ICD10, ICD10CM, LOINC, RXNORM, SNOMED
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
    Measure,
    MeasurementFact,
    OrderFact,
    PatientFact,
    ProviderFact,
    RelatedPersonFact,
)
from patients.fhir.rules.rows.base import Rows, Sourced, day, precision
from patients.fhir.rules.values import Coding
from patients.record.rules import (
    MEASURES,
    AllergyKind,
    ContactScope,
    DrugClass,
    ResponseCategory,
    StatusMethod,
    converted,
)

_PLACES = Decimal("0.000001")
_LIMIT = Decimal(10) ** 12
# One series per quantity: method variants of a LOINC code that mean the same number (P).
SAME_AS = {
    "3141-9": "29463-7",
    "26515-7": "777-3",
    "26464-8": "6690-2",
    "26499-4": "751-8",
    "38483-4": "2160-0",
    "34714-6": "6301-6",
    "15060-7": "57371-7",
}
_BY_MEASURE = {Measure.ECOG: "89247-1", Measure.KARNOFSKY: "89243-0"}
_CATEGORY = {
    Measure.LAB: "laboratory",
    Measure.MARKER: "laboratory",
    Measure.VITAL: "vital-signs",
    Measure.ECOG: "survey",
    Measure.KARNOFSKY: "survey",
    Measure.SURVEY: "survey",
    Measure.SOCIAL: "social-history",
    Measure.TUMOR_SIZE: "pathology",
    Measure.MITOSES: "pathology",
    Measure.KI67: "pathology",
    Measure.SSTR: "imaging",
}
# Spellings of one unit, as UCUM wants it.
_UNITS = {
    "10*3/ul": "10*9/L",
    "10^3/ul": "10*9/L",
    "10*3/mm3": "10*9/L",
    "10^9/l": "10*9/L",
    "10e9/l": "10*9/L",
    "x10^9/l": "10*9/L",
    "g/l": "g/L",
    "/nl": "10*9/L",
    "k/ul": "10*9/L",
    "thou/ul": "10*9/L",
    "iu/l": "U/L",
    "[iu]/l": "U/L",
    "mu/l": "m[IU]/L",
    "uiu/ml": "m[IU]/L",
    "u[iu]/ml": "m[IU]/L",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "in": "[in_i]",
    "mcg/l": "ug/L",
    "µg/l": "ug/L",
    "mg/24h": "mg/(24.h)",
    "mg/d": "mg/(24.h)",
    "{score}": "{score}",
    "1": "",
    "{inr}": "{INR}",
}


def plain_unit(unit: str) -> str:
    """The unit as the record spells it."""
    return _UNITS.get(unit.strip().lower(), unit.strip())


def measurement(of: Sourced, fact: MeasurementFact, rows: Rows) -> None:
    """A result. One that is not plausible in its unit is not stored: it could be read as a tenfold."""
    if fact.on is None:
        rows.keep(of, "has no date; a result without one cannot be placed")
        return
    code = _BY_MEASURE.get(fact.measure) or SAME_AS.get(fact.code.code, fact.code.code)
    value, unit = fact.value, plain_unit(fact.unit)
    known = MEASURES.get(code) if fact.code.system in (LOINC, "") or fact.measure in _BY_MEASURE else None
    if value is not None and abs(value) >= _LIMIT:
        rows.keep(of, "has a number too large to be a result")
        return
    if value is not None and known:
        if not unit and known.category == "laboratory" and known.unit.label:
            rows.warn(of, f"{fact.label} has no unit; taken as {known.unit.label}")
        try:
            value, unit = converted(known, value, unit)
        except ValueError as problem:
            rows.keep(of, str(problem))
            return
    factor = value / fact.value if value is not None and fact.value else Decimal(1)
    rows.add(
        "Measurement",
        of,
        {
            "code": code if len(code) <= 20 else "",
            "label": known.label if known else fact.label,
            "taken_at": fact.on.moment(rows.zone),
            "taken_precision": precision(fact.on),
            "value": _places(value),
            "comparator": fact.comparator,
            "text": "" if value is not None else fact.wording,
            "unit": unit,
            "original_value": f"{fact.comparator}{fact.value}" if fact.value is not None else "",
            "original_unit": fact.unit,
            "reference_low": _places(fact.low * factor if fact.low is not None else None),
            "reference_high": _places(fact.high * factor if fact.high is not None else None),
            "interpretation": fact.interpretation,
            "assay": fact.method,
            "category": _CATEGORY.get(fact.measure, ""),
            "note": " ".join(part for part in ("Preliminary result." if fact.preliminary else "", fact.note) if part),
        },
        fact.part,
    )


def _places(value: Decimal | None) -> Decimal | None:
    return None if value is None or abs(value) >= _LIMIT else value.quantize(_PLACES)


def _code(coding: Coding | None, *systems: str) -> str:
    return coding.code if coding and coding.system in systems else ""


def comorbidity(of: Sourced, fact: ComorbidityFact, rows: Rows) -> None:
    """Another condition. One that is over without a date ends on the day it began: it must not look current."""
    until = day(fact.until) or (None if fact.active else day(fact.since))
    if not fact.active and until is None:
        rows.keep(of, "is over and has no date")
        return
    rows.add(
        "Comorbidity",
        of,
        {
            "label": fact.label,
            "icd10": _code(fact.code, ICD10, ICD10CM)[:10],
            "snomed": _code(fact.code, SNOMED),
            "since": day(fact.since),
            "resolved_on": until,
        },
    )


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
    ComorbidityFact: comorbidity,
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
