"""Memberships, emergency access, handing over and closing an account."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from careteam.access import commands
from careteam.access.models import AccessGrant
from careteam.access.queries import access_of
from careteam.audit.models import AuditEvent
from careteam.notifications.models import InboxItem
from careteam.people.models import Membership, User
from careteam.people.rules import Permission, Role
from careteam.workspace.people import hand_over_and_deactivate, owned_by
from patients.record.models import NextStep, Patient
from tests import factories

pytestmark = pytest.mark.django_db


def test_set_membership_by_lead_only_and_audited(now: datetime) -> None:
    team = factories.team()
    lead, oncologist = factories.person(team, Role.TEAM_LEAD), factories.person(team, Role.ONCOLOGIST)
    newcomer = factories.person(None)
    with pytest.raises(ValidationError, match="Only a team lead"):
        commands.set_membership(team, newcomer, roles=["surgeon"], by=oncologist, now=now)
    commands.set_membership(team, newcomer, roles=["surgeon", "team_lead"], by=lead, now=now)
    assert access_of(newcomer).may(Permission.TREATMENT_EDIT, team.pk)
    event = AuditEvent.objects.get(action="access.set_membership")
    assert event.details == {"person": newcomer.pk, "before": [], "after": ["surgeon", "team_lead"]}


def test_unknown_role_is_refused(now: datetime) -> None:
    team = factories.team()
    lead = factories.person(team, Role.TEAM_LEAD)
    with pytest.raises(ValidationError, match="wizard is no role"):
        commands.set_membership(team, lead, roles=["wizard"], by=lead, now=now)


def test_emergency_access_shows_the_chart_tells_the_leads_and_ends() -> None:
    ours, theirs = factories.team(), factories.team()
    patient = factories.patient(theirs, mrn="E-1")
    lead = factories.person(theirs, Role.TEAM_LEAD)
    doctor = factories.person(ours, Role.ONCOLOGIST)
    client = Client()
    client.force_login(doctor)
    assert client.get(f"/patients/{patient.pk}/").status_code == 404
    refused = client.post("/emergency/", {"mrn": "E-1", "reason": "now"})
    assert refused.status_code == 422
    opened = client.post("/emergency/", {"mrn": "E-1", "reason": "Bleeding in the emergency room"})
    assert (opened.status_code, opened["Location"]) == (303, f"/patients/{patient.pk}/")
    assert client.get(f"/patients/{patient.pk}/").status_code == 200
    assert client.get(f"/patients/{patient.pk}/record/measurement/new/").status_code == 200
    written = client.post(f"/patients/{patient.pk}/record/comorbidity/new/", {"label": "Gout"})
    assert written.status_code == 422, "a grant is for reading"
    assert InboxItem.objects.get(recipient=lead).kind == "emergency"
    read = AuditEvent.objects.filter(kind="read", actor=doctor, patient_ids=[patient.pk]).first()
    assert read is not None
    assert read.team_id == theirs.pk, "the owning team's auditor sees it"
    grant = AccessGrant.objects.get()
    AccessGrant.objects.filter(pk=grant.pk).update(
        starts_at=grant.starts_at - timedelta(hours=9), ends_at=grant.starts_at - timedelta(hours=5)
    )
    assert client.get(f"/patients/{patient.pk}/").status_code == 404


def test_revoked_grant_ends_at_once(now: datetime) -> None:
    ours, theirs = factories.team(), factories.team()
    patient, guest = factories.patient(theirs), factories.person(ours, Role.ONCOLOGIST)
    lead = factories.person(theirs, Role.TEAM_LEAD)
    far = now + timedelta(days=3650)
    grant = commands.share(
        patient, person=guest, kind="shared", reason="Second opinion", ends_at=far, team=theirs, by=lead, now=now
    )
    AccessGrant.objects.filter(pk=grant.pk).update(starts_at=datetime(2020, 1, 1, tzinfo=now.tzinfo))
    guest.access_cache = None
    assert list(Patient.objects.visible_to(guest)) == [patient]
    commands.revoke(grant, team=theirs, by=lead, now=now)
    guest.access_cache = None
    assert list(Patient.objects.visible_to(guest)) == []


def test_deactivate_requires_handing_over(now: datetime) -> None:
    team = factories.team()
    lead, leaver, heir = (factories.person(team, role) for role in (Role.TEAM_LEAD, Role.ONCOLOGIST, Role.ONCOLOGIST))
    patient = factories.patient(team)
    NextStep.objects.create(
        patient=patient, team=team, kind="visit", source_key="visit:1", what="Call", owner=leaver, opened_at=now
    )
    factories.study(patient, owner=leaver)
    assert owned_by(leaver) == 2
    with pytest.raises(ValidationError, match="still owns 2 open items"):
        hand_over_and_deactivate(leaver, successor=None, by=lead, now=now)
    hand_over_and_deactivate(leaver, successor=heir, by=lead, now=now)
    assert (owned_by(leaver), owned_by(heir)) == (0, 2)
    leaver = User.objects.get(pk=leaver.pk)
    assert (leaver.is_active, leaver.deactivated_at, leaver.has_usable_password()) == (False, now, False)
    assert not Membership.objects.current().filter(user=leaver).exists()
    assert AuditEvent.objects.get(action="people.hand_over").details["to"] == heir.pk
