"""Two people on one form: the second save shows as opened, theirs and yours, and writes nothing until one chose."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.record.models import Patient
from patients.treatment.models import AdverseEvent, Authorization, TreatmentSite
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def today(team: Team) -> date:
    return team.local_date(timezone.now())


@pytest.fixture
def patient(team: Team) -> Patient:
    return factories.patient(team)


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def both(first: User, second: User, url: str, opened: dict[str, str], field: str, theirs: str, yours: str) -> str:
    """The first person saves `theirs`, the second one `yours` from the same version; the second answer."""
    assert browser(first).post(url, opened | {field: theirs}).status_code == 303
    answer = browser(second).post(url, opened | {field: yours})
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Nothing was overwritten" in html
    assert f"Saved by {first}" in html
    assert f'name="take_{field}" value="theirs"' in html
    return html


def test_line_plan_answers_are_compared_in_words(team: Team, patient: Patient) -> None:
    first, second = factories.person(team, Role.ONCOLOGIST), factories.person(team, Role.ONCOLOGIST)
    line = factories.line(patient, dose="120 mg")
    url = reverse("line-correct", args=[patient.pk, line.pk])
    opened = {
        "modality": "ssa",
        "agent": "Lanreotide",
        "role": "antitumor",
        "start_reason": "first",
        "started_on": "2026-01-12",
        "dose": "120 mg",
        "version": "1",
    }
    html = both(first, second, url, opened, "notes", "Gallstones", "Left side")
    assert "Gallstones" in html
    assert "Left side" in html
    line.refresh_from_db()
    assert (line.notes, line.version) == ("Gallstones", 2)
    mine = opened | {"notes": "Left side", "version": "2", "take_notes": "yours"}
    assert browser(second).post(url, mine).status_code == 303
    line.refresh_from_db()
    assert (line.notes, line.version) == ("Left side", 3)


def test_toxicity(team: Team, patient: Patient, today: date) -> None:
    first, second = factories.person(team, Role.NURSE_COORDINATOR), factories.person(team, Role.ONCOLOGIST)
    line = factories.line(patient)
    opened = {"term": "Diarrhea", "grade": "2", "noticed_on": today.isoformat(), "version": "0", "note": ""}
    browser(first).post(reverse("toxicity-add", args=[patient.pk, line.pk]), opened)
    event = AdverseEvent.objects.get()
    url = reverse("toxicity-change", args=[patient.pk, event.pk])
    html = both(first, second, url, opened | {"version": "1"}, "note", "at night", "after meals")
    assert "at night" in html
    assert "after meals" in html
    theirs = opened | {
        "version": "2",
        "note": "after meals",
        "grade": "3",
        "take_note": "theirs",
        "take_grade": "yours",
    }
    assert browser(second).post(url, theirs).status_code == 303
    event.refresh_from_db()
    assert (event.note, event.grade) == ("at night", 3)


def test_authorization(team: Team, patient: Patient, today: date) -> None:
    first, second = factories.person(team, Role.NURSE_COORDINATOR), factories.person(team, Role.ONCOLOGIST)
    line = factories.line(patient)
    url = reverse("line-authorization", args=[patient.pk, line.pk])
    opened = {"version": "0", "status": "requested", "status_on": today.isoformat(), "reference": "", "note": ""}
    assert browser(first).post(url, opened).status_code == 303
    html = both(first, second, url, opened | {"version": "1"}, "reference", "A-17", "B-9")
    assert "A-17" in html
    assert "B-9" in html
    assert Authorization.objects.get().reference == "A-17"


def test_site(team: Team) -> None:
    first, second = factories.person(team, Role.TEAM_LEAD), factories.person(team, Role.TEAM_LEAD)
    site = factories.site(team)
    url = reverse("treatment-site", args=[site.pk])
    names = ("name", "labs_days", "go_days", "order_days", "room_days", "per_day", "per_week", "version")
    opened = {name: str(getattr(site, name)) for name in names} | {"nadir_days": "28, 42", "is_active": "on"}
    html = both(first, second, url, opened, "per_day", "3", "4")
    assert "Doses a day" in html
    assert TreatmentSite.objects.get().per_day == 3
