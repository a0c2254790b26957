"""Makes rows for tests: `team()`, `person(team, Role.ONCOLOGIST)`, `patient(team)` … Overrides by keyword."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

from careteam.people.models import Membership, Team, User
from careteam.people.rules import Role
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.record.models import (
    CareTeamMember,
    Diagnosis,
    Enrollment,
    Measurement,
    Patient,
    PatientContact,
    PatientIdentifier,
    Specimen,
)
from patients.record.rules import EnrollmentStatus, search_key, sort_key
from patients.treatment.models import TreatmentLine, TreatmentSite
from patients.trials.models import Trial

PASSWORD = "correct horse battery staple"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_count = itertools.count(1)


def team(slug: str = "", **fields: Any) -> Team:
    number = next(_count)
    return Team.objects.create(slug=slug or f"team-{number}", name=fields.pop("name", f"Team {number}"), **fields)


def person(in_team: Team | None, *roles: Role, **fields: Any) -> User:
    """An active person with these roles in the team and the password PASSWORD."""
    number = next(_count)
    specialty = fields.pop("specialty", "")
    user = User.objects.create_user(
        fields.pop("email", f"person{number}@example.org"),
        PASSWORD,
        name=fields.pop("name", f"Person {number}"),
        **fields,
    )
    if in_team is not None:
        Membership.objects.create(
            user=user,
            team=in_team,
            roles=[str(role) for role in roles] or [Role.ONCOLOGIST],
            specialty=specialty,
            started_on=date(2020, 1, 1),
        )
    return user


def patient(in_team: Team, *, status: EnrollmentStatus = EnrollmentStatus.ACTIVE, **fields: Any) -> Patient:
    """A patient with an identifier and an open enrollment (active unless said otherwise)."""
    number = next(_count)
    family, given = fields.pop("family_name", f"Family{number}"), fields.pop("given_name", "Given")
    mrn, birth = fields.pop("mrn", f"MRN-{number:05d}"), fields.pop("birth_date", date(1959, 2, 14))
    row = Patient.objects.create(
        team=in_team,
        family_name=family,
        given_name=given,
        mrn=mrn,
        birth_date=birth,
        sort_key=sort_key(family, given),
        search_key=search_key(family, given, [mrn], birth),
        enrollment_status=status,
        **fields,
    )
    PatientIdentifier.objects.create(patient=row, team=in_team, system="urn:test", value=mrn, kind="MR")
    Enrollment.objects.create(patient=row, team=in_team, status=status, started_on=date(2024, 1, 1))
    return row


def diagnosis(of: Patient, **fields: Any) -> Diagnosis:
    values: dict[str, Any] = {
        "net_status": "net",
        "primary_site": "pancreas",
        "stage": "IV",
        "stage_edition": "AJCC 8",
        "diagnosed_on": date(2024, 3, 1),
        "syndrome": "nonfunctional",
    }
    return Diagnosis.objects.create(patient=of, **(values | fields))


def contact(of: Patient, name: str = "Noor", scope: str = "all", **fields: Any) -> PatientContact:
    """Somebody who may be told everything, unless said otherwise."""
    return PatientContact.objects.create(patient=of, name=name, scope=scope, **fields)


def specimen(of: Patient, **fields: Any) -> Specimen:
    values: dict[str, Any] = {
        "taken_on": date(2024, 3, 1),
        "kind": "biopsy",
        "site": "liver",
        "differentiation": "well",
        "ki67": 8,
        "mitoses": 3,
    }
    return Specimen.objects.create(patient=of, **(values | fields))


def measurement(of: Patient, code: str = "89247-1", value: Any = 1, **fields: Any) -> Measurement:
    values: dict[str, Any] = {"label": code, "taken_at": NOW, "unit": ""}
    return Measurement.objects.create(patient=of, code=code, value=value, **(values | fields))


def line(of: Patient, modality: str = "ssa", **fields: Any) -> TreatmentLine:
    values: dict[str, Any] = {
        "agent": "Lanreotide",
        "status": "active",
        "start_reason": "first",
        "started_on": date(2026, 1, 12),
        "intent": "disease_control",
    }
    return TreatmentLine.objects.create(patient=of, modality=modality, **(values | fields))


def site(in_team: Team, **fields: Any) -> TreatmentSite:
    values: dict[str, Any] = {
        "name": "Nuclear medicine",
        "labs_days": 14,
        "go_days": 10,
        "order_days": 7,
        "room_days": 14,
        "nadir_days": [35],
    }
    return TreatmentSite.objects.create(team=in_team, **(values | fields))


def plan(of: Patient, **fields: Any) -> SurveillancePlan:
    values: dict[str, Any] = {
        "situation": "S1",
        "modality": "ct",
        "interval_days": 90,
        "anchor_on": date(2026, 8, 25),
        "anchor_kind": "scan",
        "why": "90 days after CT of 25 Aug 2026",
        "confirmed_at": datetime(2026, 8, 26, tzinfo=UTC),
    }
    return SurveillancePlan.objects.create(patient=of, **(values | fields))


def study(of: Patient, **fields: Any) -> ImagingStudy:
    values: dict[str, Any] = {
        "modality": "ct",
        "region": "chest, abdomen, pelvis",
        "status": "planned",
        "due_on": date(2026, 11, 23),
    }
    return ImagingStudy.objects.create(patient=of, team=of.team, **(values | fields))


def trial(of: Team, **fields: Any) -> Trial:
    number = next(_count)
    values: dict[str, Any] = {
        "nct_number": f"NCT{number:08d}",
        "title": "Lutetium after progression",
        "phase": "3",
        "status": "open",
    }
    return Trial.objects.create(team=of, **(values | fields))


def responsible(of: Patient, user: User, role: Role = Role.ONCOLOGIST) -> CareTeamMember:
    return CareTeamMember.objects.create(patient=of, role=role, person=user, is_responsible=True)
