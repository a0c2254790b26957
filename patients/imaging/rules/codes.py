"""Surveillance: states of a study, why a date is what it is, steps of the ladder. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import TextChoices


class StudyModality(TextChoices):
    CT = "ct", "CT"
    MRI = "mri", "MRI"
    SSTR_PET = "sstr_pet", "SSTR PET"
    FDG_PET = "fdg_pet", "FDG PET"
    ULTRASOUND = "us", "Ultrasound"
    ECHO = "echo", "Echocardiography"
    SCINTIGRAPHY = "scintigraphy", "Scintigraphy"
    XRAY = "xray", "X-ray"
    OTHER = "other", "Other"


# What can answer a surveillance plan for cross-sectional imaging.
CROSS_SECTIONAL = frozenset({StudyModality.CT, StudyModality.MRI})


class StudyStatus(TextChoices):
    PLANNED = "planned", "Planned"
    ORDERED = "ordered", "Ordered"
    SCHEDULED = "scheduled", "Scheduled"
    PERFORMED = "performed", "Performed"
    REPORTED = "reported", "Reported"
    REVIEWED = "reviewed", "Reviewed"
    ACTED_ON = "acted_on", "Acted on"
    CLOSED = "closed", "Closed without"


S = StudyStatus
# Due, amber and red are derived, never stored. A no-show and a cancelled slot return to ordered.
STUDY_TRANSITIONS: dict[StudyStatus, frozenset[StudyStatus]] = {
    S.PLANNED: frozenset({S.ORDERED, S.SCHEDULED, S.PERFORMED, S.REPORTED, S.CLOSED}),
    S.ORDERED: frozenset({S.SCHEDULED, S.PERFORMED, S.REPORTED, S.CLOSED}),
    S.SCHEDULED: frozenset({S.ORDERED, S.SCHEDULED, S.PERFORMED, S.REPORTED, S.CLOSED}),
    S.PERFORMED: frozenset({S.REPORTED, S.CLOSED}),
    S.REPORTED: frozenset({S.REVIEWED}),
    S.REVIEWED: frozenset({S.ACTED_ON}),
    S.ACTED_ON: frozenset(),
    S.CLOSED: frozenset(),
}
NOT_YET_DONE = frozenset({S.PLANNED, S.ORDERED, S.SCHEDULED})
DONE = frozenset({S.PERFORMED, S.REPORTED, S.REVIEWED, S.ACTED_ON})


class CloseReason(TextChoices):
    DONE_ELSEWHERE = "done_elsewhere", "Done elsewhere"
    SUPERSEDED = "superseded", "Superseded by another plan or scan"
    PATIENT_DECLINED = "patient_declined", "Patient declined"
    NOT_INDICATED = "not_indicated", "No longer indicated"
    HOSPICE = "hospice", "Hospice care"
    DECEASED = "deceased", "Patient died"
    NOT_ENROLLED = "not_enrolled", "No longer in our care"
    ERROR = "error", "Entered in error"


class StopReason(TextChoices):
    """Why surveillance imaging is off (S15)."""

    HOSPICE = "hospice", "Hospice"
    DECLINED = "declined", "Patient declined imaging"
    DECEASED = "deceased", "Deceased"
    TRANSFERRED = "transferred", "Transferred"
    DISCHARGED = "discharged", "Discharged"
    SYMPTOM_LED = "symptom_led", "Symptom-led imaging (best supportive care, confirmed)"
    REPLACED = "replaced", "Replaced by another plan"


class AnchorKind(TextChoices):
    SCAN = "scan", "Last qualifying scan"
    LINE = "line", "Start of treatment"
    DIAGNOSIS = "diagnosis", "Diagnosis"
    MANUAL = "manual", "Chosen date"


class ReminderStep(TextChoices):
    """Steps of the ladder (`model.md` 6), in order."""

    ORDER = "order", "Order"
    SCHEDULE = "schedule", "Schedule"
    DUE = "due", "Due"
    AMBER = "amber", "Overdue: call"
    LETTER = "letter", "Overdue: letter"
    RED = "red", "Overdue: clinician decides"
    BOARD = "board", "Suggest for the board"


class ReminderState(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ContactKind(TextChoices):
    PHONE = "phone", "Phone"
    LETTER = "letter", "Letter"
    PORTAL = "portal", "Portal"
    EMAIL = "email", "E-mail"


class ContactOutcome(TextChoices):
    REACHED = "reached", "Reached"
    BOOKED = "booked", "Booked"
    NO_ANSWER = "no_answer", "No answer"
    DECLINED = "declined", "Declined"
    SENT = "sent", "Sent"
    WRONG_NUMBER = "wrong_number", "Wrong number"


def due_date(anchor: date, interval_days: int) -> date:
    """The day the next scan is due. `interval_days` ≥ 1."""
    if interval_days < 1:
        raise ValueError("An interval is at least one day.")
    return anchor + timedelta(days=interval_days)


@dataclass(frozen=True)
class LadderStep:
    step: ReminderStep
    offset: int


def ladder(interval_days: int) -> tuple[LadderStep, ...]:
    """Steps with their offset in days from the due date; a step is reached when `today - due >= offset`.

    Overdue steps are strict (`> 14` is day 15). For intervals under 60 days order and schedule come at half and a
    quarter of the interval before; amber and red never exceed 25 % and 50 % of the interval (`model.md` 6), and the
    steps between keep their order.
    """
    short = interval_days < 60
    order = -(interval_days // 2) if short else -28
    schedule = -(interval_days // 4) if short else -14
    amber = min(14, interval_days // 4)
    red = min(42, interval_days // 2)
    letter = min(28, max(amber + 1, (amber + red) // 2))
    return (
        LadderStep(ReminderStep.ORDER, order),
        LadderStep(ReminderStep.SCHEDULE, schedule),
        LadderStep(ReminderStep.DUE, 0),
        LadderStep(ReminderStep.AMBER, amber + 1),
        LadderStep(ReminderStep.LETTER, letter + 1),
        LadderStep(ReminderStep.RED, red + 1),
        LadderStep(ReminderStep.BOARD, max(red, 56) + 1),
    )


def highest_step(*, due: date, today: date, interval_days: int) -> ReminderStep | None:
    """The highest step reached today; None before the first. A first import raises only this one."""
    reached = [s.step for s in ladder(interval_days) if (today - due).days >= s.offset]
    return reached[-1] if reached else None
