"""What surveillance does when something happens elsewhere in the record."""

from __future__ import annotations

from datetime import datetime

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.people.models import User
from patients.imaging import commands
from patients.imaging.rules import STOPS_WITH_ENROLLMENT, StopReason
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus
from patients.treatment.rules import EndReason, Modality


def _patient(event: Event) -> Patient | None:
    return Patient.objects.select_related("team").filter(pk=event.patient_id or 0).first()


@consumes(
    EventKind.LINE_STARTED,
    EventKind.LINE_ENDED,
    EventKind.RECORD_CHANGED,
    EventKind.PROGRESSION,
    EventKind.PROGRESSION_WITHDRAWN,
    EventKind.PLAN_STALE,
)
def recompute(event: Event, *, now: datetime) -> None:
    """A new line, another grade, a response: the due dates are computed again. A hospice line that came by an import or
    a correction stops surveillance as one that was started does."""
    patient = _patient(event)
    if patient is None:
        return
    if commands.hospice_runs(patient):
        commands.stop_all(patient, StopReason.HOSPICE, by=None, now=now)
    commands.receive_results(patient, by=None, now=now)
    commands.refresh_bookings(patient, now=now)
    left_hospice = event.kind == EventKind.LINE_ENDED and event.payload.get("modality") == Modality.HOSPICE
    if left_hospice and event.payload.get("reason") != EndReason.DEATH:
        commands.ask_to_confirm(patient, by=None, now=now)


@consumes(EventKind.RESULTS)
def take_results(event: Event, *, now: datetime) -> None:
    """Results were recorded, corrected or taken back: the labs that wait for them move by themselves."""
    patient = _patient(event)
    if patient is not None:
        commands.receive_results(patient, by=None, now=now)


@consumes(EventKind.PROTOCOL_SIGNED)
def recompute_team(event: Event, *, now: datetime) -> None:
    """A team signed other numbers: every plan that rests on them is computed again, by the ticks that follow."""
    if event.team_id is not None:
        commands.mark_stale(event.team_id, event.payload.get("codes", []), by=None, now=now)


@consumes(
    EventKind.LINE_PROPOSED,
    EventKind.LINE_STARTED,
    EventKind.LINE_ENDED,
    EventKind.RECORD_CHANGED,
    EventKind.PROGRESSION,
    EventKind.PROGRESSION_WITHDRAWN,
    EventKind.STUDY_REPORTED,
    EventKind.STUDY_REVIEWED,
    EventKind.ENROLLMENT,
    EventKind.HOSPICE,
    EventKind.BSC_CONFIRMED,
    EventKind.DECEASED,
)
def suggest_pet(event: Event, *, now: datetime) -> None:
    """Baseline, progression, PRRT ahead, an unclear scan: a person is asked about a PET; nothing is ordered."""
    patient = _patient(event)
    if patient is not None:
        commands.suggest_pets(patient, by=None, now=now)


@consumes(EventKind.HOSPICE)
def stop_for_hospice(event: Event, *, now: datetime) -> None:
    """Surveillance imaging stops; symptom care goes on, extra studies stay."""
    patient = _patient(event)
    if patient is not None:
        commands.stop_all(patient, StopReason.HOSPICE, by=None, now=now)


@consumes(EventKind.BSC_CONFIRMED)
def stop_for_symptom_led_imaging(event: Event, *, now: datetime) -> None:
    """A clinician confirmed that imaging is led by symptoms from now on."""
    patient = _patient(event)
    if patient is not None:
        commands.stop_all(patient, StopReason.SYMPTOM_LED, by=None, now=now)


@consumes(EventKind.CALL)
def suggest_early_scan(event: Event, *, now: datetime) -> None:
    """A symptom call asks for an early scan: somebody who may order answers it; nothing is ordered by itself."""
    if event.payload.get("scan") and event.subject_id is not None:
        commands.suggest_early(event.subject_id, now=now)


@consumes(EventKind.DECEASED)
def fall_silent(event: Event, *, now: datetime) -> None:
    """Nothing is asked of anybody for a patient who died."""
    patient = _patient(event)
    if patient is not None and patient.is_deceased:
        commands.silence(patient, by=None, now=now)


@consumes(EventKind.DEATH_WITHDRAWN)
def watch_again(event: Event, *, now: datetime) -> None:
    """The death was recorded by mistake: plans and studies stand where they stood."""
    patient = _patient(event)
    if patient is not None and not patient.is_deceased:
        by = User.objects.get(pk=event.payload["by"])
        commands.undo_death(patient, reason=event.payload["reason"], by=by, now=now)


@consumes(EventKind.ENROLLMENT)
def follow_enrollment(event: Event, *, now: datetime) -> None:
    """Out of care: stop with the reason (on hold: pause). Back in care: a person confirms, nothing starts by itself."""
    patient = _patient(event)
    if patient is None:
        return
    status = EnrollmentStatus(patient.enrollment_status)
    if status == EnrollmentStatus.DECEASED:
        commands.silence(patient, by=None, now=now)
    elif status in STOPS_WITH_ENROLLMENT:
        commands.stop_all(patient, STOPS_WITH_ENROLLMENT[status], by=None, now=now)
        commands.pause(patient, by=None, now=now)
    elif status == EnrollmentStatus.ACTIVE:
        commands.ask_to_confirm(patient, by=None, now=now)
        commands.start_clocks(patient, by=None, now=now)
        commands.receive_results(patient, by=None, now=now)
    else:
        commands.pause(patient, by=None, now=now)
