"""The trial register and "considered, because …"."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.record.models import NextStep, Patient, StaleEdit
from patients.trials.commands import add_trial, change_trial, consider, decide, withdraw
from patients.trials.models import Trial, TrialConsideration
from patients.trials.queries import considered_for, register
from patients.trials.rules import Outcome, tidy_nct
from tests import factories

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 23)


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def patient(team: Team) -> Patient:
    return factories.patient(team)


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.TRIAL_NURSE)


def values(**more: object) -> dict[str, object]:
    return {
        "nct_number": "NCT05247905",
        "title": "CAPTEM after lutetium",
        "phase": "2",
        "status": "open",
        "contact": None,
        "criteria": "",
    } | more


@pytest.mark.parametrize("typed", ["NCT05247905", " nct 0524 7905 ", "nct-05247905"])
def test_tidy_nct_reads_what_people_type(typed: str) -> None:
    assert tidy_nct(typed) == "NCT05247905"


@pytest.mark.parametrize("typed", ["", "NCT1234567", "NCT123456789", "EudraCT 2020", "NCT0524790\u0665"])
def test_tidy_nct_refuses_other_numbers(typed: str) -> None:
    with pytest.raises(ValueError, match="eight digits"):
        tidy_nct(typed)


def test_database_refuses_a_number_that_is_none(team: Team) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.trial(team, nct_number="NCT123")


def test_add_trial_is_for_those_who_keep_the_register(team: Team, nurse: User, now: datetime) -> None:
    with pytest.raises(ValidationError):
        add_trial(team, values(), by=factories.person(team, Role.DIETITIAN), now=now)
    add_trial(team, values(), by=nurse, now=now)
    with pytest.raises(ValidationError, match="already"):
        add_trial(team, values(), by=nurse, now=now)
    assert Trial.objects.count() == 1


def test_change_trial_refuses_a_stale_form(team: Team, nurse: User, now: datetime) -> None:
    trial = add_trial(team, values(), by=nurse, now=now)
    change_trial(trial, values(status="closed"), version=1, by=nurse, now=now)
    with pytest.raises(StaleEdit):
        change_trial(trial, values(status="paused"), version=1, by=nurse, now=now)
    assert [row.status for row in trial.events.order_by("pgh_id")] == ["open", "closed"]


def test_consider_asks_the_contact_until_something_came_of_it(
    patient: Patient, nurse: User, team: Team, now: datetime
) -> None:
    trial = factories.trial(team, contact=nurse)
    row = consider(patient, trial, because="progression, SSTR positive", on=ON, by=nurse, now=now)
    step = NextStep.objects.get(closed_at__isnull=True)
    assert (step.owner, step.owner_role, step.due_on) == (nurse, "trial_nurse", date(2026, 12, 7))
    decide(row, outcome=Outcome.NOT_ELIGIBLE, because="creatinine clearance", version=1, by=nurse, now=now)
    assert NextStep.objects.filter(closed_at__isnull=True).count() == 0
    with pytest.raises(StaleEdit):
        decide(row, outcome=Outcome.ENROLLED, because="x", version=1, by=nurse, now=now)


def test_consider_refuses_closed_foreign_and_second_ones(
    patient: Patient, nurse: User, team: Team, now: datetime
) -> None:
    closed, foreign = factories.trial(team, status="closed"), factories.trial(factories.team())
    for trial in (closed, foreign):
        with pytest.raises(ValidationError):
            consider(patient, trial, because="x", on=ON, by=nurse, now=now)
    trial = factories.trial(team)
    consider(patient, trial, because="x", on=ON, by=nurse, now=now)
    with pytest.raises(ValidationError, match="already"):
        consider(patient, trial, because="x", on=ON, by=nurse, now=now)


def test_enrolled_leads_to_the_form_of_the_line(patient: Patient, nurse: User, team: Team, now: datetime) -> None:
    trial = factories.trial(team, nct_number="NCT05247905")
    row = consider(patient, trial, because="x", on=ON, by=nurse, now=now)
    decide(row, outcome=Outcome.ENROLLED, because="consented", version=1, by=nurse, now=now)
    url = considered_for(patient.pk)[0].line_url
    assert url == reverse("line-start", args=[patient.pk]) + "?modality=trial&trial_number=NCT05247905"
    client = Client()
    client.force_login(factories.person(team, Role.ONCOLOGIST))
    html = client.get(url).content.decode()
    assert 'value="NCT05247905"' in html
    nonsense = client.get(url.split("?")[0] + "?modality=<b>&trial_number=NCT1").content.decode()
    assert 'value="NCT1"' not in nonsense


def test_withdraw_takes_it_off_the_case(patient: Patient, nurse: User, team: Team, now: datetime) -> None:
    row = consider(patient, factories.trial(team), because="x", on=ON, by=nurse, now=now)
    withdraw(row, reason="other patient", by=nurse, now=now)
    assert considered_for(patient.pk) == []
    assert NextStep.objects.filter(closed_at__isnull=True).count() == 0


def test_register_counts_who_waits_and_who_is_in(patient: Patient, nurse: User, team: Team, now: datetime) -> None:
    trial, other = factories.trial(team, title="A"), factories.trial(team, title="B", status="closed")
    consider(patient, trial, because="x", on=ON, by=nurse, now=now)
    factories.trial(factories.team())
    assert [(t.pk, t.waiting, t.enrolled) for t in register(nurse)] == [(trial.pk, 1, 0)]  # type: ignore[attr-defined]
    assert [t.pk for t in register(nurse, everything=True)] == [trial.pk, other.pk]


@pytest.mark.parametrize("count", [1, 3])
def test_pages_ask_as_often_for_one_row_as_for_three(
    count: int, team: Team, nurse: User, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    trial = factories.trial(team, contact=nurse)
    patient = factories.patient(team)
    for _ in range(count):
        consider(factories.patient(team), trial, because="x", on=ON, by=nurse, now=now)
        consider(patient, factories.trial(team, contact=nurse), because="x", on=ON, by=nurse, now=now)
    with django_assert_num_queries(1):
        register(nurse)
    with django_assert_num_queries(1):
        considered_for(patient.pk)


def test_the_form_says_what_is_wrong_with_a_number(team: Team, nurse: User) -> None:
    client = Client()
    client.force_login(nurse)
    answer = client.post(reverse("trial-add"), {**values(nct_number="NCT12"), "contact": ""})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "NCT and eight digits" in html
    assert 'value="NCT12"' in html
    saved = client.post(reverse("trial-add"), {**values(), "contact": nurse.pk})
    assert (saved.status_code, Trial.objects.get().contact) == (303, nurse)


def test_a_stale_change_shows_both_versions(team: Team, nurse: User, now: datetime) -> None:
    client = Client()
    client.force_login(nurse)
    trial = add_trial(team, values(), by=nurse, now=now)
    change_trial(trial, values(title="Other title"), version=1, by=nurse, now=now)
    url = reverse("trial-change", args=[trial.pk])
    answer = client.post(url, {**values(title="My title"), "contact": "", "version": 1})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "My title" in html.replace("<ins>", "").replace("</ins>", "").replace("<del>", "").replace("</del>", "")


def test_panel_is_a_part_for_the_case(patient: Patient, nurse: User, team: Team, now: datetime) -> None:
    client = Client()
    client.force_login(nurse)
    consider(patient, factories.trial(team, title="Trial X"), because="fits", on=ON, by=nurse, now=now)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    html = client.get(reverse("patient-trials", args=[patient.pk]), headers=headers).content.decode()
    assert html.lstrip().startswith("<section")
    assert "Trial X" in html
    assert TrialConsideration.objects.count() == 1
