"""Goals prompts: raised by the work, one live per patient. How people answer them is in `answers`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.notifications.commands import withdraw
from careteam.people.rules import Role
from patients.goals.models import GoalsConversation, GoalsPrompt, GoalsPromptReason
from patients.goals.rules import (
    HAPPENED,
    LIVE_PROMPTS,
    PROMPT_TRANSITIONS,
    UNANSWERED,
    CloseReason,
    ConversationStatus,
    FoundReason,
    PromptReason,
    PromptStatus,
    inside,
    rank_of,
    wish_opens,
)
from patients.protocol.queries import number
from patients.record.commands import close_step
from patients.record.commands.bulk import save_all
from patients.record.models import CareTeamMember, NextStep, Patient
from patients.record.rules import StepKind

if TYPE_CHECKING:
    from careteam.people.models import User

_CHUNK = 1000
_WAITING = ("status", "raised_on", "ask_again_on", "close_reason", "close_note", "version")


def source_key(prompt: GoalsPrompt) -> str:
    """The key of the prompt's row in the table of next steps."""
    return f"prompt:{prompt.pk}"


def planned_key(prompt: GoalsPrompt) -> str:
    """The key of the message to whom the conversation is planned with."""
    return f"goals-planned:{prompt.pk}"


def _step_url(patient_id: int) -> str:
    return reverse("goals-new", args=[patient_id])


def _what(reasons: Iterable[str]) -> str:
    words = ", ".join(dict.fromkeys(inside(str(PromptReason(reason).label)) for reason in reasons))
    return f"Goals conversation: {words}"[:200]


def _turn(prompt: GoalsPrompt, to: PromptStatus) -> None:
    if to not in PROMPT_TRANSITIONS[PromptStatus(prompt.status)]:
        insist([f"A prompt that is {prompt.get_status_display().lower()} cannot become {to.label.lower()}."])
    prompt.status = to


def move(prompt: GoalsPrompt, to: PromptStatus, *fields: str) -> None:
    """The one way a prompt changes its state. The row is locked by the caller."""
    _turn(prompt, to)
    prompt.save_version("status", *fields)


# --- raised by the work ----------------------------------------------------------------------------------------------


def _asked(patient_ids: Iterable[int], *, anew: bool) -> set[tuple[int, str, str]]:
    """Sources that were asked about: in the live prompt, or (unless `anew`) in one that a person has answered. What
    closed without an answer (`UNANSWERED`), or was answered by a conversation that was retracted or held before it
    happened, may be asked again."""
    if anew:
        live = GoalsPromptReason.objects.filter(prompt__patient_id__in=patient_ids, prompt__status__in=LIVE_PROMPTS)
        return set(live.values_list("prompt__patient_id", "reason", "source_key"))
    void = (
        Q(prompt__close_reason__in=UNANSWERED)
        | Q(prompt__answered_by__status=ConversationStatus.RETRACTED)
        | Q(reason__in=HAPPENED, prompt__answered_by__held_on__lt=F("since"))
    )
    rows = GoalsPromptReason.objects.filter(prompt__patient_id__in=patient_ids).exclude(
        void & ~Q(prompt__status__in=LIVE_PROMPTS)
    )
    return set(rows.values_list("prompt__patient_id", "reason", "source_key"))


def _declined(patients: Mapping[int, Patient], now: datetime) -> dict[int, date]:
    """Until when a patient declined to talk, where that day is still to come: also said in a prompt that closed
    meanwhile, or in a record that was merged into this one. A conversation since then lifts it."""
    rows = (
        GoalsPrompt.objects.filter(
            Q(patient_id__in=patients) | Q(patient__merged_into_id__in=patients), declined_until__isnull=False
        )
        .exclude(Q(answered_by__isnull=False) & ~Q(answered_by__status=ConversationStatus.RETRACTED))
        .order_by("declined_until")
        .values_list("patient_id", "patient__merged_into_id", "declined_until")
    )
    return {
        (merged if merged in patients else patient_id): until
        for patient_id, merged, until in rows
        if until > patients[merged if merged in patients else patient_id].team.local_date(now)
    }


def owners_of(patient_ids: Iterable[int]) -> dict[int, int | None]:
    """The responsible clinician of each patient, who answers what is asked of nobody else."""
    members = CareTeamMember.objects.valid().filter(
        patient_id__in=patient_ids, is_responsible=True, ended_on__isnull=True, person__is_active=True
    )
    return dict(members.values_list("patient_id", "person_id"))


