"""One date of a board, its agenda, who was there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from careteam.access.queries import access_of
from careteam.audit.models import tracked
from careteam.notifications.rules import DeliveryStatus
from careteam.people.rules import Permission, Specialty
from careteam.web.stream import ring_on_commit
from patients.record.models import ClinicalQuerySet, ClinicalRow
from tumorboard.boards.models import Board
from tumorboard.meetings.rules import (
    OPEN_ITEMS,
    SECTION_RANK,
    AttendanceMode,
    ChangeKind,
    ItemStatus,
    MeetingKind,
    MeetingStatus,
    Section,
)
from tumorboard.readiness.rules import Item
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import DeferReason

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from careteam.people.models import User


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Meetings of boards of the person's teams. A grant to one patient opens no meeting."""
        return self.filter(board__team_id__in=access_of(user).teams_where(Permission.PATIENT_VIEW))

    def sessions(self) -> Self:
        """Meetings at a table: dates of calendars, agendas and rhythms. An e-vote is none."""
        return self.filter(kind=MeetingKind.SESSION)

    def lock(self, pk: int) -> Meeting:
        """The meeting with board and team, locked: agenda changes of two people happen one after the other."""
        return self.select_for_update(of=("self",)).select_related("board__team").get(pk=pk)


class AgendaItemQuerySet(ClinicalQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(meeting__board__team_id__in=access_of(user).teams_where(Permission.PATIENT_VIEW))

    def open(self) -> Self:
        """Neither decided, deferred nor withdrawn."""
        return self.filter(status__in=OPEN_ITEMS)

    def in_order(self) -> Self:
        """By section, then by place: what is shown, discussed and printed one after the other."""
        ranks = [models.When(section=section, then=models.Value(rank)) for section, rank in SECTION_RANK.items()]
        rank = models.Case(*ranks, default=models.Value(len(ranks)), output_field=models.IntegerField())
        return self.order_by(rank, "position", "pk")

    def lock_full(self, pk: int) -> AgendaItem:
        """The case with patient, referral and its board, locked. The meeting is locked before."""
        row: AgendaItem = self.select_related("patient", "referral__board").lock(pk)
        return row


@tracked
class Meeting(models.Model):
    """One date of a board. An e-vote is a meeting too, about one case, from its opening to its end: who voted attended
    it, and its decision, minutes and figures are those of any meeting."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="meetings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cutoff_at = models.DateTimeField()
    occurrence_on = models.DateField(help_text="the date the recurrence gave; stays when the meeting is moved")
    kind = models.CharField(max_length=7, choices=MeetingKind, default=MeetingKind.SESSION)
    status = models.CharField(max_length=10, choices=MeetingStatus, default=MeetingStatus.PLANNED)
    place = models.CharField(max_length=160, blank=True)
    link = models.URLField(blank=True)
    is_extra = models.BooleanField(default=False, help_text="added by hand; the rhythm does not give it")
    moved_from = models.DateTimeField(null=True, blank=True, help_text="when it was planned before it was moved")
    move_reason = models.CharField(max_length=200, blank=True)
    sequence = models.PositiveIntegerField(default=0, help_text="of invitations: rises with every change of the date")
    chair = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    scribe = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    frozen_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    invited_at = models.DateTimeField(null=True, blank=True, help_text="the invitation went out last")
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar = MeetingQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["board", "occurrence_on"], condition=models.Q(kind="session"), name="meeting_once"
            ),
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="meeting_lasts"),
            models.CheckConstraint(
                condition=models.Q(cutoff_at__lte=models.F("starts_at")), name="meeting_cutoff_before_start"
            ),
            models.CheckConstraint(
                condition=models.Q(moved_from__isnull=True) | ~models.Q(move_reason=""), name="meeting_moved_has_reason"
            ),
        )
        indexes = (models.Index(fields=["starts_at"], name="meeting_at"),)

    def __str__(self) -> str:
        return f"{self.board} {self.starts_at:%Y-%m-%d}"

    @property
    def topic(self) -> str:
        """What the live channel calls this meeting."""
        return f"meeting:{self.pk}"

    @property
    def is_vote(self) -> bool:
        return self.kind == MeetingKind.VOTE

    @property
    def length_minutes(self) -> int:
        return round((self.ends_at - self.starts_at).total_seconds() / 60)

    def save_version(self, *fields: str) -> None:
        """Saves the named fields and raises the version: every screen that shows the meeting looks again, at once when
        the live channel works. Only commands call it."""
        self.version += 1
        self.save(update_fields=[*fields, "version"])
        ring_on_commit(self.topic)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def claimable(self, now: datetime) -> InvitationQuerySet:
        """Waiting, due, and not held by a worker that is still alive."""
        return self.filter(
            models.Q(leased_until__isnull=True) | models.Q(leased_until__lt=now),
            status=DeliveryStatus.PENDING,
            next_attempt_at__lte=now,
        )

    def given_up(self, now: datetime) -> InvitationQuerySet:
        """Nobody took it, and it still says what is true of a meeting that lies ahead."""
        return self.filter(
            status=DeliveryStatus.FAILED, sequence=models.F("meeting__sequence"), meeting__starts_at__gt=now
        )


class Invitation(models.Model):
    """One mail with a calendar entry to one person: of a meeting as it stands at `sequence`, or that it is off. It
    names board, place and time, and no patient."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="invitations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sequence = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["meeting", "user", "sequence"], name="invitation_once"),
            models.CheckConstraint(
                condition=~models.Q(status="sent") | models.Q(sent_at__isnull=False), name="invitation_sent_has_time"
            ),
        )
        indexes = (
            models.Index(fields=["next_attempt_at"], name="invitation_pending", condition=models.Q(status="pending")),
        )

    def __str__(self) -> str:
        return f"invitation {self.sequence} of {self.user_id} to {self.meeting_id}"


