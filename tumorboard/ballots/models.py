"""An e-vote of the quorum about one case: what is proposed, who voted what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.rules import Permission, Specialty
from patients.record.models import ClinicalQuerySet, ClinicalRow
from patients.treatment.rules import Intent
from tumorboard.ballots.rules import LIVE_BALLOTS, BallotStatus, VoteChoice
from tumorboard.decisions.rules import Option
from tumorboard.meetings.models import AgendaItem

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User

# A vote stands once its ballot is over, whoever writes.
_ONLY_WHILE_OPEN = pgtrigger.Trigger(
    name="vote_while_open",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    func="""
        IF TG_OP = 'DELETE' OR
           (SELECT status FROM tumorboard_ballot WHERE id = NEW.ballot_id) IS DISTINCT FROM 'open' THEN
            RAISE EXCEPTION 'votes of ballot % stand', COALESCE(NEW.ballot_id, OLD.ballot_id);
        END IF;
        RETURN NEW;
    """,
)


class BallotQuerySet(ClinicalQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Of boards of the person's teams, as meetings are."""
        teams = access_of(user).teams_where(Permission.PATIENT_VIEW)
        return self.filter(item__meeting__board__team_id__in=teams)

    def live(self) -> Self:
        """Open, or waiting for the chair."""
        return self.filter(status__in=LIVE_BALLOTS)


@tracked
class Ballot(ClinicalRow):
    """One e-vote. Its meeting holds board, chair, opening and end; its case holds the question."""

    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, related_name="ballot")
    status = models.CharField(max_length=9, choices=BallotStatus, default=BallotStatus.OPEN)
    why_urgent = models.CharField(max_length=300)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField(help_text="when voting ends")
    asked = ArrayField(models.BigIntegerField(), default=list, blank=True, help_text="people who were told of it")
    reminded_at = models.DateTimeField(null=True, blank=True)
    extended_at = models.DateTimeField(null=True, blank=True)
    extended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    extend_reason = models.CharField(max_length=300, blank=True)
    accepted = models.ForeignKey("Proposal", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    close_note = models.TextField(blank=True, help_text="the chair's answer, or why the case goes to a meeting")

    objects: ClassVar = BallotQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(condition=models.Q(closes_at__gt=models.F("opened_at")), name="ballot_lasts"),
            models.CheckConstraint(condition=~models.Q(why_urgent=""), name="ballot_says_why"),
            models.CheckConstraint(
                condition=models.Q(status="accepted", accepted__isnull=False, closed_by__isnull=False)
                | (~models.Q(status="accepted") & models.Q(accepted__isnull=True)),
                name="ballot_accepts_a_proposal",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["open", "ended"], closed_at__isnull=True)
                | (models.Q(closed_at__isnull=False) & ~models.Q(status__in=["open", "ended"])),
                name="ballot_closed_has_when",
            ),
            models.CheckConstraint(
                condition=models.Q(extended_at__isnull=True, extended_by__isnull=True)
                | (models.Q(extended_at__isnull=False, extended_by__isnull=False) & ~models.Q(extend_reason="")),
                name="ballot_extended_has_who_why",
            ),
        )
        indexes = (
            models.Index(fields=["closes_at"], name="ballot_live", condition=models.Q(status__in=["open", "ended"])),
        )

    def __str__(self) -> str:
        return f"e-vote {self.pk}"


@tracked
class Proposal(ClinicalRow):
    """What is voted on, as it was when voting began."""

    ballot = models.ForeignKey(Ballot, on_delete=models.PROTECT, related_name="proposals")
    number = models.PositiveSmallIntegerField()
    options = ArrayField(models.CharField(max_length=16, choices=Option), default=list)
    intent = models.CharField(max_length=16, choices=Intent, blank=True)
    detail = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    rationale = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(fields=["ballot", "number"], name="proposal_number_once"),
            models.CheckConstraint(condition=~models.Q(text=""), name="proposal_says_something"),
        )
        triggers = (pgtrigger.Protect(name="proposal_stands", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return self.text


@tracked
class Vote(ClinicalRow):
    """What one person votes, and for which specialty it counts; changed freely until the ballot ends."""

    ballot = models.ForeignKey(Ballot, on_delete=models.PROTECT, related_name="votes")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    specialty = models.CharField(max_length=30, choices=Specialty)
    choice = models.CharField(max_length=8, choices=VoteChoice)
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="votes")
    comment = models.TextField(blank=True)
    voted_at = models.DateTimeField()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(fields=["ballot", "voter"], name="vote_once"),
            models.CheckConstraint(
                condition=models.Q(choice="agree", proposal__isnull=False)
                | (~models.Q(choice="agree") & models.Q(proposal__isnull=True)),
                name="vote_agrees_with_something",
            ),
            models.CheckConstraint(
                condition=~models.Q(choice="disagree") | ~models.Q(comment=""), name="vote_against_has_reason"
            ),
        )
        triggers = (_ONLY_WHILE_OPEN,)

    def __str__(self) -> str:
        return f"{self.get_choice_display()}, {self.voter_id}"
