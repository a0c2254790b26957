"""The work itself closes what the board asked for: a started or declined line, a signed conversation. A death cancels
the rest."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from careteam.events.commands import consumes
from careteam.events.models import Event
from careteam.events.rules import EventKind
from patients.treatment.models import TreatmentLine
from tumorboard.actions.commands import finish
from tumorboard.actions.models import Action
from tumorboard.actions.queries import in_force
from tumorboard.actions.rules import ActionKind, ActionStatus
from tumorboard.decisions.commands import settle
from tumorboard.decisions.models import Recommendation
from tumorboard.decisions.queries import decided_on
from tumorboard.decisions.rules import (
    DEVIATION_OF_END,
    DecisionStatus,
    DeviationReason,
    RecommendationStatus,
    option_of_line,
)

_UNSETTLED = (RecommendationStatus.OPEN, RecommendationStatus.PARTLY)


@consumes(EventKind.LINE_STARTED)
def carry_out_recommendation(event: Event, *, now: datetime) -> None:
    """A line that starts on or after the day of a decision carries out the matching recommendation, and the one it was
    proposed from, and closes the action that starts it. What was running before a decision answers nothing."""
    line = TreatmentLine.objects.valid().select_related("patient__team").filter(pk=event.subject_id).first()
    option = option_of_line(line.modality, line.agent) if line else None
    if line is None or line.started_on is None:
        return
    matching = (
        Recommendation.objects.valid()
        .filter(
            Q(option=option or "") | Q(line=line),
            patient=line.patient,
            status__in=_UNSETTLED,
            decision__status=DecisionStatus.SIGNED,
        )
        .select_related("decision__item__meeting__board__team")
        .order_by("pk")
    )
    for recommendation in matching:
        if line.started_on < decided_on(recommendation.decision):
            continue
        settle(recommendation, RecommendationStatus.IMPLEMENTED, by=None, now=now, line=line)
        starting = (
            Action.objects.valid().open().filter(decision=recommendation.decision, kind=ActionKind.START_TREATMENT)
        )
        for action in starting.order_by("pk"):
            if action.recommendation_id in {None, recommendation.pk}:
                finish(action, ActionStatus.DONE, by=None, now=now, outcome=f"{line.label} started")


@consumes(EventKind.LINE_ENDED)
def note_declined_proposal(event: Event, *, now: datetime) -> None:
    """A line that ends before it ever started was declined: the recommendation it came from is not implemented, for
    the reason of the line."""
    line = TreatmentLine.objects.valid().filter(pk=event.subject_id, started_on__isnull=True).first()
    if line is None:
        return
    reason = DEVIATION_OF_END.get(line.end_reason, DeviationReason.OTHER)
    note = line.end_note or (f"{line.label} was not started" if reason is DeviationReason.OTHER else "")
    proposed = Recommendation.objects.valid().filter(line=line, status__in=_UNSETTLED)
    for recommendation in proposed.order_by("pk"):
        settle(
            recommendation, RecommendationStatus.NOT_IMPLEMENTED, by=None, now=now, reason=reason, note=note, line=line
        )


@consumes(EventKind.GOALS_SIGNED)
def close_goals_actions(event: Event, *, now: datetime) -> None:
    """A signed goals conversation is what an action of that kind asked for."""
    asked = Action.objects.valid().open().filter(in_force(), patient_id=event.patient_id, kind=ActionKind.GOALS)
    for action in asked.order_by("pk"):
        finish(action, ActionStatus.DONE, by=None, now=now, outcome="Goals conversation signed")


@consumes(EventKind.DECEASED)
def cancel_actions_of_deceased(event: Event, *, now: datetime) -> None:
    """Nothing stays open for a patient who has died."""
    for action in Action.objects.valid().open().filter(patient_id=event.patient_id).order_by("pk"):
        finish(action, ActionStatus.CANCELLED, by=None, now=now, outcome="Patient died")
