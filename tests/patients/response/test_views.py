"""The table of diameters and the panel: what a reader types and sees."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging.commands import review
from patients.imaging.models import ImagingStudy
from patients.record.models import DiseaseStatus, Patient
from patients.reports.queries import timeline_of
from patients.response.models import Lesion, LesionReading, ResponseAssessment
from patients.treatment.models import TreatmentLine
from tests import factories
from tests.factories.scans import scan

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(study: ImagingStudy, name: str = "response-assess") -> str:
    return reverse(name, args=[study.pk])


FIRST = {
    "version": "0",
    "role_0": "target",
    "organ_0": "liver",
    "site_0": "seg. VII",
    "size_0": "60",
    "role_1": "target",
    "organ_1": "liver",
    "size_1": "40",
    "role_2": "non_target",
    "organ_2": "bone",
}


def start(client: Client, patient: Patient) -> dict[str, int]:
    """Saves the baseline by the form; lesion ids by their code."""
    answer = client.post(page(scan(patient, 1)), FIRST)
    assert answer.status_code == 303
    return {lesion.code: lesion.pk for lesion in Lesion.objects.all()}


def typed(ids: dict[str, int], t1: str, t2: str, nt1: str = "present", **more: str) -> dict[str, str]:
    fields = {f"mm_{ids['T1']}": t1, f"mm_{ids['T2']}": t2, f"seen_{ids['NT1']}": nt1}
    return {"version": "0", **fields, **more}


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_first_study_is_offered_as_baseline_and_saved(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    study = scan(patient, 1)
    html = client.get(page(study)).content.decode()
    assert "Baseline: CT chest, abdomen, pelvis" in html
    assert "Confirm response" not in html
    assert client.post(page(study), FIRST).status_code == 303
    row = ResponseAssessment.objects.get()
    assert (row.line, row.is_baseline, row.sum_mm, row.reader) == (line, True, Decimal(100), reader)


def test_preview_counts_as_typed_and_saves_nothing(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    study = scan(patient, 4)
    half = client.post(page(study, "response-preview"), typed(ids, "40,5", ""), headers=HTMX).content.decode()
    assert "2 of 3 lesions read." in half
    assert "Partial response" not in half
    full = words(client.post(page(study, "response-preview"), typed(ids, "40,5", "29"), headers=HTMX).content.decode())
    assert "Sum 69.5 mm baseline 100, nadir 100 From baseline −30.5 %" in full
    assert "PR , Partial response calculated from entered diameters, reader confirms" in full
    assert ResponseAssessment.objects.count() == 1


def test_preview_without_decision_support_shows_sums_only(
    patient: Patient, line: TreatmentLine, reader: User, settings: Any
) -> None:
    settings.DECISION_SUPPORT_ENABLED = False
    client = signed_in(reader)
    ids = start(client, patient)
    html = client.post(page(scan(patient, 4), "response-preview"), typed(ids, "40", "29"), headers=HTMX)
    assert "69 mm" in html.content.decode()
    assert "Partial response" not in html.content.decode()


def test_confirm_by_the_form_and_its_panel(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    study = scan(patient, 4, modality="mri")
    answer = client.post(page(study), typed(ids, "40", "30", confirmed="PR"))
    assert (answer.status_code, answer["Location"]) == (303, reverse("response-panel", args=[patient.pk]))
    assert DiseaseStatus.objects.get().category == "PR"
    html = words(client.get(answer["Location"]).content.decode())
    assert "T1 liver seg. VII 60 40" in html
    assert "Sum of targets 100 70 From baseline – −30 % From nadir – −30 % Response, confirmed" in html
    assert "MRI, other modality" in html


def test_the_timeline_says_the_sum_with_its_scan(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    client.post(page(scan(patient, 4)), typed(ids, "40", "30", confirmed="PR"))
    titles = [mark.title for mark in timeline_of(patient, date(2026, 11, 23)).scans]
    assert titles == [
        "CT 20 Jan 2026: baseline, sum 100 mm",
        "CT 20 Apr 2026: partial response, sum 70 mm, −30 % from baseline",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"confirmed": ""}, "Confirm the response."),
        ({"confirmed": "SD"}, "The diameters say PR: say why you read it otherwise."),
        ({"T1": "abc"}, "Enter a number."),
        ({"T1": "-4"}, "Ensure this value is greater than or equal to 0.1."),
        ({"T1": ""}, "Enter the diameter, or say why there is none."),
        ({"T1": "40.55"}, "Ensure that there are no more than 1 decimal place."),
        ({"size_0": "12"}, "Name the organ."),
        ({"NT1": ""}, "Choose one."),
    ],
)
def test_bad_input_stands_beside_its_field_and_is_kept(
    patient: Patient, line: TreatmentLine, reader: User, changed: dict[str, str], said: str
) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    data = typed(ids, changed.get("T1", "40"), "30", changed.get("NT1", "present"), confirmed="PR", note="kept words")
    data |= {name: value for name, value in changed.items() if name not in ids}
    answer = client.post(page(scan(patient, 4)), data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert "kept words" in html
    assert changed.get("T1", "40") in html
    assert ResponseAssessment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_stale_correction_shows_three_ways_and_keeps_what_was_typed(
    team: Team, patient: Patient, line: TreatmentLine, reader: User
) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    study = scan(patient, 4)
    client.post(page(study), typed(ids, "40", "30", confirmed="PR"))
    opened = ResponseAssessment.objects.get(study=study).version
    other = factories.person(team, Role.RADIOLOGIST, name="Olaf Brandt")
    theirs = typed(ids, "42", "30", confirmed="SD") | {"version": str(opened)}
    assert signed_in(other).post(page(study), theirs).status_code == 303
    answer = client.post(page(study), typed(ids, "39", "30", confirmed="PR") | {"version": str(opened)})
    html = words(answer.content.decode())
    assert answer.status_code == 409
    assert "T1 liver seg. VII, mm 40 40 42 40 39" in html
    again = typed(ids, "39", "30", confirmed="PR") | {"version": str(opened + 1), f"take_mm_{ids['T1']}": "yours"}
    assert client.post(page(study), again).status_code == 303
    assert LesionReading.objects.get(assessment__study=study, lesion_id=ids["T1"]).mm == Decimal(39)


def test_a_correction_opens_with_what_its_diameters_say(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    study = scan(patient, 4)
    client.post(page(study), typed(ids, "40", "30", confirmed="PR"))
    client.post(page(scan(patient, 7)), typed(ids, "40", "30", confirmed="PR"))
    html = words(client.get(page(study)).content.decode())
    assert "From baseline −30 % From nadir −30 % PR , Partial response calculated" in html
    assert "Baseline of 20 Jan 2026." in html  # no later one
    assert "lesions read" not in html


def test_take_back_by_the_form_asks_why(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    study = scan(patient, 4)
    client.post(page(study), typed(ids, "40", "30", confirmed="PR"))
    assert client.post(page(study, "response-error"), {"reason": ""}).status_code == 422
    assert client.post(page(study, "response-error"), {"reason": "Other patient"}).status_code == 303
    assert not DiseaseStatus.objects.valid().exists()


def test_panel_costs_the_same_for_one_and_for_three_studies(
    patient: Patient, line: TreatmentLine, reader: User
) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    address = reverse("response-panel", args=[patient.pk])

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(address, headers=HTMX).status_code == 200
        return len(asked)

    cost()
    one = cost()
    for month, sizes in ((4, ("60", "41")), (7, ("60", "42"))):
        assert client.post(page(scan(patient, month)), typed(ids, *sizes, confirmed="SD")).status_code == 303
    assert cost() == one


def test_slow_growth_is_named_though_each_comparison_is_stable(
    patient: Patient, line: TreatmentLine, reader: User
) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    for month, sizes in ((4, ("62", "42")), (7, ("64", "45"))):
        client.post(page(scan(patient, month)), typed(ids, *sizes, confirmed="SD"))
    html = client.get(reverse("response-panel", args=[patient.pk])).content.decode()
    assert "Stable from scan to scan, but growing" in html


def test_a_patient_of_another_team_is_not_there(patient: Patient, line: TreatmentLine) -> None:
    stranger = signed_in(factories.person(factories.team(), Role.RADIOLOGIST))
    assert stranger.get(page(scan(patient, 1))).status_code == 404
    assert stranger.get(reverse("response-panel", args=[patient.pk])).status_code == 404


def test_empty_panel_offers_the_baseline(patient: Patient, line: TreatmentLine, reader: User) -> None:
    study = scan(patient, 4)
    html = signed_in(reader).get(reverse("response-panel", args=[patient.pk])).content.decode()
    assert "No diameters yet" in html
    assert page(study) in html


def test_lesion_is_described_anew_and_keeps_its_diameters(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    lesion = Lesion.objects.get(pk=ids["T1"])
    address = reverse("lesion", args=[lesion.pk])
    assert f'href="{address}"' in client.get(reverse("response-panel", args=[patient.pk])).content.decode()
    assert 'value="seg. VII"' in client.get(address).content.decode()
    typed_now = {"version": lesion.version, "organ": "liver", "site": "seg. IVb"}
    assert client.post(address, typed_now).status_code == 303
    lesion.refresh_from_db()
    assert (lesion.place, LesionReading.objects.get(lesion=lesion).mm) == ("liver seg. IVb", Decimal(60))
    stale = client.post(address, typed_now | {"site": "dome"})
    assert (stale.status_code, "IVb" in words(stale.content.decode())) == (409, True)
    refused = client.post(address, {"version": lesion.version, "organ": " ", "site": "dome"})
    assert (refused.status_code, "dome" in refused.content.decode()) == (422, True)


def test_lesion_that_becomes_a_node_is_asked_for_the_size_of_one(
    patient: Patient, line: TreatmentLine, reader: User, team: Team
) -> None:
    client = signed_in(reader)
    client.post(page(scan(patient, 1)), FIRST | {"size_1": "12"})
    small = Lesion.objects.get(number=2)
    address = reverse("lesion", args=[small.pk])
    answer = client.post(address, {"version": small.version, "organ": "mesentery", "is_node": "on"})
    assert (answer.status_code, "short axis of at least 15 mm" in answer.content.decode()) == (422, True)
    assert client.post(address, {"version": small.version, "organ": "mesentery"}).status_code == 303
    nurse = signed_in(factories.person(team, Role.NURSE_COORDINATOR))
    assert nurse.get(address).status_code == 403
    assert f'href="{address}"' not in nurse.get(reverse("response-panel", args=[patient.pk])).content.decode()


def test_panel_names_a_review_that_says_otherwise(patient: Patient, line: TreatmentLine, reader: User) -> None:
    client = signed_in(reader)
    ids = start(client, patient)
    second = scan(patient, 4)
    assert client.post(page(second), typed(ids, "60", "41", confirmed="SD")).status_code == 303
    panel = reverse("response-panel", args=[patient.pk])
    assert "Reviewed as" not in words(client.get(panel).content.decode())
    doctor = factories.person(reader.memberships.get().team, Role.ONCOLOGIST, name="Ines Okafor")
    second.refresh_from_db()
    review(
        second,
        response="PD",
        note="New pain",
        nothing_to_do=False,
        by=doctor,
        now=factories.NOW,
        version=second.version,
    )
    assert "Reviewed as PD by Ines Okafor, read here as SD." in words(client.get(panel).content.decode())
