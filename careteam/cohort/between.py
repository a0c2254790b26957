"""What happens between two meetings and after them in the demo, through the commands that people use."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from careteam.people.models import Team, User
from careteam.people.queries import absent_user_ids, people_with_role
from careteam.people.rules import Role
from tumorboard.actions.commands import assign
from tumorboard.actions.rules import ActionKind
from tumorboard.ballots.commands import Proposed, cast_vote, open_ballot
from tumorboard.ballots.models import Ballot
from tumorboard.ballots.rules import VoteChoice
from tumorboard.decisions.commands import reinstate
from tumorboard.decisions.models import Decision, Recommendation, Told
from tumorboard.decisions.rules import (
    DecisionStatus,
    DeviationReason,
    Option,
    RecommendationStatus,
    ToldWhom,
)
from tumorboard.letters.commands import send_letter, write_letter
from tumorboard.letters.models import DecisionLetter
from tumorboard.letters.rules import SentHow
from tumorboard.opinions.commands import answer as answer_opinion
from tumorboard.opinions.commands import ask_team, assign_opinion
from tumorboard.opinions.models import Opinion
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import ReferralStatus

_QUESTIONS = (
    "Would you resect the liver metastases, in one stage or two?",
    "Is there a trial at your site after PRRT for this patient?",
)
_VOTES: tuple[tuple[Role, VoteChoice, str], ...] = (
    (Role.SURGEON, VoteChoice.AGREE, "No surgical option at present."),
    (Role.RADIOLOGIST, VoteChoice.AGREE, ""),
    (Role.PATHOLOGIST, VoteChoice.AGREE, "Grade unchanged on the last specimen."),
    (Role.NUCLEAR_MEDICINE, VoteChoice.DISCUSS, "The last SSTR PET is worth a look together."),
)


def open_vote_of_demo(team: Team, *, now: datetime) -> Ballot | None:
    """One open e-vote with most of its votes, where the team has a referral that waits and no e-vote yet."""
    waiting = Referral.objects.valid().filter(
        board__team=team, status=ReferralStatus.SUBMITTED, patient__deceased_on=None, patient__merged_into=None
    )
    referral = waiting.select_related("board").order_by("pk").first()
    if referral is None or Ballot.objects.filter(item__meeting__board__team=team).exists():
        return None
    chair, coordinator = _one(team, Role.ONCOLOGIST), _one(team, Role.BOARD_COORDINATOR)
    opened = now - timedelta(hours=3)
    ballot = open_ballot(
        referral,
        [
            Proposed(
                options=(Option.SSA, Option.WITH_PALLIATIVE),
                intent="symptom",
                detail="shorten the interval to 21 days",
                rationale="On the full dose for months; admitted twice this month.",
            ),
            Proposed(options=(Option.EMBOLIZATION,), intent="symptom", detail="right lobe first"),
        ],
        why_urgent="Admitted with dehydration; the ward asks what comes next before the weekend.",
        closes_at=(now + timedelta(hours=21)).replace(minute=0, second=0, microsecond=0),
        chair=chair,
        by=coordinator,
        now=opened,
    )
    for hours, (role, choice, comment) in enumerate(_VOTES):
        at = opened + timedelta(minutes=20 + 25 * hours)
        proposal = 1 if choice is VoteChoice.AGREE else 0
        cast_vote(ballot, choice, proposal=proposal, comment=comment, by=_one(team, role), now=at)
    return ballot


def follow_decisions_of_demo(team: Team, *, now: datetime) -> None:
    """What became of some decisions: letters written, one of them sent; work of somebody who is away; something that
    could not be done and can be now, while a later decision stands."""
    oncologist = _one(team, Role.ONCOLOGIST)
    told = Told.objects.valid().filter(whom=ToldWhom.PATIENT)
    signed = Decision.objects.valid().filter(
        patient__team=team, patient__deceased_on=None, status=DecisionStatus.SIGNED, pk__in=told.values("decision_id")
    )
    recent = signed.filter(signed_at__lt=now - timedelta(days=6)).exclude(patient__address="").order_by("-signed_at")
    decision = recent.select_related("patient__team", "item__meeting__board__team").first()
    if decision is None or DecisionLetter.objects.filter(patient__team=team).exists():
        return
    on = now - timedelta(days=5)
    letter = write_letter(decision, ToldWhom.PATIENT, by=oncologist, now=on)
    send_letter(letter, SentHow.POST, on=team.local_date(on), by=oncologist, now=on)
    write_letter(
        decision,
        ToldWhom.GP,
        own_words="Please check blood count, creatinine and liver values before the next visit.",
        by=oncologist,
        now=on,
    )
    today = team.local_date(now)
    away = User.objects.filter(pk__in=absent_user_ids(today), memberships__team=team).order_by("pk").first()
    if away is not None:
        assign(
            decision.patient,
            what="Ask for the outside pathology slides",
            owner=away,
            due_on=today - timedelta(days=4),
            kind=ActionKind.OTHER,
            decision=decision,
            by=oncologist,
            now=now - timedelta(days=9),
        )
    later = Decision.objects.valid().filter(
        patient_id=OuterRef("patient_id"), status=DecisionStatus.SIGNED, signed_at__gt=OuterRef("decision__signed_at")
    )
    unfunded = Recommendation.objects.valid().filter(
        Exists(later),
        patient__team=team,
        patient__deceased_on=None,
        status=RecommendationStatus.NOT_IMPLEMENTED,
        deviation_reason=DeviationReason.ACCESS,
    )
    recommendation = unfunded.order_by("-settled_at", "pk").first()
    if recommendation is not None:
        reinstate(recommendation, by=oncologist, now=now, because="The insurer pays after all")


def ask_north_of_demo(team: Team, north: Team, *, now: datetime) -> Opinion | None:
    """A second opinion of the other team with its signed answer, and one that waits for a reader there; once."""
    if Opinion.objects.filter(team=north).exists():
        return None
    signed = Decision.objects.valid().filter(
        patient__team=team,
        patient__deceased_on=None,
        patient__merged_into=None,
        status=DecisionStatus.SIGNED,
        recommendations__option__in=[Option.SURGERY, Option.EMBOLIZATION, Option.PRRT],
    )
    found = list(signed.select_related("patient__team", "item__referral").order_by("-signed_at", "-pk").distinct()[:2])
    if len(found) < len(_QUESTIONS):
        return None
    by, expert, lead = _one(team, Role.ONCOLOGIST), _one(north, Role.SURGEON), _one(north, Role.TEAM_LEAD)
    asked = now - timedelta(days=4)
    opinions = [
        ask_team(
            decision.patient,
            north,
            question=question,
            until=asked + timedelta(days=14),
            agreed=True,
            decision=decision,
            by=by,
            now=asked,
        )
        for decision, question in zip(found, _QUESTIONS, strict=True)
    ]
    assign_opinion(opinions[0], expert, by=lead, now=asked + timedelta(hours=5))
    return answer_opinion(
        opinions[0],
        text="Not resectable in one stage: the remnant would be too small. I would embolize the right portal vein "
        "and image the liver again after six weeks; if the left lobe has grown, please show me the scan.",
        options=[Option.EMBOLIZATION, Option.IMAGING],
        by=expert,
        now=asked + timedelta(days=2),
    )


def _one(team: Team, role: Role) -> User:
    """The first of that role by seniority."""
    return min(people_with_role(team, role), key=lambda person: person.pk)
