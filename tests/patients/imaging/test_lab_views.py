"""Pages of labs: what the record asks for, one sample for what is due together, a result seen at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.record.models import Patient
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR, Role.ONCOLOGIST)


@pytest.fixture
def client(nurse: User) -> Client:
    client = Client()
    client.force_login(nurse)
    return client


@pytest.fixture
def patient(team: Team) -> Patient:
    patient = factories.patient(team)
    factories.diagnosis(patient, syndrome="carcinoid")
    factories.specimen(patient)
    factories.line(patient)
    return patient


def labs(patient: Patient, nurse: User) -> tuple[ImagingStudy, ImagingStudy]:
    """5-HIAA and NT-proBNP, both due today."""
    commands.start_labs(patient, ["hiaa", "ntprobnp"], by=nurse, now=timezone.now())
    found = {study.modality: study for study in ImagingStudy.objects.filter(patient=patient)}
    return found["hiaa"], found["ntprobnp"]


def test_starting_surveillance_offers_the_labs_and_starts_those_left_ticked(client: Client, patient: Patient) -> None:
    url = reverse("plan-start", args=[patient.pk])
    html = client.get(url).content.decode()
    assert html.count('name="labs"') == 2
    assert "none known here before, L2: stage IV G2, carcinoid syndrome (interval local, unsigned)" in html
    answer = client.post(url, {"modality": "ct", "region": "liver", "labs": ["hiaa"]})
    assert answer.status_code == 303
    assert set(SurveillancePlan.objects.values_list("modality", flat=True)) == {"ct", "hiaa"}
    page = reverse("plan-labs", args=[patient.pk])
    assert page in client.get(reverse("imaging-panel", args=[patient.pk])).content.decode()
    refused = client.post(page, {"reason": ""})
    assert refused.status_code == 422
    assert "Say why the others are not needed." in refused.content.decode()
    assert client.post(page, {"reason": "Echo is enough"}).status_code == 303
    assert "Nothing to decide" in client.get(page).content.decode()


def test_one_order_for_what_is_due_together(client: Client, patient: Patient, nurse: User) -> None:
    first, second = labs(patient, nurse)
    row = client.get(reverse("imaging-worklist"), {"kind": "labs"}).content.decode()
    assert reverse("study-order", args=[first.pk]) in row
    assert "Nothing matches" in client.get(reverse("imaging-worklist"), {"kind": "scans"}).content.decode()
    url = reverse("study-order", args=[first.pk])
    html = client.get(url).content.decode()
    assert f'value="{second.pk}"' in html
    assert 'name="early_reason"' not in html
    client.post(url, {"version": first.version, "together": [second.pk]})
    assert [*ImagingStudy.objects.order_by("pk").values_list("status", flat=True)] == ["ordered", "ordered"]


def test_order_of_what_was_done_a_short_while_ago_asks_why(client: Client, patient: Patient, nurse: User) -> None:
    study, _ = labs(patient, nurse)
    ago = timezone.now() - timedelta(days=30)
    factories.measurement(patient, "1695-6", 9, taken_at=ago, unit="mg/(24.h)", category="laboratory")
    url = reverse("study-order", args=[study.pk])
    assert "5-HIAA was done 4 weeks ago (9 mg/24 h" in client.get(url).content.decode()
    answer = client.post(url, {"version": study.version, "early_reason": ""})
    assert answer.status_code == 422
    client.post(url, {"version": study.version, "early_reason": "New flushes"})
    study.refresh_from_db()
    assert (study.status, study.early_reason) == ("ordered", "New flushes")
    assert "New flushes" in client.get(reverse("study-page", args=[study.pk])).content.decode()


def test_booking_asks_for_the_diet_and_takes_the_others_along(client: Client, patient: Patient, nurse: User) -> None:
    first, second = labs(patient, nurse)
    url = reverse("study-schedule", args=[first.pk])
    html = client.get(url).content.decode()
    assert "Diet explained" in html
    assert "contrast" not in html.lower()
    at = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    client.post(url, {"version": first.version, "at": at, "place": "Lab", "diet_told": "on", "together": [second.pk]})
    rows: Any = ImagingStudy.objects.order_by("pk").values_list("status", "place")
    assert [*rows] == [("scheduled", "Lab")] * 2


def test_result_within_its_range_is_reviewed_with_one_click(client: Client, patient: Patient, nurse: User) -> None:
    study, other = labs(patient, nurse)
    for code, value, high in (("1695-6", 5, 9), ("33762-6", 900, 125)):
        factories.measurement(patient, code, value, reference_high=high, category="laboratory", taken_at=timezone.now())
    commands.receive_results(patient, by=None, now=timezone.now())
    html = client.get(reverse("imaging-worklist"), {"tab": "review"}).content.decode()
    assert "5-HIAA, 24 h urine 5" in html
    assert html.count("Reviewed, nothing changes") == 1
    study.refresh_from_db()
    other.refresh_from_db()
    client.post(reverse("study-seen", args=[study.pk]), {"version": study.version - 1})
    assert ImagingStudy.objects.get(pk=study.pk).status == "reported"
    client.post(reverse("study-seen", args=[study.pk]), {"version": study.version})
    done = ImagingStudy.objects.get(pk=study.pk)
    assert (done.status, done.reviewed_by) == ("acted_on", nurse)
    client.post(reverse("study-seen", args=[other.pk]), {"version": other.version})
    assert ImagingStudy.objects.get(pk=other.pk).status == "reported"
    page = client.get(reverse("study-review", args=[other.pk])).content.decode()
    assert "RECIST" not in page
    assert "NT-proBNP 900" in page
