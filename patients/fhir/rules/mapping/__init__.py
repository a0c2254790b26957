"""A resource to facts. What has no place is labelled, so that a person finds it in the list of what was kept."""

import re
from collections.abc import Callable

from patients.fhir.rules.codes.measurements import ADVANCE_DIRECTIVE_LOINC, GENOMIC_LOINC
from patients.fhir.rules.codes.resource_types import label_of
from patients.fhir.rules.codes.systems import LOINC
from patients.fhir.rules.facts import Fact, Mapped
from patients.fhir.rules.mapping.care import allergy, encounter
from patients.fhir.rules.mapping.conditions import condition
from patients.fhir.rules.mapping.context import Context
from patients.fhir.rules.mapping.drugs import drug
from patients.fhir.rules.mapping.observations import observation
from patients.fhir.rules.mapping.people import care_team, patient, provider, related_person
from patients.fhir.rules.mapping.procedures import procedure
from patients.fhir.rules.mapping.reports import appointment, diagnostic_report, imaging_study, service_request, specimen
from patients.fhir.rules.mapping.requests import ASKS_A_BOARD, asks_a_board
from patients.fhir.rules.mapping.wishes import (
    FOR_A_CLINICIAN,
    OVER,
    consent,
    document,
    is_consent_about_wishes,
    is_our_plan,
    is_over,
    plan,
    preference,
)
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import (
    choice,
    coding,
    concept,
    extension_value,
    obj,
    objects,
    profiles,
    status,
    text,
    truth,
)

__all__ = ["MAPPED_TYPES", "Context", "label", "map_resource"]

_MAPPINGS: dict[str, Callable[[JsonObject, Context], list[Fact]]] = {
    "Patient": patient,
    "RelatedPerson": related_person,
    "Practitioner": provider,
    "PractitionerRole": provider,
    "Organization": provider,
    "CareTeam": care_team,
    "Condition": condition,
    "Observation": observation,
    "MedicationAdministration": drug,
    "MedicationRequest": drug,
    "MedicationOrder": drug,
    "MedicationStatement": drug,
    "MedicationUsage": drug,
    "MedicationDispense": drug,
    "Procedure": procedure,
    "DiagnosticReport": diagnostic_report,
    "ImagingStudy": imaging_study,
    "Specimen": specimen,
    "Encounter": encounter,
    "Appointment": appointment,
    "ServiceRequest": service_request,
    "ProcedureRequest": service_request,
    "DiagnosticOrder": service_request,
    "ReferralRequest": service_request,
    "AllergyIntolerance": allergy,
    "Consent": consent,
    "DocumentReference": document,
    "Composition": plan,
}
MAPPED_TYPES = frozenset(_MAPPINGS)

# Statuses by which the source itself withdraws a resource, or says that the thing did not happen.
_WITHDRAWN = frozenset({"entered-in-error", "nullified"})
_NOT_HAPPENED = {
    "Observation": frozenset({"cancelled", "registered"}),
    "Procedure": frozenset({"not-done", "aborted", "preparation"}),
    "DiagnosticReport": frozenset({"cancelled", "registered"}),
    "Encounter": frozenset({"cancelled", "planned"}),
}


NO_PLACE = "there is no place for it yet"
# “No known …” as an entry of its own (IPS, SNOMED CT): a statement on the list, never a thing on it.
_NONE_KNOWN = re.compile(
    r"no (?:known|current) (?:\w+ ){0,2}(?:allerg|problem|medication|condition)|no information about"
)


