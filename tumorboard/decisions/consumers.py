"""What a conversation says after the board has decided."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.urls import reverse

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.commands import notify
from patients.goals.queries import goals_of
from patients.record.models import Patient
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.rules import DecisionStatus, Option, RecommendationStatus, labels_of
from tumorboard.goalcheck.queries import GoalCheck, check_of
from tumorboard.goalcheck.rules import Verdict


@consumes(EventKind.GOALS_SIGNED)
def tell_what_is_ruled_out(event: Event, *, now: datetime) -> None:
    """Who presented a case hears, once for each decision, that what the board recommended and nobody has begun asks
    more than the patient accepts now. The recommendation stands until a person settles it."""
    patient = Patient.objects.select_related("team").filter(pk=event.patient_id or 0).first()
    if patient is None or not patient.is_in_care:
        return
    rows = Recommendation.objects.valid().filter(
        patient=patient, status=RecommendationStatus.OPEN, decision__status=DecisionStatus.SIGNED
    )
    waiting: dict[Decision, list[Option]] = defaultdict(list)
    for row in rows.select_related("decision__item__meeting__board", "decision__item__referral__presenter"):
        waiting[row.decision].append(Option(row.option))
    if not waiting:
        return
    today = patient.team.local_date(now)
    goals = goals_of(patient.pk, today)
    for decision, options in waiting.items():
        team_id = decision.item.meeting.board.team_id
        check = check_of(patient.pk, labels_of(options), team_id=team_id, today=today, goals=goals)
        owner = decision.item.referral.presenter
        if owner is None or not _ruled_out(check) - _ruled_out(GoalCheck.read(decision.goal_check)):
            continue
        notify(
            [owner],
            key=f"goals-later:{decision.pk}",
            kind="goals",
            title="A newer conversation rules out what the board recommended",
            url=reverse("decision", args=[decision.pk]),
            patient_id=patient.pk,
            now=now,
        )


def _ruled_out(check: GoalCheck | None) -> set[str]:
    return {found.option for found in check.findings if found.verdict == Verdict.CONFLICT} if check else set()
