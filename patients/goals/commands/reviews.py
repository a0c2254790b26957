"""What the calendar asks for: stage IV without a conversation, reviews due, events passed, dates to ask again."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from careteam.events.models import Heartbeat
from careteam.people.models import Team
from patients.goals.commands.ending import follow_merge
from patients.goals.commands.flood import FLOOD, tell_of_batch
from patients.goals.commands.prompts import raise_prompts, reopen_due
from patients.goals.models import GoalsConversation, GoalsPrompt, GoalsPromptReason
from patients.goals.queries import limits
from patients.goals.rules import (
    LIVE_PROMPTS,
    UNANSWERED,
    ConversationStatus,
    FoundReason,
    Limits,
    PromptReason,
    review_due_on,
)
from patients.record.models import Diagnosis, Patient, in_care
from patients.record.rules import NetStatus, Stage

if TYPE_CHECKING:
    from careteam.people.models import User

_CHUNK = 1000
_HEARTBEAT = "goals"
Found = dict[int, list[FoundReason]]


def _in_care(team_id: int) -> Q:
    return in_care() & Q(patient__team_id=team_id)


def _stage_iv(team_id: int, rules: Limits, today: date, found: Found) -> None:
    talked = GoalsConversation.objects.filter(patient_id=OuterRef("patient_id")).exclude(
        status=ConversationStatus.RETRACTED
    )
    asked = GoalsPromptReason.objects.filter(
        prompt__patient_id=OuterRef("patient_id"), reason=PromptReason.STAGE_IV
    ).exclude(prompt__close_reason__in=UNANSWERED)
    rows = (
        Diagnosis.objects.valid()
        .filter(_in_care(team_id), is_main=True, stage=Stage.IV)
        .exclude(net_status=NetStatus.NOT_NET)
        .annotate(since=Coalesce("staged_on", "diagnosed_on"))
        .filter(since__lte=today - timedelta(days=rules.stage4_days))
        .filter(~Exists(talked), ~Exists(asked))
        .values_list("patient_id", "since")
    )
    for patient_id, since in rows:
        found[patient_id].append(FoundReason(PromptReason.STAGE_IV, since, "stage_iv"))


def _reviews_and_events(team_id: int, rules: Limits, today: date, found: Found) -> None:
    rows = (
        GoalsConversation.objects.filter(_in_care(team_id), status=ConversationStatus.SIGNED)
        .filter(
            Q(event_on__lt=today)
            | Q(next_review_on__lte=today)
            | Q(next_review_on__isnull=True, held_on__lte=today - timedelta(days=rules.review_days))
        )
        .values_list("pk", "patient_id", "held_on", "next_review_on", "event", "event_on")
    )
    asked = set(
        GoalsPromptReason.objects.filter(
            reason__in=[PromptReason.REVIEW_DUE, PromptReason.EVENT_PASSED],
            prompt__patient__team_id=team_id,
        )
        .exclude(prompt__close_reason__in=UNANSWERED)
        .values_list("source_key", flat=True)
    )
    for pk, patient_id, held_on, next_review_on, event, event_on in rows:
        due_on = review_due_on(held_on, next_review_on, rules.review_days)
        if due_on <= today and f"review:{pk}" not in asked:
            found[patient_id].append(FoundReason(PromptReason.REVIEW_DUE, due_on, f"review:{pk}"))
        if event_on is not None and event_on < today and f"event:{pk}" not in asked:
            found[patient_id].append(FoundReason(PromptReason.EVENT_PASSED, event_on, f"event:{pk}", event))


def _review_team(team: Team, *, now: datetime, by: User | None) -> int:
    today = team.local_date(now)
    rules = limits(team.pk)
    changed = reopen_due(team_id=team.pk, today=today, now=now, by=by)
    found: Found = defaultdict(list)
    _stage_iv(team.pk, rules, today, found)
    _reviews_and_events(team.pk, rules, today, found)
    ids = sorted(found)
    batch, raised = f"review:{today.isoformat()}", 0
    for start in range(0, len(ids), _CHUNK):
        lot = {each: found[each] for each in ids[start : start + _CHUNK]}
        raised += raise_prompts(lot, by=by, batch=batch, now=now)
    if raised >= FLOOD:
        tell_of_batch(team, batch=batch, said=f"the review of {today.day} {today:%b %Y}", now=now)
    for gone in _merged(team.pk):
        follow_merge(gone, by=by, now=now)
    return changed + raised


def _merged(team_id: int) -> list[Patient]:
    """Records that were merged into others and still ask for something."""
    asking = GoalsPrompt.objects.filter(status__in=LIVE_PROMPTS, patient__merged_into__isnull=False)
    return list(Patient.objects.filter(team_id=team_id, pk__in=asking.values("patient_id")).order_by("pk"))


def review_prompts(*, now: datetime, by: User | None = None) -> int:
    """For every team on its own date: reopens what was deferred or declined until today, and raises what the calendar
    asks for. Safe to run twice, or by two at once. Returns how many patients got something new."""
    return sum(_review_team(team, now=now, by=by) for team in Team.objects.order_by("pk"))


@transaction.atomic
def review_once_a_day(*, now: datetime, by: User | None = None) -> int:
    """The same for those teams whose local day began since it last ran: what every tick may call. A run that breaks
    off is made up for by the next tick; a second tick waits and then finds nothing to do."""
    Heartbeat.objects.get_or_create(name=_HEARTBEAT, defaults={"at": now})
    beat = Heartbeat.objects.select_for_update().get(name=_HEARTBEAT)
    teams = list(Team.objects.order_by("pk"))
    days = {str(team.pk): team.local_date(now).isoformat() for team in teams}
    due = [team for team in teams if beat.details.get(str(team.pk)) != days[str(team.pk)]]
    changed = sum(_review_team(team, now=now, by=by) for team in due)
    if due:
        beat.at, beat.details = now, days
        beat.save()
    return changed
