"""A second opinion of another team: one person reads one chart for a time, and answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from careteam.access.models import AccessGrant
from careteam.audit.models import AuditEvent
from careteam.notifications.models import InboxItem
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.care.models import SecondOpinion
from patients.record.models import ExternalCenter, NextStep
from tests import factories
from tests.factories import PASSWORD
from tests.factories.board import Room
from tumorboard.decisions.models import Decision
from tumorboard.opinions import commands
from tumorboard.opinions.models import Opinion, OpinionDraft
from tumorboard.opinions.queries import opinions_asked
from tumorboard.referrals.models import Referral

pytestmark = pytest.mark.django_db
_PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


class North:
    """Another team with a lead and two clinicians."""

    def __init__(self) -> None:
        self.team: Team = factories.team(name="Northern General")
        self.lead: User = factories.person(self.team, Role.TEAM_LEAD, name="Ingrid Falk")
        self.expert: User = factories.person(self.team, Role.SURGEON, name="Ruth Abendroth")
        self.other: User = factories.person(self.team, Role.ONCOLOGIST, name="Mats Lindgren")


@pytest.fixture
def north(room: Room) -> North:
    return North()


@pytest.fixture
def decision(room: Room) -> Decision:
    return room.signed()


@pytest.fixture
def asked(room: Room, north: North, decision: Decision) -> Opinion:
    return commands.ask_team(
        decision.patient,
        north.team,
        question="Is the liver resectable?",
        until=room.now + timedelta(days=14),
        agreed=True,
        decision=decision,
        by=room.chair,
        now=room.now,
    )


@pytest.fixture
def assigned(room: Room, north: North, asked: Opinion) -> Opinion:
    opinion = commands.assign_opinion(asked, north.expert, by=north.lead, now=room.now)
    _in_force()
    return opinion


def _in_force(year: int = 2100) -> None:
    """Whether a grant is in force, the database's own clock says: these tests run at any time."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    AccessGrant.objects.filter(revoked_at=None).update(starts_at=start, ends_at=start.replace(year=year))


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def _inbox(user: User) -> list[str]:
    return list(
        InboxItem.objects.open().filter(recipient=user, kind="opinion").order_by("pk").values_list("title", flat=True)
    )


def test_the_lead_receives_it_without_a_name_and_nobody_reads_the_chart(
    room: Room, north: North, asked: Opinion
) -> None:
    patient = asked.patient
    assert _inbox(north.lead) == [f"{room.team} asks for a second opinion: who answers?"]
    page = _as(north.lead).get(reverse("opinion", args=[asked.pk]))
    html = page.content.decode()
    assert ("Is the liver resectable?" in html, patient.family_name in html) == (True, False)
    assert patient.family_name not in _as(north.lead).get(reverse("opinions")).content.decode()
    for person in (north.lead, north.expert):
        assert _as(person).get(f"/patients/{patient.pk}/").status_code == 404
    assert _as(north.expert).get(reverse("opinion", args=[asked.pk])).status_code == 404
    assert NextStep.objects.get(source_key=f"opinion:{asked.pk}").owner == room.chair


def test_the_one_person_reads_this_chart_and_changes_nothing(room: Room, north: North, assigned: Opinion) -> None:
    patient, another = assigned.patient, room.patient()
    client = _as(north.expert)
    assert client.get(f"/patients/{patient.pk}/").status_code == 200
    assert client.get(reverse("decision", args=[assigned.decision_id])).status_code == 200
    read = AuditEvent.objects.filter(kind="read", actor=north.expert).latest("pk")
    assert (read.patient_ids, read.team_id) == ([patient.pk], room.team.pk)
    assert client.get(f"/patients/{another.pk}/").status_code == 404
    assert client.get(reverse("meeting", args=[room.meeting.pk])).status_code == 404
    assert _as(north.other).get(f"/patients/{patient.pk}/").status_code == 404
    for name in ("referral-create", "opinion-ask"):
        assert client.post(reverse(name, args=[patient.pk]), {}).status_code == 403
    told = reverse("decision-told", args=[assigned.decision_id, "patient"])
    assert client.post(told, {"told_on": "2026-11-26", "how": "visit"}).status_code == 403
    for name in ("opinion-revoke", "opinion-extend"):
        answer = client.post(reverse(name, args=[assigned.pk]), {"reason": "x", "until_on": "2027-01-10"})
        assert answer.status_code == 422
    assert Opinion.objects.get().status == "assigned"


