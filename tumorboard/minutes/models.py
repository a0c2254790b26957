"""Signed minutes, version by version, and the printouts made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.rules import Permission
from careteam.printing.models import Printout
from tumorboard.meetings.models import Meeting
from tumorboard.minutes.rules import Content

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


class SignedMinutesQuerySet(models.QuerySet["SignedMinutes"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Minutes of boards of the person's teams."""
        return self.filter(meeting__board__team_id__in=access_of(user).teams_where(Permission.PATIENT_VIEW))


@tracked
class SignedMinutes(models.Model):
    """One version of a meeting's minutes, word for word as it was signed; a trigger refuses every change. What is
    corrected afterwards (an addendum to a decision, an attendance) makes the next version, with its reason."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="signed_minutes")
    number = models.PositiveIntegerField()
    content = models.JSONField(help_text="`rules.Content`")
    patient_ids = ArrayField(models.BigIntegerField(), default=list)
    reason = models.CharField(max_length=500, blank=True, help_text="why there is another version")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    signed_at = models.DateTimeField()

    objects: ClassVar = SignedMinutesQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["meeting", "number"], name="minutes_version_once"),
            models.CheckConstraint(
                condition=models.Q(number=1) | ~models.Q(reason=""), name="minutes_later_version_says_why"
            ),
        )
        triggers = (pgtrigger.Protect(name="minutes_are_signed", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def text(self) -> Content:
        return Content.read(self.content)


class MinutesPrint(Printout):
    """The PDF of one version; its parts are cases."""

    minutes = models.OneToOneField(SignedMinutes, on_delete=models.PROTECT, related_name="printout")

    class Meta:
        indexes = (
            models.Index(
                fields=["asked_at"], name="minutes_print_open", condition=models.Q(state__in=["waiting", "running"])
            ),
        )

    def __str__(self) -> str:
        return f"{self.minutes}, {self.get_state_display().lower()}"
