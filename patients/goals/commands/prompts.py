"""Goals prompts: raised by the work, one live per patient, answered by people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.people.rules import Role
from patients.goals import policies
from patients.goals.models import GoalsConversation, GoalsPrompt, GoalsPromptReason
from patients.goals.queries import limits
from patients.goals.rules import (
    LIVE_PROMPTS,
    PROMPT_TRANSITIONS,
    CloseReason,
    ConversationStatus,
    FoundReason,
    PromptReason,
    PromptStatus,
    inside,
)
from patients.protocol.queries import number
from patients.record.commands import close_step, open_step
from patients.record.models import CareTeamMember, NextStep, Patient
from patients.record.rules import StepKind

if TYPE_CHECKING:
    from careteam.people.models import User


def source_key(prompt: GoalsPrompt) -> str:
    """The key of the prompt's row in the table of next steps."""
    return f"prompt:{prompt.pk}"


def _step_url(patient_id: int) -> str:
    return reverse("goals-new", args=[patient_id])


def _what(reasons: Iterable[str]) -> str:
    words = ", ".join(dict.fromkeys(inside(str(PromptReason(reason).label)) for reason in reasons))
    return f"Goals conversation: {words}"[:200]


def move(prompt: GoalsPrompt, to: PromptStatus, *fields: str) -> None:
    """The one way a prompt changes its state. The row is locked by the caller."""
    if to not in PROMPT_TRANSITIONS[PromptStatus(prompt.status)]:
        insist([f"A prompt that is {prompt.get_status_display().lower()} cannot become {to.label.lower()}."])
    prompt.status = to
    prompt.save_version("status", *fields)


# --- raised by the work ----------------------------------------------------------------------------------------------


def _asked(patient_ids: Iterable[int]) -> set[tuple[int, str, str]]:
    """Sources that were asked about: in the live prompt, or in one that a person has answered. What closed because
    the patient left our care, or was answered by a conversation that was retracted, may be asked again."""
    void = Q(prompt__close_reason=CloseReason.LEFT_CARE) | Q(prompt__answered_by__status=ConversationStatus.RETRACTED)
    rows = GoalsPromptReason.objects.filter(prompt__patient_id__in=patient_ids).exclude(
        void & ~Q(prompt__status__in=LIVE_PROMPTS)
    )
    return set(rows.values_list("prompt__patient_id", "reason", "source_key"))


def _owners(patient_ids: Iterable[int]) -> dict[int, int | None]:
    members = CareTeamMember.objects.valid().filter(
        patient_id__in=patient_ids, is_responsible=True, ended_on__isnull=True, person__is_active=True
    )
    return dict(members.values_list("patient_id", "person_id"))


@transaction.atomic
def raise_prompts(found: Mapping[int, Sequence[FoundReason]], *, by: User | None = None, now: datetime) -> int:
    """Adds these reasons to the one live prompt of each patient, opening it where there is none; returns how many
    patients have something new. A source that was asked about before is not asked again; a deferred or declined
    prompt takes the reason and keeps its date. Patients who are not in active care, or died, get nothing.

    Set-based: the number of queries depends on the number of teams, not of patients.
    """
    patients = {
        patient.pk: patient
        for patient in Patient.objects.in_care()
        .filter(pk__in=[patient_id for patient_id, reasons in found.items() if reasons])
        .select_related("team")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    }
    asked = _asked(patients)
    fresh = {
        patient_id: news
        for patient_id in patients
        if (news := [r for r in found[patient_id] if (patient_id, str(r.reason), r.source_key) not in asked])
    }
    if not fresh:
        return 0
    live = {
        prompt.patient_id: prompt
        for prompt in GoalsPrompt.objects.filter(patient_id__in=fresh, status__in=LIVE_PROMPTS)
    }
    known = set(live)
    owners = _owners(fresh)
    created = GoalsPrompt.objects.bulk_create(
        GoalsPrompt(
            patient_id=patient_id,
            raised_on=patients[patient_id].team.local_date(now),
            owner_id=owners.get(patient_id),
            created_by=by,
        )
        for patient_id in fresh
        if patient_id not in live
    )
    live |= {prompt.patient_id: prompt for prompt in created}
    GoalsPromptReason.objects.bulk_create(
        GoalsPromptReason(
            prompt=live[patient_id],
            reason=reason.reason,
            since=reason.since,
            detail=reason.detail[:200],
            source_key=reason.source_key,
        )
        for patient_id, reasons in fresh.items()
        for reason in reasons
    )
    _open_steps(created, patients, fresh, now=now)
    for patient_id in known & set(fresh):
        if live[patient_id].status == PromptStatus.OPEN:
            _refresh_step(live[patient_id], patients[patient_id], now=now)
    _audit(fresh, patients, by=by, now=now)
    return len(fresh)


