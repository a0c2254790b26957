"""The step inside a treatment line: what is done about goals before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from patients.goals import policies
from patients.goals.commands.answers import decline, defer, plan_conversation
from patients.goals.commands.ending import end
from patients.goals.commands.prompts import refresh_step
from patients.goals.models import GoalsConversation, GoalsPrompt, LineGoals
from patients.goals.queries import goals_of, steps_of
from patients.goals.rules import (
    LIVE_PROMPTS,
    CloseReason,
    ConversationStatus,
    PromptReason,
    PromptStatus,
    StepChoice,
    rank_of,
)
from patients.record.commands import record_about
from patients.record.models import Patient, StaleEdit
from patients.treatment.models import TreatmentLine

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class Chosen:
    """One of three: `conversation_id` (documented), `on` and `with_whom` (planned), `reason` and `on` (not now)."""

    choice: StepChoice
    conversation_id: int | None = None
    on: date | None = None
    with_whom: User | None = None
    reason: str = ""
    note: str = ""


@transaction.atomic
def choose_for_line(
    line: TreatmentLine, chosen: Chosen, *, by: User, now: datetime, version: int | None = None
) -> LineGoals:
    """Keeps with the line what is done about goals, and does it: a conversation that counts answers the line's part of
    the live prompt, a plan or a reason with a date puts the prompt off. May be chosen anew; every choice stays in the
    history. Raises `StaleEdit` when somebody chose after the form was opened (`version` 0: nothing was chosen yet).
    """
    patient = (
        Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=line.patient_id)
    )
    line = TreatmentLine.objects.get(pk=line.pk)
    today = patient.team.local_date(now)
    row: LineGoals | None = LineGoals.objects.valid().select_for_update(of=("self",)).filter(line=line).first()
    if version is not None and (row.version if row else 0) != version:
        raise StaleEdit(row or LineGoals(patient=patient, line=line))
    goals = goals_of(patient.pk, today)
    insist(policies.why_not_choose(line, patient, by, chosen.choice, chosen.conversation_id, goals=goals))
    prompt = GoalsPrompt.objects.filter(patient=patient, status__in=LIVE_PROMPTS).select_for_update().first()
    until = chosen.on
    if chosen.choice == StepChoice.DOCUMENTED:
        _count_conversation(line, chosen, prompt, patient, now=now)
        until = None
    elif chosen.choice == StepChoice.PLANNED:
        plan_conversation(patient, on=chosen.on, with_whom=chosen.with_whom, by=by, now=now, note=chosen.note)
    else:
        insist(policies.why_not_step_reason(chosen.reason, chosen.note))
        _put_off(chosen, prompt, patient, by=by, now=now)
    values = {
        "choice": chosen.choice,
        "conversation_id": chosen.conversation_id if chosen.choice == StepChoice.DOCUMENTED else None,
        "planned_on": until if chosen.choice == StepChoice.PLANNED else None,
        "planned_with": chosen.with_whom if chosen.choice == StepChoice.PLANNED else None,
        "reason": chosen.reason if chosen.choice == StepChoice.DEFERRED else "",
        "ask_again_on": until if chosen.choice == StepChoice.DEFERRED else None,
        "note": chosen.note.strip(),
        "chosen_by": by,
        "chosen_at": now,
    }
    if row is None:
        row = LineGoals.objects.create(patient=patient, line=line, created_by=by, **values)
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.save_version(*values)
    record_about(
        row,
        "goals.choose_for_line",
        by=by,
        now=now,
        team_id=patient.team_id,
        details={"line": line.pk, "choice": str(chosen.choice)},
    )
    return row


@transaction.atomic
def count_conversation(talk: GoalsConversation, *, now: datetime) -> int:
    """A conversation was signed: it is what every open line waited for that asks for one and names none that counts.
    How many lines it settles; said by who signed."""
    if talk.status != ConversationStatus.SIGNED:
        return 0
    patient = (
        Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=talk.patient_id)
    )
    if policies.why_not_count(goals_of(patient.pk, patient.team.local_date(now))):
        return 0  # held before the last progression, say, and written up late
    waiting = [step for step in steps_of(patient) if step.is_open or (step.row and not step.row.conversation_id)]
    for step in waiting:
        row = LineGoals.objects.valid().select_for_update(of=("self",)).filter(line_id=step.line_id).first()
        values = {
            "choice": StepChoice.DOCUMENTED,
            "conversation": talk,
            "planned_on": None,
            "planned_with": None,
            "reason": "",
            "ask_again_on": None,
            "note": "",
            "chosen_by_id": talk.signed_by_id,
            "chosen_at": now,
        }
        if row is None:
            row = LineGoals.objects.create(
                patient=patient, line_id=step.line_id, created_by_id=talk.signed_by_id, **values
            )
        else:
            for name, value in values.items():
                setattr(row, name, value)
            row.save_version()
        record_about(
            row,
            "goals.count_conversation",
            by=talk.signed_by,
            now=now,
            team_id=patient.team_id,
            details={"line": step.line_id, "conversation": talk.pk},
        )
    return len(waiting)


def _count_conversation(
    line: TreatmentLine, chosen: Chosen, prompt: GoalsPrompt | None, patient: Patient, *, now: datetime
) -> None:
    """The conversation answers what the line asked. What else the prompt asks for since then stays open."""
    talk = GoalsConversation.objects.get(pk=chosen.conversation_id or 0, patient=patient)
    if prompt is None:
        return
    mine = prompt.reasons.filter(
        reason__in=[PromptReason.THERAPY_LINE, PromptReason.BEFORE_PROCEDURE],
        source_key__in=[f"line:{line.pk}", f"procedure:{line.pk}"],
    )
    others = prompt.reasons.exclude(pk__in=mine.values("pk")).exclude(since__lte=talk.held_on)
    if not mine.exists():
        return
    if not others.exists():
        end(prompt, PromptStatus.ANSWERED, answered_by=talk, now=now)
        return
    mine.delete()
    prompt.rank = rank_of(prompt.reasons.values_list("reason", flat=True))
    prompt.save_version("rank")
    refresh_step(prompt, patient, now=now)


def _put_off(chosen: Chosen, prompt: GoalsPrompt | None, patient: Patient, *, by: User, now: datetime) -> None:
    """The live prompt waits too. One that waits already (deferred, declined) keeps its date unless a later one is
    chosen; without a prompt nothing asks, and the reason stays with the line alone."""
    if chosen.reason == CloseReason.PATIENT_DECLINED:
        known = prompt.ask_again_on if prompt and prompt.status == PromptStatus.DECLINED else None
        if known is None or chosen.on is None or chosen.on != known:
            decline(patient, until=chosen.on, by=by, now=now, note=chosen.note)
        return
    today = patient.team.local_date(now)
    if prompt is None:
        insist(policies.why_not_defer(chosen.on, today=today))
        return
    defer(prompt, reason=chosen.reason, until=chosen.on, by=by, now=now, note=chosen.note)
