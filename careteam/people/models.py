"""People, teams and who belongs where."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower, Now

from careteam.people.rules import Jurisdiction, Role, Specialty, Theme, Units


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail. What they may do comes from memberships, never from Django's permissions."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=30, blank=True, help_text="Shown before the name: Dr, Prof.")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(db_default=Now())
    deactivated_at = models.DateTimeField(null=True, blank=True)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM, blank=True)
    shortcuts_on = models.BooleanField(default=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    access_cache: Any = None  # careteam.access.queries.Access, loaded once for this object

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("email"), name="user_email_any_case"),
            models.CheckConstraint(
                condition=models.Q(is_active=True) | models.Q(deactivated_at__isnull=False),
                name="user_deactivated_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} {self.name}".strip()


def is_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(f"{value!r} is no time zone. Write it like Europe/Berlin.")


class Team(models.Model):
    """The tenant: one team owns each patient. Everything local (time, holidays, units, law) is the team's."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, default="Europe/Berlin", validators=[is_time_zone])
    country = models.CharField(max_length=2, default="DE", help_text="ISO 3166, for public holidays")
    language = models.CharField(max_length=8, default="en")
    units = models.CharField(max_length=12, choices=Units, default=Units.CONVENTIONAL)
    jurisdiction = models.CharField(max_length=2, choices=Jurisdiction, default=Jurisdiction.EU)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name

    def local_date(self, now: datetime) -> date:
        """Today, where the team is."""
        return now.astimezone(zoneinfo.ZoneInfo(self.time_zone)).date()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> MembershipQuerySet:
        return self.filter(ended_on__isnull=True, user__is_active=True)

    def with_role(self, *roles: Role) -> MembershipQuerySet:
        return self.filter(roles__overlap=[str(role) for role in roles])


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=30, choices=Role))
    specialty = models.CharField(max_length=30, choices=Specialty, blank=True)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "team"], condition=models.Q(ended_on__isnull=True), name="membership_one_current"
            ),
            models.CheckConstraint(condition=~models.Q(roles=[]), name="membership_has_a_role"),
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True) | models.Q(ended_on__gte=models.F("started_on")),
                name="membership_dates_in_order",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def role_label(self) -> str:
        return ", ".join(Role(role).label for role in self.roles if role in Role.values)


class PeriodQuerySet(models.QuerySet[Any]):
    def on(self, day: date) -> PeriodQuerySet:
        """Rows in force on the day, both ends included; an open end lasts."""
        return self.filter(models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=day), starts_on__lte=day)


class Absence(models.Model):
    """While absent, what a person owns shows as 'absent' on every coordinator's list."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    objects = PeriodQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="absence_dates_in_order",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} away from {self.starts_on}"


class Deputy(models.Model):
    """Who stands in for a person in a team; reminders to an absent owner go to the deputy too."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="deputies")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="deputies")
    deputy = models.ForeignKey(User, on_delete=models.CASCADE, related_name="deputy_for")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    objects = PeriodQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~models.Q(user=models.F("deputy")), name="deputy_is_somebody_else"),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="deputy_dates_in_order",
            ),
        )

    def __str__(self) -> str:
        return f"{self.deputy} for {self.user}"
