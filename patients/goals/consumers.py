"""What the goals slice does when something happens below: asks for a conversation, or falls silent."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.models import Team
from patients.goals.commands import ask_many, close_prompts_for_good, count_conversation, drop_reason, raise_prompts
from patients.goals.commands.prompts import source_key
from patients.goals.models import GoalsConversation, GoalsPrompt
from patients.goals.queries import facts_of, limits, silenced_reasons
from patients.goals.rules import CloseReason, FoundReason, PromptReason, Voice, reasons_now
from patients.record.commands import close_step
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus
from patients.treatment.models import TreatmentLine
from patients.triage.models import SymptomCall
from patients.triage.rules import Caller, Sign


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


@consumes(EventKind.LINE_WITHDRAWN, EventKind.LINE_ENDED)
def forget_line(event: Event, *, now: datetime) -> None:
    """A line that was entered in error, or declined before it began, asks for nothing any more."""
    line = TreatmentLine.objects.filter(pk=event.subject_id or 0).first()
    if line is None or (line.error_at is None and (line.started_on is not None or line.is_open)):
        return
    for reason, source in (
        (PromptReason.THERAPY_LINE, f"line:{line.pk}"),
        (PromptReason.BEFORE_PROCEDURE, f"procedure:{line.pk}"),
    ):
        drop_reason(line.patient_id, reason, source, now=now)


@consumes(EventKind.GOALS_SIGNED)
def count_for_lines(event: Event, *, now: datetime) -> None:
    """A signed conversation is what open lines waited for."""
    talk = GoalsConversation.objects.filter(pk=event.subject_id or 0).select_related("patient__team").first()
    if talk is not None:
        count_conversation(talk, now=now)


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
        voice = {Caller.PATIENT: str(Voice.PATIENT), Caller.FAMILY: str(Voice.FAMILY)}.get(Caller(call.caller), "")
        found.append(FoundReason(PromptReason.WISH, on, f"call-wish:{call.pk}", "said by phone", voice=voice))
    raise_prompts({call.patient_id: found}, now=now)


@consumes(EventKind.IMPORTED)
def ask_after_import(event: Event, *, now: datetime) -> None:
    """One lot of an import. It has a transaction of its own: a run that breaks off goes on with the lots that are left,
    and none is done twice."""
    team = Team.objects.filter(pk=event.team_id or 0).first()
    if team is not None:
        payload = event.payload
        ask_many(payload["patients"], team=team, batch=payload["batch"], said=payload["said"], now=now)


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
    patient = Patient.objects.filter(pk=event.patient_id or 0).first()
    if patient is not None and patient.is_deceased:
        close_prompts_for_good(patient.pk, reason=CloseReason.DECEASED, note="", now=now)


@consumes(EventKind.DEATH_WITHDRAWN)
def go_on_asking(event: Event, *, now: datetime) -> None:
    """The death was recorded by mistake: what it silenced is asked again, also what the record alone does not say (a
    wish, a call, an answer between clinicians)."""
    patient = Patient.objects.filter(pk=event.patient_id or 0).first()
    if patient is None or patient.is_deceased:
        return
    for prompt in GoalsPrompt.objects.filter(patient=patient, close_reason=CloseReason.DECEASED):
        close_step(patient, source_key=source_key(prompt), because="Asked anew", now=now)
    raise_prompts({patient.pk: silenced_reasons(patient.pk)}, now=now)
    ask_where_needed(patient.pk, now=now)
