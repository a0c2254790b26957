"""Roles, access and visibility."""

import pytest

from careteam.access.queries import access_of
from careteam.people.rules import ROLE_PERMISSIONS, Permission, Role, permissions_of
from patients.record.models import Patient
from tests import factories


def test_roles_every_role_has_permissions() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert permissions_of(["gone"]) == frozenset()


def test_auditor_sees_no_patient() -> None:
    assert Permission.PATIENT_VIEW not in permissions_of([Role.AUDITOR])


@pytest.mark.django_db
def test_visible_to_shows_own_team_only() -> None:
    ours, theirs = factories.team(), factories.team()
    mine, foreign = factories.patient(ours), factories.patient(theirs)
    oncologist = factories.person(ours, Role.ONCOLOGIST)
    auditor = factories.person(ours, Role.AUDITOR)
    assert list(Patient.objects.visible_to(oncologist)) == [mine]
    assert list(Patient.objects.visible_to(auditor)) == []
    assert not access_of(oncologist).may(Permission.PATIENT_EDIT, theirs.pk)
    assert foreign.team_id == theirs.pk
