"""The parts of the care: rows, next steps, events, errors, pages."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.care.commands import add, ask_dietitian, change, offer_psychosocial, withdraw
from patients.care.models import Drainage, NutritionReview, PsychosocialCare, SecondOpinion
from patients.care.queries import TABLES, care_now, sections_of
from patients.care.rules import CARE_KINDS
from patients.protocol.commands import sign_number
from patients.record.commands import add_entry
from patients.record.models import ClinicalFlag, ExternalCenter, Measurement, NextStep, Patient, StaleEdit
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
def dietitian(team: Team) -> User:
    return factories.person(team, Role.DIETITIAN)


@pytest.fixture
def chaplain(team: Team) -> User:
    return factories.person(team, Role.CHAPLAIN)


def steps(patient: Patient) -> list[tuple[str, str, date | None]]:
    rows = NextStep.objects.filter(patient=patient, closed_at__isnull=True).order_by("due_on", "pk")
    return [(row.what, row.owner_role, row.due_on) for row in rows]


def weigh(patient: Patient, *pairs: tuple[int, float]) -> None:
    """(days ago, kg)"""
    for ago, kilograms in pairs:
        factories.measurement(
            patient, "29463-7", kilograms, unit="kg", taken_at=factories.NOW - timedelta(days=ago), label="Weight"
        )


# --- next steps ------------------------------------------------------------------------------------------------------


def test_a_review_date_is_the_dietitians_next_step_and_a_later_review_moves_it(
    patient: Patient, dietitian: User, now: datetime
) -> None:
    add(patient, "nutrition", {"noted_on": ON, "follow_up_on": date(2026, 12, 7)}, by=dietitian, now=now)
    assert steps(patient) == [("Nutrition: see again", "dietitian", date(2026, 12, 7))]
    add(patient, "nutrition", {"noted_on": ON + timedelta(days=1)}, by=dietitian, now=now)
    assert steps(patient) == []


def test_the_next_drainage_is_the_earliest_of_both_sides(patient: Patient, dietitian: User, now: datetime) -> None:
    for kind, due in (("ascites", 20), ("pleural_left", 9)):
        row = {"noted_on": ON, "kind": kind, "volume_ml": 3000, "follow_up_on": ON + timedelta(days=due)}
        add(patient, "drainage", row, by=dietitian, now=now)
    assert steps(patient) == [("Drainage due: pleural, left", "nurse_coordinator", ON + timedelta(days=9))]
    last = Drainage.objects.get(kind="pleural_left")
    withdraw(last, "drainage", reason="other patient", by=dietitian, now=now)
    assert steps(patient) == [("Drainage due: ascites", "nurse_coordinator", ON + timedelta(days=20))]


def test_a_second_opinion_waits_for_its_own_reply(patient: Patient, dietitian: User, team: Team, now: datetime) -> None:
    center = ExternalCenter.objects.create(team=team, name="University Hospital Westend")
    due = ON + timedelta(days=14)
    values = {"noted_on": ON, "center": center, "question": "Transplant?", "follow_up_on": due}
    first = add(patient, "opinion", values, by=dietitian, now=now)
    add(patient, "opinion", {**values, "question": "PRRT again?"}, by=dietitian, now=now)
    assert [what for what, _, _ in steps(patient)] == ["Second opinion: reply of University Hospital Westend"] * 2
    change(first, "opinion", {"received_on": ON, "answer": "No"}, version=1, by=dietitian, now=now)
    assert len(steps(patient)) == 1


def test_a_center_of_another_team_is_refused(patient: Patient, dietitian: User, now: datetime) -> None:
    elsewhere = ExternalCenter.objects.create(team=factories.team(), name="Elsewhere")
    with pytest.raises(ValidationError):
        add(patient, "opinion", {"noted_on": ON, "center": elsewhere, "question": "?"}, by=dietitian, now=now)
    assert SecondOpinion.objects.count() == 0


def test_the_crisis_plan_is_one_row_that_strip_and_guidance_read(
    patient: Patient, dietitian: User, now: datetime
) -> None:
    values = {
        "state": "present",
        "asked_on": ON,
        "documented_on": ON,
        "documented_by": "Dr Okafor",
        "kept_at": "Anesthesia folder",
        "review_on": ON + timedelta(days=365),
    }
    row = add(patient, "crisis", values, by=dietitian, now=now)
    flag = ClinicalFlag.objects.get()
    assert (flag.pk, flag.kind, flag.state) == (row.pk, "crisis_plan", "present")
    assert steps(patient) == [
        ("Review the carcinoid crisis plan", "nurse_coordinator", ON + timedelta(days=365)),
    ]
    add(patient, "crisis", {"state": "absent", "asked_on": ON + timedelta(days=1)}, by=dietitian, now=now)
    assert steps(patient) == []


# --- rights, versions, errors ----------------------------------------------------------------------------------------


def test_the_chaplain_documents_family_the_board_coordinator_does_not(
    patient: Patient, team: Team, chaplain: User, now: datetime
) -> None:
    values = {"noted_on": ON, "relation": "daughter", "age_band": "school", "support": "Group for children"}
    add(patient, "family", values, by=chaplain, now=now)
    with pytest.raises(ValidationError):
        add(patient, "family", values, by=factories.person(team, Role.BOARD_COORDINATOR), now=now)
    assert list(AuditEvent.objects.filter(action="record.add_familymember").values_list("actor_id", flat=True)) == [
        chaplain.pk
    ]


def test_a_stale_change_is_refused_and_history_keeps_both(patient: Patient, dietitian: User, now: datetime) -> None:
    row = add(patient, "nutrition", {"noted_on": ON, "note": "first"}, by=dietitian, now=now)
    change(row, "nutrition", {"note": "second"}, version=1, by=dietitian, now=now)
    with pytest.raises(StaleEdit):
        change(row, "nutrition", {"note": "third"}, version=1, by=dietitian, now=now)
    assert [each.note for each in NutritionReview.objects.get().events.order_by("pgh_id")] == ["first", "second"]


def test_nothing_is_asked_for_the_dead(patient: Patient, dietitian: User, now: datetime) -> None:
    patient.deceased_on = ON
    patient.save()
    add(patient, "nutrition", {"noted_on": ON, "follow_up_on": ON + timedelta(days=9)}, by=dietitian, now=now)
    assert steps(patient) == []


# --- weight ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_weight_that_fell_asks_for_the_dietitian(team: Team, now: datetime) -> None:
    patient, nurse = factories.patient(team), factories.person(team, Role.NURSE_COORDINATOR)
    weigh(patient, (90, 80))
    values = {"code": "29463-7", "label": "Weight", "value": 75, "unit": "kg", "taken_at": now}
    add_entry(patient, Measurement, values, by=nurse, now=now)
    asked = [step for step in steps(patient) if step[1] == "dietitian"]
    assert asked == [("Weight loss 6.2 % in 3 months: screen nutrition", "dietitian", ON + timedelta(days=7))]


@pytest.mark.parametrize(("before", "after", "asked"), [(80, 76.1, False), (80, 76, True), (80, 84, False)])
def test_the_trigger_is_the_teams_limit(
    patient: Patient, before: float, after: float, asked: bool, now: datetime
) -> None:
    weigh(patient, (100, before), (0, after))
    assert ask_dietitian(patient.pk, now=now) is asked


def test_a_team_may_sign_another_limit(patient: Patient, team: Team, now: datetime) -> None:
    from decimal import Decimal

    sign_number(team, "care.weight_loss", value=Decimal(10), by=factories.person(team, Role.TEAM_LEAD), now=now)
    weigh(patient, (100, 80), (0, 75))
    assert ask_dietitian(patient.pk, now=now) is False


def test_a_dietitian_who_knows_is_not_asked_again(patient: Patient, dietitian: User, now: datetime) -> None:
    weigh(patient, (100, 80), (3, 74))
    add(patient, "nutrition", {"noted_on": ON}, by=dietitian, now=now)
    assert ask_dietitian(patient.pk, now=now) is False
    weigh(patient, (0, 70))
    assert ask_dietitian(patient.pk, now=now) is False  # written on the day of that weight
    assert ask_dietitian(patient.pk, now=now + timedelta(days=1)) is False


def test_patients_outside_our_care_are_not_asked_about(team: Team, now: datetime) -> None:
    from patients.record.rules import EnrollmentStatus

    gone = factories.patient(team, status=EnrollmentStatus.DISCHARGED)
    weigh(gone, (100, 80), (0, 70))
    assert ask_dietitian(gone.pk, now=now) is False


# --- distress --------------------------------------------------------------------------------------------------------


def offer(patient: Patient, distress: int, now: datetime) -> PsychosocialCare | None:
    return offer_psychosocial(patient.pk, distress=distress, on=ON, now=now)


def test_distress_from_four_on_starts_the_pathway_once(patient: Patient, now: datetime) -> None:
    assert offer(patient, 3, now) is None
    assert offer(patient, 4, now) is not None
    assert offer(patient, 8, now) is None
    assert steps(patient) == [
        ("Offer psycho-oncology: distress 4 of 10", "nurse_coordinator", ON + timedelta(days=7)),
    ]


def test_the_pathway_goes_from_nurse_to_psycho_oncologist(patient: Patient, team: Team, now: datetime) -> None:
    by = factories.person(team, Role.PSYCHO_ONCOLOGIST)
    row = offer(patient, 6, now)
    assert row is not None
    change(row, "psychosocial", {"state": "accepted", "owner": by}, version=1, by=by, now=now)
    step = NextStep.objects.get(closed_at__isnull=True)
    assert (step.what, step.owner) == ("Psycho-oncology: see the patient", by)
    change(row, "psychosocial", {"state": "seen"}, version=2, by=by, now=now)
    assert steps(patient) == []
    with pytest.raises(ValidationError, match="cannot go"):
        change(row, "psychosocial", {"state": "to_offer"}, version=3, by=by, now=now)


def test_a_no_is_asked_again_only_when_the_distress_rose(patient: Patient, team: Team, now: datetime) -> None:
    by = factories.person(team, Role.NURSE_COORDINATOR)
    row = offer(patient, 5, now)
    assert row is not None
    change(row, "psychosocial", {"state": "declined"}, version=1, by=by, now=now)
    assert steps(patient) == []
    assert offer(patient, 5, now) is None
    assert offer(patient, 7, now) is not None
    assert steps(patient) == [("Psycho-oncology: offer again", "psycho_oncologist", ON)]


def test_a_second_live_pathway_is_refused(patient: Patient, team: Team, now: datetime) -> None:
    by = factories.person(team, Role.NURSE_COORDINATOR)
    add(patient, "psychosocial", {"noted_on": ON, "state": "to_offer"}, by=by, now=now)
    with pytest.raises(ValidationError, match="on its way"):
        add(patient, "psychosocial", {"noted_on": ON, "state": "accepted"}, by=by, now=now)


# --- reading ---------------------------------------------------------------------------------------------------------


def test_every_part_has_a_table_and_a_form() -> None:
    from patients.care.forms import FORMS

    assert list(TABLES) == list(CARE_KINDS) == [key for key in CARE_KINDS if key in FORMS]


@pytest.mark.parametrize("count", [1, 3])
def test_the_panel_asks_as_often_for_one_row_as_for_three(
    count: int, patient: Patient, dietitian: User, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(count):
        add(patient, "nutrition", {"noted_on": ON - timedelta(days=n)}, by=dietitian, now=now)
        add(patient, "drainage", {"noted_on": ON, "volume_ml": 2000 + n}, by=dietitian, now=now)
    with django_assert_num_queries(14):
        care_now(patient, ON)


def test_the_panel_marks_risk_by_the_teams_numbers(patient: Patient, dietitian: User, now: datetime) -> None:
    from decimal import Decimal

    add(patient, "nutrition", {"noted_on": ON, "bmi": Decimal("18.9")}, by=dietitian, now=now)
    section = next(each for each in sections_of(patient, ON) if each.kind.key == "nutrition")
    assert (section.lines[0].what, section.lines[0].mark, section.lines[0].word) == (
        "BMI 18.9",
        "amb",
        "At risk: BMI 18.9",
    )


# --- pages -----------------------------------------------------------------------------------------------------------

GOOD: dict[str, dict[str, Any]] = {
    "nutrition": {"noted_on": "2026-11-20", "tool": "must", "score": "2", "enzymes": "taken"},
    "drainage": {"noted_on": "2026-11-20", "kind": "ascites", "volume_ml": "4200", "follow_up_on": "2027-01-03"},
    "psychosocial": {"noted_on": "2026-11-20", "state": "to_offer", "distress": "6"},
    "crisis": {"state": "present", "asked_on": "2026-11-20", "documented_by": "Dr O", "kept_at": "Folder"},
    "questionnaire": {"noted_on": "2026-11-20", "instrument": "ginet21", "scores_typed": "Endocrine 33"},
    "social": {"noted_on": "2026-11-20", "work": "sick_leave", "sick_leave_until": "2027-02-01"},
    "family": {"noted_on": "2026-11-20", "relation": "son", "age_band": "teenager"},
    "information": {"noted_on": "2026-11-20", "kind": "leaflet", "title": "Living with NET", "language": "de"},
}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("nutrition", {"score": "2", "tool": ""}, "Name the tool"),
    ("nutrition", {"weight_loss_percent": "300"}, "less than or equal to 60"),
    ("drainage", {"volume_ml": "90000"}, "less than or equal to 25000"),
    ("drainage", {"volume_ml": "two liters"}, "Write a number"),
    ("drainage", {"follow_up_on": "2026-11-01"}, "before the entry itself"),
    ("drainage", {"noted_on": "2031-01-01"}, "lies in the future"),
    ("crisis", {"kept_at": ""}, "find the plan in the night"),
    ("questionnaire", {"scores_typed": "Endocrine 330"}, "0 to 100"),
    ("questionnaire", {"scores_typed": "😀" * 50_000}, "at most 2000 characters"),
    ("psychosocial", {"distress": "11"}, "less than or equal to 10"),
    ("family", {"relation": ""}, "required"),
]


@pytest.fixture
def client(team: Team) -> Client:
    made = Client()
    made.force_login(factories.person(team, Role.NURSE_COORDINATOR))
    return made


@pytest.mark.parametrize("part", list(GOOD))
def test_each_form_saves_and_opens_again(client: Client, patient: Patient, part: str) -> None:
    answer = client.post(reverse("care-add", args=[patient.pk, part]), GOOD[part])
    assert (answer.status_code, answer["Location"]) == (303, f"/patients/{patient.pk}/care/#{part}")
    row = TABLES[part].objects.get()
    page = client.get(reverse("care-change", args=[patient.pk, part, row.pk]))
    assert page.status_code == 200
    assert client.get(reverse("care-page", args=[patient.pk])).status_code == 200
    gone = client.post(reverse("care-error", args=[patient.pk, part, row.pk]), {"reason": "wrong patient"})
    assert (gone.status_code, TABLES[part].objects.valid().count()) == (303, 0)


@pytest.mark.parametrize(("part", "wrong", "said"), BAD)
def test_bad_input_is_said_beside_its_field_and_kept(
    client: Client, patient: Patient, part: str, wrong: dict[str, Any], said: str
) -> None:
    answer = client.post(reverse("care-add", args=[patient.pk, part]), {**GOOD[part], **wrong})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert TABLES[part].objects.count() == 0
    typed = next(value for value in {**GOOD[part], **wrong}.values() if value)
    assert typed in html


def test_a_stale_form_shows_both_versions(client: Client, patient: Patient, dietitian: User, now: datetime) -> None:
    row = add(patient, "nutrition", {"noted_on": date(2026, 11, 20), "note": "mine"}, by=dietitian, now=now)
    change(row, "nutrition", {"note": "theirs"}, version=1, by=dietitian, now=now)
    url = reverse("care-change", args=[patient.pk, "nutrition", row.pk])
    answer = client.post(url, {"noted_on": "2026-11-20", "note": "yours", "version": "1"})
    assert answer.status_code == 409
    html = answer.content.decode()
    assert ("theirs" in html, "yours" in html) == (True, True)


def test_the_panel_is_a_part_of_the_patient_page(client: Client, patient: Patient) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    html = client.get(reverse("care-panel", args=[patient.pk]), headers=headers).content.decode()
    assert html.lstrip().startswith('<section class="card" id="care"')
    page = client.get(reverse("patient", args=[patient.pk])).content.decode()
    assert reverse("care-panel", args=[patient.pk]) in page


def test_the_package_for_another_center_is_an_audited_export(client: Client, patient: Patient) -> None:
    answer = client.get(reverse("patient-fhir", args=[patient.pk]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/fhir+json")
    assert answer.json()["resourceType"] == "Bundle"
    assert AuditEvent.objects.filter(action="fhir.export_bundle", patient_ids=[patient.pk]).count() == 1


def test_the_dietitians_workspace_shows_the_step(patient: Patient, dietitian: User, now: datetime) -> None:
    weigh(patient, (100, 80), (0, 70))
    assert ask_dietitian(patient.pk, now=now) is True
    own = Client()
    own.force_login(dietitian)
    html = own.get(reverse("home") + "?kind=care").content.decode()
    assert "screen nutrition" in html
