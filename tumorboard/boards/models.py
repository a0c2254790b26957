"""A board is a recurring tumor board of a team, with its standing members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.people.models import Team
from careteam.people.rules import Permission, Specialty
from tumorboard.boards.rules import default_quorum_when

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


class TeamOwnedQuerySet(models.QuerySet["Board"]):
    """For rows that belong to a team through `team_path`."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(team_id__in=access_of(user).teams_where(Permission.PATIENT_VIEW))


@tracked
class Board(models.Model):
    """Recurrence is an RRULE in the team's local time; quorum is a list of specialties, `quorum_when` what a case adds
    to it: `{condition: [specialty, ...]}` of `rules.QuorumCondition`."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="boards")
    name = models.CharField(max_length=120)
    rrule = models.CharField(max_length=200, help_text="RFC 5545, local time: FREQ=WEEKLY;BYDAY=TH")
    starts_on = models.DateField(help_text="first day the rule counts from")
    local_time = models.TimeField()
    duration_minutes = models.PositiveSmallIntegerField(default=60)
    place = models.CharField(max_length=160, blank=True)
    link = models.URLField(blank=True)
    cutoff_hours = models.PositiveSmallIntegerField(default=26, help_text="hours before the start")
    minutes_full = models.PositiveSmallIntegerField(default=10)
    minutes_routine = models.PositiveSmallIntegerField(default=4)
    minutes_information = models.PositiveSmallIntegerField(null=True, blank=True, help_text="empty: as routine")
    minutes_rediscussion = models.PositiveSmallIntegerField(null=True, blank=True, help_text="empty: as full")
    quorum = ArrayField(models.CharField(max_length=30, choices=Specialty), default=list)
    quorum_when = models.JSONField(default=default_quorum_when, blank=True)
    skip_holidays = models.BooleanField(default=True)
    exceptions = ArrayField(models.DateField(), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    objects = TeamOwnedQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "name"], name="board_name_once"),
            models.CheckConstraint(condition=models.Q(duration_minutes__gte=5), name="board_lasts"),
        )

    def __str__(self) -> str:
        return self.name


@tracked
class BoardMember(models.Model):
    """A standing member; what counts for quorum is the specialty. The deputy takes the seat, and stands for the same
    specialty, on days on which the member is away."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="boards")
    specialty = models.CharField(max_length=30, choices=Specialty)
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["board", "user"], name="board_member_once"),
            models.CheckConstraint(
                condition=~models.Q(user=models.F("deputy")), name="board_member_deputy_is_somebody_else"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.board}"
