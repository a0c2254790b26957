"""PETs that events ask for: when, why, once, closed by themselves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, PetSuggestion
from patients.imaging.rules import Interval, PetFacts, StopReason, pets_for
from patients.protocol.commands import sign_number
from patients.protocol.rules import NUMBERS
from patients.record.commands import add_entry, record_death
from patients.record.models import DiseaseStatus, NextStep, Patient
from patients.record.rules import Grade
from patients.treatment import commands as treatment
from patients.treatment.rules import LineDraft
from tests import factories

TODAY = date(2026, 11, 23)
SIGNED = {code: Interval(int(number.value)) for code, number in NUMBERS.items()}
UNSIGNED = {code: Interval(int(number.value), not number.needs_signature) for code, number in NUMBERS.items()}


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def facts(**fields: Any) -> PetFacts:
    values: dict[str, Any] = {"grade": Grade.NET_G2, "ki67": Decimal(5), "sstr_on": ago(100)}
    return PetFacts(today=TODAY, **(values | fields))


@pytest.mark.parametrize(
    ("found", "events"),
    [
        pytest.param(facts(), [], id="nothing happened"),
        pytest.param(facts(sstr_on=None), ["baseline"], id="no baseline"),
        pytest.param(facts(sstr_on=None, coming=frozenset({"sstr_pet"})), [], id="on its way already"),
        pytest.param(facts(sstr_on=None, grade=Grade.UNCLASSIFIED), [], id="not known to be well differentiated"),
        pytest.param(facts(responses=((ago(10), "PD"),)), ["pd:2026-11-13"], id="progression"),
        pytest.param(facts(responses=((ago(10), "PD"),), sstr_on=ago(10)), [], id="progression seen on that PET"),
        pytest.param(facts(responses=((ago(91), "PD"),)), [], id="progression too long ago"),
        pytest.param(facts(responses=((ago(10), "NE"),)), ["unclear:2026-11-13"], id="unclear scan"),
        pytest.param(facts(responses=((ago(10), "SD"),)), [], id="stable"),
        pytest.param(facts(ahead=(7,)), [], id="PRRT ahead, PET young enough"),
        pytest.param(facts(ahead=(7,), sstr_on=ago(365)), [], id="PRRT ahead, PET just young enough"),
        pytest.param(facts(ahead=(7,), sstr_on=ago(366)), ["prrt:7"], id="PRRT ahead, PET too old"),
        pytest.param(facts(ahead=(7,), sstr_on=None), ["prrt:7", "baseline"], id="PRRT ahead, none known"),
        pytest.param(facts(sites=frozenset({"bone"}), sstr_on=ago(366)), ["bone:2025-11-22"], id="bone, a year ago"),
        pytest.param(facts(sites=frozenset({"bone", "liver"}), sstr_on=ago(366)), [], id="bone and liver"),
        pytest.param(facts(grade=Grade.NET_G3, ki67=Decimal(30)), ["grade:NET G3"], id="NET G3"),
        pytest.param(facts(grade=Grade.NEC, sstr_on=None), ["grade:NEC"], id="NEC asks for FDG, not for SSTR"),
        pytest.param(facts(ki67=Decimal(10)), ["high-g2"], id="high G2"),
        pytest.param(facts(ki67=Decimal("9.9")), [], id="not high G2"),
        pytest.param(facts(ki67=Decimal(15), fdg_on=ago(900)), [], id="high G2, known"),
        pytest.param(facts(discordant_on=ago(5), fdg_on=ago(90)), ["discordant:2026-11-18"], id="discordance"),
        pytest.param(facts(discordant_on=ago(5), fdg_on=ago(4)), [], id="discordance, looked at"),
    ],
)
def test_pets_for_each_event(found: PetFacts, events: list[str]) -> None:
    assert [reason.event for reason in pets_for(found, SIGNED)] == events


@pytest.mark.parametrize(
    ("before", "numbers", "counts"),
    [
        (20, SIGNED, "PET of 24 Oct 2026, 20 days before, counts"),
        (1, SIGNED, "PET of 12 Nov 2026, 1 day before, counts"),
        (31, SIGNED, ""),
        (20, UNSIGNED, ""),
    ],
)
def test_a_pet_shortly_before_a_progression_counts_once_the_number_is_signed(
    before: int, numbers: dict[str, Interval], counts: str
) -> None:
    (reason,) = pets_for(facts(responses=((ago(10), "PD"),), sstr_on=ago(10 + before)), numbers)
    assert (reason.event, reason.counts) == ("pd:2026-11-13", counts)


def test_a_reason_says_why_and_whether_its_number_is_signed() -> None:
    found = facts(ahead=(7,), sstr_on=ago(400), ki67=Decimal(12))
    assert [(reason.code, reason.why, reason.is_settled) for reason in pets_for(found, UNSIGNED)] == [
        ("S13", "PRRT is proposed or planned; the last one is of 19 Oct 2025", False),
        ("S14", "high G2, Ki-67 12 %: none is known", False),
    ]


@pytest.fixture
def team(db: None) -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def doctor(team: Team) -> User:
    return factories.person(team, Role.ONCOLOGIST)


@pytest.fixture
def patient(team: Team, doctor: User) -> Patient:
    """NET G2, stage IV, receptor PET a year and a half ago."""
    patient = factories.patient(team)
    factories.diagnosis(patient)
    factories.specimen(patient)
    factories.line(patient)
    factories.study(patient, modality="sstr_pet", status="acted_on", due_on=None, source="t", performed_on=ago(540))
    factories.responsible(patient, doctor)
    return patient


def progressed(patient: Patient, doctor: User, now: datetime, days: int = 3) -> None:
    values = {"assessed_on": ago(days), "category": "PD", "method": "recist"}
    add_entry(patient, DiseaseStatus, values, by=doctor, now=now)


def suggestions(patient: Patient) -> list[tuple[str, str]]:
    return list(PetSuggestion.objects.filter(patient=patient).order_by("pk").values_list("event", "answer"))


def steps(patient: Patient) -> list[tuple[str, str]]:
    rows = NextStep.objects.filter(patient=patient, closed_at=None, source_key__startswith="pet:")
    return list(rows.values_list("source_key", "what"))


def test_progression_suggests_one_pet_once_and_ordering_it_closes_the_task(
    patient: Patient, nurse: User, doctor: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        progressed(patient, doctor, now)
    what = (
        "SSTR PET suggested, S13: progression of 20 Nov 2026; the last one is of 1 Jun 2025. Order it, or say why not"
    )
    assert steps(patient) == [("pet:sstr_pet", what)]
    assert ImagingStudy.objects.outstanding().filter(patient=patient).count() == 0
    assert commands.suggest_pets(patient, by=None, now=now) == 0
    study = commands.add_study(patient, modality="sstr_pet", due_on=TODAY, by=nurse, now=now)
    assert (steps(patient), suggestions(patient)) == ([], [("pd:2026-11-20", "ordered")])
    commands.record_performed(study, on=TODAY, by=nurse, now=now)
    assert commands.suggest_pets(patient, by=None, now=now) == 0
    with django_capture_on_commit_callbacks(execute=True):
        progressed(patient, doctor, now + timedelta(days=30), days=-20)
    assert suggestions(patient)[1:] == [("pd:2026-12-13", "")]


def test_not_needed_needs_a_reason_and_is_not_asked_again(
    patient: Patient, nurse: User, doctor: User, now: datetime
) -> None:
    progressed(patient, doctor, now)
    commands.suggest_pets(patient, by=None, now=now)
    client = Client()
    client.force_login(doctor)
    url = reverse("pet-suggestion", args=[patient.pk, "sstr_pet"])
    panel = client.get(reverse("imaging-panel", args=[patient.pk])).content.decode()
    assert f'href="{url}"' in panel
    html = client.get(url).content.decode()
    assert "S13: progression of 20 Nov 2026; the last one is of 1 Jun 2025." in html
    order = client.get(reverse("study-create", args=[patient.pk]) + "?modality=sstr_pet").content.decode()
    assert '<option value="sstr_pet" selected>' in order
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "Clear on CT"}).status_code == 303
    assert (steps(patient), suggestions(patient)) == ([], [("pd:2026-11-20", "not_needed")])
    assert commands.suggest_pets(patient, by=None, now=now) == 0
    assert "Clear on CT" in client.get(url).content.decode()
    with pytest.raises(ValidationError):
        commands.decline_pet(patient, "sstr_pet", reason="No", by=factories.person(patient.team, Role.AUDITOR), now=now)


def test_prrt_ahead_asks_only_once_the_age_is_signed(patient: Patient, team: Team, doctor: User, now: datetime) -> None:
    treatment.propose_line(patient, LineDraft("prrt", "177Lu-dotatate", start_reason="progression"), by=doctor, now=now)
    assert commands.suggest_pets(patient, by=None, now=now) == 0
    sign(team, "sstr.age", now)
    assert commands.suggest_pets(patient, by=None, now=now) == 1
    assert steps(patient)[0][1].startswith("SSTR PET suggested, S13: PRRT is proposed or planned; the last one is of")


def test_a_clinician_may_say_that_the_pet_before_does_not_count(
    patient: Patient, team: Team, nurse: User, doctor: User, now: datetime
) -> None:
    sign(team, "pet.before", now)
    pet = ImagingStudy.objects.get(patient=patient, modality="sstr_pet")
    ImagingStudy.objects.filter(pk=pet.pk).update(performed_on=date(2026, 11, 1))
    progressed(patient, doctor, now)
    assert commands.suggest_pets(patient, by=None, now=now) == 0
    assert (steps(patient), suggestions(patient)) == ([], [("pd:2026-11-20", "counts")])
    client, url = Client(), reverse("pet-suggestion", args=[patient.pk, "sstr_pet"])
    client.force_login(doctor)
    said = "PET of 1 Nov 2026, 19 days before, counts"
    assert said in client.get(reverse("imaging-panel", args=[patient.pk])).content.decode()
    ImagingStudy.objects.filter(pk=pet.pk).update(performed_on=date(2025, 11, 1))  # the year was mistyped
    assert commands.suggest_pets(patient, by=None, now=now) == 0
    assert suggestions(patient) == [("pd:2026-11-20", "")]  # asked again
    ImagingStudy.objects.filter(pk=pet.pk).update(performed_on=date(2026, 11, 1))
    commands.suggest_pets(patient, by=None, now=now)
    page = client.get(url).content.decode()
    row = PetSuggestion.objects.get()
    assert (said in page, f'name="overrule" value="{row.pk}"' in page) == (True, True)
    assert client.post(url, {"overrule": row.pk}).status_code == 303
    commands.suggest_pets(patient, by=None, now=now)
    assert suggestions(patient) == [("pd:2026-11-20", "")]
    assert steps(patient)[0][0] == "pet:sstr_pet"
    reader = Client()
    reader.force_login(factories.person(team, Role.RADIOLOGIST))
    assert 'name="overrule"' not in reader.get(url).content.decode()


def sign(team: Team, code: str, now: datetime) -> None:
    sign_number(team, code, value=NUMBERS[code].value, by=factories.person(team, Role.TEAM_LEAD), now=now)


def test_what_merely_is_so_is_no_task_and_silence_is_kept(
    patient: Patient, nurse: User, doctor: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    ImagingStudy.objects.filter(patient=patient).update(performed_on=None, status="planned", due_on=TODAY, plan=None)
    ImagingStudy.objects.filter(patient=patient).update(status="closed", closed_at=now, close_reason="error")
    commands.suggest_pets(patient, by=None, now=now)
    assert (suggestions(patient), steps(patient)) == ([("baseline", "")], [])
    plan = commands.start_plan(patient, modality="ct", by=nurse, now=now)
    commands.stop_plan(plan, reason=StopReason.SYMPTOM_LED, by=nurse, now=now)
    progressed(patient, doctor, now)
    assert commands.suggest_pets(patient, by=None, now=now) == 0
    assert suggestions(patient) == [("baseline", "settled")]
    with django_capture_on_commit_callbacks(execute=True):
        record_death(patient, on=TODAY, cause="", by=doctor, now=now)
    assert steps(patient) == []