def _open_steps(
    prompts: Sequence[GoalsPrompt],
    patients: Mapping[int, Patient],
    fresh: Mapping[int, Sequence[FoundReason]],
    *,
    now: datetime,
) -> None:
    """The next steps of new prompts, in one statement: an import may raise thousands."""
    answer_days = {team_id: number(team_id, "goals.answer").days for team_id in {p.team_id for p in patients.values()}}
    NextStep.objects.bulk_create(
        NextStep(
            patient_id=prompt.patient_id,
            team_id=patients[prompt.patient_id].team_id,
            kind=StepKind.GOALS,
            source_key=source_key(prompt),
            what=_what(reason.reason for reason in fresh[prompt.patient_id]),
            owner_id=prompt.owner_id,
            owner_role="" if prompt.owner_id else Role.ONCOLOGIST,
            due_on=prompt.raised_on + timedelta(days=answer_days[patients[prompt.patient_id].team_id]),
            url=_step_url(prompt.patient_id),
            opened_at=now,
        )
        for prompt in prompts
    )


def _refresh_step(prompt: GoalsPrompt, patient: Patient, *, now: datetime) -> None:
    """Opens or updates the prompt's next step: what is asked for by whom and until when."""
    due_on: date | None
    if prompt.status == PromptStatus.OPEN:
        due_on = prompt.raised_on + timedelta(days=number(patient.team_id, "goals.answer").days)
        what = _what(prompt.reasons.order_by("since", "pk").values_list("reason", flat=True))
    else:
        due_on = prompt.ask_again_on
        declined = prompt.status == PromptStatus.DECLINED
        what = "Ask again about goals" + (" (patient declined)" if declined else "")
    open_step(
        patient,
        kind=StepKind.GOALS,
        source_key=source_key(prompt),
        what=what,
        now=now,
        owner=prompt.owner,
        owner_role="" if prompt.owner_id else Role.ONCOLOGIST,
        due_on=due_on,
        url=_step_url(patient.pk),
    )


def _audit(
    fresh: Mapping[int, Sequence[FoundReason]], patients: Mapping[int, Patient], *, by: User | None, now: datetime
) -> None:
    by_team: dict[int, list[int]] = defaultdict(list)
    for patient_id in fresh:
        by_team[patients[patient_id].team_id].append(patient_id)
    for team_id, ids in by_team.items():
        record(
            "goals.raise_prompts",
            by=by,
            now=now,
            patient_ids=ids,
            team_id=team_id,
            kind=Kind.WRITE if by else Kind.SYSTEM,
            details={
                str(patient_id): [str(reason.reason) for reason in fresh[patient_id]] for patient_id in ids[:1000]
            },
        )


@transaction.atomic
def reopen_due(*, team_id: int, today: date, now: datetime, by: User | None = None) -> int:
    """Deferred and declined prompts whose date has come are open again, counted from today; returns how many."""
    due = list(
        GoalsPrompt.objects.filter(
            status__in=[PromptStatus.DEFERRED, PromptStatus.DECLINED],
            ask_again_on__lte=today,
            patient__in=Patient.objects.in_care().filter(team_id=team_id),
        )
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("patient__team", "owner")
        .order_by("pk")
    )
    for prompt in due:
        prompt.raised_on = today
        move(prompt, PromptStatus.OPEN, "raised_on")
        _refresh_step(prompt, prompt.patient, now=now)
    if due:
        record(
            "goals.reopen_due",
            by=by,
            now=now,
            patient_ids=[prompt.patient_id for prompt in due],
            team_id=team_id,
            kind=Kind.SYSTEM,
        )
    return len(due)


# --- answered by people ----------------------------------------------------------------------------------------------


def _locked(prompt: GoalsPrompt, patient: Patient, by: User, version: int | None) -> GoalsPrompt:
    current: GoalsPrompt = GoalsPrompt.objects.lock(prompt.pk, version=version)
    insist(policies.why_not_answer(current, patient, by))
    return current


def _audit_answer(action: str, prompt: GoalsPrompt, patient: Patient, *, by: User, now: datetime, reason: str) -> None:
    record(
        action,
        by=by,
        now=now,
        subject=prompt,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason,
        details={"status": prompt.status, "ask_again_on": str(prompt.ask_again_on or "")},
    )


