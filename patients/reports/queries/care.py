"""Goals conversations and stays in hospital as marks."""

from __future__ import annotations

from datetime import date

from django.urls import reverse

from careteam.web.words import count, day
from patients.goals.queries import live_prompt, timeline_marks
from patients.record.models import Admission
from patients.reports.rules import GoalsMark, StayMark


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
