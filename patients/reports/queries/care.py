"""Goals conversations, stays in hospital, drainages and symptom calls as marks."""

from __future__ import annotations

from datetime import date

from django.urls import reverse

from careteam.web.words import count, day
from patients.care.models import Drainage
from patients.care.rules import DRAINAGE
from patients.goals.queries import live_prompt, timeline_marks
from patients.record.models import Admission, Patient
from patients.reports.rules import CareKind, CareMark, GoalsMark, StayMark
from patients.triage.models import SymptomCall
from patients.triage.rules import Sign, Urgency


def goals_marks(patient_id: int) -> tuple[GoalsMark, ...]:
    marks = []
    for index, talk in enumerate(timeline_marks(patient_id)):
        marks.append(
            GoalsMark(
                talk.held_on,
                "first conversation" if index == 0 else talk.label,
                f"Goals conversation {day(talk.held_on)}: {talk.label}",
                reverse("goals-conversation", args=[patient_id, talk.conversation_id]),
            )
        )
    prompt = live_prompt(patient_id)
    if prompt is not None:
        waits = f", ask again {day(prompt.ask_again_on)}" if prompt.ask_again_on else ""
        url = reverse("goals-panel", args=[patient_id])
        title = f"Goals prompt {prompt.get_status_display().lower()} since {day(prompt.raised_on)}{waits}"
        marks.append(GoalsMark(prompt.raised_on, "", title, url, prompt=True))
    return tuple(marks)


def stay_marks(patient_id: int, today: date) -> tuple[StayMark, ...]:
    url = reverse("record-page", args=[patient_id])
    marks = []
    for stay in Admission.objects.valid().filter(patient_id=patient_id).order_by("admitted_on", "pk"):
        kind = {True: "Unplanned admission", False: "Planned admission", None: "Admission"}[stay.unplanned]
        until = f" to {day(stay.discharged_on)}" if stay.discharged_on else ", still in hospital or end not known"
        nights = ((stay.discharged_on or today) - stay.admitted_on).days
        label = count(nights, "night", "nights") if stay.discharged_on and nights > 0 else ""
        why = f": {stay.reason}" if stay.reason else ""
        marks.append(
            StayMark(stay.admitted_on, stay.discharged_on, label, f"{kind} {day(stay.admitted_on)}{until}{why}", url)
        )
    return tuple(marks)


def care_marks(patient: Patient) -> tuple[CareMark, ...]:
    """Drainages and symptom calls; the patient: with its team. Two queries."""
    url = f"{reverse('care-page', args=[patient.pk])}#{DRAINAGE}"
    marks = []
    for row in Drainage.objects.valid().filter(patient=patient).order_by("noted_on", "pk"):
        liters = f"{row.volume_ml / 1000:.1f} L"
        title = f"{row.get_kind_display()} drained {day(row.noted_on)}: {liters}"
        marks.append(CareMark(row.noted_on, CareKind.DRAINAGE, liters, title, url))
    for call in SymptomCall.objects.valid().filter(patient=patient).order_by("called_at", "pk"):
        on = patient.team.local_date(call.called_at)
        signs = ", ".join(Sign(sign).label.lower() for sign in call.signs) or "nothing alarming"
        kind = CareKind.URGENT if call.urgency == Urgency.RED else CareKind.CALL
        marks.append(
            CareMark(on, kind, "", f"Symptom call {day(on)}: {signs}", reverse("call", args=[patient.pk, call.pk]))
        )
    return tuple(marks)
