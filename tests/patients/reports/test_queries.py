"""The record of a patient as marks: what each table becomes, and that the queries do not grow."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from careteam.web import words
from patients.care.models import Drainage
from patients.imaging.models import ImagingStudy
from patients.record.models import Admission, DiseaseStatus, Patient, ReceptorImaging
from patients.reports.queries import timeline_of
from patients.reports.rules import Lane, Style, Uptake, rows_of
from patients.treatment.models import Administration, TreatmentLine
from patients.triage.models import SymptomCall
from tests import factories
from tests.factories import NOW, goals

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


def given(line: TreatmentLine, *days: date, **fields: Any) -> None:
    for number, on in enumerate(days, 1):
        Administration.objects.create(
            patient=line.patient, line=line, number=number, status="given", planned_on=on, given_on=on, **fields
        )


def scanned(patient: Patient, on: date, response: str = "", **fields: Any) -> ImagingStudy:
    return factories.study(
        patient, **({"performed_on": on, "response": response, "status": "reported", "due_on": None} | fields)
    )


def full(patient: Patient, times: int = 1) -> None:
    """The same things `times` over, all tables."""
    author = factories.person(patient.team)
    for n in range(times):
        start = date(2022, 1, 3) + timedelta(days=200 * n)
        line = factories.line(
            patient, started_on=start, status="stopped", ended_on=start + timedelta(days=90), end_reason="progression"
        )
        given(line, start, start + timedelta(days=28))
        scanned(patient, start + timedelta(days=80), "PD")
        DiseaseStatus.objects.create(
            patient=patient, assessed_on=start + timedelta(days=85), category="PD", method="clinical"
        )
        ReceptorImaging.objects.create(patient=patient, imaged_on=start, krenning=4)
        Admission.objects.create(patient=patient, admitted_on=start, discharged_on=start + timedelta(days=3))
        factories.measurement(patient, "9811-1", 100 + n, taken_at=NOW - timedelta(days=n), unit="ng/mL")
        factories.measurement(patient, "29463-7", 70, taken_at=NOW - timedelta(days=n), unit="kg")
    goals.conversation(patient, author)


def test_queries_do_not_grow_with_the_course() -> None:
    counts = []
    for times in (1, 4):
        patient = factories.patient(factories.team())
        factories.diagnosis(patient)
        full(patient, times)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            course = timeline_of(patient, TODAY)
        assert len(course.lines) == times
        counts.append(len(queries))
    assert counts == [13, 13]


def test_line_carries_its_number_doses_and_title() -> None:
    patient = factories.patient(factories.team())
    line = factories.line(
        patient, "prrt", agent="177Lu-dotatate", dose="7.4 GBq", status="completed", started_on=date(2025, 3, 18),
        ended_on=date(2025, 5, 13), end_reason="completed",
    )  # fmt: skip
    given(line, date(2025, 3, 18), date(2025, 5, 13))
    mark = timeline_of(patient, TODAY).lines[0]
    assert (mark.number, mark.label, mark.short, mark.lane, mark.style) == (
        "L1", "PRRT ×2", "PRRT", Lane.PRRT, Style.LOLLIPOPS,
    )  # fmt: skip
    assert mark.doses == (date(2025, 3, 18), date(2025, 5, 13))
    assert mark.title == (
        "L1: 177Lu-dotatate 7.4 GBq, 2 given, 18 Mar 2025 to 13 May 2025, stopped: completed as planned"
    )
    assert mark.url == f"/patients/{patient.pk}/treatment/{line.pk}/"


def test_running_planned_and_symptom_lines_differ() -> None:
    patient = factories.patient(factories.team())
    factories.line(patient, role="symptom_control", started_on=date(2025, 1, 1))
    factories.line(patient, "targeted", agent="Everolimus", started_on=date(2026, 1, 12))
    factories.line(patient, "prrt", agent="", status="planned", started_on=None, planned_on=date(2027, 1, 4))
    symptom, running, planned = timeline_of(patient, TODAY).lines
    assert (symptom.number, running.number, planned.number) == ("", "L1", "L2")
    assert (symptom.ongoing, running.ongoing, planned.ongoing) == (True, True, False)
    assert (running.planned, planned.planned, planned.start) == (False, True, date(2027, 1, 4))
    assert symptom.title == "Lanreotide, for symptoms, since 1 Jan 2025, ongoing"
    assert planned.title == "L2: PRRT, planned for 4 Jan 2027"


def test_daily_drug_shows_changes_of_its_dose() -> None:
    patient = factories.patient(factories.team())
    line = factories.line(patient, "targeted", agent="Everolimus", started_on=date(2026, 1, 12))
    given(line, date(2026, 1, 12), date(2026, 2, 12), dose=Decimal(10))
    Administration.objects.create(
        patient=patient, line=line, number=3, status="given", planned_on=date(2026, 3, 9), given_on=date(2026, 3, 9),
        dose=Decimal(5),
    )  # fmt: skip
    assert timeline_of(patient, TODAY).lines[0].levels == ((date(2026, 1, 12), 1.0), (date(2026, 3, 9), 0.5))


def test_lines_and_scans_without_a_date_are_said_not_drawn() -> None:
    patient = factories.patient(factories.team())
    factories.line(patient, status="active", started_on=None, source="import")
    factories.study(patient, status="reported", due_on=None, performed_on=None)
    course = timeline_of(patient, TODAY)
    assert course.notes == ("1 treatment line without a date: not drawn.", "1 scan without a date: not drawn.")
    assert (course.lines, course.scans) == ((), ())


def test_first_scan_without_response_is_the_baseline_and_closed_ones_are_left_out() -> None:
    patient = factories.patient(factories.team())
    scanned(patient, date(2025, 1, 2))
    scanned(patient, date(2025, 4, 2))
    scanned(patient, date(2025, 7, 2), "SD", modality="mri")
    scanned(patient, date(2025, 10, 2), "PD")
    factories.study(patient, status="closed", close_reason="superseded", closed_at=NOW)
    assert [(scan.letters, scan.title) for scan in timeline_of(patient, TODAY).scans] == [
        ("BL", "CT 2 Jan 2025: baseline"),
        ("", "CT 2 Apr 2025: no response recorded"),
        ("", "MRI 2 Jul 2025: stable disease"),
        ("", "CT 2 Oct 2025: progression, change of modality"),
    ]


def test_judgment_belongs_to_its_scan_or_stands_alone() -> None:
    patient = factories.patient(factories.team())
    study = scanned(patient, date(2025, 1, 2))
    DiseaseStatus.objects.create(
        patient=patient, assessed_on=date(2025, 1, 9), category="PR", method="recist", study_key=f"study:{study.pk}"
    )
    DiseaseStatus.objects.create(patient=patient, assessed_on=date(2025, 6, 1), category="PD", method="clinical")
    marks = timeline_of(patient, TODAY).scans
    assert [(mark.on, mark.response, mark.is_scan) for mark in marks] == [
        (date(2025, 1, 2), "PR", True),
        (date(2025, 6, 1), "PD", False),
    ]
    assert marks[1].title == "Progression 1 Jun 2025, Clinical judgment"


def test_receptor_findings_join_their_pet_or_stand_alone() -> None:
    patient = factories.patient(factories.team())
    scanned(patient, date(2025, 1, 2), modality="sstr_pet")
    ReceptorImaging.objects.create(patient=patient, imaged_on=date(2025, 1, 2), krenning=4, positive=True)
    ReceptorImaging.objects.create(patient=patient, imaged_on=date(2025, 2, 2), fdg_avid=True)
    marks = timeline_of(patient, TODAY).scans
    assert [(mark.on, mark.uptake, mark.note, mark.lane) for mark in marks] == [
        (date(2025, 1, 2), Uptake.RECEPTOR, "Kr 4", Lane.PET),
        (date(2025, 2, 2), Uptake.GLUCOSE, "avid", Lane.PET),
    ]


def test_outstanding_scan_says_due_booked_or_overdue() -> None:
    patient = factories.patient(factories.team())
    factories.study(patient, due_on=date(2026, 10, 11))
    factories.study(patient, modality="mri", due_on=date(2027, 1, 12))
    factories.study(patient, modality="echo", status="scheduled", due_on=date(2027, 1, 12), scheduled_for=NOW)
    marks = timeline_of(patient, TODAY).scans
    assert [(mark.title, mark.letters, mark.lane) for mark in marks] == [
        ("CT overdue since 11 Oct 2026", "late", Lane.SCANS),
        ("MRI due 12 Jan 2027", "due", Lane.SCANS),
        ("Echocardiography booked for 23 Nov 2026", "due", Lane.OTHER_SCANS),
    ]


def test_goals_marks_name_the_first_conversation_and_the_open_prompt() -> None:
    patient = factories.patient(factories.team())
    talk = goals.conversation(patient, factories.person(patient.team))
    goals.prompt(patient)
    first, prompt = timeline_of(patient, TODAY).goals
    assert (first.label, first.url) == ("first conversation", f"/patients/{patient.pk}/goals/{talk.pk}/")
    assert (prompt.prompt, prompt.label) == (True, "")


def test_curves_keep_one_unit_and_turn_logarithmic_over_a_decade() -> None:
    patient = factories.patient(factories.team())
    for days, value, unit in ((300, 40, "nmol/L"), (200, 90, "ng/mL"), (10, 2140, "ng/mL")):
        factories.measurement(
            patient, "9811-1", value, unit=unit, taken_at=NOW - timedelta(days=days), reference_high=Decimal(100)
        )
    factories.measurement(patient, "29463-7", Decimal("58.4"), unit="kg", reference_high=Decimal(90))
    factories.measurement(patient, "718-7", 9, unit="g/dL")
    cga, weight = timeline_of(patient, TODAY).curves
    assert (cga.label, cga.unit, [p.value for p in cga.points], cga.limit, cga.log) == (
        "CgA", "ng/mL", [90, 2140], 100, True,
    )  # fmt: skip
    assert (weight.label, weight.unit, weight.limit, weight.log) == ("Weight", "kg", None, False)


def test_admission_counts_its_nights() -> None:
    patient = factories.patient(factories.team())
    Admission.objects.create(
        patient=patient, admitted_on=date(2026, 9, 28), discharged_on=date(2026, 10, 2), unplanned=True, reason="Fever"
    )
    stay = timeline_of(patient, TODAY).stays[0]
    assert (stay.label, stay.title) == ("4 nights", "Unplanned admission 28 Sep 2026 to 2 Oct 2026: Fever")


def test_rows_entered_in_error_are_not_drawn() -> None:
    patient = factories.patient(factories.team())
    author = factories.person(patient.team)
    error = {"error_at": NOW, "error_by": author, "error_reason": "wrong patient"}
    Admission.objects.create(patient=patient, admitted_on=date(2026, 9, 28), **error)
    factories.line(patient, status="entered_in_error", **error)
    scanned(patient, date(2025, 1, 2), **error)
    factories.measurement(patient, "29463-7", 60, unit="kg", **error)
    assert timeline_of(patient, TODAY).is_empty


def test_drainages_and_symptom_calls_become_marks_and_rows() -> None:
    patient = factories.patient(factories.team())
    author = factories.person(patient.team)
    Drainage.objects.create(patient=patient, noted_on=date(2026, 9, 1), volume_ml=4500)
    Drainage.objects.create(
        patient=patient, noted_on=date(2026, 9, 2), volume_ml=900, error_at=NOW, error_by=author,
        error_reason="Other patient",
    )  # fmt: skip
    call = SymptomCall.objects.create(patient=patient, called_at=NOW, signs=["jaundice"], urgency="red")
    course = timeline_of(patient, TODAY)
    assert [(mark.kind, mark.label, mark.title) for mark in course.care] == [
        ("drainage", "4.5 L", "Ascites drained 1 Sep 2026: 4.5 L"),
        ("urgent", "", f"Symptom call {words.day(course.care[1].on)}: jaundice"),
    ]
    assert course.care[1].url == f"/patients/{patient.pk}/calls/{call.pk}/"
    assert [row.title for row in rows_of(course) if row.lane == "Care"] == [mark.title for mark in course.care[::-1]]
