"""The ladder of one study: which step was reached when, who was told, who has seen it, through whose hands it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.notifications.models import InboxItem
from careteam.people.models import User
from careteam.web.words import day
from patients.imaging.models import ContactAttempt, ImagingStudy, Reminder
from patients.imaging.queries.patient import confirmed_on, limits_of
from patients.imaging.rules import (
    DEFAULT_INTERVAL,
    NOT_YET_DONE,
    ReminderState,
    ReminderStep,
    StudyStatus,
    clock_start,
    is_moot,
    ladder,
)
from patients.protocol.queries import numbers


@dataclass(frozen=True)
class Raised:
    """A step that was raised: whom it told (name, when they read it in their inbox), and what became of it."""

    reminder: Reminder
    told: tuple[tuple[str, datetime | None], ...]

    @property
    def told_words(self) -> str:
        names = ", ".join(name for name, _ in self.told)
        return f"told {names}" if names else ""

    @property
    def seen_words(self) -> str:
        row = self.reminder
        return f"seen by {row.acknowledged_by}, {day(row.acknowledged_at)}" if row.acknowledged_at else ""

    @property
    def is_open(self) -> bool:
        return self.reminder.state == ReminderState.OPEN

    @property
    def end_words(self) -> str:
        """How the step ended; empty while it is open."""
        row = self.reminder
        if row.state == ReminderState.DONE:
            return f"done{f' by {row.closed_by}' if row.closed_by else ''}"
        return "replaced by a later step, or taken back" if row.state == ReminderState.WITHDRAWN else ""


def raised_of(study: ImagingStudy) -> tuple[Raised, ...]:
    """Every step raised for the study, newest first (two queries)."""
    rows = Reminder.objects.filter(study=study).select_related("acknowledged_by", "closed_by", "assignee")
    reminders = list(rows.order_by("-raised_at", "-pk"))
    told: dict[str, list[tuple[str, datetime | None]]] = defaultdict(list)
    items = InboxItem.objects.filter(key__in=[row.key for row in reminders]).select_related("recipient")
    for item in items.order_by("pk"):
        told[item.key].append((str(item.recipient), item.read_at))
    return tuple(Raised(row, tuple(told[row.key])) for row in reminders)


@dataclass(frozen=True)
class Hand:
    """The study went from one person to another."""

    at: datetime
    to: str
    by: str


_HANDS = ("imaging.hand_over", "imaging.take", "imaging.release")


def hands_of(study: ImagingStudy) -> tuple[Hand, ...]:
    """Through whose hands the study went, newest first (two queries)."""
    events = list(
        AuditEvent.objects.filter(patient_ids__contains=[study.patient_id], action__in=_HANDS, subject_id=study.pk)
        .select_related("actor")
        .order_by("-at", "-pk")
    )
    to = [event.actor_id if event.action == "imaging.take" else event.details.get("to") for event in events]
    names = {person.pk: str(person) for person in User.objects.filter(pk__in=[pk for pk in to if pk is not None])}
    return tuple(
        Hand(event.at, names.get(pk or 0, "nobody"), str(event.actor or "the system"))
        for event, pk in zip(events, to, strict=True)
    )


@dataclass(frozen=True)
class LadderRow:
    """A step of the ladder as the expanded row draws it."""

    label: str
    on: date
    what: str
    state: str  # done, now, missed or "" for ahead
    told: str = ""
    seen: str = ""
    url: str = ""  # where the step is done

    @property
    def mark(self) -> str:
        return {"missed": "amb", "now": "red"}.get(self.state, "")


_WHAT = {
    ReminderStep.ORDER: "order",
    ReminderStep.SCHEDULE: "schedule",
    ReminderStep.DUE: "due",
    ReminderStep.AMBER: "coordinator calls; responsible clinician told",
    ReminderStep.LETTER: "letter to patient and GP",
    ReminderStep.RED: "responsible clinician decides; team lead told",
    ReminderStep.BOARD: "suggestion for the next agenda",
}

_WHERE = {ReminderStep.LETTER: "letter-write", ReminderStep.BOARD: "study-suggestions"}


def ladder_of(study: ImagingStudy, *, now: datetime) -> tuple[tuple[LadderRow, ...], tuple[ContactAttempt, ...]]:
    """The steps of a study with what was done about each, and its contact attempts, newest first."""
    contacts = tuple(
        ContactAttempt.objects.valid().filter(study=study).select_related("created_by").order_by("-at", "-pk")
    )
    if study.due_on is None or study.status not in NOT_YET_DONE:
        return (), contacts
    today = study.patient.team.local_date(now)
    plan = study.plan
    interval = plan.interval_days if plan else DEFAULT_INTERVAL
    clock = clock_start(study.due_on, confirmed_on(study))
    raised = {row.reminder.step: row for row in raised_of(study) if row.reminder.due_on == study.due_on}
    steps = ladder(interval, limits_of(numbers(study.team_id)))
    reached = [step for step in steps if (today - clock).days >= step.offset]
    rows = []
    for step in steps:
        start = study.due_on if step.offset <= 0 else clock
        on = start + timedelta(days=step.offset)
        told = raised.get(step.step)
        rows.append(
            LadderRow(
                told=told.told_words if told else "",
                seen=told.seen_words if told else "",
                url=reverse(_WHERE[step.step], args=[study.pk]) if step.step in _WHERE else "",
                label=_step_label(step.step, step.offset),
                on=on,
                what=_WHAT[step.step],
                state=_step_state(step.step, study, reached=[s.step for s in reached], raised=raised, now=now),
            )
        )
    return tuple(rows), contacts


def _step_label(step: ReminderStep, offset: int) -> str:
    if step == ReminderStep.DUE:
        return "Due"
    if offset < 0:
        return f"−{-offset}"
    colour = {ReminderStep.AMBER: ", amber", ReminderStep.RED: ", red"}.get(step, "")
    return f"> {offset - 1}{colour}"


def _step_state(
    step: ReminderStep, study: ImagingStudy, *, reached: list[ReminderStep], raised: Mapping[str, object], now: datetime
) -> str:
    if step not in reached:
        return ""
    if is_moot(step, status=study.status, scheduled_for=study.scheduled_for, now=now):
        return "done"
    if step == reached[-1]:
        return "now"
    if step == ReminderStep.SCHEDULE and study.status != StudyStatus.SCHEDULED:
        return "missed"
    if step == ReminderStep.ORDER:
        return "missed"
    return "done" if step in raised or step == ReminderStep.DUE else "missed"