def test_the_answer_is_signed_closes_the_chart_and_is_told(room: Room, north: North, assigned: Opinion) -> None:
    client, url = _as(north.expert), reverse("opinion-answer", args=[assigned.pk])
    values = {"text": "Two stages; right first.", "options": ["surgery"], "password": "wrong"}
    wrong = client.post(url, values)
    assert (wrong.status_code, Opinion.objects.get().status) == (422, "assigned")
    assert "Two stages; right first." in wrong.content.decode()
    assert client.post(url, values | {"password": PASSWORD}).status_code == 303
    opinion = Opinion.objects.get()
    assert (opinion.status, opinion.answer, opinion.options) == ("answered", "Two stages; right first.", ["surgery"])
    assert _as(north.expert).get(f"/patients/{opinion.patient_id}/").status_code == 404
    assert _as(north.expert).get(reverse("opinion", args=[opinion.pk])).status_code == 200
    assert _inbox(room.chair) == ["Northern General has answered: second opinion"]
    assert NextStep.objects.filter(source_key=f"opinion:{opinion.pk}", closed_at=None).count() == 0
    panel = _as(room.nurse).get(reverse("opinion-panel", args=[opinion.patient_id]), headers=_PART)
    assert "Two stages; right first." in panel.content.decode()
    with pytest.raises(DatabaseError), transaction.atomic():
        Opinion.objects.update(answer="Not resectable")


def test_an_answer_that_comes_too_late_is_kept(room: Room, north: North, assigned: Opinion) -> None:
    late = assigned.until + timedelta(minutes=1)
    url = reverse("opinion-answer", args=[assigned.pk])
    with time_machine.travel(late):
        refused = _as(north.expert).post(url, {"text": "Two stages.", "password": PASSWORD})
    assert refused.status_code == 422
    html = refused.content.decode()
    assert ("The time for it is over." in html, "Two stages." in html) == (True, True)
    assert (commands.sweep_opinions(now=late), commands.sweep_opinions(now=late)) == (1, 0)
    assert _inbox(room.chair) == ["Northern General: no second opinion in time. Extend it, or ask elsewhere"]
    _in_force(2001)
    assert _as(north.expert).get(f"/patients/{assigned.patient_id}/").status_code == 404
    with time_machine.travel(late):
        later = late + timedelta(days=5)
        commands.extend_opinion(assigned, until=later, by=room.chair, now=late)
        page = _as(north.expert).get(reverse("opinion", args=[assigned.pk]))
    assert page.context["form"]["text"].value() == "Two stages."
    assert OpinionDraft.objects.get().author == north.expert
    assert Opinion.objects.get().status == "assigned"


def test_taken_back_closes_the_chart_at_once(room: Room, north: North, assigned: Opinion) -> None:
    client = _as(room.chair)
    url = reverse("opinion-revoke", args=[assigned.pk])
    assert client.post(url, {"reason": "Operated elsewhere"}).status_code == 303
    grant = AccessGrant.objects.get()
    assert (grant.kind, grant.granted_by, grant.revoked_by) == ("second_opinion", room.chair, room.chair)
    assert _as(north.expert).get(f"/patients/{assigned.patient_id}/").status_code == 404
    late = _as(north.expert).post(reverse("opinion-answer", args=[assigned.pk]), {"text": "Yes", "password": PASSWORD})
    assert (late.status_code, "It is taken back." in late.content.decode()) == (422, True)


def test_assigned_to_somebody_else_the_first_reads_no_more(room: Room, north: North, assigned: Opinion) -> None:
    commands.assign_opinion(assigned, north.other, by=north.lead, now=room.now)
    _in_force()
    patient = f"/patients/{assigned.patient_id}/"
    assert _as(north.expert).get(patient).status_code == 404
    assert _as(north.other).get(patient).status_code == 200
    assert _inbox(north.expert) == []


def test_reminded_once_before_the_end(room: Room, north: North, assigned: Opinion) -> None:
    at = assigned.until - timedelta(days=3)
    assert (commands.sweep_opinions(now=at), commands.sweep_opinions(now=at)) == (1, 0)
    assert _inbox(north.expert) == [f"{room.team} asks for your second opinion", "A second opinion is due soon"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agreed": False}, "Ask the patient first: another team will read the chart."),
        ({"question": " "}, "Write what is asked."),
        ({"days": 90}, "A chart is opened to another team for at most 60 days. Extend it later if needed."),
        ({"team": "own"}, "Choose another team than the patient's own."),
        ({"by": "nurse"}, "Only a physician who decides at the board, or the team lead, asks another team."),
    ],
)
def test_what_is_not_asked(room: Room, change: dict[str, Any], said: str) -> None:
    until: datetime = room.now + timedelta(days=change.get("days", 14))
    with pytest.raises(ValidationError) as refused:
        commands.ask_team(
            room.patient(),
            room.team if change.get("team") == "own" else factories.team(),
            question=change.get("question", "Resectable?"),
            until=until,
            agreed=change.get("agreed", True),
            by=room.nurse if change.get("by") == "nurse" else room.chair,
            now=room.now,
        )
    assert refused.value.messages == [said]


