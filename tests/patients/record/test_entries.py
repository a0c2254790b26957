"""Facts of the record through the pages: added, corrected, in error; bad input keeps what was typed."""

from datetime import date, datetime

import pytest
from django.test import Client

from careteam.audit.models import AuditEvent
from careteam.events.models import Event
from careteam.people.rules import Role
from patients.record import commands
from patients.record.models import Diagnosis, Encounter, Measurement, NextStep, Patient, Specimen
from patients.record.rules import EnrollmentStatus
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def oncologist(client: Client):  # type: ignore[no-untyped-def]
    team = factories.team()
    person = factories.person(team, Role.ONCOLOGIST)
    client.force_login(person)
    person.patient = factories.patient(team)  # type: ignore[attr-defined]
    return person


def _url(person, kind: str, tail: str = "new/") -> str:  # type: ignore[no-untyped-def]
    return f"/patients/{person.patient.pk}/record/{kind}/{tail}"


def test_result_in_another_unit_is_stored_with_its_original(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    form = {"measure": "718-7", "amount": "104", "entered_unit": "g/L", "taken_on": "2026-11-02"}
    assert client.post(_url(oncologist, "measurement"), form).status_code == 303
    row = Measurement.objects.get()
    assert (float(row.value), row.unit, row.original_value, row.original_unit) == (10.4, "g/dL", "104", "g/L")
    assert AuditEvent.objects.get(kind="write").action == "record.add_measurement"


def test_implausible_result_is_questioned_and_kept(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    form = {"measure": "718-7", "amount": "104", "entered_unit": "g/dL", "taken_on": "2026-11-02", "note": "tired"}
    response = client.post(_url(oncologist, "measurement"), form)
    text = response.content.decode()
    assert response.status_code == 422
    assert "Did you mean g/L?" in text
    assert 'value="104"' in text
    assert "tired" in text
    assert Measurement.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "form", "message"),
    [
        ("specimen", {"ki67": "200", "differentiation": "well"}, "Ki-67 is a percentage between 0 and 100."),
        ("specimen", {"taken_on": "3024-01-01"}, "This date lies in the future."),
        ("specimen", {"taken_on": "0200-01-01"}, "before 1900"),
        ("specimen", {"taken_on": "1950-01-01"}, "before the patient was born"),
        ("specimen", {"conclusion": "x" * 100_000}, "at most 20000 characters"),
        ("receptorimaging", {"imaged_on": "2026-01-01", "krenning": "9"}, "less than or equal to 4"),
        ("liverassessment", {"assessed_on": "2026-01-01", "pattern": "2"}, "Name the scheme of the pattern"),
        (
            "admission",
            {"admitted_on": "2026-05-02", "discharged_on": "2026-05-01"},
            "discharge lies before the admission",
        ),
    ],
)
def test_bad_input_gets_a_sentence(client: Client, oncologist, kind, form, message) -> None:  # type: ignore[no-untyped-def]
    response = client.post(_url(oncologist, kind), form)
    assert response.status_code == 422
    assert message in response.content.decode().replace("&#x27;", "'")


