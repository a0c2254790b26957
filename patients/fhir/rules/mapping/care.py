"""Visits, admissions, allergies."""

import re

from patients.fhir.rules.facts import AllergyFact, EncounterFact, Fact
from patients.fhir.rules.mapping.context import Context, notes
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import concept, obj, objects, status, text

_CLASSES = {
    "IMP": "inpatient",
    "ACUTE": "inpatient",
    "NONAC": "inpatient",
    "INPATIENT": "inpatient",
    "OBSENC": "inpatient",
    "SS": "ambulatory",
    "EMER": "emergency",
    "EMERGENCY": "emergency",
    "AMB": "ambulatory",
    "OUTPATIENT": "ambulatory",
    "AMBULATORY": "ambulatory",
    "PRENC": "ambulatory",
    "VR": "virtual",
    "VIRTUAL": "virtual",
    "HH": "home",
    "HOME": "home",
    "FLD": "home",
}
_NONE_KNOWN = frozenset({"716186003", "409137002", "428607008", "429625007", "no-known-allergies"})
_CONTRAST = re.compile(r"contrast|kontrastmittel|gadolin|iodinated|iod(?:ine|haltig)|iohexol|iopamidol|contraste")


def encounter(resource: JsonObject, ctx: Context) -> list[Fact]:
    """An Encounter. ``unplanned`` when it is an emergency or its admission says so."""
    start, end = ctx.period(resource.get("period") or resource.get("actualPeriod"), "period")
    raw = resource.get("class") or resource.get("class_fhir")
    code = concept(raw).code().upper() if not isinstance(raw, str) else raw.strip().upper()
    kinds = [c for c in map(concept, objects(resource.get("type"))) if c]
    kind = _CLASSES.get(code, "")
    words = " | ".join(c.words for c in kinds)
    if not kind:
        kind = "emergency" if "emergency" in words else "inpatient" if "inpatient" in words else "other"
    label = next((c.label for c in kinds if c.label), "") or f"{kind.capitalize()} encounter"
    reasons = [concept(r).label for name in ("reasonCode", "reason") for r in objects(resource.get(name))]
    hospital = obj(resource.get("hospitalization") or resource.get("admission"))
    priority = concept(resource.get("priority")).code().upper()
    source = concept(hospital.get("admitSource")).code().lower()
    return [
        EncounterFact(
            label=label[:300],
            kind=kind,
            status=status(resource.get("status")),
            start=start,
            end=end,
            reason="; ".join(reason for reason in reasons if reason)[:300],
            place=ctx.name_of(resource.get("serviceProvider")),
            unplanned=kind == "emergency" or priority in ("EM", "UR", "A") or source == "emd",
        )
    ]


def allergy(resource: JsonObject, ctx: Context) -> list[Fact]:
    """An AllergyIntolerance, or the statement that there is none."""
    code = concept(resource.get("code") or resource.get("substance"))
    reactions = objects(resource.get("reaction"))
    said = [concept(raw).label for reaction in reactions for raw in objects(reaction.get("manifestation"))]
    said += [text(reaction.get("description"), 200) for reaction in reactions]
    if not code:
        code = next((found for reaction in reactions if (found := concept(reaction.get("substance")))), code)
    if not code:
        ctx.warn("does not say to what; kept as it is, ask the patient")
        return []
    none_known = bool(set(code.codes("snomed", "")) & _NONE_KNOWN) or "no known allerg" in code.words
    critical = status(resource.get("criticality"))
    severe = any(text(reaction.get("severity")).lower() == "severe" for reaction in reactions)
    categories = resource.get("category")
    category = text(categories[0] if isinstance(categories, list) and categories else categories, 40)
    on, _end = ctx.span(resource, "onset")
    return [
        AllergyFact(
            substance=code.label[:300],
            code=next(iter(code.codings), None),
            reaction="; ".join(dict.fromkeys(part for part in [*said, notes(resource)] if part))[:500],
            criticality={"crith": "high", "critl": "low", "critu": "unable-to-assess"}.get(critical, critical)
            or ("high" if severe else ""),
            category=category.lower(),
            on=on or ctx.date(resource.get("recordedDate") or resource.get("assertedDate"), "recordedDate"),
            active=status(resource.get("clinicalStatus")) not in ("inactive", "resolved"),
            none_known=none_known,
            contrast=bool(_CONTRAST.search(code.words)),
        )
    ]
