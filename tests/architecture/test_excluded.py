"""Who must not be told is never somebody to call, on no page, letter or printout of the product.

Every address that shows something of the sample patient is opened. Only pages on which the record itself is kept may
show the number.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from careteam.access.matrix import Address, addresses
from careteam.people.rules import Role
from patients.record.models import PatientContact
from tests import factories
from tests.architecture.samples import Samples

pytestmark = pytest.mark.django_db
NUMBER, NAME = "555-0177", "Jan Kramer-Excluded"
# Here contacts are entered, corrected and looked up; what leaves as data carries the scope with the number.
KEPT = frozenset(
    {"record-page", "record-change", "record-history", "patient-history", "patient-fhir", "patient-sources"}
)
# Papers that a patient takes home, or that a family reads.
FOR_THE_PATIENT = ("study-prepare", "letter", "letter-new", "board-letter", "decision-letter")


@pytest.fixture
def opened(client: Client, django_capture_on_commit_callbacks: Any) -> tuple[Client, Samples]:
    samples = Samples()
    PatientContact.objects.create(
        patient=samples.patient,
        name=NAME,
        phone=NUMBER,
        email="jan@excluded.example.org",
        scope="none",
        is_proxy=True,
        is_emergency_contact=True,
    )
    everybody = factories.person(samples.team, *[role for role in Role if role != Role.AUDITOR])
    client.force_login(everybody)
    return client, samples


def _read(client: Client, samples: Samples, address: Address) -> str:
    """What a GET shows; empty for addresses that take only a POST, or refuse the sample."""
    answer = client.get(samples.url(address, foreign=False))
    if answer.status_code != 200 or answer.streaming or "text/html" not in answer["Content-Type"]:
        return ""
    return answer.content.decode()


def test_no_page_offers_to_call_who_must_not_be_told(opened: tuple[Client, Samples]) -> None:
    client, samples = opened
    shown, read = [], 0
    for address in addresses():
        if address.is_foreign_code or address.is_public or not address.arguments or address.name in KEPT:
            continue
        text = _read(client, samples, address)
        read += bool(text)
        if NUMBER in text or "jan@excluded" in text:
            shown.append(address.name)
    assert shown == []
    assert read > 60


def test_no_paper_of_the_patient_names_who_must_not_be_told(opened: tuple[Client, Samples]) -> None:
    client, samples = opened
    named = {address.name: address for address in addresses()}
    papers = [named[name] for name in FOR_THE_PATIENT if name in named]
    assert papers
    assert [address.name for address in papers if NAME in _read(client, samples, address)] == []


def test_the_sheet_for_the_night_names_them_to_staff_only(opened: tuple[Client, Samples]) -> None:
    client, samples = opened
    named = {address.name: address for address in addresses()}
    text = _read(client, samples, named["emergency-sheet"])
    assert f"Must not be told or called:</b> {NAME}" in text
    assert NUMBER not in text
