"""Every page is opened once by somebody who may see all, and then every form of it is filled with nonsense.

A page about a patient leaves a read; who must not be told is never somebody to call, on no page, letter or printout
(only where the record itself is kept the number is shown); and each answer to nonsense is an answer, never a crash. The
forms are read off the pages as a browser sees them, so a new form is tried without being named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
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


NONSENSE = {
    "100 kB of emoji": "\N{PILL}\N{ZERO WIDTH JOINER}é" * 12_500,
    "a NUL": "before\x00after",
    "a number that is none": "9" * 40,
    "somebody else's row": "2147483646",
    "markup": "<script>alert(1)</script>{{ 7|add:1 }}",
}
# Pages of libraries, and those that end the session of the walk.
LEFT_OUT = frozenset({"preferences"})
UNTOUCHED = frozenset({"csrfmiddlewaretoken", "version"})


@dataclass
class Form:
    action: str = ""
    names: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page that post: where to, and the names of their fields with the value they start with."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and (given.get("method") or "").lower() == "post":
            self._open = Form(given.get("action") or "")
            self.found.append(self._open)
        elif tag in {"input", "select", "textarea", "button"} and self._open is not None and given.get("name"):
            if given.get("type") != "file":
                self._open.names[str(given["name"])] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


@dataclass(frozen=True)
class Page:
    """What a GET answered: its HTML (empty for what is none, or was refused), and how many reads the audit noted."""

    address: Address
    url: str
    status: int
    text: str
    reads: int


@dataclass(frozen=True)
class Walk:
    """All pages; the forms that were sent; the answers to them that were crashes."""

    pages: list[Page]
    sent: set[tuple[str, tuple[str, ...]]]
    crashed: list[tuple[str, int]]


_walks: list[Walk] = []


@pytest.fixture
def walk() -> Walk:
    """Done once; what was read is kept for all tests."""
    if not _walks:
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
        client = Client(raise_request_exception=False)
        client.force_login(factories.person(samples.team, *[role for role in Role if role != Role.AUDITOR]))
        ours = [address for address in addresses() if not address.is_foreign_code and not address.is_public]
        pages = [_open(client, samples, address) for address in ours if address.name not in LEFT_OUT]
        _walks.append(_send_nonsense(client, pages))
    return _walks[0]


@pytest.fixture
def pages(walk: Walk) -> list[Page]:
    """Those that name a row."""
    return [page for page in walk.pages if page.address.arguments]


def _open(client: Client, samples: Samples, address: Address) -> Page:
    reads = AuditEvent.objects.filter(patient_ids__contains=[samples.patient.pk])
    before, url = reads.count(), samples.url(address, foreign=False)
    answer = client.get(url)
    is_page = answer.status_code == 200 and not answer.streaming and "html" in answer.get("Content-Type", "")
    return Page(address, url, answer.status_code, answer.content.decode() if is_page else "", reads.count() - before)


def _send_nonsense(client: Client, pages: list[Page]) -> Walk:
    """The kinds of nonsense are dealt out over the fields, another way in each form."""
    kinds = list(NONSENSE.values())
    sent: set[tuple[str, tuple[str, ...]]] = set()
    crashed: list[tuple[str, int]] = [(page.url, page.status) for page in pages if page.status >= 500]
    for page in pages:
        reader = Forms()
        reader.feed(page.text)
        for form in reader.found:
            url = form.action or page.url
            key = (url, tuple(sorted(form.names)))
            if key in sent or url.startswith("/accounts/"):
                continue
            sent.add(key)
            data: dict[str, Any] = {
                name: value if name in UNTOUCHED or value in {"on", "1"} else kinds[(place + len(sent)) % len(kinds)]
                for place, (name, value) in enumerate(form.names.items())
            }
            answer = client.post(url, data)
            if answer.status_code >= 500:
                crashed.append((url, answer.status_code))
    return Walk(pages, sent, crashed)


def test_every_form_answers_nonsense_with_an_answer(walk: Walk) -> None:
    assert walk.crashed == []
    assert len(walk.sent) > 50


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
