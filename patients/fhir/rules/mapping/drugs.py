"""Drugs: administrations, orders, statements, dispenses."""

from typing import Any

from patients.fhir.rules.codes.drugs import SUPPORTING, SUPPORTING_ATC, agents_in
from patients.fhir.rules.codes.procedures import intent_of
from patients.fhir.rules.codes.systems import ATC, RXNORM, SNOMED
from patients.fhir.rules.dates import PartialDate
from patients.fhir.rules.facts import DrugFact, DrugSource, Fact, Modality
from patients.fhir.rules.mapping.context import Context, line_hint
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import (
    Concept,
    choice,
    concept,
    extension_value,
    number,
    obj,
    objects,
    status,
    text,
    texts,
    truth,
)

SOURCES = {
    "MedicationAdministration": DrugSource.ADMINISTRATION,
    "MedicationRequest": DrugSource.REQUEST,
    "MedicationOrder": DrugSource.REQUEST,
    "MedicationStatement": DrugSource.STATEMENT,
    "MedicationUsage": DrugSource.STATEMENT,
    "MedicationDispense": DrugSource.DISPENSE,
}
_NOT_GIVEN = frozenset({"not-done", "not-taken", "cancelled", "declined", "draft"})
_ENDED = frozenset({"completed", "stopped", "ended", "cancelled", "not-taken"})


def substance(resource: JsonObject, ctx: Context) -> Concept:
    """What drug it is: coded in place, contained, or in a Medication resource (with its ingredients)."""
    kind, raw = choice(resource, "medication")
    if kind == "CodeableConcept" or (isinstance(raw, dict) and "coding" in raw):
        found = concept(raw)
        if found:
            return found
    if isinstance(raw, dict) and "concept" in raw:  # R5 CodeableReference
        found = concept(raw["concept"])
        if found:
            return found
    if isinstance(raw, str):
        return Concept((), text(raw))
    medication = ctx.follow(raw)
    if medication is None:
        return Concept((), text(obj(raw).get("display")))
    found = concept(medication.get("code"))
    parts = [concept(choice(part, "item")[1]) for part in objects(medication.get("ingredient"))]
    label = found.label or " + ".join(p.label for p in parts if p.label) or text(obj(raw).get("display"))
    return Concept((*found.codings, *(c for p in parts for c in p.codings)), label)


def drug(resource: JsonObject, ctx: Context) -> list[Fact]:
    """Any of the medication resources. ``not_given`` ones are facts too: they explain a gap."""
    source = SOURCES[str(resource["resourceType"])]
    what = substance(resource, ctx)
    if not what:
        ctx.warn("names no drug; kept as it is")
        return []
    start, end = _times(resource, source, ctx)
    state = status(resource.get("status"))
    if any(truth(resource.get(name)) is True for name in ("wasNotGiven", "notGiven", "wasNotTaken")):  # DSTU2, STU3
        state = "not-done"
    if text(resource.get("taken")).lower() == "n":  # STU3
        state = "not-taken"
    atc = [code.upper() for code in what.codes(ATC)]
    found = agents_in(atc, what.codes(RXNORM), what.words)
    reason = _reason(resource, ctx)
    dose, amount, unit, route, schedule = _dose(resource)
    kinds = {modality for _name, modality in found}
    intent_raw = concept(extension_value(resource, "mcode-procedure-intent", "mcode-treatment-intent"))
    return [
        DrugFact(
            source=source,
            label=what.label[:300],
            code=next(iter(what.codings), None),
            agents=tuple(name for name, _modality in found),
            modality=_modality(kinds),
            status=state,
            start=start,
            end=end,
            open_ended=source != DrugSource.ADMINISTRATION and end is None and state not in _ENDED,
            dose=dose,
            dose_value=amount,
            dose_unit=unit,
            route=route,
            schedule=schedule,
            intent=intent_of(intent_raw.codes(SNOMED), intent_raw.words),
            reason=reason,
            supports=not found
            and bool(SUPPORTING.search(what.words) or any(code.startswith(SUPPORTING_ATC) for code in atc)),
            not_given=state in _NOT_GIVEN,
            line=line_hint(resource),
            stop_reason=concept(resource.get("statusReason") or resource.get("reasonNotGiven")).label[:200],
        )
    ]


