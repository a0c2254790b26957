"""What every page about a patient does: it leaves a read, and who must not be told is never somebody to call on it, nor
on a letter or printout.

Every address that names a row is opened once. Only pages on which the record itself is kept may show the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from careteam.access.matrix import Address, addresses
from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from patients.record.models import PatientContact
from tests import factories
from tests.architecture.samples import Samples

pytestmark = pytest.mark.django_db
NUMBER, EMAIL, NAME = "555-0177", "jan@excluded.example.org", "Jan Kramer-Excluded"
# Here contacts are entered, corrected and looked up; what leaves as data carries the scope with the number.
KEPT = frozenset(
    {"record-page", "record-change", "record-history", "patient-history", "patient-fhir", "patient-sources"}
)
# Papers that a patient takes home, or that a family reads; and where somebody of the team is about to hand one out.
PAPERS = frozenset({"study-prepare", "letter", "decision-letter"})
HANDED_OUT = frozenset({"letter-write", "decision-letter-write", "goals-summary"})


@dataclass(frozen=True)
class Page:
    """What a GET answered: its HTML (empty for what is none, or was refused), and how many reads the audit noted."""

    address: Address
    status: int
    text: str
    reads: int


_pages: list[Page] = []


@pytest.fixture
def pages(client: Client, django_capture_on_commit_callbacks: Any) -> list[Page]:
    """Every address that names a row, opened once by somebody who may see all; what was read is kept for all tests."""
    if not _pages:
        samples = Samples()
        PatientContact.objects.create(
            patient=samples.patient,
            name=NAME,
            phone=NUMBER,
            email=EMAIL,
            scope="none",
            is_proxy=True,
            is_emergency_contact=True,
        )
        client.force_login(factories.person(samples.team, *[role for role in Role if role != Role.AUDITOR]))
        _pages.extend(
            _open(client, samples, address)
            for address in addresses()
            if address.arguments and not address.is_foreign_code and not address.is_public
        )
    return _pages


def _open(client: Client, samples: Samples, address: Address) -> Page:
    reads = AuditEvent.objects.filter(patient_ids__contains=[samples.patient.pk])
    before = reads.count()
    answer = client.get(samples.url(address, foreign=False))
    is_page = answer.status_code == 200 and not answer.streaming and "text/html" in answer["Content-Type"]
    return Page(address, answer.status_code, answer.content.decode() if is_page else "", reads.count() - before)


def test_every_page_about_a_patient_leaves_a_read(pages: list[Page]) -> None:
    """Every page under a patient's address that answers 200 writes one read event naming the patient."""
    shown = [page for page in pages if page.address.about_a_patient and page.status == 200]
    assert len(shown) > 60
    assert [(page.address.name, page.reads) for page in shown if page.reads != 1] == []


def test_no_page_offers_to_call_who_must_not_be_told(pages: list[Page]) -> None:
    """The number is kept where contacts are entered, corrected and looked up, and shown nowhere else."""
    assert sum(bool(page.text) for page in pages) > 60
    calls = {page.address.name for page in pages if NUMBER in page.text or EMAIL in page.text}
    assert calls - KEPT == set()


def test_no_paper_of_the_patient_names_who_must_not_be_told(pages: list[Page]) -> None:
    papers = {page.address.name: page.text for page in pages if page.address.name in PAPERS}
    assert {name for name, text in papers.items() if text} == PAPERS
    assert [name for name, text in papers.items() if NAME in text] == []


def test_who_hands_out_a_paper_is_told_who_must_not_read_it(pages: list[Page]) -> None:
    assert {page.address.name for page in pages if page.address.name in HANDED_OUT and NAME in page.text} == HANDED_OUT
    (summary,) = [page.text for page in pages if page.address.name == "goals-summary"]
    assert NAME not in summary[summary.index("<article") : summary.index("</article>")]


def test_the_sheet_for_the_night_names_them_to_staff_only(pages: list[Page]) -> None:
    (sheet,) = [page for page in pages if page.address.name == "emergency-sheet"]
    assert f"Must not be told or called:</b> {NAME}" in sheet.text
    assert NUMBER not in sheet.text
