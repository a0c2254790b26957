"""What a case does without, and who is asked for what it lacks."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from careteam.people.rules import Role
from patients.record.models import ClinicalQuerySet, ClinicalRow
from tumorboard.readiness.rules import Item
from tumorboard.referrals.models import Referral


class WaiverQuerySet(ClinicalQuerySet):
    def standing(self) -> Self:
        return self.valid().filter(ended_at__isnull=True)


class ChaseQuerySet(ClinicalQuerySet):
    def open(self) -> Self:
        return self.valid().filter(closed_at__isnull=True)


@tracked
class Waiver(ClinicalRow):
    """The board may decide this case without the value: who said so, when, why; taken back it is ended, not gone."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="waivers")
    item = models.CharField(max_length=16, choices=Item)
    reason = models.CharField(max_length=250)
    waived_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    waived_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects: ClassVar = WaiverQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["referral", "item"],
                condition=models.Q(ended_at__isnull=True, error_at__isnull=True),
                name="waiver_one_standing",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="waiver_has_reason"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="waiver_ended_has_who_when",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_item_display()} waived"


@tracked
class Chase(ClinicalRow):
    """Somebody is asked for a value that a case lacks, by a day before the cut-off. It ends by itself when the record
    holds the value. `owner` empty: nobody of `owner_role` works here, it is that role's queue.

    Without an `item` it is something the board named in `text`, which no field of the record holds: a person says that
    it is there."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="chases")
    item = models.CharField(max_length=16, choices=Item, blank=True)
    text = models.CharField(max_length=200, blank=True)
    is_wanted = models.BooleanField(default=False, help_text="the board deferred the case for it")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    owner_role = models.CharField(max_length=30, choices=Role)
    is_assigned = models.BooleanField(default=False, help_text="a person chose the owner")
    due_on = models.DateField()
    opened_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="again, shortly before the due date")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.CharField(max_length=120, blank=True)

    objects: ClassVar = ChaseQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["referral", "item", "text"],
                condition=models.Q(closed_at__isnull=True, error_at__isnull=True),
                name="chase_one_open",
            ),
            models.CheckConstraint(
                condition=(models.Q(text="") & ~models.Q(item=""))
                | (models.Q(item="", is_wanted=True) & ~models.Q(text="")),
                name="chase_is_item_or_text",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_because="")
                | (models.Q(closed_at__isnull=False) & ~models.Q(closed_because="")),
                name="chase_closed_has_why",
            ),
        )
        indexes = (models.Index(fields=["referral"], name="chase_open", condition=models.Q(closed_at__isnull=True)),)

    def __str__(self) -> str:
        return f"{self.name} by {self.due_on}"

    @property
    def name(self) -> str:
        """What is asked for."""
        return self.text or self.get_item_display()


class CaseInputQuerySet(ClinicalQuerySet):
    def standing(self) -> Self:
        return self.valid().filter(ended_at__isnull=True)


@tracked
class CaseInput(ClinicalRow):
    """What a profession adds to a case; without words it was looked at, and there is nothing to add. A later one ends
    the one before, which stays."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="inputs")
    role = models.CharField(max_length=30, choices=Role)
    text = models.CharField(max_length=500, blank=True)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    said_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = CaseInputQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["referral", "role"],
                condition=models.Q(ended_at__isnull=True, error_at__isnull=True),
                name="input_one_standing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.text or 'nothing to add'}"
