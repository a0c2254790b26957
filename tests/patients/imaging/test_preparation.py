"""Preparation of a booked scan: pure rules, what is kept, where it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import preparations_of
from patients.imaging.rules.preparation import Answers, Flag, PrepFacts, PrepItem, checklist
from patients.protocol.rules import NUMBERS
from patients.record.models import NextStep
from patients.treatment.rules import Injection, LabValue, Limit
from tests import factories

ON = date(2026, 12, 10)
TODAY = date(2026, 11, 23)
LIMITS = {
    code: Limit(number.value, number.unit, number.source, number.tag, not number.needs_signature)
    for code, number in NUMBERS.items()
}
NOBODY_ASKED = PrepFacts(modality="ct", region="", on=ON, age=40, may_be_pregnant=True)


def found(facts: PrepFacts, answers: Answers | None = None) -> dict[str, PrepItem]:
    return {item.code: item for item in checklist(facts, answers or Answers(), LIMITS)}


@pytest.mark.parametrize("modality", ["ct", "mri", "sstr_pet", "fdg_pet", "us", "xray"])
def test_what_nobody_knows_is_never_ready(modality: str) -> None:
    facts = replace(NOBODY_ASKED, modality=modality, on_analog=True)
    assert [item.code for item in checklist(facts, Answers(), LIMITS) if not item.is_open] == []


def lab(value: str, on: date) -> LabValue:
    return LabValue("2160-0", "Creatinine", on, Decimal(value), "mg/dL")


@pytest.mark.parametrize(
    ("drawn", "clearance", "state", "said"),
    [
        (None, None, "unknown", "no creatinine"),
        (ON - timedelta(29), "80", "ask", "creatinine 1 mg/dL of 11 Nov 2026, 29 days before the scan"),
        (ON - timedelta(28), "80", "ready", "creatinine 1 mg/dL of 12 Nov 2026, clearance 80 mL/min"),
        (ON - timedelta(28), None, "unknown", "creatinine 1 mg/dL of 12 Nov 2026; clearance needs a weight"),
        (ON - timedelta(28), "29", "conflict", "creatinine 1 mg/dL of 12 Nov 2026, clearance 29 mL/min"),
        (ON - timedelta(28), "30", "ready", "creatinine 1 mg/dL of 12 Nov 2026, clearance 30 mL/min"),
    ],
)
def test_kidneys_ask_for_a_fresh_value_and_for_radiology_below_the_limit(
    drawn: date | None, clearance: str | None, state: str, said: str
) -> None:
    computed = LabValue("clearance", "Clearance", drawn or ON, Decimal(clearance) if clearance else None, "mL/min")
    computed = computed if clearance else replace(computed, problem="needs a weight")
    facts = replace(NOBODY_ASKED, creatinine=lab("1", drawn) if drawn else None, clearance=computed)
    item = found(facts)["kidneys"]
    assert (item.state, item.said) == (state, said)
    assert "kidneys" not in found(facts, Answers(contrast="no"))


def test_an_analog_too_near_before_an_sstr_pet_says_which_days_would_do() -> None:
    pet = replace(NOBODY_ASKED, modality="sstr_pet", on_analog=True)
    last, coming = Injection(1, ON - timedelta(9), given=True), Injection(2, ON + timedelta(19))
    item = found(replace(pet, injections=(last, coming)))["ssa"]
    assert (item.state, item.said) == ("conflict", "injection of 1 Dec 2026, 9 days before the scan")
    assert item.offers == (date(2026, 12, 29), date(2027, 1, 26))
    assert item.unsigned
    planned = found(replace(pet, injections=(replace(last, given=False),)))["ssa"]
    assert "move the injection to after the scan" in planned.todo
    assert found(replace(pet, injections=(Injection(1, ON - timedelta(28)),)))["ssa"].state == "ready"
    assert found(replace(pet, injections=(Injection(1, ON),), on_analog=False))["ssa"].state == "ready"


@pytest.mark.parametrize(
    ("changes", "answers", "code", "state"),
    [
        ({"reactions": ("Iodine, hives",)}, Answers(), "reaction", "conflict"),
        ({"reactions": ("Iodine, hives",)}, Answers(reaction_settled=True), "reaction", "ready"),
        ({"drugs": True}, Answers(), "metformin", "ready"),
        ({"drugs": True, "metformin": "Metformin 1 g"}, Answers(), "metformin", "ask"),
        ({"modality": "mri", "implant": Flag(True, TODAY, "pacemaker")}, Answers(), "implant", "conflict"),
        ({"modality": "mri", "implant": Flag(None, TODAY)}, Answers(), "implant", "unknown"),
        ({"modality": "mri", "claustrophobia": Flag(False, TODAY)}, Answers(), "claustrophobia", "ready"),
        ({"modality": "mri"}, Answers(claustrophobia="yes"), "claustrophobia", "conflict"),
        ({"modality": "fdg_pet", "diabetes": "Type 2 diabetes"}, Answers(), "diabetes", "ask"),
        ({"pregnancy": Flag(True, TODAY)}, Answers(), "pregnancy", "conflict"),
        ({"pregnancy": Flag(False, TODAY)}, Answers(), "pregnancy", "ask"),
        ({}, Answers(pregnancy_asked_on=ON - timedelta(7)), "pregnancy", "ready"),
        ({"interpreter": True}, Answers(), "interpreter", "ask"),
        ({}, Answers(interpreter="booked"), "interpreter", "ready"),
        ({"transport": "Ambulance"}, Answers(), "transport", "ask"),
    ],
)
def test_each_point_follows_the_record_and_the_answer(
    changes: dict[str, object], answers: Answers, code: str, state: str
) -> None:
    assert found(replace(NOBODY_ASKED, **changes), answers)[code].state == state  # type: ignore[arg-type]


def test_pregnancy_is_not_asked_of_men_nor_beyond_the_ages() -> None:
    assert "pregnancy" not in found(replace(NOBODY_ASKED, may_be_pregnant=False))
    assert "pregnancy" not in found(replace(NOBODY_ASKED, age=56))
    assert "pregnancy" in found(replace(NOBODY_ASKED, may_be_pregnant=None, age=None))


def test_answers_survive_their_storage_and_strange_values() -> None:
    answers = Answers(contrast="yes", pregnancy_asked_on=ON, metformin_told=True, note="Left port")
    assert Answers.read(answers.written()) == answers
    assert Answers.read({"contrast": 7, "pregnancy_asked_on": "soon", "other": 1}) == Answers()


@pytest.mark.django_db
def test_booking_keeps_what_was_asked_never_refuses_and_leaves_a_step(client: Client) -> None:
    team = factories.team()
    nurse = factories.person(team, Role.NURSE_COORDINATOR)
    patient = factories.patient(team, sex="male")
    study = factories.study(patient, region="liver, 3-phase", status="ordered", due_on=TODAY, owner=nurse)
    client.force_login(nurse)
    url = reverse("study-schedule", args=[study.pk])
    page = client.get(url).content.decode()
    assert "no creatinine" in page
    assert 'value="yes" id="id_contrast_1" checked' in page or 'id="id_contrast_1" checked' in page
    sent = {"version": study.version, "at": "2099-12-10T09:00", "place": "Site A", "contrast": "yes"}
    assert client.post(url, {**sent, "reaction_settled": "on", "note": "Left port"}).status_code == 303
    study.refresh_from_db()
    assert (study.status, study.preparation, study.prepared_by) == (
        "scheduled",
        {"contrast": "yes", "reaction_settled": True, "note": "Left port"},
        nurse,
    )
    step = NextStep.objects.get(source_key=f"prepare:{study.pk}", closed_at=None)
    assert step.what == "Prepare CT, liver, 3-phase: Kidney function, Metformin, Interpreter, Transport" or (
        step.what.startswith("Prepare CT")
    )
    assert step.owner == nurse
    shown = client.get(reverse("study-page", args=[study.pk])).content.decode()
    assert "Left port" in shown
    assert "preparation: 4 open" in client.get(reverse("imaging-worklist")).content.decode()
    factories.measurement(patient, code="2160-0", value=Decimal("0.9"), unit="mg/dL")
    client.post(
        reverse("study-prepare", args=[study.pk]),
        {"version": study.version, "contrast": "no", "interpreter": "no", "transport": "own"},
    )
    assert not NextStep.objects.filter(source_key=f"prepare:{study.pk}", closed_at=None).exists()
    commands.cancel_slot(ImagingStudy.objects.get(), reason="Scanner down", by=nurse, now=datetime.now(UTC))


@pytest.mark.django_db
def test_checklists_of_many_cost_what_one_costs() -> None:
    team = factories.team()
    for _ in range(3):
        factories.study(factories.patient(team), status="ordered", due_on=TODAY)
    studies = list(ImagingStudy.objects.select_related("patient__team"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        preparations_of(studies[:1], today=TODAY)
    with CaptureQueriesContext(connection) as three:
        assert len(preparations_of(studies, today=TODAY)) == 3
    assert len(one) == len(three)
