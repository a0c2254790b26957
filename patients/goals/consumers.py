"""What the goals slice does when something happens below: asks for a conversation, or falls silent."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from patients.goals.commands import close_prompts_for_good, drop_reason, raise_prompts
from patients.goals.queries import facts_of, limits
from patients.goals.rules import CloseReason, FoundReason, PromptReason, reasons_now
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus
from patients.triage.models import SymptomCall
from patients.triage.rules import Sign


def ask_where_needed(patient_id: int, *, now: datetime) -> int:
    """Reads the record as it is now and adds what is news to the patient's prompt; nothing for patients who are not
    in active care. 1 when there was something new, else 0."""
    patient = Patient.objects.in_care().filter(pk=patient_id).select_related("team").first()
    if patient is None:
        return 0
    today = patient.team.local_date(now)
    found = reasons_now(facts_of(patient, today), limits(patient.team_id), today)
    return raise_prompts({patient.pk: found}, now=now)


@consumes(
    EventKind.PROGRESSION,
    EventKind.LINE_PROPOSED,
    EventKind.LINE_STARTED,
    EventKind.ECOG,
    EventKind.ADMISSION,
    EventKind.SYMPTOMS,
    EventKind.WEIGHT,
    EventKind.RECORD_CHANGED,
)
def ask_after_change(event: Event, *, now: datetime) -> None:
    if event.patient_id is not None:
        ask_where_needed(event.patient_id, now=now)


@consumes(EventKind.PROGRESSION_WITHDRAWN)
def forget_progression(event: Event, *, now: datetime) -> None:
    """A progression that was read in error asks for nothing; what else the record calls for is asked."""
    if event.patient_id is not None:
        drop_reason(event.patient_id, PromptReason.PROGRESSION, f"status:{event.payload.get('status')}", now=now)
        ask_where_needed(event.patient_id, now=now)


@consumes(EventKind.CALL)
def ask_after_call(event: Event, *, now: datetime) -> None:
    """A call told of a severe symptom, or the caller wants to talk about goals: a reason to ask, nothing more."""
    severe, wish = event.payload.get("severe") or [], bool(event.payload.get("goals"))
    call = SymptomCall.objects.valid().filter(pk=event.subject_id or 0).select_related("patient__team").first()
    if call is None or not (severe or wish):
        return
    on = call.patient.team.local_date(call.called_at)
    found = []
    if severe:
        words = ", ".join(str(Sign(sign).label).lower() for sign in severe if sign in Sign.values)
        found.append(FoundReason(PromptReason.SYMPTOMS, on, f"call:{call.pk}", f"by phone: {words}"))
    if wish:
        found.append(FoundReason(PromptReason.WISH, on, f"call-wish:{call.pk}", "said by phone"))
    raise_prompts({call.patient_id: found}, now=now)


@consumes(EventKind.ENROLLMENT)
def follow_enrollment(event: Event, *, now: datetime) -> None:
    """Entering care asks for what the record already calls for; leaving it ends the asking."""
    if event.patient_id is None:
        return
    status = event.payload.get("status")
    if status == EnrollmentStatus.ACTIVE:
        ask_where_needed(event.patient_id, now=now)
    elif status in EnrollmentStatus.values and status != EnrollmentStatus.DECEASED:
        note = str(EnrollmentStatus(status).label)
        close_prompts_for_good(event.patient_id, reason=CloseReason.LEFT_CARE, note=note, now=now)


@consumes(EventKind.DECEASED)
def stop_asking(event: Event, *, now: datetime) -> None:
    if event.patient_id is not None:
        close_prompts_for_good(event.patient_id, reason=CloseReason.DECEASED, note="", now=now)
