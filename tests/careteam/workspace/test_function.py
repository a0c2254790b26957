"""Scores and heart screening on the patient page, with what they rest on."""

from datetime import date
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.people.rules import Role
from careteam.workspace.function import function_of
from patients.record.models import LiverAssessment
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


def _patient(**team):  # type: ignore[no-untyped-def]
    patient = factories.patient(factories.team(**team), sex="female")
    for code, value, unit in (
        ("1975-2", "2", "mg/dL"),
        ("1751-7", "3.0", "g/dL"),
        ("6301-6", "1.2", "{INR}"),
        ("2160-0", "1.0", "mg/dL"),
        ("29463-7", "60", "kg"),
    ):
        factories.measurement(patient, code, D(value), unit=unit)
    return patient


def _scores(patient):  # type: ignore[no-untyped-def]
    return {score.name: score for score in function_of(patient, TODAY).scores}


def test_scores_are_computed_from_the_latest_values() -> None:
    patient = _patient()
    LiverAssessment.objects.create(patient=patient, assessed_on=TODAY, ascites="none", encephalopathy="none")
    scores = _scores(patient)
    assert (scores["ALBI"].value, scores["ALBI"].reading) == ("−1.54", "grade 2")
    assert (scores["Child-Pugh"].value, scores["Child-Pugh"].reading) == ("7 points", "class B")
    assert scores["Child-Pugh"].caption.startswith("Built for cirrhosis")
    assert scores["Creatinine clearance"].value == "52 mL/min"


def test_scores_are_the_same_whatever_units_the_team_reads() -> None:
    assert [s.value for s in _scores(_patient()).values()] == [s.value for s in _scores(_patient(units="si")).values()]


def test_missing_inputs_are_named_and_nothing_is_assumed() -> None:
    scores = _scores(_patient())
    assert scores["Child-Pugh"].value == ""
    assert scores["Child-Pugh"].missing == ("ascites (not asked)", "encephalopathy (not asked)")


def test_an_implausible_value_is_never_computed_with() -> None:
    patient = _patient()
    factories.measurement(patient, "1751-7", D("0.3"), unit="g/dL")
    scores = _scores(patient)
    assert (scores["ALBI"].value, scores["ALBI"].missing) == ("", ("albumin (not plausible)",))


def test_classes_are_hidden_without_decision_support(settings) -> None:  # type: ignore[no-untyped-def]
    settings.DECISION_SUPPORT_ENABLED = False
    assert list(_scores(_patient())) == ["Creatinine clearance", "eGFR", "Karnofsky"]


def test_heart_screening_is_called_for_despite_a_normal_probnp(client: Client) -> None:
    patient = _patient()
    factories.diagnosis(patient, syndrome="carcinoid")
    factories.measurement(patient, "33762-6", D(60), unit="pg/mL", reference_high=D(125))
    client.force_login(factories.person(patient.team, Role.ONCOLOGIST))
    text = client.get(f"/patients/{patient.pk}/function/").content.decode()
    assert "never recorded" in text
    assert "A normal NT-proBNP does not replace the echo" in text
    assert "local, unsigned" in text


def test_patient_page_paints_with_twelve_queries_and_panels_follow(client: Client) -> None:
    patient = _patient()
    client.force_login(factories.person(patient.team, Role.ONCOLOGIST))
    for _ in range(3):
        factories.specimen(patient)
        factories.line(patient)
    factories.diagnosis(patient)
    url = f"/patients/{patient.pk}/"
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(url).content.decode()
    assert len(queries) <= 12
    panels = ("record/panel/", "record/symptoms/", "function/", "goals/", "imaging/", "guidance/", "treatment/")
    assert [name for name in panels if f'hx-get="/patients/{patient.pk}/{name}' not in page] == []
