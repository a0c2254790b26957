"""Calls: measurements, tasks, what the slices above make of them, errors."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.goals.models import GoalsPromptReason
from patients.imaging.commands import add_study, decline_early
from patients.imaging.models import ImagingStudy
from patients.record.models import Measurement, NextStep, Patient, StaleEdit
from patients.triage.commands import close_call, record_call, withdraw_call, word_sign
from patients.triage.models import SymptomCall
from patients.triage.queries import wordings
from patients.triage.rules import Answers, Sign
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def patient(team: Team) -> Patient:
    return factories.patient(team)


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR)


@pytest.fixture
def doctor(team: Team, patient: Patient) -> User:
    person = factories.person(team, Role.ONCOLOGIST)
    factories.responsible(patient, person)
    return person


def call(patient: Patient, by: User, now: datetime, *, wants_scan: bool = False, **said: Any) -> SymptomCall:
    return record_call(patient, Answers(**said), caller="patient", wants_scan=wants_scan, by=by, now=now)


def open_steps(patient: Patient) -> list[tuple[str, str, Any, date | None]]:
    rows = NextStep.objects.filter(patient=patient, closed_at__isnull=True).order_by("pk")
    return [(row.what, row.owner_role, row.owner_id, row.due_on) for row in rows]


def test_call_stores_numbers_as_measurements(patient: Patient, nurse: User, now: datetime) -> None:
    made = call(patient, nurse, now, stools=6, flushes=0, pain=3)
    rows = Measurement.objects.filter(patient=patient).order_by("pk").values_list("code", "value", "unit")
    assert [(code, int(value), unit) for code, value, unit in rows] == [
        ("stools", 6, "/d"),
        ("flushes", 0, "/d"),
        ("pain", 3, "{score}"),
    ]
    assert made.measured == list(Measurement.objects.order_by("pk").values_list("pk", flat=True))


def test_call_with_a_red_flag_goes_to_the_responsible_clinician_today(
    patient: Patient, nurse: User, doctor: User, now: datetime
) -> None:
    call(patient, nurse, now, fever=True, pain=8)
    assert open_steps(patient) == [
        ("Red flag by phone: Fever on chemotherapy, Severe pain", "oncologist", doctor.pk, date(2026, 11, 23))
    ]


def test_call_with_severe_pain_is_the_nurses_next_working_day(patient: Patient, nurse: User, now: datetime) -> None:
    call(patient, nurse, now, pain=8)
    assert open_steps(patient) == [("Call back: Severe pain", "nurse_coordinator", None, date(2026, 11, 24))]


def test_call_without_signs_asks_nobody(patient: Patient, nurse: User, now: datetime) -> None:
    made = call(patient, nurse, now, stools=2)
    assert (made.is_open, open_steps(patient)) == (False, [])


def test_call_answered_on_the_phone_opens_no_task(patient: Patient, nurse: User, now: datetime) -> None:
    made = record_call(
        patient, Answers(fever=True), caller="family", outcome="Dr Okafor told, comes in now", by=nurse, now=now
    )
    assert (made.is_open, made.closed_by, open_steps(patient)) == (False, nurse, [])


def test_unsigned_threshold_of_stools_is_no_red_flag(patient: Patient, nurse: User, now: datetime) -> None:
    """`triage.stools_many` is tagged P: until a lead signs it, seven stools are frequent stools."""
    assert call(patient, nurse, now, stools=9).signs == ["stools"]


@pytest.mark.django_db(transaction=True)
def test_severe_pain_is_a_reason_to_ask_for_goals(team: Team, now: datetime) -> None:
    patient, nurse = factories.patient(team), factories.person(team, Role.NURSE_COORDINATOR)
    made = call(patient, nurse, now, pain=9)
    rows = GoalsPromptReason.objects.filter(prompt__patient=patient).values_list("reason", "source_key", "detail")
    assert list(rows) == [("symptoms", f"call:{made.pk}", "by phone: severe pain")]


@pytest.mark.django_db(transaction=True)
def test_early_scan_is_suggested_never_filed_and_answered_by_an_order(team: Team, now: datetime) -> None:
    patient, doctor = factories.patient(team), factories.person(team, Role.ONCOLOGIST)
    factories.responsible(patient, doctor)
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    made = call(patient, nurse, now, wants_scan=True, stools=2)
    assert ImagingStudy.objects.count() == 0
    assert open_steps(patient) == [
        ("Early scan asked for by phone: order, or say why not", "oncologist", doctor.pk, date(2026, 11, 25))
    ]
    add_study(patient, modality="ct", due_on=date(2026, 11, 30), by=doctor, now=now)
    made.refresh_from_db()
    assert made.scan_answer == "ordered"
    waiting = NextStep.objects.filter(source_key=f"early-scan:{made.pk}").values_list("closed_because", flat=True)
    assert list(waiting) == ["Scan ordered"]


@pytest.mark.django_db(transaction=True)
def test_early_scan_is_declined_with_a_reason(team: Team, now: datetime) -> None:
    patient, doctor = factories.patient(team), factories.person(team, Role.ONCOLOGIST)
    made = call(patient, doctor, now, wants_scan=True, pain=2)
    with pytest.raises(ValidationError):
        decline_early(made, reason=" ", by=doctor, now=now)
    decline_early(made, reason="CT is booked for Thursday", by=doctor, now=now)
    made.refresh_from_db()
    assert (made.scan_answer, made.scan_reason, open_steps(patient)) == ("not_needed", "CT is booked for Thursday", [])


def test_event_carries_codes_only(patient: Patient, nurse: User, now: datetime) -> None:
    made = call(patient, nurse, now, pain=9, other="my name is in here")
    payload = Event.objects.get(kind="symptom.call").payload
    assert payload == {"severe": ["pain"], "goals": False, "scan": False}
    assert Event.objects.get(kind="symptom.call").subject_id == made.pk


def test_close_call_says_what_was_done_and_closes_the_step(patient: Patient, nurse: User, now: datetime) -> None:
    made = call(patient, nurse, now, pain=9)
    with pytest.raises(ValidationError):
        close_call(made, outcome="", version=made.version, by=nurse, now=now)
    close_call(made, outcome="Morphine plan of Dr Brandt explained", version=made.version, by=nurse, now=now)
    assert open_steps(patient) == []
    with pytest.raises(StaleEdit):
        close_call(made, outcome="again", version=made.version, by=nurse, now=now)


def test_call_in_error_takes_its_numbers_along(patient: Patient, nurse: User, now: datetime) -> None:
    made = call(patient, nurse, now, pain=9, stools=5)
    withdraw_call(made, reason="wrong patient", by=nurse, now=now)
    assert Measurement.objects.valid().filter(patient=patient).count() == 0
    assert open_steps(patient) == []
    assert made.events.count() == 2


def test_call_is_refused_for_the_dead_and_for_readers(patient: Patient, team: Team, nurse: User, now: datetime) -> None:
    reader = factories.person(team, Role.BOARD_COORDINATOR)
    with pytest.raises(ValidationError):
        call(patient, reader, now, pain=1)
    patient.deceased_on = date(2026, 11, 1)
    patient.save()
    with pytest.raises(ValidationError, match="has died"):
        call(patient, nurse, now, pain=1)


def test_wording_of_the_site_is_versioned(team: Team, now: datetime) -> None:
    lead = factories.person(team, Role.TEAM_LEAD)
    assert wordings(team.pk)[Sign.FEVER].is_settled is False
    word_sign(team, Sign.FEVER, text="Call ward 7 now.", by=lead, now=now)
    word_sign(team, Sign.FEVER, text="Call ward 8 now.", by=lead, now=now)
    found = wordings(team.pk)[Sign.FEVER]
    assert (found.text, found.version, found.is_settled, found.signed_by) == ("Call ward 8 now.", 2, True, str(lead))
    with pytest.raises(ValidationError):
        word_sign(team, Sign.FEVER, text="x", by=factories.person(team, Role.NURSE_COORDINATOR), now=now)
    assert (
        list(AuditEvent.objects.filter(action="triage.word_sign").values_list("actor_id", flat=True)) == [lead.pk] * 2
    )


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(nurse: User) -> Client:
    made = Client()
    made.force_login(nurse)
    return made


def test_form_says_the_protocol_and_that_it_is_no_emergency_channel(client: Client, patient: Patient) -> None:
    html = client.get(reverse("call-new", args=[patient.pk])).content.decode()
    assert "Tell the oncologist now, while the caller is on the line." in html
    assert "no emergency channel" in html
    assert "Local, unsigned" in html


def test_form_refuses_nonsense_and_keeps_what_was_typed(client: Client, patient: Patient) -> None:
    url = reverse("call-new", args=[patient.pk])
    answer = client.post(url, {"stools": "many", "pain": "12", "other": "keeps this"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="many"' in html
    assert "keeps this" in html
    assert "less than or equal to 10" in html
    empty = client.post(url, {})
    assert (empty.status_code, SymptomCall.objects.count()) == (422, 0)


def test_form_leads_to_the_protocol_then_back_to_the_patient(client: Client, patient: Patient) -> None:
    answer = client.post(reverse("call-new", args=[patient.pk]), {"fever": "on", "caller": "family"})
    made = SymptomCall.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("call", args=[patient.pk, made.pk]))
    page = client.get(answer["Location"]).content.decode()
    assert "Tell the oncologist now, while the caller is on the line." in page
    done = client.post(answer["Location"], {"outcome": "Told Dr Okafor", "version": made.version})
    assert (done.status_code, done["Location"]) == (303, reverse("patient", args=[patient.pk]))


def test_answering_an_answered_call_is_a_conflict(client: Client, patient: Patient, nurse: User, now: datetime) -> None:
    made = call(patient, nurse, now, pain=9)
    close_call(made, outcome="done", version=made.version, by=nurse, now=now)
    answer = client.post(reverse("call", args=[patient.pk, made.pk]), {"outcome": "mine", "version": made.version})
    assert answer.status_code == 409


def test_stools_of_a_call_are_what_guidance_reads(patient: Patient, nurse: User, now: datetime) -> None:
    """R16 (diarrhea on an analog) rests on the same measurement."""
    from patients.guidance.queries.snapshot import snapshot

    call(patient, nurse, now, stools=6)
    fact = snapshot(patient, date(2026, 11, 23)).labs["stools"]
    assert (int(fact.value or 0), fact.unit) == (6, "/d")
