"""Memberships, grants, emergency access, closing an account: each leaves its audit row."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access import policies
from careteam.access.models import AccessGrant
from careteam.access.rules import EMERGENCY_HOURS, GrantKind
from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.people.models import Absence, Deputy, Membership, Team, User
from careteam.people.rules import Units

if TYPE_CHECKING:
    from django.db.models import Model


@transaction.atomic
def set_membership(
    team: Team, person: User, *, roles: list[str], specialty: str = "", by: User | None, now: datetime
) -> Membership:
    """Adds the person to the team or changes their roles. `by=None` is the installation itself (demo, first lead)."""
    if by is not None:
        policies.insist(policies.why_not_manage(team, by))
    policies.insist(policies.why_not_roles(roles))
    membership = Membership.objects.select_for_update().filter(team=team, user=person, ended_on=None).first()
    before = list(membership.roles) if membership else []
    if membership is None:
        membership = Membership(team=team, user=person, started_on=team.local_date(now))
    membership.roles, membership.specialty = list(roles), specialty
    membership.save()
    person.access_cache = None
    record(
        "access.set_membership",
        by=by,
        now=now,
        subject=membership,
        team_id=team.pk,
        kind=Kind.ACCESS,
        details={"person": person.pk, "before": before, "after": list(roles)},
    )
    return membership


@transaction.atomic
def choose_units(team: Team, units: Units, *, by: User, now: datetime) -> Team:
    """The units in which the team reads results. What is stored, and what was entered, stays as it is."""
    policies.insist(policies.why_not_manage(team, by))
    team = Team.objects.select_for_update().get(pk=team.pk)
    before, team.units = team.units, units
    team.save(update_fields=["units"])
    details = {"before": before, "after": str(units)}
    record("access.choose_units", by=by, now=now, subject=team, team_id=team.pk, kind=Kind.ACCESS, details=details)
    return team


@transaction.atomic
def set_absence(
    person: User,
    *,
    starts_on: date,
    ends_on: date | None,
    deputy: User | None,
    team: Team,
    by: User,
    now: datetime,
) -> Absence:
    """Records an absence (the person's own, or by a team lead) and who stands in meanwhile."""
    if by.pk != person.pk:
        policies.insist(policies.why_not_manage(team, by))
    if ends_on is not None and ends_on < starts_on:
        raise ValidationError({"ends_on": "The last day is before the first."})
    absence = Absence.objects.create(user=person, starts_on=starts_on, ends_on=ends_on)
    if deputy is not None:
        Deputy.objects.create(team=team, user=person, deputy=deputy, starts_on=starts_on, ends_on=ends_on)
    record(
        "access.set_absence",
        by=by,
        now=now,
        subject=absence,
        team_id=team.pk,
        kind=Kind.ACCESS,
        details={"person": person.pk, "deputy": deputy.pk if deputy else None},
    )
    return absence


@transaction.atomic
def open_in_emergency(patient: Model, *, reason: str, team_id: int, by: User, now: datetime) -> AccessGrant:
    """Break-glass: read access for a few hours, with the reason; the owning team's auditors and leads see it."""
    policies.insist(policies.why_not_emergency(patient, by, reason))
    grant = AccessGrant.objects.create(
        user=by,
        patient_id=patient.pk,
        kind=GrantKind.EMERGENCY,
        reason=reason.strip(),
        starts_at=now,
        ends_at=now + timedelta(hours=EMERGENCY_HOURS),
        granted_by=by,
    )
    by.access_cache = None
    record(
        "access.open_in_emergency",
        by=by,
        now=now,
        subject=grant,
        patient_ids=[patient.pk],
        team_id=team_id,
        reason=grant.reason,
        kind=Kind.ACCESS,
    )
    return grant


@transaction.atomic
def share(
    patient: Model,
    *,
    person: User,
    kind: GrantKind,
    reason: str,
    ends_at: datetime,
    team: Team,
    by: User,
    now: datetime,
) -> AccessGrant:
    """Lets one person outside the team read one chart until a date."""
    policies.insist(policies.why_not_manage(team, by))
    return open_chart(
        patient,
        person=person,
        kind=kind,
        reason=reason,
        ends_at=ends_at,
        team_id=team.pk,
        granted_by=by,
        by=by,
        now=now,
    )


@transaction.atomic
def open_chart(
    patient: Model,
    *,
    person: User,
    kind: GrantKind,
    reason: str,
    ends_at: datetime,
    team_id: int,
    granted_by: User,
    by: User,
    now: datetime,
) -> AccessGrant:
    """The grant itself, for commands that have asked who may: `granted_by` answers for it, `by` made it now."""
    if ends_at <= now:
        raise ValidationError({"ends_at": "The end lies in the past."})
    grant = AccessGrant.objects.create(
        user=person,
        patient_id=patient.pk,
        kind=kind,
        reason=reason,
        starts_at=now,
        ends_at=ends_at,
        granted_by=granted_by,
    )
    person.access_cache = None
    record(
        "access.share",
        by=by,
        now=now,
        subject=grant,
        patient_ids=[patient.pk],
        team_id=team_id,
        reason=reason,
        kind=Kind.ACCESS,
    )
    return grant


@transaction.atomic
def revoke(grant: AccessGrant, *, team: Team, by: User, now: datetime) -> AccessGrant:
    """Ends a grant at once; revoking twice changes nothing."""
    policies.insist(policies.why_not_manage(team, by))
    return close_chart(grant, team_id=team.pk, by=by, now=now)


@transaction.atomic
def close_chart(grant: AccessGrant, *, team_id: int, by: User, now: datetime) -> AccessGrant:
    """The end itself, for commands that have asked who may."""
    grant = AccessGrant.objects.select_for_update().get(pk=grant.pk)
    if grant.revoked_at is None:
        grant.revoked_at, grant.revoked_by = now, by
        grant.save(update_fields=["revoked_at", "revoked_by"])
        record(
            "access.revoke",
            by=by,
            now=now,
            subject=grant,
            patient_ids=[grant.patient_id],
            team_id=team_id,
            kind=Kind.ACCESS,
        )
    return grant


@transaction.atomic
def deactivate(person: User, *, successor: User | None, owned: int, by: User, now: datetime) -> User:
    """Closes the account and ends the memberships. What the person owns must have been handed over by the caller
    (the roof knows all owners); `owned` is what is left."""
    policies.insist(policies.why_not_deactivate(person, by, successor=successor, owned=owned))
    person = User.objects.select_for_update().get(pk=person.pk)
    for membership in Membership.objects.current().filter(user=person).select_related("team"):
        membership.ended_on = membership.team.local_date(now)
        membership.save(update_fields=["ended_on"])
        record(
            "access.deactivate",
            by=by,
            now=now,
            subject=person,
            team_id=membership.team_id,
            kind=Kind.ACCESS,
            details={"successor": successor.pk if successor else None},
        )
    person.is_active, person.deactivated_at = False, now
    person.set_unusable_password()
    person.save(update_fields=["is_active", "deactivated_at", "password"])
    return person
