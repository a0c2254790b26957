"""May this person record, sign, add, tell, settle?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.letters.queries import excluded_gp
from patients.treatment.policies import why_not_add as why_not_add_line
from patients.treatment.rules import OPEN_STATUSES
from tumorboard.decisions.models import Decision
from tumorboard.decisions.queries import decided_on, is_told
from tumorboard.decisions.rules import (
    DECISION_TRANSITIONS,
    MODALITY_OF_OPTION,
    RECOMMENDATION_CORRECTIONS,
    RECOMMENDATION_TRANSITIONS,
    DecisionStatus,
    DeviationReason,
    Option,
    Outcome,
    RecommendationStatus,
    ToldWhom,
)
from tumorboard.goalcheck.queries import GoalCheck
from tumorboard.meetings.rules import OPEN_ITEMS, MeetingStatus

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.decisions.models import Recommendation, Told
    from tumorboard.meetings.models import AgendaItem

FOLLOWS_UP = "Your roles in the patient's team do not include following up decisions."
TELL_FIRST = "The patient has not been told yet. Log that first, or say why treatment is prepared before."
_DEVIATES = frozenset({RecommendationStatus.PARTLY, RecommendationStatus.NOT_IMPLEMENTED})


def why_not_record(item: AgendaItem, user: User) -> list[str]:
    """Who decides at the board, its coordinator, or the scribe of this meeting writes what is said."""
    meeting = item.meeting
    team_id = meeting.board.team_id
    access = access_of(user)
    reasons = []
    writes = access.may(Permission.BOARD_DECIDE, team_id) or access.may(Permission.BOARD_AGENDA, team_id)
    if not (writes or (user.pk == meeting.scribe_id and access.may(Permission.PATIENT_VIEW, team_id))):
        reasons.append("Your roles do not include recording decisions of this board.")
    if meeting.status not in {MeetingStatus.RUNNING, MeetingStatus.HELD}:
        reasons.append("Start the meeting first.")
    if meeting.is_vote and user.pk != meeting.chair_id:
        reasons.append("The chair closes the e-vote.")
    if item.status not in OPEN_ITEMS:
        reasons.append(f"The case is {item.get_status_display().lower()}. Correct a signed decision by an addendum.")
    if item.patient.is_deceased:
        reasons.append("The patient has died.")
    return reasons


def why_not_say(outcome: Outcome, options: Collection[str], against: Mapping[str, str]) -> list[str]:
    """What a decision says must hang together: no change recommends nothing new, what is not chosen has its reason."""
    reasons = []
    if outcome == Outcome.NO_CHANGE and options:
        named = ", ".join(Option(option).label for option in options)
        reasons.append(f"No change: the present plan goes on. Yet something is recommended ({named}). Choose one.")
    for option, reason in against.items():
        if option in options:
            reasons.append(f"{Option(option).label} is both recommended and not chosen.")
        elif not reason.strip():
            reasons.append(f"{Option(option).label}: say why it is not chosen.")
    return reasons


def why_not_take_back(decision: Decision, user: User) -> list[str]:
    """Who may record may take back, until the signature."""
    if decision.error_at is not None:
        return ["It was taken back already."]
    if decision.status == DecisionStatus.SIGNED:
        return ["The decision is signed. Correct it by an addendum."]
    return why_not_record(decision.item, user)


def why_not_sign(decision: Decision, user: User) -> list[str]:
    reasons = lacks(
        user,
        Permission.BOARD_DECIDE,
        decision.item.meeting.board.team_id,
        "Only who may decide at this board signs its decisions.",
    )
    now_is = DecisionStatus(decision.status)
    if DecisionStatus.SIGNED not in DECISION_TRANSITIONS[now_is]:
        reasons.append(f"The decision is {now_is.label.lower()} already. Corrections are addenda.")
    if decision.error_at is not None:
        reasons.append("What was recorded was taken back; there is nothing to sign.")
    if decision.item.status not in OPEN_ITEMS:
        reasons.append(f"The case is {decision.item.get_status_display().lower()}; there is nothing to sign.")
    check = GoalCheck.read(decision.goal_check)
    if check and check.conflicts and not decision.goals_conflict_note.strip():
        said = " ".join(finding.words for finding in check.conflicts)
        reasons.append(
            f"{decision.patient.name}: the plan conflicts with what the patient accepts. {said} Write in the case how "
            "the plan answers it."
        )
    return reasons


def why_not_add(decision: Decision, user: User) -> list[str]:
    reasons = lacks(
        user,
        Permission.BOARD_DECIDE,
        decision.item.meeting.board.team_id,
        "Only who may decide at this board adds to its decisions.",
    )
    if decision.status != DecisionStatus.SIGNED:
        reasons.append("The decision is not signed yet: change it directly.")
    return reasons


def why_not_tell(
    decision: Decision, whom: ToldWhom, user: User, *, on: date, today: date, override_reason: str
) -> list[str]:
    """The patient comes before the GP, unless somebody says why not."""
    reasons = lacks(
        user,
        Permission.ACTION_UPDATE,
        decision.patient.team_id,
        "Your roles in the patient's team do not include logging who was told.",
    )
    if decision.status != DecisionStatus.SIGNED:
        reasons.append("Sign the decision first.")
    if whom is ToldWhom.PATIENT and decision.patient.is_deceased:
        reasons.append("The patient has died.")
    if on > today:
        reasons.append("The date lies in the future.")
    if on < decided_on(decision):
        reasons.append("The date lies before the decision.")
    if is_told(decision.pk, whom):
        reasons.append(f"{whom.label}: already logged as told.")
    if whom is ToldWhom.GP and not override_reason.strip():
        if not is_told(decision.pk, ToldWhom.PATIENT):
            reasons.append(
                "The patient comes first. Log that the patient was told, or say why the GP has to know before."
            )
        if name := excluded_gp([decision.patient]).get(decision.patient_id):
            reasons.append(
                f"The GP must not be told: the record says so of {name}. If they know all the same, say why."
            )
    return reasons


def why_not_untell(told: Told, user: User, *, reason: str) -> list[str]:
    """Told was logged by mistake. The GP's stays in force only while the patient's does, or with its own reason."""
    reasons = lacks(
        user,
        Permission.ACTION_UPDATE,
        told.patient.team_id,
        "Your roles in the patient's team do not include logging who was told.",
    )
    if told.error_at is not None:
        reasons.append("It was taken back already.")
    return reasons if reason.strip() else [*reasons, "Say what was wrong."]


def why_not_reinstate(recommendation: Recommendation, user: User | None) -> list[str]:
    """`user=None`: what answered the recommendation was entered in error."""
    reasons = []
    if user is not None:
        reasons += lacks(user, Permission.ACTION_UPDATE, recommendation.patient.team_id, FOLLOWS_UP)
    now_is = RecommendationStatus(recommendation.status)
    if RecommendationStatus.OPEN not in RECOMMENDATION_CORRECTIONS[now_is]:
        reasons.append(f"The recommendation is {now_is.label.lower()} already.")
    if recommendation.patient.is_deceased:
        reasons.append("The patient has died.")
    return reasons


def why_not_settle(
    recommendation: Recommendation, to: RecommendationStatus, user: User | None, *, reason: str, note: str
) -> list[str]:
    """`user=None`: a treatment line that started answers it."""
    reasons = []
    if user is not None:
        reasons += lacks(
            user,
            Permission.ACTION_UPDATE,
            recommendation.patient.team_id,
            FOLLOWS_UP,
        )
    if recommendation.decision.status != DecisionStatus.SIGNED:
        reasons.append("Sign the decision first.")
    now_is = RecommendationStatus(recommendation.status)
    if to not in RECOMMENDATION_TRANSITIONS[now_is]:
        reasons.append(f"The recommendation is {now_is.label.lower()}; it cannot become {to.label.lower()}.")
    if to in _DEVIATES and reason not in DeviationReason.values:
        reasons.append("Choose the reason.")
    if to in _DEVIATES and reason == DeviationReason.OTHER and not note.strip():
        reasons.append("Describe the other reason.")
    return reasons


def why_not_propose(recommendation: Recommendation, user: User, *, despite: str = "") -> list[str]:
    """May the recommendation become a proposed treatment line (row with patient, decision and line). Before the patient
    was told it takes a reason, `despite`."""
    reasons = why_not_add_line(recommendation.patient, user)
    if recommendation.decision.status != DecisionStatus.SIGNED:
        reasons.append("Sign the decision first.")
    if recommendation.option not in MODALITY_OF_OPTION:
        reasons.append(f"{recommendation.get_option_display()} is no treatment line; assign an action instead.")
    now_is = RecommendationStatus(recommendation.status)
    if RecommendationStatus.IMPLEMENTED not in RECOMMENDATION_TRANSITIONS[now_is]:
        reasons.append(f"The recommendation is {now_is.label.lower()}.")
    if recommendation.line is not None and recommendation.line.status in OPEN_STATUSES:
        reasons.append(f"It is a line already: {recommendation.line.label}.")
    if not reasons and not despite.strip() and not is_told(recommendation.decision_id, ToldWhom.PATIENT):
        reasons.append(TELL_FIRST)
    return reasons
