"""A referral that arrives as FHIR is offered to the board as a draft, and files nothing."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.events.commands import settle_pending
from careteam.notifications.models import InboxItem
from patients.fhir.commands import Outcome, export_bundle, import_sources
from patients.record.models import Patient
from tests.factories.board import Room
from tests.patients.fhir import bundles
from tests.patients.fhir.bundles import SUBJECT, JsonObject
from tumorboard.fhir.rules import request_of
from tumorboard.meetings.commands import accept_suggestion
from tumorboard.referrals.models import Referral
from tumorboard.suggestions.commands import decline, reword
from tumorboard.suggestions.models import AgendaSuggestion
from tumorboard.suggestions.rules import DeclineReason

pytestmark = pytest.mark.django_db


def request(**changes: Any) -> JsonObject:
    return {
        "resourceType": "ServiceRequest",
        "id": "sr-1",
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"text": "Multidisciplinary tumor board discussion"},
        "subject": SUBJECT,
        "requester": {"reference": "Practitioner/pr-1"},
        "reasonCode": [{"text": "Progression in the liver: embolization?"}],
        **changes,
    }


PRACTITIONER = {"resourceType": "Practitioner", "id": "pr-1", "name": [{"given": ["Ruth"], "family": "Abendroth"}]}


def arrive(room: Room, tmp_path: Path, *resources: JsonObject) -> Outcome:
    content = bundles.bundle(bundles.patient(), bundles.condition(), PRACTITIONER, *resources)
    path = bundles.write(tmp_path / "f.json", content)
    outcome = import_sources([path], team=room.team, by=None, now=room.now)
    settle_pending(now=room.now)
    return outcome


def draft() -> AgendaSuggestion:
    return AgendaSuggestion.objects.get()


def test_a_request_becomes_a_draft_and_files_nothing(room: Room, tmp_path: Path) -> None:
    outcome = arrive(room, tmp_path, request())
    row = draft()
    assert (row.board, row.kind, row.status, row.question) == (
        room.board,
        "request",
        "open",
        "Progression in the liver: embolization?",
    )
    assert (row.referrer, row.urgency) == ("Ruth Abendroth", "urgent")
    assert not Referral.objects.exists()
    assert InboxItem.objects.filter(recipient=room.coordinator, kind="suggestion").count() == 1
    said = [line.message for line in outcome.lines if line.resource.startswith("ServiceRequest")]
    assert any("offered to the coordinator" in message for message in said)


def test_the_draft_is_filed_by_a_person_with_what_it_says(room: Room, tmp_path: Path) -> None:
    arrive(room, tmp_path, request())
    filed = accept_suggestion(draft(), by=room.coordinator, now=room.now).referral
    assert (filed.question, filed.urgency, filed.external_referrer, filed.submitted_by) == (
        "Progression in the liver: embolization?",
        "urgent",
        "Ruth Abendroth",
        room.coordinator,
    )


def test_importing_twice_changes_nothing(room: Room, tmp_path: Path) -> None:
    arrive(room, tmp_path, request())
    before = AgendaSuggestion.objects.values().get()
    outcome = arrive(room, tmp_path, request())
    assert outcome.counts["created"] + outcome.counts["updated"] + outcome.counts["unmapped"] == 0
    assert AgendaSuggestion.objects.values().get() == before


def test_a_changed_question_is_followed_until_somebody_writes_another(room: Room, tmp_path: Path) -> None:
    arrive(room, tmp_path, request())
    arrive(room, tmp_path, request(reasonCode=[{"text": "Embolization or PRRT?"}]))
    assert draft().question == "Embolization or PRRT?"
    row = draft()
    reword(row, "PRRT first?", version=row.version, by=room.coordinator, now=room.now)
    arrive(room, tmp_path, request(reasonCode=[{"text": "Surgery?"}]))
    assert (draft().question, draft().source_question) == ("PRRT first?", "Surgery?")
    client = Client()
    client.force_login(room.coordinator)
    page = client.get(reverse("suggestion", args=[draft().pk]))
    assert "The source asks now: Surgery?" in page.text


def test_what_was_answered_stays_answered(room: Room, tmp_path: Path) -> None:
    arrive(room, tmp_path, request())
    decline(draft(), reason=DeclineReason.DECIDED, by=room.coordinator, now=room.now)
    arrive(room, tmp_path, request(reasonCode=[{"text": "Surgery?"}]))
    assert (draft().status, draft().question) == ("declined", "Progression in the liver: embolization?")


@pytest.mark.parametrize("status", ["revoked", "completed", "entered-in-error"])
def test_a_request_that_is_over_is_taken_back(room: Room, tmp_path: Path, status: str) -> None:
    arrive(room, tmp_path, request())
    arrive(room, tmp_path, request(status=status))
    assert draft().status == "taken_back"


@pytest.mark.parametrize(
    "resource",
    [
        request(code={"text": "Physiotherapy"}),
        request(status="completed"),
        request(code={"text": "Board certified dietitian"}),
        {"resourceType": "Task", "id": "t", "status": "requested", "intent": "order", "for": SUBJECT},
    ],
)
def test_other_requests_offer_nothing(room: Room, tmp_path: Path, resource: JsonObject) -> None:
    arrive(room, tmp_path, resource)
    assert not AgendaSuggestion.objects.exists()


@pytest.mark.parametrize(
    ("resource", "question"),
    [
        ({"reasonCode": [{"text": "A?"}, {"text": "B?"}], "note": [{"text": "C"}]}, "A?\nB?"),
        ({"note": [{"text": "From the note?"}]}, "From the note?"),
        ({"description": "Of a task?"}, "Of a task?"),
        ({"input": [{"type": {"text": "question"}, "valueString": "Of an input?"}]}, "Of an input?"),
        ({"code": {"text": "Tumorkonferenz"}}, "Tumorkonferenz"),
        ({"reasonCode": "nonsense", "note": 7, "input": [None]}, "The request names no question."),
    ],
)
def test_the_question_is_where_senders_put_it(resource: JsonObject, question: str) -> None:
    assert request_of(resource).asked.question == question


@pytest.mark.parametrize(
    "words",
    ["Tumorkonferenz", "Tumor Board", "MDT meeting", "Interdisciplinary oncology conference", "Cancer conference"],
)
def test_a_task_asks_in_the_words_of_its_hospital(room: Room, tmp_path: Path, words: str) -> None:
    task = {"resourceType": "Task", "id": "t", "status": "requested", "intent": "order", "for": SUBJECT}
    arrive(room, tmp_path, task | {"code": {"text": words}, "description": "PRRT?"})
    assert draft().question == "PRRT?"


def test_a_strange_request_refuses_nothing(room: Room, tmp_path: Path) -> None:
    arrive(room, tmp_path, request(id="odd", priority=["?"], requester=[7], reasonCode={"coding": "x"}), request())
    assert Patient.objects.count() == 1
    assert {row.question for row in AgendaSuggestion.objects.all()} >= {"Progression in the liver: embolization?"}


def test_the_question_is_reworded_by_who_may_refer_and_never_lost(room: Room, tmp_path: Path) -> None:
    arrive(room, tmp_path, request())
    row = draft()
    with pytest.raises(ValidationError, match="Your roles"):
        reword(row, "Mine", version=row.version, by=room.dietitian, now=room.now)
    client, url = Client(), reverse("suggestion-reword", args=[row.pk])
    client.force_login(room.coordinator)
    assert client.post(url, {"question": " ", "version": row.version}).status_code == 422
    assert client.post(url, {"question": "PRRT?", "version": row.version}).status_code == 303
    stale = client.post(url, {"question": "Surgery?", "version": row.version})
    assert (stale.status_code, draft().question) == (409, "PRRT?")
    assert "Surgery?" in stale.text


def test_round_trip_from_one_team_to_another(room: Room, tmp_path: Path) -> None:
    decided = room.signed()
    asked = room.referral(decided.patient, question="Second course of PRRT?", external_referrer="Dr Lindqvist")
    bundle = export_bundle(decided.patient, by=None, now=room.now)
    path = tmp_path / "out.json"
    path.write_text(json.dumps(bundle))
    other = Room(room.now + timedelta(minutes=1))
    for _ in range(2):
        import_sources([path], team=other.team, by=None, now=other.now)
        settle_pending(now=other.now)
    row = AgendaSuggestion.objects.get(board=other.board)
    assert (row.question, row.question_kind, row.urgency, row.referrer) == (
        asked.question,
        asked.question_kind,
        asked.urgency,
        "Dr Lindqvist",
    )