def map_resource(resource: JsonObject, ctx: Context) -> Mapped:
    """Facts, or the reason why the resource is kept without any. Raises nothing for strange content."""
    kind = str(resource["resourceType"])
    name = label(resource)
    state = status(resource.get("status"))
    verification = status(resource.get("verificationStatus"))
    if state in _WITHDRAWN or verification in ("entered-in-error", "refuted"):
        why = "the source says that it was entered in error" if verification != "refuted" else "the source refutes it"
        return Mapped((), name, why, tuple(ctx.warnings), withdrawn=True)
    if _is_ruled_out(resource):
        return Mapped((), name, "the source rules it out", tuple(ctx.warnings), withdrawn=True)
    if truth(resource.get("notDone")) is True:  # STU3
        state = "not-done"
    if state in _NOT_HAPPENED.get(kind, ()):
        return Mapped((), name, f"its status is “{state}”: it did not happen or has no result", tuple(ctx.warnings))
    if asks_a_board(resource):
        return Mapped((), name, ASKS_A_BOARD, tuple(ctx.warnings))
    mapping = _MAPPINGS.get(kind)
    if mapping is None:
        because = FOR_A_CLINICIAN if kind == "Goal" and _is_directive(resource) else NO_PLACE
        return Mapped((), name, because, tuple(ctx.warnings))
    if kind == "Observation" and _is_directive(resource):
        over = is_over(resource, ctx)
        wishes = () if over else tuple(preference(resource, ctx))
        return Mapped(wishes, name, "" if wishes else OVER if over else FOR_A_CLINICIAN, tuple(ctx.warnings))
    why = _no_place(resource)
    if why:
        return Mapped((), name, why, tuple(ctx.warnings))
    facts = tuple(mapping(resource, ctx))
    return Mapped(facts, name, "" if facts else _why_nothing(resource, ctx), tuple(ctx.warnings))


def label(resource: JsonObject) -> str:
    """What a person reads in lists: “Family history: mother”, “Goal: HbA1c below 7”."""
    kind = str(resource.get("resourceType") or "")
    code = concept(
        resource.get("code")
        or resource.get("vaccineCode")
        or resource.get("relationship")
        or resource.get("description")
        or resource.get("title")
        or choice(resource, "medication")[1]
        or resource.get("category")
        or resource.get("type")
    )
    said = code.label or text(resource.get("name"))
    if _is_directive(resource):
        return f"Advance directive: {said}"[:300]
    return f"{label_of(kind)}: {said}"[:300] if said else label_of(kind)


def _is_directive(resource: JsonObject) -> bool:
    if "pacio-adi" in profiles(resource) or "/adi-" in profiles(resource):
        return True
    codes = set(concept(resource.get("code")).codes(LOINC))
    return bool(codes & ADVANCE_DIRECTIVE_LOINC)


def _is_ruled_out(resource: JsonObject) -> bool:
    """Does a German diagnosis carry the certainty “A”, ausgeschlossen? It stands at the code, not in a status."""
    codes = objects(obj(resource.get("code")).get("coding"))
    certainties = [coding(extension_value(each, "icd-10-gm-diagnosesicherheit")) for each in codes]
    return any(found is not None and found.code == "A" for found in certainties)


def _no_place(resource: JsonObject) -> str:
    """Why a resource of a kind that has a place has none itself; empty when it may have one."""
    if truth(resource.get("doNotPerform")) is True:
        return "the source says that it is not to be done"
    if text(resource.get("intent")).lower() in ("proposal", "option"):
        return "is a proposal, not an order; plan it here if it is wanted"
    what = concept(resource.get("code") or choice(resource, "medication")[1])
    if any("absent-unknown" in c.system for c in what.codings) or _NONE_KNOWN.match(what.label.lower()):
        return "says that none is known; ask, and enter it with today's date"
    if resource.get("resourceType") == "Consent" and not is_consent_about_wishes(resource):
        return NO_PLACE
    if resource.get("resourceType") != "Observation":
        return ""
    if "implication" in profiles(resource):
        return "implications of a variant are kept with their report"
    return ""


def _why_nothing(resource: JsonObject, ctx: Context) -> str:
    if ctx.warnings:
        return ctx.warnings[-1]
    if set(concept(resource.get("code")).codes(LOINC)) & GENOMIC_LOINC:
        return "names no gene with a finding; kept with its report"
    if resource.get("dataAbsentReason"):
        return f"has no value: {concept(resource['dataAbsentReason']).label}"
    if is_our_plan(resource):
        return "lists what is imported by itself"
    if resource.get("resourceType") in ("DocumentReference", "Composition"):
        return NO_PLACE
    members = objects(resource.get("hasMember")) or objects(resource.get("related"))
    if members:
        return "is a panel; its members are imported by themselves"
    if truth(resource.get("valueBoolean")) is not None:
        return "is a yes or no without a place yet"
    return "says nothing that has a place yet"
