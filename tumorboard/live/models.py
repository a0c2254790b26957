"""What belongs to the screens of a meeting: projectors without a person, notes and drafts that only their author
reads."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from tumorboard.live.rules import OVER
from tumorboard.meetings.models import AgendaItem, Meeting


class ScreenQuerySet(models.QuerySet["ProjectorSession"]):
    def running(self, now: datetime) -> ScreenQuerySet:
        """Neither ended nor run out, of a meeting that is not over."""
        return self.filter(ended_at__isnull=True, ends_at__gt=now).exclude(meeting__status__in=OVER)


class ProjectorSession(models.Model):
    """One screen that may show the live page of one meeting, read-only, without a person signed in, until the meeting
    ends. The cookie itself is not here: only its SHA-256 is. Reads are audited as those of who started it."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="projectors")
    token_digest = models.CharField(max_length=64, unique=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="at the latest, when nobody ends the meeting")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScreenQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("started_at")), name="projector_ends"),
        )

    def __str__(self) -> str:
        return f"projector of {self.meeting_id}"


class DecisionDraft(models.Model):
    """What one person has typed into the decision of a case and not recorded. Untracked, no minutes, read by nobody
    else; gone when it is recorded or, some weeks after the meeting, by itself.

    `undo` is what stood recorded (form values; empty: nothing) before this person recorded `undo_version`."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="decision_drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = models.JSONField(default=dict, blank=True)
    undo = models.JSONField(default=dict, blank=True)
    undo_version = models.PositiveIntegerField(null=True, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["item", "author"], name="decision_draft_one_per_author"),)
        indexes = (models.Index(fields=["saved_at"], name="decision_draft_age"),)

    def __str__(self) -> str:
        return f"draft by {self.author_id}"


class PrivateNote(models.Model):
    """What one person noted for themselves about a case. Untracked, in no minutes, no export, no history; nobody else
    reads it, and it is removed some weeks after the meeting."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="private_notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["item", "author"], name="private_note_one_per_author"),)
        indexes = (models.Index(fields=["saved_at"], name="private_note_age"),)

    def __str__(self) -> str:
        return f"note by {self.author_id}"
