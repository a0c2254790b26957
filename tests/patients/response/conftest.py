"""A patient on a line, and somebody who reads scans."""

from __future__ import annotations

from datetime import date

import pytest

from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.record.models import Patient
from patients.treatment.models import TreatmentLine
from tests import factories


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def reader(team: Team) -> User:
    return factories.person(team, Role.RADIOLOGIST, name="Rosa Lindgren")


@pytest.fixture
def patient(team: Team) -> Patient:
    return factories.patient(team)


@pytest.fixture
def line(patient: Patient) -> TreatmentLine:
    return factories.line(patient, started_on=date(2026, 1, 12))
