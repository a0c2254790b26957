"""Goals prompts: raised by the work, one live per patient. People answer them in `answers`; they end in `ending`."""

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
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt, GoalsPromptReason
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


def turn(prompt: GoalsPrompt, to: PromptStatus) -> None:
    if to not in PROMPT_TRANSITIONS[PromptStatus(prompt.status)]:
        insist([f"A prompt that is {prompt.get_status_display().lower()} cannot become {to.label.lower()}."])
    prompt.status = to


def move(prompt: GoalsPrompt, to: PromptStatus, *fields: str) -> None:
    """The one way a prompt changes its state. The row is locked by the caller."""
    turn(prompt, to)
    prompt.save_version("status", *fields)


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
    turn(prompt, PromptStatus.OPEN)
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
    return raise_prompts({patient_id: [row.found for row in rows]}, by=by, now=now, anew=True)


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