def _modality(kinds: set[Modality]) -> Modality | None:
    if not kinds:
        return None
    order = (Modality.PRRT, Modality.CHEMOTHERAPY, Modality.TARGETED, Modality.IMMUNOTHERAPY, Modality.SSA)
    return next((m for m in order if m in kinds), min(kinds))


def _times(resource: JsonObject, source: DrugSource, ctx: Context) -> tuple[PartialDate | None, PartialDate | None]:
    if source == DrugSource.ADMINISTRATION:
        return ctx.span(resource, "effective", "occurence", "occurrence", "effectiveTime")
    if source == DrugSource.STATEMENT:
        start, end = ctx.span(resource, "effective")
        return start or ctx.date(resource.get("dateAsserted"), "dateAsserted"), end
    if source == DrugSource.DISPENSE:
        handed = resource.get("whenHandedOver") or resource.get("whenPrepared")
        return ctx.date(handed, "whenHandedOver"), None
    for instruction in objects(resource.get("dosageInstruction")):
        bounds = obj(obj(obj(instruction.get("timing")).get("repeat")).get("boundsPeriod"))
        if bounds:
            start, end = ctx.period(bounds, "dosageInstruction")
            if start:
                return start, end
    written = resource.get("authoredOn") or resource.get("dateWritten") or resource.get("dateOrdered")
    start = ctx.date(written, "authoredOn")
    validity = obj(obj(resource.get("dispenseRequest")).get("validityPeriod"))
    valid_from, valid_to = ctx.period(validity, "validityPeriod") if validity else (None, None)
    ended = obj(resource.get("dateEnded")) or resource.get("dateEnded")
    return start or valid_from, ctx.date(ended, "dateEnded") if isinstance(ended, str) else valid_to


def _reason(resource: JsonObject, ctx: Context) -> str:
    for name in ("reasonCode", "reason", "reasonForUse", "reasonGiven"):
        found = [label for raw in objects(resource.get(name)) if (label := concept(raw).label)]
        if found:
            return "; ".join(found)[:300]
    for raw in objects(resource.get("reasonReference")) + objects(resource.get("reason")):
        found_name = ctx.name_of(raw)
        if found_name:
            return found_name[:300]
    return ""


def _dose(resource: JsonObject) -> tuple[str, Any, str, str, str]:
    """Dose in words, amount, unit, route, schedule."""
    for raw in objects(resource.get("dosage")) + objects(resource.get("dosageInstruction")):
        rate = obj(raw.get("doseAndRate"))
        given = (
            obj(raw.get("dose"))
            or obj(raw.get("doseQuantity"))
            or obj(rate.get("doseQuantity"))
            or obj(raw.get("quantity"))
        )
        amount = number(given.get("value"))
        unit = text(given.get("unit"), 40) or text(given.get("code"), 40)
        repeat = obj(obj(raw.get("timing")).get("repeat"))
        every = number(repeat.get("period"))
        schedule = concept(obj(raw.get("timing")).get("code")).label
        if not schedule and every is not None:
            often = number(repeat.get("frequency")) or 1
            schedule = (
                f"{often} × per {every} {text(repeat.get('periodUnit'), 10) or text(repeat.get('periodUnits'), 10)}"
            )
        words = text(raw.get("text"), 300) or (f"{amount} {unit}".strip() if amount is not None else "")
        return words, amount, unit, concept(raw.get("route")).label[:100], schedule[:100]
    return " ".join(texts(resource.get("dosage")))[:300], None, "", "", ""