def test_only_clinicians_of_the_asked_team_and_only_its_lead_assigns(room: Room, north: North, asked: Opinion) -> None:
    for person, by, said in (
        (north.lead, north.lead, "Ingrid Falk is no clinician of Northern General."),
        (
            north.expert,
            north.other,
            "Only the lead or the board coordinator of the team that was asked assigns this.",
        ),
    ):
        with pytest.raises(ValidationError) as refused:
            commands.assign_opinion(asked, person, by=by, now=room.now)
        assert refused.value.messages == [said]
    assert AccessGrant.objects.count() == 0


def test_asked_from_a_decision_and_assigned_on_the_pages(room: Room, north: North, decision: Decision) -> None:
    client = _as(room.chair)
    url = reverse("opinion-ask", args=[decision.patient_id])
    assert f"{url}?about=d{decision.pk}" in client.get(reverse("decision", args=[decision.pk])).content.decode()
    form = client.get(url, {"about": f"d{decision.pk}"}).context["form"]
    assert (form["about"].value(), form["until_on"].value()) == (f"d{decision.pk}", date(2026, 12, 7))
    values = {
        "team": north.team.pk,
        "question": "Resectable?",
        "about": f"d{decision.pk}",
        "until_on": "2026-12-07",
        "agreed": "on",
    }
    assert client.post(url, values).status_code == 303
    opinion = Opinion.objects.get()
    assert (opinion.decision, opinion.referral) == (decision, decision.item.referral)
    assign = reverse("opinion-assign", args=[opinion.pk])
    assert _as(north.lead).post(assign, {"person": north.expert.pk}).status_code == 303
    assert [each.row.assigned_to for each in opinions_asked(room.chair)] == [north.expert]
    decline = reverse("opinion-decline", args=[opinion.pk])
    assert _as(north.expert).post(decline, {"reason": "On leave"}).status_code == 303
    assert Opinion.objects.get().end_reason == "On leave"


def test_a_reply_of_an_external_center_belongs_to_a_case(room: Room, decision: Decision) -> None:
    center = ExternalCenter.objects.create(team=room.team, name="University Hospital Westend")
    outside = SecondOpinion.objects.create(
        patient=decision.patient, center=center, question="Transplant?", noted_on=date(2026, 11, 20)
    )
    client, referral_id = _as(room.chair), decision.item.referral_id
    panel = reverse("opinion-panel", args=[decision.patient_id])
    link = reverse("opinion-link", args=[referral_id])
    assert link in client.get(panel, {"referral": referral_id}, headers=_PART).content.decode()
    assert client.post(link, {"outside": outside.pk}).status_code == 303
    client.post(link, {"outside": outside.pk})
    html = client.get(panel, {"referral": referral_id}, headers=_PART).content.decode()
    assert ("Reply awaited" in html, html.count("About this case")) == (True, 1)
    stranger = SecondOpinion.objects.create(
        patient=room.patient(), center=center, question="?", noted_on=date(2026, 11, 20)
    )
    assert client.post(link, {"outside": stranger.pk}).status_code == 404


def test_a_decision_is_discussed_again_with_one_click(room: Room, decision: Decision) -> None:
    client, referral = _as(room.chair), decision.item.referral
    url = f"{reverse('referral-create', args=[decision.patient_id])}?again={referral.pk}"
    assert url in client.get(reverse("decision", args=[decision.pk])).content.decode()
    form = client.get(url).context["form"]
    assert (form["kind"].value(), form["earlier"].value(), form["question_kind"].value()) == (
        "rediscussion",
        str(referral.pk),
        "prrt",
    )
    item = room.item(decision.patient, kind="rediscussion", earlier=referral)
    assert Referral.objects.get(pk=item.referral_id).earlier == referral
    card = client.get(reverse("decision-record", args=[item.pk])).content.decode()
    assert "Discussed again" in card
