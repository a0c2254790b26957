"""The team's letterhead and texts, runs, and every letter as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.models import Team
from patients.imaging.models import ContactAttempt, ImagingStudy
from patients.letters.rules import LetterKind
from patients.record.models import ClinicalRow

if TYPE_CHECKING:
    from careteam.people.models import User


class OfTeamQuerySet(models.QuerySet["LetterRun"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(team_id__in=access_of(user).team_ids)


@tracked
class LetterHead(models.Model):
    """Who writes, as it stands above every letter, and the number that patients call."""

    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="letter_head")
    name = models.CharField(max_length=120)
    address = models.TextField()
    phone = models.CharField(max_length=60)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(address="") & ~models.Q(phone=""), name="letter_head_is_whole"
            ),
        )

    def __str__(self) -> str:
        return self.name


@tracked
class LetterText(models.Model):
    """One version of a team's text for a kind of letter in a language. The one in use was activated by a lead and has
    not ended; where there is none, the shipped text is used. What was written is never changed: a change is a new
    version."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=LetterKind)
    language = models.CharField(max_length=8, help_text="BCP 47, without a region")
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=160)
    body = models.TextField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    activated_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "kind", "language", "number"], name="letter_text_number_once"),
            models.UniqueConstraint(
                fields=["team", "kind", "language"],
                condition=models.Q(activated_at__isnull=False, ended_at__isnull=True),
                name="letter_text_one_in_use",
            ),
            models.CheckConstraint(
                condition=models.Q(activated_at__isnull=True, activated_by__isnull=True)
                | models.Q(activated_at__isnull=False, activated_by__isnull=False),
                name="letter_text_activated_has_who",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(activated_at__isnull=False),
                name="letter_text_ends_after_use",
            ),
            models.CheckConstraint(
                condition=~models.Q(subject="") & ~models.Q(body=""), name="letter_text_says_something"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.language}, version {self.number}"


@tracked
class LetterRun(models.Model):
    """Letters that were asked for in one go and print as one file. A worker writes them one by one: `done` of `asked`,
    until `finished_at`. `failed` says which studies got none, and why."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    asked = models.JSONField(default=list, help_text="[study, kind], in the order in which they are written")
    done = models.PositiveSmallIntegerField(default=0, help_text="how many of them were tried")
    finished_at = models.DateTimeField(null=True, blank=True)
    failed = models.JSONField(default=list, help_text="study, kind, why: sentences without names")

    objects = OfTeamQuerySet.as_manager()

    class Meta:
        pass

    def __str__(self) -> str:
        return f"letters of {self.made_at:%Y-%m-%d %H:%M}"


# What may still change in a letter: that it was not sent after all.
_CHANGEABLE = "ARRAY['version', 'error_at', 'error_by_id', 'error_reason']"


@tracked
class LetterSent(ClinicalRow):
    """A letter as it was written: to whom, in which words, by whom (`created_by`), when. Immutable, a trigger sees to
    it; the columns of an error say that it was not sent after all. `contact` is its contact attempt, for letters to the
    patient."""

    study = models.ForeignKey(ImagingStudy, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=12, choices=LetterKind)
    language = models.CharField(max_length=8)
    wanted_language = models.CharField(max_length=20, blank=True, help_text="the patient's, where another one was used")
    text_number = models.PositiveIntegerField(default=0, help_text="version of the team's text; 0: the shipped one")
    sender = models.TextField(help_text="letterhead, a line each")
    recipient = models.TextField(help_text="address window, a line each")
    subject = models.CharField(max_length=300)
    body = models.TextField()
    slot = models.DateTimeField(null=True, blank=True, help_text="the booked slot an invitation is about")
    despite = models.CharField(max_length=250, blank=True, help_text="why the GP before the patient")
    sent_at = models.DateTimeField()
    sent_on = models.DateField()
    run = models.ForeignKey(LetterRun, on_delete=models.PROTECT, null=True, blank=True, related_name="letters")
    contact = models.OneToOneField(
        ContactAttempt, on_delete=models.PROTECT, null=True, blank=True, related_name="letter"
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["study", "kind", "slot", "sent_on"],
                condition=models.Q(error_at__isnull=True),
                nulls_distinct=False,
                name="letter_once_a_day",
            ),
            models.CheckConstraint(condition=models.Q(created_by__isnull=False), name="letter_has_who"),
            models.CheckConstraint(
                condition=~models.Q(recipient="") & ~models.Q(subject="") & ~models.Q(body="") & ~models.Q(sender=""),
                name="letter_is_whole",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="invitation") | models.Q(slot__isnull=False), name="letter_invites_to_a_slot"
            ),
        )
        triggers = (
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="sent_is_immutable",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF to_jsonb(OLD) - {_CHANGEABLE} <> to_jsonb(NEW) - {_CHANGEABLE} THEN
                        RAISE EXCEPTION 'letter % was written: say that it was not sent, and write another', OLD.id;
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return str(self.get_kind_display())
