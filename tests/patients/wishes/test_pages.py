"""The pages of wishes and documents."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.people.models import User
from careteam.people.rules import Role
from patients.record.models import Patient, PatientContact
from patients.wishes.models import CodeStatusReview, Wish, WishConflictAnswer, WishDocument
from patients.wishes.queries import conflicts_of
from tests.factories import NOW, line, patient, person, team
from tests.factories.wishes import document, wish

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, settings: Any) -> None:
    settings.PRIVATE_ROOT = tmp_path


@pytest.fixture
def author() -> User:
    return person(team(), Role.PALLIATIVE)


@pytest.fixture
def someone(author: User) -> Patient:
    return patient(author.memberships.get().team)


@pytest.fixture
def browser(author: User, client: Client) -> Client:
    client.force_login(author)
    return client


def said(**more: Any) -> dict[str, Any]:
    return {"code": "dnr", "words": "", "since": "2026-11-20", "said_by": "patient", "origin": "", **more}


def test_the_page_says_what_holds_and_what_is_not_known(browser: Client, someone: Patient, author: User) -> None:
    wish(someone, author, code="dnr", until=TODAY - timedelta(days=0), since=TODAY, origin="by phone")
    page = browser.get(reverse("wishes", args=[someone.pk])).content.decode()
    for words in ("DNR", "by phone", "Review before a procedure", "Not known", "Nobody is on record"):
        assert words in page


def test_the_page_takes_the_same_queries_however_much_is_on_record(
    browser: Client, someone: Patient, author: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(reverse("wishes", args=[someone.pk]))
        return len(captured)

    for code in ("no_dialysis",):
        wish(someone, author, "limit", code)
        document(someone, author)
    PatientContact.objects.create(patient=someone, name="Noor", scope="all")
    queries()  # what is known for good is asked once
    one = queries()
    for code in ("no_icu", "no_transfusion"):
        wish(someone, author, "limit", code)
        document(someone, author)
        PatientContact.objects.create(patient=someone, name="Ben", scope="practical")
    assert queries() == one


def test_a_wish_is_said_changed_and_ended_on_the_pages(browser: Client, someone: Patient) -> None:
    add = reverse("wish-add", args=[someone.pk, "code_status"])
    assert browser.post(add, said()).status_code == 303
    first = Wish.objects.get()
    page = browser.get(add).content.decode()
    assert "Now on record: DNR" in page
    assert browser.post(add, said(code="full", version=first.version)).status_code == 303
    now = Wish.objects.holding().get()
    end = reverse("wish-end", args=[someone.pk, now.pk])
    answer = browser.post(end, {"version": now.version, "reason": "other", "on": "2026-11-20", "note": ""})
    assert (answer.status_code, "Say in a sentence why" in answer.content.decode()) == (422, True)
    gone = {"version": now.version, "reason": "changed_mind", "on": "2026-11-21", "note": "Told us by phone"}
    assert browser.post(end, gone).status_code == 303
    assert Wish.objects.holding().count() == 0


def test_bad_input_is_answered_with_sentences_and_kept(browser: Client, someone: Patient) -> None:
    add = reverse("wish-add", args=[someone.pk, "limit"])
    for bad, words in (
        (said(code="other"), "Say it in words"),
        (said(code="nonsense", words="typed this"), "typed this"),
        (said(code="no_icu", since="2031-01-01"), "lies in the future"),
        (said(code="no_icu", since="1800-01-01"), "before 1900"),
        (said(code="no_icu", valid_until="2026-01-01"), "cannot end before"),
        (said(code="no_icu", document="999999"), "valid choice"),
    ):
        answer = browser.post(add, bad)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), words
    assert browser.get(reverse("wish-add", args=[someone.pk, "nonsense"])).status_code == 404


def test_a_stale_wish_shows_both_and_loses_nothing(browser: Client, someone: Patient, author: User) -> None:
    held = wish(someone, author, code="full")
    wish(someone, author, code="dni", version=held.version)
    add = reverse("wish-add", args=[someone.pk, "code_status"])
    answer = browser.post(add, said(words="Not at any price", version=held.version))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Not at any price" in page
    assert "DNI" in page
    assert Wish.objects.holding().get().code == "dni"


def test_a_stale_end_is_a_409_that_can_be_saved_again(browser: Client, someone: Patient, author: User) -> None:
    held = wish(someone, author, code="full")
    Wish.objects.filter(pk=held.pk).update(version=7)
    end = reverse("wish-end", args=[someone.pk, held.pk])
    typed = {"version": held.version, "reason": "changed_mind", "on": "2026-11-21", "note": "Told us"}
    answer = browser.post(end, typed)
    assert (answer.status_code, 'value="7"' in answer.content.decode()) == (409, True)
    assert "Told us" in answer.content.decode()


def test_a_document_is_entered_and_revoked(browser: Client, someone: Patient) -> None:
    typed = {"kind": "polst", "code_status": "dnr", "limits": ["no_icu", "no_dialysis"], "original_at": "Refrigerator"}
    answer = browser.post(reverse("wish-document-add", args=[someone.pk]), typed)
    assert answer.status_code == 303
    paper = WishDocument.objects.get()
    page = browser.get(answer["Location"]).content.decode()
    for words in ("DNR", "No intensive care; No dialysis", "Refrigerator", "nobody of the team has seen it"):
        assert words in page
    change = reverse("wish-document-change", args=[someone.pk, paper.pk])
    assert browser.post(change, typed | {"version": paper.version, "seen_on": "2026-11-20"}).status_code == 303
    assert browser.post(change, typed | {"version": paper.version, "title": "Mine"}).status_code == 409
    paper.refresh_from_db()
    state = reverse("wish-document-state", args=[someone.pk, paper.pk])
    assert browser.post(state, {"version": paper.version, "to": "revoked", "note": ""}).status_code == 422
    done = browser.post(state, {"version": paper.version, "to": "revoked", "note": "Torn up by the patient"})
    assert done.status_code == 303
    paper.refresh_from_db()
    assert (paper.state, paper.state_note, paper.limits) == (
        "revoked",
        "Torn up by the patient",
        ["no_icu", "no_dialysis"],
    )
    error = reverse("wish-document-error", args=[someone.pk, paper.pk])
    assert browser.post(error, {"reason": "Of the namesake"}).status_code == 303
    assert browser.get(reverse("wish-document", args=[someone.pk, paper.pk])).status_code == 404


def test_a_contradiction_stands_on_top_and_is_answered(browser: Client, someone: Patient, author: User) -> None:
    wish(someone, author, code="full")
    wish(someone, author, "limit", "no_icu")
    page = browser.get(reverse("wishes", args=[someone.pk])).content.decode()
    assert "Full code, and a limit that excludes it" in page
    assert "Wishes contradict" in page  # the banner
    (found,) = conflicts_of(someone.pk, TODAY)
    both = reverse("wish-conflict", args=[someone.pk, found.conflict.fingerprint])
    assert browser.post(both, {"because": "Full on the ward, never a ventilator."}).status_code == 303
    assert WishConflictAnswer.objects.count() == 1
    page = browser.get(reverse("wishes", args=[someone.pk])).content.decode()
    assert "Both hold, because: Full on the ward" in page
    assert "Wishes contradict" not in page
    gone = browser.get(reverse("wish-conflict", args=[someone.pk, "0" * 64]))
    assert (gone.status_code, gone["Location"]) == (303, reverse("wishes", args=[someone.pk]))


def test_who_must_not_be_told_is_shown_without_a_number_to_call(browser: Client, someone: Patient) -> None:
    PatientContact.objects.create(patient=someone, name="Jan Kramer", scope="none", phone="555-0100")
    page = browser.get(reverse("wishes", args=[someone.pk])).content.decode()
    assert "Jan Kramer" in page
    assert "Must not be told" in page
    assert "555-0100" not in page


def test_code_status_is_reviewed_on_the_page_of_the_line(browser: Client, someone: Patient, author: User) -> None:
    planned = line(someone, modality="prrt", status="planned", planned_on=TODAY + timedelta(days=9), started_on=None)
    panel = reverse("review-panel", args=[someone.pk, planned.pk])
    assert "On record" not in browser.get(panel, headers=PART).content.decode()
    wish(someone, author, code="dnr")
    shown = browser.get(panel, headers=PART).content.decode()
    assert "Not reviewed for this procedure yet" in shown
    review = reverse("review-new", args=[someone.pk, planned.pk])
    assert browser.post(review, {"on": "2026-11-21", "said_by": "patient"}).status_code == 422
    typed = {"outcome": "suspended", "on": "2026-11-21", "said_by": "patient", "words": "until awake"}
    assert browser.post(review, typed).status_code == 303
    assert CodeStatusReview.objects.get().outcome == "suspended"
    assert "Suspended until recovery" in browser.get(panel, headers=PART).content.decode()


def test_who_may_not_document_reads_only(someone: Patient, author: User, client: Client) -> None:
    wish(someone, author)
    client.force_login(person(someone.team, Role.BOARD_COORDINATOR))
    page = client.get(reverse("wishes", args=[someone.pk]))
    assert (page.status_code, "wishes/limit/new" in page.content.decode()) == (200, False)
    assert client.get(reverse("wish-add", args=[someone.pk, "limit"])).status_code == 403