@transaction.atomic
def raise_prompts(
    found: Mapping[int, Sequence[FoundReason]],
    *,
    now: datetime,
    by: User | None = None,
    owner: User | None = None,
    batch: str = "",
    anew: bool = False,
) -> int:
    """Adds these reasons to the one live prompt of each patient, opening it where there is none; returns how many
    patients have something new. A source that was asked about before is not asked again; a deferred or declined
    prompt takes the reason and keeps its date, unless it is a wish to talk (`wish_opens`). Patients who are not in
    active care, or died, get nothing. `owner` answers instead of the responsible clinician; `batch` is kept with the
    prompts that are new. `anew`: what was answered before is asked again, its answer turned out to be none.

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
    asked = _asked(patients, anew=anew)
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
        .select_for_update(of=("self",))
        .order_by("pk")
    }
    changed = [
        _heed(live[each], news, patients[each], owner=owner, now=now) for each, news in fresh.items() if each in live
    ]
    save_all(changed, *_WAITING, "owner", "rank", "declined_until")
    owners = {} if owner else owners_of(fresh)
    declined = _declined({each: patients[each] for each in fresh if each not in live}, now)
    created = GoalsPrompt.objects.bulk_create(
        [
            GoalsPrompt(
                patient_id=patient_id,
                **_quiet_until(declined.get(patient_id), news),
                raised_on=patients[patient_id].team.local_date(now),
                owner_id=owner.pk if owner else owners.get(patient_id),
                rank=rank_of(reason.reason for reason in news),
                batch=batch,
                created_by=by,
            )
            for patient_id, news in fresh.items()
            if patient_id not in live
        ],
        batch_size=_CHUNK,
    )
    prompts = live | {prompt.patient_id: prompt for prompt in created}
    GoalsPromptReason.objects.bulk_create(
        [
            GoalsPromptReason(
                prompt=prompts[patient_id],
                reason=reason.reason,
                since=reason.since,
                detail=reason.detail[:200],
                source_key=reason.source_key,
            )
            for patient_id, reasons in fresh.items()
            for reason in reasons
        ],
        batch_size=_CHUNK,
    )
    refresh_steps(prompts.values(), patients, now=now)
    _audit(fresh, patients, by=by, now=now)
    return len(fresh)


def _heed(
    prompt: GoalsPrompt, news: Sequence[FoundReason], patient: Patient, *, owner: User | None, now: datetime
) -> GoalsPrompt:
    """What news change in a live prompt (not saved): how urgent it is, who answers, and that a wish opens it."""
    prompt.rank = min(prompt.rank, rank_of(reason.reason for reason in news))
    planned = prompt.close_reason == CloseReason.PLANNED
    if owner is not None and not planned:
        prompt.owner = owner
    if any(wish_opens(prompt.status, reason.voice) for reason in news):
        prompt.declined_until = None
        _open_again(prompt, patient.team.local_date(now))
    prompt.version += 1
    return prompt


def _quiet_until(until: date | None, news: Sequence[FoundReason]) -> dict[str, object]:
    """How a new prompt begins: open, or quiet until the day that the patient named."""
    if until is None or any(wish_opens(PromptStatus.DECLINED, reason.voice) for reason in news):
        return {}
    return {
        "status": PromptStatus.DECLINED,
        "ask_again_on": until,
        "declined_until": until,
        "close_reason": CloseReason.PATIENT_DECLINED,
    }


def _open_again(prompt: GoalsPrompt, today: date) -> None:
    """Open and counted from today (not saved). A planned conversation stays planned: its day is when it is due."""
    _turn(prompt, PromptStatus.OPEN)
    prompt.raised_on = today
    if prompt.close_reason != CloseReason.PLANNED:
        prompt.close_reason, prompt.close_note, prompt.ask_again_on = "", "", None


def refresh_steps(prompts: Iterable[GoalsPrompt], patients: Mapping[int, Patient], *, now: datetime) -> None:
    """Opens or updates the next steps of live prompts, what is asked for by whom and until when: four statements for
    any number (an import may raise thousands). `patients` by id, with their team."""
    found = {source_key(prompt): prompt for prompt in prompts}
    days = {team_id: number(team_id, "goals.answer").days for team_id in {p.team_id for p in patients.values()}}
    why: dict[int, list[str]] = defaultdict(list)
    rows = GoalsPromptReason.objects.filter(prompt__in=list(found.values())).order_by("since", "pk")
    for prompt_id, reason in rows.values_list("prompt_id", "reason"):
        why[prompt_id].append(reason)
    steps = {
        step.source_key: step
        for step in NextStep.objects.filter(
            patient_id__in=[prompt.patient_id for prompt in found.values()],
            source_key__in=list(found),
            closed_at__isnull=True,
        )
    }
    fresh, changed = [], []
    for key, prompt in found.items():
        patient = patients[prompt.patient_id]
        what, due_on = _wanted(prompt, why[prompt.pk], days[patient.team_id])
        step = steps.get(key)
        if step is None:
            step = NextStep(
                patient_id=patient.pk,
                team_id=patient.team_id,
                kind=StepKind.GOALS,
                source_key=key,
                url=_step_url(patient.pk),
                opened_at=now,
            )
            fresh.append(step)
        else:
            changed.append(step)
        step.what, step.due_on, step.owner_id = what, due_on, prompt.owner_id
        step.owner_role = "" if prompt.owner_id else Role.ONCOLOGIST
    NextStep.objects.bulk_create(fresh, batch_size=_CHUNK)
    save_all(changed, "what", "due_on", "owner", "owner_role")


def _wanted(prompt: GoalsPrompt, reasons: Iterable[str], answer_days: int) -> tuple[str, date | None]:
    """The next step of a live prompt in words, and until when."""
    planned = prompt.close_reason == CloseReason.PLANNED
    if prompt.status == PromptStatus.OPEN:
        due_on = prompt.ask_again_on if planned else prompt.raised_on + timedelta(days=answer_days)
        return _what(reasons), due_on
    if planned:
        return "Goals conversation planned", prompt.ask_again_on
    declined = prompt.status == PromptStatus.DECLINED
    return "Ask again about goals" + (" (patient declined)" if declined else ""), prompt.ask_again_on


def refresh_step(prompt: GoalsPrompt, patient: Patient, *, now: datetime) -> None:
    """`refresh_steps` for one."""
    refresh_steps([prompt], {patient.pk: patient}, now=now)


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
def ask_anew(patient_id: int, *, reason: CloseReason, closed_at: datetime, now: datetime, by: User) -> int:
    """The prompt that closed at that moment for this reason turned out to be unanswered: its reasons are asked again
    of the responsible clinician. 1 when something is, else 0."""
    closed = GoalsPrompt.objects.filter(patient_id=patient_id, close_reason=reason, closed_at=closed_at)
    rows = GoalsPromptReason.objects.filter(prompt__in=closed).order_by("since", "pk")
    reasons = [FoundReason(PromptReason(row.reason), row.since, row.source_key, row.detail) for row in rows]
    return raise_prompts({patient_id: reasons}, by=by, now=now, anew=True)


@transaction.atomic
def reopen_due(*, team_id: int, today: date, now: datetime, by: User | None = None) -> int:
    """Deferred, planned and declined prompts whose date has come are open again, counted from today; returns how
    many. Set-based."""
    due = list(
        GoalsPrompt.objects.filter(
            status__in=[PromptStatus.DEFERRED, PromptStatus.DECLINED],
            ask_again_on__lte=today,
            patient__in=Patient.objects.in_care().filter(team_id=team_id),
        )
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("patient__team")
        .order_by("pk")
    )
    if not due:
        return 0
    for prompt in due:
        _open_again(prompt, today)
        prompt.version += 1
    save_all(due, *_WAITING)
    refresh_steps(due, {prompt.patient_id: prompt.patient for prompt in due}, now=now)
    record(
        "goals.reopen_due",
        by=by,
        now=now,
        patient_ids=[prompt.patient_id for prompt in due],
        team_id=team_id,
        kind=Kind.SYSTEM,
    )
    return len(due)


# --- ended -----------------------------------------------------------------------------------------------------------


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
    if reason == CloseReason.ALREADY_DISCUSSED:
        prompt.declined_until = None
    move(prompt, to, "close_reason", "close_note", "closed_at", "answered_by", "declined_until")
    decisions = prompt.reasons.filter(reason=PromptReason.DECISION).values_list("source_key", flat=True)
    withdraw(keys=[planned_key(prompt), *(f"goals-{source}" for source in decisions)], now=now)
    because = CloseReason(reason).label if reason else "Conversation signed"
    close_step(prompt.patient, source_key=source_key(prompt), because=because, now=now)


def answer(prompt: GoalsPrompt, talk: GoalsConversation, *, now: datetime) -> None:
    """A signed conversation answers the locked prompt. What happened after the talk stays asked for, in the prompt as
    it waits; what the talk did answer leaves it for a row of its own. The calling command audits."""
    later = list(prompt.reasons.filter(reason__in=HAPPENED, since__gt=talk.held_on).values_list("pk", flat=True))
    if not later:
        end(prompt, PromptStatus.ANSWERED, answered_by=talk, now=now)
        return
    earlier = prompt.reasons.exclude(pk__in=later)
    if earlier.exists():
        decisions = earlier.filter(reason=PromptReason.DECISION).values_list("source_key", flat=True)
        withdraw(keys=[f"goals-{source}" for source in decisions], now=now)
        answered = GoalsPrompt.objects.create(
            patient_id=prompt.patient_id,
            status=PromptStatus.ANSWERED,
            raised_on=prompt.raised_on,
            rank=prompt.rank,
            owner_id=prompt.owner_id,
            closed_at=now,
            answered_by=talk,
            created_by_id=talk.signed_by_id,
        )
        earlier.update(prompt=answered)
    prompt.rank = rank_of(prompt.reasons.values_list("reason", flat=True))
    prompt.save_version("rank")
    refresh_step(prompt, talk.patient, now=now)


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
    """What a live prompt asked because of `source` was taken back: the reason goes (its history stays), and the
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
        end(prompt, PromptStatus.CLOSED, reason=CloseReason.WITHDRAWN, note="", now=now)
    else:
        prompt.reasons.filter(reason=reason, source_key=source).delete()
        withdraw(keys=[f"goals-{source}"], now=now)
        prompt.rank = rank_of(prompt.reasons.values_list("reason", flat=True))
        prompt.save_version("rank")
        refresh_step(prompt, prompt.patient, now=now)
    record(
        "goals.drop_reason",
        by=by,
        now=now,
        subject=prompt,
        patient_ids=[patient_id],
        team_id=prompt.patient.team_id,
        kind=Kind.WRITE if by else Kind.SYSTEM,
        reason=f"{reason.label}: taken back",
    )
    return prompt


