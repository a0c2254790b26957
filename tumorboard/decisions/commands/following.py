"""What becomes of a recommendation: a treatment line, settled, open again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.events.rules import EventKind
from patients.treatment.commands import propose_line
from patients.treatment.rules import LineDraft
from tumorboard.decisions import policies
from tumorboard.decisions.commands.base import announce_row, audit
from tumorboard.decisions.commands.goals import talk_again
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.queries import decided_on, is_told, start_reason_for
from tumorboard.decisions.rules import (
    MODALITY_OF_OPTION,
    DeviationReason,
    Option,
    RecommendationStatus,
    ToldWhom,
    agent_named,
)
from tumorboard.goalcheck.queries import GoalCheck
from tumorboard.suggestions.commands import suggest, take_back_source
from tumorboard.suggestions.rules import SuggestionKind, deviation_question, recommendation_key

if TYPE_CHECKING:
    from careteam.people.models import User
    from patients.treatment.models import TreatmentLine


_SETTLED = ("status", "deviation_reason", "deviation_note", "line", "settled_at", "superseded_by")


@transaction.atomic
def settle(
    recommendation: Recommendation,
    to: RecommendationStatus,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    note: str = "",
    line: TreatmentLine | None = None,
    superseded_by: Decision | None = None,
) -> Recommendation:
    """What became of a recommendation; a deviation carries one reason of the coded list. `by=None`: the started
    treatment line answers it. Announces `RECOMMENDATION`, which closes its actions."""
    recommendation = (
        Recommendation.objects.select_for_update(of=("self",))
        .select_related("decision__item__meeting__board__team", "decision__item__referral__presenter", "patient__team")
        .get(pk=recommendation.pk)
    )
    insist(policies.why_not_settle(recommendation, to, by, reason=reason, note=note))
    deviates = to in {RecommendationStatus.PARTLY, RecommendationStatus.NOT_IMPLEMENTED}
    recommendation.status = to
    recommendation.deviation_reason = DeviationReason(reason) if deviates else ""
    recommendation.deviation_note = note.strip()
    recommendation.line = line or recommendation.line
    recommendation.settled_at, recommendation.superseded_by = now, superseded_by
    recommendation.save_version(*_SETTLED)
    audit(
        "decisions.settle",
        recommendation,
        recommendation.decision,
        by=by,
        now=now,
        details={"to": str(to), "reason": reason, "line": line.pk if line else None},
    )
    key = recommendation_key(recommendation.pk)
    take_back_source(key, because=f"The recommendation is {to.label.lower()}", now=now)
    if GoalCheck.read(recommendation.decision.goal_check):
        talk_again(recommendation.decision, by=by, now=now)
    if deviates and reason != DeviationReason.DEATH:
        _send_back(recommendation, now=now)
    announce_row(EventKind.RECOMMENDATION, recommendation, now=now, to=str(to))
    return recommendation


@transaction.atomic
def reinstate(recommendation: Recommendation, *, by: User | None, now: datetime, because: str = "") -> Recommendation:
    """Open again: undo of `settle`, or (`by=None`) what answered it was entered in error. A suggestion for the next
    agenda that rested on it is taken back."""
    recommendation = (
        Recommendation.objects.select_for_update(of=("self",))
        .select_related("decision__item__meeting__board__team", "decision__item__referral__presenter", "patient__team")
        .get(pk=recommendation.pk)
    )
    insist(policies.why_not_reinstate(recommendation, by))
    recommendation.status = RecommendationStatus.OPEN
    recommendation.deviation_reason = recommendation.deviation_note = ""
    recommendation.settled_at = recommendation.superseded_by = None
    recommendation.save_version(*_SETTLED)
    take_back_source(recommendation_key(recommendation.pk), because="The recommendation is open again", now=now)
    if GoalCheck.read(recommendation.decision.goal_check):
        talk_again(recommendation.decision, by=by, now=now)
    audit("decisions.reinstate", recommendation, recommendation.decision, by=by, now=now, reason=because)
    announce_row(EventKind.RECOMMENDATION, recommendation, now=now, to="open")
    return recommendation


def _send_back(recommendation: Recommendation, *, now: datetime) -> None:
    """What was not, or only in part, carried out is suggested for the next agenda of the board that recommended it."""
    decision = recommendation.decision
    suggest(
        recommendation.patient,
        kind=SuggestionKind.DEVIATION,
        source_key=recommendation_key(recommendation.pk),
        question=deviation_question(
            recommendation.detail or recommendation.get_option_display(),
            decided_on(decision),
            recommendation.get_deviation_reason_display(),
            in_part=recommendation.status == RecommendationStatus.PARTLY,
        ),
        url=reverse("decision", args=[decision.pk]),
        board=decision.item.meeting.board,
        now=now,
    )


@transaction.atomic
def propose_from(recommendation: Recommendation, *, by: User, now: datetime, despite: str = "") -> TreatmentLine:
    """Makes a proposed treatment line of a signed recommendation and links the two. What the board did not say (the
    drug among several, the day) is completed on the line; why it starts is read from the record and can be corrected.
    Starting the line carries the recommendation out, declining it says why not. `despite` is why it is prepared before
    the patient was told."""
    recommendation = (
        Recommendation.objects.select_for_update(of=("self",))
        .select_related("decision__item__meeting__board__team", "patient__team", "line", "trial")
        .get(pk=recommendation.pk)
    )
    insist(policies.why_not_propose(recommendation, by, despite=despite))
    decision, patient = recommendation.decision, recommendation.patient
    option = Option(recommendation.option)
    board = decision.item.meeting.board
    what = ", ".join(part for part in (recommendation.detail or option.label, recommendation.condition) if part)
    said = f"{board.name}, {decided_on(decision):%d %b %Y}: {what}"
    before = despite.strip() if not is_told(decision.pk, ToldWhom.PATIENT) else ""
    if before:
        said = f"{said}\nPrepared before the patient was told: {before}"
    draft = LineDraft(
        modality=MODALITY_OF_OPTION[option],
        agent=agent_named(option, recommendation.detail, decision.text),
        intent=recommendation.intent,
        start_reason=start_reason_for(patient.pk),
        trial_number=recommendation.trial.nct_number if recommendation.trial else "",
        notes=said,
    )
    line = propose_line(patient, draft, by=by, now=now)
    recommendation.line = line
    recommendation.save_version("line")
    audit("decisions.propose_from", recommendation, decision, by=by, now=now, reason=before, details={"line": line.pk})
    return line