@tracked
class Attendance(models.Model):
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    specialty = models.CharField(max_length=30, choices=Specialty, blank=True)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    mode = models.CharField(max_length=6, choices=AttendanceMode, blank=True, help_text="empty: not said")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["meeting", "user"], name="attendance_once"),)

    def __str__(self) -> str:
        return f"{self.user} at {self.meeting}"


@tracked
class AgendaItem(ClinicalRow):
    """A referral on a meeting's agenda. `position` orders it within its section (gaps allowed)."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="agenda_items")
    status = models.CharField(max_length=10, choices=ItemStatus, default=ItemStatus.LISTED)
    section = models.CharField(max_length=12, choices=Section, default=Section.FULL)
    position = models.PositiveIntegerField()
    minutes = models.PositiveSmallIntegerField(default=10)
    listed_at = models.DateTimeField()
    after_cutoff_reason = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    shown_at = models.DateTimeField(null=True, blank=True, help_text="when it was last put before everybody")
    closed_at = models.DateTimeField(null=True, blank=True)
    defer_reason = models.CharField(max_length=18, choices=DeferReason, blank=True)
    seconds_on = models.PositiveIntegerField(
        null=True, blank=True, help_text="how long it was before everybody, in all; empty: never"
    )
    lacked_at_cutoff = ArrayField(
        models.CharField(max_length=16, choices=Item),
        null=True,
        blank=True,
        help_text="what it lacked when the agenda was frozen; none: it was ready; empty: it was not on it then",
    )
    missing = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, help_text="what it was deferred for, in words"
    )

    objects: ClassVar = AgendaItemQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["referral"], condition=models.Q(status__in=["listed", "current"]), name="item_one_open"
            ),
            models.UniqueConstraint(fields=["meeting"], condition=models.Q(status="current"), name="item_one_current"),
        )
        indexes = (models.Index(fields=["meeting", "position"], name="item_order"),)

    def __str__(self) -> str:
        return f"item {self.position} of {self.meeting_id}"


@tracked
class AgendaChange(models.Model):
    """One change of an agenda: what two coordinators tell each other, what undo puts back, what came after the
    cut-off. `before` and `after` are the ids of the open cases in order, where the order changed."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="changes")
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, null=True, blank=True, related_name="changes")
    kind = models.CharField(max_length=10, choices=ChangeKind)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    before = ArrayField(models.BigIntegerField(), default=list, blank=True)
    after = ArrayField(models.BigIntegerField(), default=list, blank=True)
    note = models.CharField(max_length=200, blank=True)
    is_late = models.BooleanField(default=False, help_text="after the cut-off or the freeze")

    class Meta:
        indexes = (models.Index(fields=["meeting", "id"], name="agenda_changes"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"


@tracked
class Availability(models.Model):
    """From when to when somebody is at one meeting; None: from its start, to its end."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="availabilities")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    comes_at = models.DateTimeField(null=True, blank=True)
    leaves_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["meeting", "user"], name="availability_once"),
            models.CheckConstraint(
                condition=models.Q(comes_at__isnull=True)
                | models.Q(leaves_at__isnull=True)
                | models.Q(leaves_at__gt=models.F("comes_at")),
                name="availability_leaves_after_coming",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.meeting}"