def test_emoji_and_long_text_survive(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    text = "Zoë 🙂 ü " * 2000
    form = {"differentiation": "well", "ki67": "4", "conclusion": text.strip()}
    assert client.post(_url(oncologist, "specimen"), form).status_code == 303
    assert Specimen.objects.get().conclusion == text.strip()


def test_second_main_diagnosis_replaces_the_first(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    factories.diagnosis(oncologist.patient)
    form = {"net_status": "not_net", "is_main": "on", "label": "Breast cancer"}
    assert client.post(_url(oncologist, "diagnosis"), form).status_code == 303
    assert list(Diagnosis.objects.order_by("pk").values_list("is_main", flat=True)) == [False, True]


def test_two_editors_get_both_versions_and_choose(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    row = factories.specimen(oncologist.patient, ki67="8.00", site="liver")
    url = _url(oncologist, "specimen", f"{row.pk}/")
    opened = {"differentiation": "well", "ki67": "8", "site": "liver", "version": "1", "is_metastasis": "unknown"}
    assert client.post(url, opened | {"ki67": "12"}).status_code == 303
    conflict = client.post(url, opened | {"site": "liver segment IV"})
    text = conflict.content.decode()
    assert conflict.status_code == 409
    assert 'name="take_ki67"' in text
    assert 'value="liver segment IV"' in text
    chosen = opened | {"site": "liver segment IV", "version": "2", "take_ki67": "theirs", "take_site": "yours"}
    assert client.post(url, chosen).status_code == 303
    row.refresh_from_db()
    assert (float(row.ki67), row.site, row.version) == (12.0, "liver segment IV", 3)


def test_entered_in_error_disappears_and_stays_in_history(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    row = factories.specimen(oncologist.patient)
    url = _url(oncologist, "specimen", f"{row.pk}/error/")
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "Other patient"}).status_code == 303
    assert list(Specimen.objects.valid()) == []
    assert row.events.count() == 2


def test_progression_and_ecog_are_announced(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    client.post(_url(oncologist, "diseasestatus"), {"assessed_on": "2026-11-12", "category": "PD", "method": "recist"})
    client.post(_url(oncologist, "measurement"), {"measure": "89247-1", "amount": "2", "taken_on": "2026-11-12"})
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == ["progression", "ecog"]


def test_name_change_updates_search_and_sorting(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    patient = oncologist.patient
    form = {"family_name": "Drăgan", "given_name": "Ileana", "sex": "female", "version": "1", "interpreter": "unknown"}
    assert client.post(f"/patients/{patient.pk}/record/identity/", form).status_code == 303
    found = client.post("/search/", {"q": "dragan ile"})
    assert "Ileana Drăgan" in found.content.decode()
    assert Patient.objects.get(pk=patient.pk).sort_key == "dragan ileana"


def test_death_closes_steps_and_enrollment(now: datetime, oncologist) -> None:  # type: ignore[no-untyped-def]
    patient = oncologist.patient
    commands.open_step(patient, kind="visit", source_key="visit:1", what="Call", now=now)
    commands.record_death(patient, on=date(2026, 11, 20), cause="NET", by=oncologist, now=now)
    patient.refresh_from_db()
    assert (patient.enrollment_status, patient.is_deceased) == (EnrollmentStatus.DECEASED, True)
    assert not NextStep.objects.filter(closed_at__isnull=True).exists()
    assert set(Event.objects.values_list("kind", flat=True)) == {"enrollment", "deceased"}


def test_enrollment_follows_its_table(now: datetime, client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    url = f"/patients/{oncologist.patient.pk}/record/enrollment/"
    refused = client.post(url, {"status": "under_review", "on": "2026-11-20"})
    assert "cannot go to" in refused.content.decode()
    declined = client.post(url, {"status": "declined", "on": "2026-11-20", "reason": "Wants no scans"})
    assert "Choose a date to ask again" in declined.content.decode()


def test_birth_after_death_is_refused_with_a_sentence(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    patient = oncologist.patient
    Patient.objects.filter(pk=patient.pk).update(deceased_on=date(2020, 1, 1))
    form = {"family_name": "A", "birth_date": "2021-01-01", "sex": "female", "version": "1", "interpreter": "unknown"}
    response = client.post(f"/patients/{patient.pk}/record/identity/", form)
    assert response.status_code == 422
    assert "The birth date lies after the date of death." in response.content.decode()


def _death(oncologist) -> str:  # type: ignore[no-untyped-def]
    return f"/patients/{oncologist.patient.pk}/record/death/"


def test_what_became_known_of_a_death_is_added_later(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    patient = oncologist.patient
    assert client.post(_death(oncologist), {"on": "2026-11-20", "version": patient.version}).status_code == 303
    patient.refresh_from_db()
    assert (patient.death_cause, patient.death_place) == ("", "")
    known = {"on": "2026-11-20", "died_of": "cancer", "place": "home", "cause": "Liver failure"}
    assert client.post(_death(oncologist), {**known, "version": patient.version}).status_code == 303
    patient.refresh_from_db()
    assert (patient.death_cause, patient.death_place, patient.cause_of_death) == ("cancer", "home", "Liver failure")
    assert list(Event.objects.values_list("kind", flat=True)).count("deceased") == 1  # the day did not change
    page = client.get(f"/patients/{patient.pk}/record/").text
    assert "Liver failure" in page
    assert "at home" in page


def test_a_stale_death_overwrites_nothing(client: Client, oncologist) -> None:  # type: ignore[no-untyped-def]
    patient = oncologist.patient
    form = {"on": "2026-11-20", "version": patient.version}
    assert client.post(_death(oncologist), {**form, "place": "hospice"}).status_code == 303
    refused = client.post(_death(oncologist), {**form, "place": "home"})
    assert refused.status_code == 409
    assert "At home" in refused.text
    assert Patient.objects.get(pk=patient.pk).death_place == "hospice"


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (("2026-10-31", "2026-11-02"), "Intensive care began before the admission."),
        (("2026-11-03", "2026-11-02"), "The end lies before the start."),
        (("", "2026-11-02"), "Say from which day on."),
        (("2026-11-02", "2026-11-06"), "The discharge lies before the end of intensive care."),
        (("2026-11-01", "2026-11-01"), ""),
    ],
)
def test_days_in_intensive_care_lie_within_the_stay(
    client: Client,
    oncologist,  # type: ignore[no-untyped-def]
    days: tuple[str, str],
    said: str,
) -> None:
    stay = {"admitted_on": "2026-11-01", "discharged_on": "2026-11-05", "icu_from": days[0], "icu_until": days[1]}
    answer = client.post(_url(oncologist, "admission"), stay)
    assert answer.status_code == (422 if said else 303)
    assert said in answer.text


def test_a_visit_to_the_emergency_department_and_what_was_imported_stay_choices(
    client: Client,
    oncologist,  # type: ignore[no-untyped-def]
) -> None:
    form = {"kind": "emergency", "starts_at": "2026-11-01T04:10"}
    assert client.post(_url(oncologist, "encounter"), form).status_code == 303
    row = Encounter.objects.create(patient=oncologist.patient, kind="infusion", starts_at="2026-11-02T10:00:00Z")
    assert (
        '<option value="infusion" selected>Infusion</option>'
        in client.get(f"/patients/{oncologist.patient.pk}/record/encounter/{row.pk}/").text
    )
