"""What people say outside a conversation that asks for one: the surprise question, a wish to talk."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from patients.goals import policies
from patients.goals.commands.ending import drop_reason
from patients.goals.commands.prompts import raise_prompts
from patients.goals.models import GoalsPromptReason, SurpriseQuestion, TalkWish
from patients.goals.rules import LIVE_PROMPTS, FoundReason, PromptReason, SurpriseAnswer, Voice
from patients.record.commands import record_about
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def answer_surprise(patient: Patient, answer: SurpriseAnswer, *, by: User, now: datetime) -> SurpriseQuestion:
    """One clinician's answer. "No" asks for a conversation; a later answer that is no "no" takes that question back
    while it is open. The same answer of the same person on the same day is one."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    insist(policies.why_not_ask(patient, by))
    today = patient.team.local_date(now)
    latest: SurpriseQuestion | None = (
        SurpriseQuestion.objects.valid().filter(patient=patient).order_by("-asked_on", "-pk").first()
    )
    if latest is not None and (latest.answer, latest.asked_on, latest.created_by_id) == (answer, today, by.pk):
        return latest
    row: SurpriseQuestion = SurpriseQuestion.objects.create(
        patient=patient, asked_on=today, answer=answer, created_by=by
    )
    if answer == SurpriseAnswer.NO:
        raise_prompts({patient.pk: [FoundReason(PromptReason.SURPRISE, today, f"surprise:{row.pk}")]}, by=by, now=now)
    else:
        asked = GoalsPromptReason.objects.filter(
            prompt__patient=patient, prompt__status__in=LIVE_PROMPTS, reason=PromptReason.SURPRISE
        )
        for source in list(asked.values_list("source_key", flat=True)):
            drop_reason(patient.pk, PromptReason.SURPRISE, source, by=by, now=now)
    record_about(row, "goals.answer_surprise", by=by, now=now, team_id=patient.team_id)
    return row


@transaction.atomic
def note_wish(patient: Patient, *, voice: Voice, words: str, said_on: date | None, by: User, now: datetime) -> TalkWish:
    """The patient or the family wishes to talk about goals: asked for at once, even where a conversation was put off.
    A patient who declined is asked before the date only when it is the patient who wishes it."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    today = patient.team.local_date(now)
    insist(policies.why_not_wish(patient, by, words=words, said_on=said_on, today=today))
    wish: TalkWish = TalkWish.objects.create(
        patient=patient, voice=voice, said_on=said_on or today, words=words.strip(), created_by=by
    )
    detail = f"{voice.label.lower()}: {wish.words}"
    reason = FoundReason(PromptReason.WISH, wish.said_on, f"wish:{wish.pk}", detail, voice=voice)
    raise_prompts({patient.pk: [reason]}, by=by, now=now)
    record_about(wish, "goals.note_wish", by=by, now=now, team_id=patient.team_id)
    return wish
