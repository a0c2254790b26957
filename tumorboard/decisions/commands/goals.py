"""Where the signed plan and what the patient wants differ, somebody talks again: a reason of the goals prompt."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse

from careteam.notifications.commands import notify
from patients.goals.commands import drop_reason, raise_prompts
from patients.goals.rules import FoundReason, PromptReason
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.rules import RecommendationStatus
from tumorboard.goalcheck.queries import GoalCheck
from tumorboard.goalcheck.rules import Verdict

if TYPE_CHECKING:
    from careteam.people.models import User

_GONE = (RecommendationStatus.SUPERSEDED, RecommendationStatus.NOT_IMPLEMENTED)


def differs_key(decision_id: int) -> str:
    """Source of the reason, and key of the message to whom it falls."""
    return f"decision:{decision_id}"


def _differing(decision: Decision) -> list[str]:
    """Options of the decision that cost more than the patient accepts; all of them where the chair answered a
    conflict with a sentence that the check of the signature no longer finds. Empty: nothing differs."""
    check = GoalCheck.read(decision.goal_check)
    found = [finding.option for finding in check.findings if finding.verdict == Verdict.CONFLICT] if check else []
    if found or not decision.goals_conflict_note.strip():
        return found
    return list(Recommendation.objects.valid().filter(decision=decision).values_list("option", flat=True))


def talk_again(decision: Decision, *, by: User | None, now: datetime) -> bool:
    """Asks for a conversation where the signed decision and the patient's goals differ and what differs still stands;
    whoever tells the patient has it. Takes the reason back where nothing of it stands any more. True when it asks.
    Called in the transaction of the signature, and when a recommendation is settled or open again."""
    stands = (
        Recommendation.objects.valid()
        .filter(decision=decision, option__in=_differing(decision))
        .exclude(status__in=_GONE)
        .exists()
    )
    if not stands:
        take_back(decision, by=by, now=now)
        return False
    patient = decision.patient
    today = patient.team.local_date(now)
    owner = decision.item.referral.presenter or by
    reason = FoundReason(PromptReason.DECISION, today, differs_key(decision.pk), decision.text[:200])
    if raise_prompts({patient.pk: [reason]}, by=by, owner=owner, now=now) and owner is not None:
        notify(
            [owner],
            key=f"goals-{differs_key(decision.pk)}",
            kind="goals",
            title="A decision and the patient's goals differ: talk again",
            url=reverse("decision", args=[decision.pk]),
            patient_id=patient.pk,
            now=now,
        )
    return True


def take_back(decision: Decision, *, by: User | None, now: datetime) -> None:
    """Decision and goals no longer differ: the reason goes, and the prompt where it was the only one."""
    drop_reason(decision.patient_id, PromptReason.DECISION, differs_key(decision.pk), by=by, now=now)
