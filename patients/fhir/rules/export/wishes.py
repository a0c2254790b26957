"""Wishes, papers, goals and who speaks for the patient, shaped after PACIO ADI. Metadata only: no file leaves with a
bundle, no draft and no note. What was retracted belongs to another patient: only that it was is said."""

from typing import Any

from patients.fhir.rules.codes import own
from patients.fhir.rules.codes.systems import LOINC
from patients.fhir.rules.export.shape import (
    coding,
    concept,
    extension,
    filled,
    hl7,
    instant,
    partial,
    reference,
    resource_id,
    start,
)
from patients.fhir.rules.report import JsonObject
from patients.goals.rules import Matter
from patients.wishes.rules import DocumentState, EndReason, WishKind

ADI = "http://hl7.org/fhir/us/pacio-adi/StructureDefinition/"
_INTERVENTION, _EXPERIENCE = "intervention-preference", "care-experience-preference"
# Read in the examples of PACIO ADI; what has no code there has its words.
_CODES = {
    WishKind.CODE_STATUS: ("75779-9", "Thoughts on cardiopulmonary resuscitation (CPR) [Reported]"),
    WishKind.PLACE_OF_DEATH: ("75780-7", "Preferred location to spend final days if possible to choose [Reported]"),
    WishKind.SPIRITUAL: (
        "75775-7",
        "Decision to inform doctors and nurses about the role religion, faith, culture, or spirituality play",
    ),
}
_EXPERIENCES = frozenset({WishKind.SPIRITUAL, WishKind.PLACE_OF_CARE, WishKind.INFORMATION})


def _start(kind: str, table: str, pk: int, profile: str) -> JsonObject:
    return start(kind, table, pk) | {"meta": {"profile": [ADI + profile]}}


def wish(row: Any, export: Any) -> list[JsonObject]:
    """What holds, as a preference; what was ended with its period and a mark that nobody may overlook (who does not
    know a modifier extension must not use the resource); of what was entered in error, or never meant so, only that."""
    kind = WishKind(row.kind)
    experience = kind in _EXPERIENCES
    known = _CODES.get(kind)
    profile = "ADI-CareExperiencePreference" if experience else "ADI-PersonalInterventionPreference"
    category = _EXPERIENCE if experience else _INTERVENTION
    shared: JsonObject = {
        **_start("Observation", "wish", row.pk, profile),
        "category": [concept(coding(own.PREFERENCE, category))],
        "code": concept(*([coding(LOINC, *known)] if known else []), text=kind.label),
        "subject": export.subject,
    }
    if row.error_at is not None or row.end_reason == EndReason.NEVER_SAID:
        return [shared | {"status": "entered-in-error"}]
    said = [extension(own.SAID_BY, valueCode=row.said_by)]
    if row.valid_until:
        said.append(extension(own.VALID_UNTIL, valueDate=row.valid_until.isoformat()))
    code = f"{row.kind}.{row.code}" if row.code else row.kind
    ended = row.ended_on is not None
    return [
        filled(
            **shared,
            extension=said,
            modifierExtension=[extension(own.ENDED, valueCode=row.end_reason)] if ended else [],
            status="final",
            effectiveDateTime="" if ended else row.since.isoformat(),
            effectivePeriod=filled(start=row.since.isoformat(), end=row.ended_on.isoformat()) if ended else {},
            valueCodeableConcept=concept(coding(own.WISH, code, row.text[:200]), text=row.words),
            performer=[export.subject] if row.said_by == "patient" else [],
        )
    ]


def document(row: Any, export: Any) -> list[JsonObject]:
    """A paper, without its file."""
    known = {"directive": coding(LOINC, "42348-3", "Advance directives")}.get(row.kind)
    kinds = [coding(own.DOCUMENT, row.kind, row.get_kind_display()), *([known] if known else [])]
    return [
        filled(
            **_start("DocumentReference", "wish_document", row.pk, "ADI-DocumentReference"),
            status="current" if row.state == DocumentState.CURRENT else "superseded",
            type=concept(*kinds),
            category=[concept(coding(LOINC, "42348-3", "Advance directives")), concept(coding(own.DOCUMENT, own.PLAN))],
            subject=export.subject,
            description=row.title or str(row.get_kind_display()),
            custodian={"display": row.original_at} if row.original_at else {},
            content=[{"attachment": {"title": f"{row}: the original, where it lies"}}],
            context=filled(period=filled(start=partial(row.signed_on, "day"), end=partial(row.valid_until, "day"))),
        )
    ]


