"""How many scans a team can book, by kind, place and weekday."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.models import Team
from patients.capacity.rules import Pattern, week_words
from patients.imaging.rules import StudyModality

if TYPE_CHECKING:
    from careteam.people.models import User


class CapacityQuerySet(models.QuerySet["ImagingCapacity"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(team_id__in=access_of(user).team_ids)


@tracked
class ImagingCapacity(models.Model):
    """Places a day for one kind of scan at one place, Monday first, from a day on. Where two rows of a kind and place
    are in force, the one that began last counts."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    modality = models.CharField(max_length=14, choices=StudyModality)
    place = models.CharField(max_length=160, help_text="as slots name it")
    slots = ArrayField(models.PositiveSmallIntegerField(), size=7)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = CapacityQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "modality", "place", "valid_from"], name="capacity_begins_once"),
            models.CheckConstraint(condition=models.Q(slots__len=7), name="capacity_has_seven_days"),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=models.F("valid_from")),
                name="capacity_dates_in_order",
            ),
            models.CheckConstraint(condition=~models.Q(place=""), name="capacity_names_its_place"),
        )

    def __str__(self) -> str:
        return f"{self.get_modality_display()}, {self.place}"

    @property
    def pattern(self) -> Pattern:
        what = str(self.get_modality_display())
        return Pattern(self.modality, what, self.place, tuple(self.slots), self.valid_from, self.valid_until)

    @property
    def week(self) -> str:
        """Places a day in words."""
        return week_words(self.slots)