@transaction.atomic
def follow_merge(gone: Patient, *, now: datetime, by: User | None = None) -> GoalsPrompt | None:
    """A record was merged into another one: what was asked there is asked in the one that stays, in its one prompt
    with the reasons of both; what the patient declined there holds here. The prompt that stays, None when nothing was
    asked in the merged record."""
    prompt: GoalsPrompt | None = (
        GoalsPrompt.objects.filter(patient=gone, patient__merged_into__isnull=False, status__in=LIVE_PROMPTS)
        .select_for_update(of=("self",))
        .select_related("patient__team", "patient__merged_into")
        .first()
    )
    if prompt is None or prompt.patient.merged_into is None:
        return None
    stays = prompt.patient.merged_into
    before, until, planned = (
        PromptStatus(prompt.status),
        prompt.ask_again_on,
        prompt.close_reason == CloseReason.PLANNED,
    )
    reasons = [
        FoundReason(PromptReason(row.reason), row.since, row.source_key, row.detail)
        for row in prompt.reasons.order_by("since", "pk")
    ]
    note = prompt.close_note
    end(prompt, PromptStatus.CLOSED, reason=CloseReason.MERGED, note="", now=now)
    had_one = GoalsPrompt.objects.filter(patient=stays, status__in=LIVE_PROMPTS).exists()
    raise_prompts({stays.pk: reasons}, by=by, now=now)
    kept: GoalsPrompt | None = (
        GoalsPrompt.objects.filter(patient=stays, status__in=LIVE_PROMPTS)
        .select_for_update(of=("self",))
        .select_related("patient__team")
        .first()
    )
    declined = before == PromptStatus.DECLINED
    if kept is not None and before != PromptStatus.OPEN and (declined or not had_one):
        _wait_as_before(kept, declined=declined, until=until, owner_id=prompt.owner_id if planned else None, note=note)
        refresh_step(kept, kept.patient, now=now)
    record(
        "goals.follow_merge",
        by=by,
        now=now,
        subject=prompt,
        patient_ids=[gone.pk, stays.pk],
        team_id=prompt.patient.team_id,
        kind=Kind.WRITE if by else Kind.SYSTEM,
    )
    return kept


def _wait_as_before(kept: GoalsPrompt, *, declined: bool, until: date | None, owner_id: int | None, note: str) -> None:
    """The prompt that stays waits as the merged one did: never shorter than the patient asked for."""
    if declined and kept.status == PromptStatus.DECLINED and kept.ask_again_on and until:
        until = max(until, kept.ask_again_on)
    to = PromptStatus.DECLINED if declined else PromptStatus.DEFERRED
    if declined:
        kept.declined_until, kept.close_reason = until, CloseReason.PATIENT_DECLINED
    elif owner_id is not None:
        kept.owner_id, kept.close_reason = owner_id, CloseReason.PLANNED
    kept.ask_again_on, kept.close_note = until, note
    if kept.status != to:
        _turn(kept, to)
    kept.save_version("status", "ask_again_on", "close_reason", "close_note", "declined_until", "owner")
