"""ESAS-r, distress, weight: entered, shown, and what severe symptoms start."""

from datetime import date

import pytest
from django.test import Client

from careteam.people.rules import Role
from patients.goals.models import GoalsPromptReason
from patients.record.models import NextStep, SymptomAssessment
from patients.record.queries import symptoms_of
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nurse(client: Client):  # type: ignore[no-untyped-def]
    person = factories.person(factories.team(), Role.NURSE_COORDINATOR)
    client.force_login(person)
    person.patient = factories.patient(person.memberships.get().team)  # type: ignore[attr-defined]
    return person


def _ask(client: Client, person, **scores: str):  # type: ignore[no-untyped-def]
    form = {"assessed_on": "2026-11-20", "filled_by": "patient"} | scores
    return client.post(f"/patients/{person.patient.pk}/record/symptomassessment/new/", form)


def test_severe_symptom_makes_a_task_and_a_reason_to_talk(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    assert _ask(client, nurse, pain="8", nausea="5").status_code == 303
    step = NextStep.objects.get(source_key__startswith="symptoms:", closed_at__isnull=True)
    assert (step.what, step.owner_role) == ("Call: severe symptoms (pain 8)", "nurse_coordinator")
    assert step.due_on is not None
    assert step.due_on.weekday() < 5
    assert list(GoalsPromptReason.objects.values_list("reason", "detail")) == [("symptoms", "pain 8")]
    now = symptoms_of(nurse.patient)
    assert ([i.label for i in now.to_review], now.severe) == (["Nausea"], ("pain",))


def test_answer_closes_the_task_once(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    _ask(client, nurse, pain="8")
    row = SymptomAssessment.objects.get()
    url = f"/patients/{nurse.patient.pk}/record/symptoms/{row.pk}/answer/"
    assert client.post(url, {"answer": "", "version": "1"}).status_code == 422
    assert client.post(url, {"answer": "Called; morphine raised by Dr A", "version": "1"}).status_code == 303
    assert not NextStep.objects.filter(source_key__startswith="symptoms:", closed_at__isnull=True).exists()
    assert client.post(url, {"answer": "Again", "version": "1"}).status_code == 409
    row.refresh_from_db()
    assert (row.answer, row.answered_by) == ("Called; morphine raised by Dr A", nurse)


def test_milder_answers_later_replace_the_task(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    _ask(client, nurse, pain="8")
    _ask(client, nurse, pain="3", assessed_on="2026-11-22")
    assert not NextStep.objects.filter(source_key__startswith="symptoms:", closed_at__isnull=True).exists()


def test_moderate_symptoms_make_no_task(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    _ask(client, nurse, pain="6", distress="3")
    assert (NextStep.objects.count(), GoalsPromptReason.objects.count()) == (0, 0)


def test_distress_of_four_asks_for_support(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    _ask(client, nurse, distress="4")
    step = NextStep.objects.get(source_key="care:psychosocial")
    assert step.what == "Offer psycho-oncology: distress 4 of 10"


@pytest.mark.parametrize(
    ("scores", "field"),
    [({"pain": "11"}, "pain"), ({"pain": "-1"}, "pain"), ({"pain": "2,5"}, "pain"), ({}, "pain"),
     ({"other": "5"}, "other_name"), ({"pain": "5", "assessed_on": "2030-01-01"}, "assessed_on")],
)  # fmt: skip
def test_bad_scores_are_told_beside_their_field(client: Client, nurse, scores, field) -> None:  # type: ignore[no-untyped-def]
    response = _ask(client, nurse, **scores)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]


def test_weight_loss_asks_for_goals_once(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    url = f"/patients/{nurse.patient.pk}/record/measurement/new/"
    for on, kilograms in (("2026-08-20", "80"), ("2026-11-18", "74"), ("2026-11-20", "73")):
        client.post(url, {"measure": "29463-7", "amount": kilograms, "taken_on": on})
    assert list(GoalsPromptReason.objects.values_list("reason", "since")) == [("weight", date(2026, 11, 18))]
    loss = symptoms_of(nurse.patient).losses[0]
    assert (str(loss.percent), loss.since) == ("8.8", date(2026, 8, 20))


def test_panel_shows_course_and_is_not_an_emergency_channel(client: Client, nurse) -> None:  # type: ignore[no-untyped-def]
    _ask(client, nurse, pain="2", tiredness="3", assessed_on="2026-10-01")
    _ask(client, nurse, pain="5", tiredness="3")
    text = client.get(f"/patients/{nurse.patient.pk}/record/symptoms/").content.decode()
    assert "5 moderate" in text
    assert "Not an emergency channel" in text
    assert "Review at the next visit: pain." in text
