"""The emergency sheet: what it says, what it does not know, whom it never offers to call."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from careteam.workspace.banner import banner_for
from careteam.workspace.emergency import paper_of, sheet_of
from patients.record.models import Allergy, CareTeamMember, Medication, Patient, PatientContact
from patients.wishes import commands
from patients.wishes.rules import ProcedureCodeStatus
from tests.factories import NOW, contact, diagnosis, line, patient, person, team
from tests.factories.wishes import document, wish

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def author() -> User:
    return person(team(), Role.PALLIATIVE)


@pytest.fixture
def someone(author: User) -> Patient:
    return patient(author.memberships.get().team, language="de", interpreter=True)


@pytest.fixture
def browser(author: User, client: Client) -> Client:
    client.force_login(author)
    return client


def page(browser: Client, someone: Patient) -> str:
    answer = browser.get(reverse("emergency-sheet", args=[someone.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_record_says_what_is_not_known(browser: Client, someone: Patient) -> None:
    shown = page(browser, someone)
    assert "Code status not known" in shown
    assert "No proxy and no emergency contact on record" in shown
    gaps = shown[shown.index("Not known:") :]
    for gap in ("code status", "treatment limits", "proxy", "emergency contact", "allergies", "medication"):
        assert gap in gaps
    assert "language" not in gaps[: gaps.index("As of")]
    assert "German, interpreter needed" in shown
    assert AuditEvent.objects.filter(kind="export", patient_ids=[someone.pk]).exists()


def test_what_holds_stands_with_day_and_source(browser: Client, someone: Patient, author: User) -> None:
    diagnosis(someone, syndrome="carcinoid")
    Medication.objects.create(patient=someone, name="Metformin", dose="1,000 mg")
    planned = line(someone, modality="prrt", status="planned", planned_on=TODAY + timedelta(days=9), started_on=None)
    wish(someone, author, code="dnr", origin="by phone")
    wish(someone, author, "limit", "no_icu")
    document(someone, author, signed_on=TODAY, code_status="dnr", original_at="Green folder")
    PatientContact.objects.create(patient=someone, name="Noor", scope="all", is_proxy=True, phone="555-0101")
    commands.review_for_procedure(planned, outcome=ProcedureCodeStatus.SUSPENDED, on=TODAY, by=author, now=NOW)
    shown = page(browser, someone)
    for words in (
        "by phone",
        "No intensive care",
        "POLST: DNR",
        "Original: Green folder",
        "Noor (proxy, document not seen)",
        "555-0101",
        "risk of carcinoid crisis",
        "Metformin 1,000 mg",
        "suspended until recovery",
    ):
        assert words in shown, words


def test_who_must_not_be_told_is_named_to_staff_and_never_offered_to_call(browser: Client, someone: Patient) -> None:
    PatientContact.objects.create(
        patient=someone, name="Jan", scope="none", is_proxy=True, is_emergency_contact=True, phone="555-0199"
    )
    shown = page(browser, someone)
    assert "Must not be told or called:</b> Jan" in shown
    assert "555-0199" not in shown
    assert "No proxy and no emergency contact on record" in shown


def test_who_is_excluded_is_not_called_under_a_second_entry_of_the_same_name(browser: Client, someone: Patient) -> None:
    contact(someone, "Gerald Amara", "none")
    contact(someone, "Gerald Amara", "practical", phone="+49 30 777", is_proxy=True, is_emergency_contact=True)
    assert "+49 30 777" not in page(browser, someone)
    Patient.objects.filter(pk=someone.pk).update(general_practitioner="Dr Brandl, Markt 4")
    assert "Dr Brandl, Markt 4" in page(browser, someone)
    contact(someone, "Dr. Brandl", "none")
    assert "Dr Brandl, Markt 4" not in page(browser, someone)


def test_contradictions_stand_on_top(browser: Client, someone: Patient, author: User) -> None:
    wish(someone, author, code="full")
    wish(someone, author, "limit", "no_icu")
    assert "Contradictory, ask before you rely on it" in page(browser, someone)


def paper(someone: Patient, author: User) -> tuple[int, str]:
    """How many pages the printed sheet has, and what it says."""
    sheet = sheet_of(someone, banner_for(someone, TODAY), TODAY)
    context = {"patient": someone, "today": TODAY, "now": NOW, "by": author, "sheet": sheet, "died": ""}
    html, document = paper_of(context)
    return len(document.pages), html


def test_the_paper_of_a_full_record_is_one_page(browser: Client, someone: Patient, author: User) -> None:
    long = "Maximiliane Theodora von Hohenstein-Weißenburg"
    diagnosis(someone, syndrome="carcinoid")
    for code in ("no_icu", "no_ventilation", "no_dialysis", "no_feeding_tube", "no_transfusion", "no_operation"):
        wish(someone, author, "limit", code)
    wish(someone, author, code="dnr")
    for kind in ("polst", "directive", "proxy", "respect"):
        document(someone, author, kind, original_at="With the daughter, second drawer of the desk in the study")
    for number in range(6):
        called = {"is_proxy": number < 2, "is_emergency_contact": True, "relation": "sister-in-law"}
        contact(someone, f"{long} {number}", phone=f"555-01{number}0", **called)
        contact(someone, f"{long} excluded {number}", "none", relation="brother")
    for number in range(30):
        Medication.objects.create(
            patient=someone, name=f"Substance {number} extended release", dose="1,000 mg at night"
        )
    for number in range(15):
        Allergy.objects.create(
            patient=someone, substance=f"Substance {number}", reaction="Rash and swelling of the face"
        )
    for modality in ("ssa", "prrt", "everolimus"):
        line(someone, modality=modality)
    for role in (Role.ONCOLOGIST, Role.PALLIATIVE, Role.SURGEON, Role.DIETITIAN):
        CareTeamMember.objects.create(patient=someone, person=person(someone.team, role, name=long), role=role)
    pages, html = paper(someone, author)
    assert pages == 1
    for number in range(6):  # whom to call and whom never to call is not what a long list of drugs may push out
        assert f"555-01{number}0" in html
        assert f"excluded {number}" in html
    assert "30 medicines, not listed here: the page is full." in html
    assert "Substance 29 extended" not in html, "half a list of drugs would pass for all of them"
    assert (Role.DIETITIAN.label in html, Role.SURGEON.label in html) == (True, False), "the first two, nobody leads"
    answer = browser.get(reverse("emergency-sheet", args=[someone.pk]) + "?format=pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")


def test_the_paper_of_an_ordinary_record_leaves_nothing_out(someone: Patient, author: User) -> None:
    for number in range(8):
        Medication.objects.create(patient=someone, name=f"Substance {number}")
    pages, html = paper(someone, author)
    assert (pages, "Substance 7" in html, "page is full" in html) == (1, True, False)


def test_the_sheet_takes_the_same_queries_however_much_is_on_record(
    browser: Client, someone: Patient, author: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(browser, someone)
        return len(captured)

    def more(code: str) -> None:
        wish(someone, author, "limit", code)
        document(someone, author)
        line(someone)
        PatientContact.objects.create(patient=someone, name="Noor", scope="all", is_emergency_contact=True)
        Medication.objects.create(patient=someone, name="Metformin")

    more("no_dialysis")
    queries()
    one = queries()
    more("no_transfusion")
    more("no_antibiotics")
    assert queries() == one
