"""Filters of the worklist under a name."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from careteam.people.models import Team


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def kept(self) -> SavedViewQuerySet:
        return self.filter(removed_at__isnull=True)


@tracked
class SavedView(models.Model):
    """The filters of the worklist under a name: coded values only, no patient. Shared ones are seen by the team."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="imaging_views", db_index=False
    )
    name = models.CharField(max_length=60)
    query = models.JSONField(help_text="filter → coded value; what the page does not know is dropped")
    is_default = models.BooleanField(default=False, help_text="what its owner's worklist opens with")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["owner", "team", "name"],
                condition=models.Q(removed_at__isnull=True),
                name="view_name_once_per_owner",
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=models.Q(removed_at__isnull=True, is_default=True),
                name="view_one_default_per_owner",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="view_has_name"),
        )
        indexes = (
            models.Index(fields=["team"], name="view_shared", condition=models.Q(is_shared=True, removed_at=None)),
        )

    def __str__(self) -> str:
        return self.name
