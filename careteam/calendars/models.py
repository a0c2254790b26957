"""Links to calendars, and what each has said."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from careteam.calendars.rules import Entry, FeedKind, unpacked
from careteam.people.models import Team


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def alive(self, now: datetime) -> CalendarFeedQuerySet:
        """Neither revoked nor expired, of a person who may still sign in."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=now, user__is_active=True)


class CalendarFeed(models.Model):
    """One link of one person to one calendar. The link itself is not here: only the SHA-256 of its token is."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds")
    kind = models.CharField(max_length=6, choices=FeedKind)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    board_id = models.BigIntegerField(null=True, blank=True)
    name = models.CharField(max_length=200)
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind="person", team__isnull=True, board_id__isnull=True)
                | models.Q(kind="team", team__isnull=False, board_id__isnull=True)
                | models.Q(kind="board", team__isnull=False, board_id__isnull=False),
                name="calendar_feed_of_what",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="calendar_feed_expires"
            ),
        )
        indexes = (
            models.Index(fields=["expires_at"], name="calendar_feed_ends", condition=models.Q(revoked_at__isnull=True)),
        )

    def __str__(self) -> str:
        return self.name


class FeedEntry(models.Model):
    """What a feed has said of one thing: so that a change raises its sequence, and what disappears is said to be
    cancelled instead of being left in people's calendars."""

    feed = models.ForeignKey(CalendarFeed, on_delete=models.CASCADE, related_name="entries")
    key = models.CharField(max_length=60)
    said = models.JSONField()
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["feed", "key"], name="feed_entry_once"),)

    def __str__(self) -> str:
        return f"{self.key} of feed {self.feed_id}"

    @property
    def entry(self) -> Entry:
        return unpacked(self.key, self.said)