def conversation(row: Any, export: Any) -> list[JsonObject]:
    """What matters to the patient, and the event they want to reach, as goals."""
    if row.status == "superseded":
        return []
    if row.status == "retracted":
        shared = _start("Goal", "goal", row.pk, "ADI-PersonalGoal")
        return [
            shared
            | {
                "lifecycleStatus": "entered-in-error",
                "description": {"text": "Retracted"},
                "subject": export.subject,
            }
        ]
    goals = [(f"matter:{code}", str(Matter(code).label), None) for code in row.matters]
    if row.event:
        goals.append(("event", row.event, row.event_on))
    if row.quote:
        goals.append(("quote", row.quote, None))
    made = []
    for part, words, due in goals:
        resource = _start("Goal", f"goal:{part}", row.pk, "ADI-PersonalGoal")
        made.append(
            filled(
                **resource,
                lifecycleStatus="active",
                category=[concept(coding(LOINC, "87528-6", "Personal health goal"))],
                description={"text": words},
                subject=export.subject,
                expressedBy=export.subject,
                startDate=row.held_on.isoformat(),
                target=[{"dueDate": due.isoformat()}] if due else [],
            )
        )
    return made


def consent(row: Any, export: Any) -> list[JsonObject]:
    """That a contact decides for the patient, and what they may be told."""
    person = reference("RelatedPerson", resource_id("contact", row.pk), row.name)
    role = (
        coding(LOINC, "75783-1", "Primary healthcare agent [Reported]")
        if row.is_proxy
        else coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient")
    )
    category = [hl7("consentcategorycodes", "acd")] if row.is_proxy else []
    return [
        filled(
            **_start("Consent", "consent", row.pk, "ADI-ParticipantConsent"),
            status="active",
            scope=hl7("consentscope", "adr" if row.is_proxy else "patient-privacy"),
            category=[*category, concept(coding(own.TELLING, own.TELLING_CODE, "What may be told"))],
            patient=export.subject,
            dateTime=row.consent_on.isoformat() if row.consent_on else "",
            policy=[{"uri": own.BASE}],
            provision={
                "type": "deny" if row.scope == "none" else "permit",
                "actor": [{"role": concept(role), "reference": person}],
                "action": [concept(coding(own.TELLING, row.scope, row.get_scope_display()))],
            },
        )
    ]


_SECTIONS = (
    ("81335-2", "Healthcare Agent", ("acd",)),
    ("81338-6", "Patient Goals, Preferences, and Priorities for Care Experience", ("Goal", _EXPERIENCE)),
    ("81336-0", "Patient Goals, preferences, and priorities under certain health conditions", (_INTERVENTION,)),
    ("42348-3", "Advance directives", ("DocumentReference",)),
)


def composition(resources: list[JsonObject], export: Any, *, author: str, at: Any) -> list[JsonObject]:
    """The personal advance care plan: everything of it that holds, by sections. Nothing when there is nothing."""
    sections = []
    for code, title, wanted in _SECTIONS:
        entries = [
            reference(one["resourceType"], one["id"])
            for one in resources
            if _holds(one) and ({one["resourceType"], _category(one)} & set(wanted))
        ]
        if entries:
            sections.append({"title": title, "code": concept(coding(LOINC, code, title)), "entry": entries})
    if not sections:
        return []
    return [
        filled(
            **_start("Composition", "advance_care_plan", export.patient.pk, "ADI-PACPComposition"),
            status="final",
            type=concept(coding(LOINC, "81334-5", "Patient Personal advance care plan")),
            category=[concept(coding(LOINC, "42348-3", "Advance directives")), concept(coding(own.DOCUMENT, own.PLAN))],
            subject=export.subject,
            date=instant(at),
            author=[{"display": author}],
            title="Personal advance care plan",
            section=sections,
        )
    ]


def _holds(resource: JsonObject) -> bool:
    stopped = {"entered-in-error", "superseded"}
    return "modifierExtension" not in resource and not stopped & {
        str(resource.get("status")),
        str(resource.get("lifecycleStatus")),
    }


def _category(resource: JsonObject) -> str:
    if resource["resourceType"] not in {"Observation", "Consent"}:
        return ""
    return next((c["code"] for each in resource.get("category", []) for c in each.get("coding", [])), "")
