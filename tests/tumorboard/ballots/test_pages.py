"""The pages of an e-vote: opening, the case with its votes, voting, closing, the card in the next meeting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from tests import factories
from tests.factories import PASSWORD
from tests.factories.board import Room
from tests.tumorboard.ballots.conftest import opened
from tumorboard.ballots.commands import cast_vote, sweep_ballots
from tumorboard.ballots.models import Ballot, Vote
from tumorboard.ballots.rules import VoteChoice
from tumorboard.decisions.models import Decision
from tumorboard.meetings.models import AgendaItem
from tumorboard.referrals.models import Referral

pytestmark = pytest.mark.django_db
_PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_coordinator_opens_a_vote_with_two_proposals(seats: Room, urgent: Referral) -> None:
    client, url = _as(seats.coordinator), reverse("ballot-open", args=[urgent.pk])
    assert url in _text(client.get(reverse("boards")))
    form = client.get(url).context["form"]
    assert (form["question"].value(), form["closes_at"].value()) == ("Cord compression: radiotherapy now?", "10:00")
    values = {
        "question": "Radiotherapy or surgery?",
        "why_urgent": "Leg weakness",
        "closes_on": "2026-11-24",
        "closes_at": "12:00",
        "chair": seats.chair.pk,
        "p1-options": ["radiotherapy"],
        "p2-options": ["surgery"],
        "p2-detail": "decompression",
    }
    nothing = client.post(url, values | {"p1-options": []})
    assert (nothing.status_code, nothing.context["form"]["why_urgent"].value()) == (422, "Leg weakness")
    answer = client.post(url, values)
    ballot = Ballot.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("ballot", args=[ballot.item.meeting_id]))
    assert [each.text for each in ballot.proposals.order_by("number")] == ["Radiotherapy.", "Surgery: decompression."]
    urgent.refresh_from_db()
    assert urgent.question == "Radiotherapy or surgery?"
    again = client.get(url)
    assert again.context["reasons"] == ["The case stands on an agenda, or is voted on already. Defer it there first."]


def test_the_page_shows_the_case_and_counts_as_a_read(seats: Room, ballot: Ballot) -> None:
    client, meeting_id = _as(seats.pathologist), ballot.item.meeting_id
    page = client.get(reverse("ballot", args=[meeting_id]))
    html = _text(page)
    assert (page.status_code, "What the patient wants" in html, "0 of 2 specialties" in html) == (200, True, True)
    read = AuditEvent.objects.filter(kind="read").latest("pk")
    assert (read.actor, read.patient_ids) == (seats.pathologist, [ballot.patient_id])
    part = _text(client.get(reverse("ballot", args=[meeting_id]), headers=_PART))
    assert (part.count("<section"), "What the patient wants" in part) == (1, False)
    for name in ("meeting", "live"):
        assert client.get(reverse(name, args=[meeting_id]))["Location"] == reverse("ballot", args=[meeting_id])


def test_a_vote_is_one_form_and_what_came_too_late_is_kept(seats: Room, ballot: Ballot) -> None:
    client = _as(seats.pathologist)
    url = reverse("ballot-vote", args=[ballot.item.meeting_id])
    silent = client.post(url, {"vote": "disagree", "comment": ""})
    assert (silent.status_code, Vote.objects.count()) == (422, 0)
    assert client.post(url, {"vote": "agree:1"}).status_code == 303
    assert Vote.objects.get().choice == "agree"
    with time_machine.travel(ballot.closes_at + timedelta(seconds=1)):
        late = _as(seats.pathologist).post(url, {"vote": "discuss", "comment": "Two words about the Ki-67"})
        assert late.status_code == 422
        assert "Two words about the Ki-67" in _text(late)


def test_who_does_not_vote_reads_and_another_team_sees_nothing(seats: Room, ballot: Ballot) -> None:
    page, vote = (reverse(name, args=[ballot.item.meeting_id]) for name in ("ballot", "ballot-vote"))
    nurse = _as(seats.nurse)
    assert "Your vote" not in _text(nurse.get(page))
    assert nurse.post(vote, {"vote": "agree:1"}).status_code == 422
    assert nurse.get(reverse("ballot-accept", args=[ballot.item.meeting_id])).status_code == 403
    foreign = _as(factories.person(factories.team(), Role.ONCOLOGIST))
    for name in ("ballot", "ballot-accept", "ballot-return", "ballot-extend"):
        assert foreign.get(reverse(name, args=[ballot.item.meeting_id])).status_code == 404
    assert foreign.post(vote, {"vote": "agree:1"}).status_code == 404
    for name in ("ballot-open", "ballot-panel"):
        assert foreign.get(reverse(name, args=[ballot.item.referral_id])).status_code == 404
    assert Vote.objects.count() == 0


def test_the_chair_accepts_with_the_password(seats: Room, ballot: Ballot) -> None:
    client, url = _as(seats.chair), reverse("ballot-accept", args=[ballot.item.meeting_id])
    early = client.get(url).context["reasons"]
    assert early[0] == "Nobody has voted for Medical oncology, Pathology."
    for person in (seats.chair, seats.pathologist):
        cast_vote(ballot, VoteChoice.AGREE, proposal=1, by=person, now=seats.now)
    values = {"proposal": "1", "owner": seats.nurse.pk, "due_on": "2026-11-25", "password": "wrong"}
    assert (client.post(url, values).status_code, Decision.objects.count()) == (422, 0)
    answer = client.post(url, values | {"password": PASSWORD})
    decision = Decision.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("decision", args=[decision.pk]))
    html = _text(client.get(answer["Location"]))
    assert ("By e-vote" in html, reverse("ballot", args=[ballot.item.meeting_id]) in html) == (True, True)


def test_votes_stand_on_the_card_of_the_next_meeting(seats: Room, ballot: Ballot) -> None:
    cast_vote(ballot, VoteChoice.DISAGREE, comment="No tissue", by=seats.pathologist, now=seats.now)
    sweep_ballots(now=ballot.closes_at)
    item = AgendaItem.objects.open().get(patient=ballot.patient)
    client = _as(seats.chair)
    panel = reverse("ballot-panel", args=[item.referral_id])
    seats.start()
    seats_page = client.get(reverse("decision-record", args=[item.pk]))
    assert panel in _text(seats_page)
    assert "No tissue" in _text(client.get(panel, headers=_PART))


def test_the_list_asks_as_often_for_three_as_for_one(seats: Room, ballot: Ballot) -> None:
    client, url = _as(seats.chair), reverse("ballots")
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url)
    for _ in range(2):
        opened(seats, seats.referral())
    with CaptureQueriesContext(connection) as three:
        assert _text(client.get(url)).count("Open</a>") == 3
    assert len(three) == len(one)