@transaction.atomic
def defer(
    prompt: GoalsPrompt,
    *,
    reason: str,
    until: date | None,
    by: User,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> GoalsPrompt:
    """Not now, ask again on a date. Raises `StaleEdit` when the prompt changed after the form was opened."""
    patient = prompt.patient
    current = _locked(prompt, patient, by, version)
    insist(policies.why_not_defer(until, today=patient.team.local_date(now)))
    current.ask_again_on, current.close_reason, current.close_note = until, reason, note
    fields = ("ask_again_on", "close_reason", "close_note")
    if current.status == PromptStatus.DEFERRED:  # another date
        current.save_version(*fields)
    else:
        move(current, PromptStatus.DEFERRED, *fields)
    _refresh_step(current, patient, now=now)
    _audit_answer("goals.defer", current, patient, by=by, now=now, reason=note or reason)
    return current


@transaction.atomic
def decline(patient: Patient, *, until: date | None, by: User, now: datetime, note: str = "") -> GoalsPrompt:
    """The patient does not want to talk about it now; asked again on the date, 90 days (configured) ahead at least.

    Without a live prompt one is kept for that date, as the patient's wish.
    """
    today = patient.team.local_date(now)
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    ask_again_days = limits(patient.team_id).ask_again_days
    insist(
        policies.why_not_document(patient, by)
        + policies.why_not_decline(until, today=today, ask_again_days=ask_again_days)
    )
    prompt = GoalsPrompt.objects.filter(patient=patient, status__in=LIVE_PROMPTS).select_for_update().first()
    fields = {"ask_again_on": until, "close_reason": CloseReason.PATIENT_DECLINED, "close_note": note}
    if prompt is None:
        prompt = GoalsPrompt.objects.create(
            patient=patient,
            status=PromptStatus.DECLINED,
            raised_on=today,
            owner_id=_owners([patient.pk]).get(patient.pk),
            created_by=by,
            **fields,
        )
        GoalsPromptReason.objects.create(
            prompt=prompt,
            reason=PromptReason.WISH,
            since=today,
            detail="asked, did not want to talk about it now",
            source_key=f"declined:{today.isoformat()}",
        )
    else:
        for name, value in fields.items():
            setattr(prompt, name, value)
        if prompt.status == PromptStatus.DECLINED:
            prompt.save_version(*fields)
        else:
            move(prompt, PromptStatus.DECLINED, *fields)
    _refresh_step(prompt, patient, now=now)
    _audit_answer("goals.decline", prompt, patient, by=by, now=now, reason=note)
    return prompt


@transaction.atomic
def close_prompt(
    prompt: GoalsPrompt, *, reason: str, by: User, now: datetime, note: str = "", version: int | None = None
) -> GoalsPrompt:
    """Ends the prompt with a coded reason. Raises `StaleEdit` when it changed after the form was opened."""
    patient = prompt.patient
    current = _locked(prompt, patient, by, version)
    insist(policies.why_not_close(reason, note))
    end(current, PromptStatus.CLOSED, reason=reason, note=note, now=now)
    _audit_answer("goals.close_prompt", current, patient, by=by, now=now, reason=note or reason)
    return current


def end(
    prompt: GoalsPrompt,
    to: PromptStatus,
    *,
    now: datetime,
    reason: str = "",
    note: str = "",
    answered_by: GoalsConversation | None = None,
) -> None:
    """Closes or answers the locked prompt together with its next step; the calling command audits."""
    prompt.close_reason, prompt.close_note, prompt.closed_at, prompt.answered_by = reason, note, now, answered_by
    move(prompt, to, "close_reason", "close_note", "closed_at", "answered_by")
    because = CloseReason(reason).label if reason else "Conversation signed"
    close_step(prompt.patient, source_key=source_key(prompt), because=because, now=now)


@transaction.atomic
def close_prompts_for_good(
    patient_id: int, *, reason: CloseReason, note: str, now: datetime, by: User | None = None
) -> int:
    """The patient died or left our care: whatever is live is closed. Returns how many (0 or 1)."""
    prompts = list(
        GoalsPrompt.objects.filter(patient_id=patient_id, status__in=LIVE_PROMPTS)
        .select_for_update(of=("self",))
        .select_related("patient")
    )
    for prompt in prompts:
        end(prompt, PromptStatus.CLOSED, reason=reason, note=note, now=now)
        record(
            "goals.close_prompts_for_good",
            by=by,
            now=now,
            subject=prompt,
            patient_ids=[patient_id],
            team_id=prompt.patient.team_id,
            kind=Kind.SYSTEM,
            reason=note,
        )
    return len(prompts)


@transaction.atomic
def drop_reason(
    patient_id: int, reason: PromptReason, source: str, *, now: datetime, by: User | None = None
) -> GoalsPrompt | None:
    """What a live prompt asked because of `source` was entered in error: the reason goes (its history stays), and the
    prompt closes when it was the only one. The prompt, or None when none asked for that."""
    prompt: GoalsPrompt | None = (
        GoalsPrompt.objects.filter(
            patient_id=patient_id, status__in=LIVE_PROMPTS, reasons__reason=reason, reasons__source_key=source
        )
        .select_for_update(of=("self",))
        .select_related("patient__team", "owner")
        .first()
    )
    if prompt is None:
        return None
    if prompt.reasons.count() == 1:
        end(prompt, PromptStatus.CLOSED, reason=CloseReason.OTHER, note="Entered in error", now=now)
    else:
        prompt.reasons.filter(reason=reason, source_key=source).delete()
        _refresh_step(prompt, prompt.patient, now=now)
    record(
        "goals.drop_reason",
        by=by,
        now=now,
        subject=prompt,
        patient_ids=[patient_id],
        team_id=prompt.patient.team_id,
        kind=Kind.WRITE if by else Kind.SYSTEM,
        reason=f"{reason.label}: entered in error",
    )
    return prompt
