"""One act on many rows: each answered by itself, nothing twice, nothing lost."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.notifications.models import InboxItem
from careteam.people.models import Team, User
from careteam.people.rules import Role
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, Reminder
from patients.imaging.rules import CloseReason
from tests import factories

pytestmark = pytest.mark.django_db
BULK = "/imaging/bulk/"


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def nurse(team: Team) -> User:
    return factories.person(team, Role.NURSE_COORDINATOR, name="Dana Whitcomb")


@pytest.fixture
def today(team: Team) -> date:
    return team.local_date(timezone.now())


@pytest.fixture
def client(nurse: User) -> Client:
    client = Client()
    client.force_login(nurse)
    return client


@pytest.fixture
def studies(team: Team, nurse: User, today: date) -> list[ImagingStudy]:
    return [factories.study(factories.patient(team), due_on=today - timedelta(3), owner=nurse) for _ in range(3)]


def ids(studies: list[ImagingStudy]) -> list[str]:
    return [f"{study.pk}-{study.version}" for study in studies]


def said(client: Client, answer: Any) -> str:
    """The toast of the page that the answer leads to."""
    found = re.search(r"<span data-text>([^<]*)</span>", client.get(answer["Location"]).content.decode())
    return found[1] if found else ""


def statuses(studies: list[ImagingStudy]) -> list[str]:
    return [ImagingStudy.objects.get(pk=study.pk).status for study in studies]


def audited(action: str) -> int:
    return AuditEvent.objects.filter(action=f"imaging.{action}").count()


def test_order_answers_each_row_and_a_second_submit_does_nothing(
    client: Client, nurse: User, studies: list[ImagingStudy]
) -> None:
    sent = {"act": "order", "ids": ids(studies), "back": "owner=mine&q=x"}
    answer = client.post(BULK, sent)
    assert answer["Location"] == "/imaging/?owner=mine"
    assert said(client, answer) == "3 ordered"
    assert statuses(studies) == ["ordered"] * 3
    assert audited("order") == 3
    assert said(client, client.post(BULK, sent)) == "0 ordered, 3 already"
    assert audited("order") == 3


def test_a_row_that_somebody_changed_is_left_alone_and_named(
    client: Client, team: Team, nurse: User, studies: list[ImagingStudy], today: date
) -> None:
    sent = {"act": "order", "ids": ids(studies)}
    now = timezone.now()
    commands.close_study(studies[1], reason=CloseReason.DONE_ELSEWHERE, by=nurse, now=now)
    commands.schedule(studies[2], at=now + timedelta(days=3), place="Site A", by=nurse, now=now)
    foreign = factories.study(factories.patient(factories.team()))
    page = client.post(BULK, sent | {"ids": [*sent["ids"], *ids([foreign]), "nonsense"]}).content.decode()
    assert "1 ordered, 2 not" in page
    assert "somebody closed it meanwhile" in page
    assert "somebody changed it meanwhile; it is scheduled" in page
    assert str(foreign.patient.name) not in page
    assert statuses([*studies, foreign]) == ["ordered", "closed", "scheduled", "planned"]
    assert 'action="/imaging/bulk/undo/' in page


def test_undo_takes_an_order_back_with_what_it_had_answered(
    client: Client, team: Team, nurse: User, studies: list[ImagingStudy]
) -> None:
    commands.sweep(now=timezone.now())
    assert Reminder.objects.filter(state="open").count() == 3
    client.post(BULK, {"act": "order", "ids": ids(studies)})
    assert (Reminder.objects.filter(state="open").count(), InboxItem.objects.open().count()) == (0, 0)
    page = client.get("/imaging/").content.decode()
    undo = re.search(r'action="(/imaging/bulk/undo/[^"]+)"', page)
    assert undo is not None
    commands.schedule(
        studies[2], at=timezone.now() + timedelta(days=3), place="", by=nurse, now=timezone.now()
    )  # somebody went on with it: that one stays
    other = Client()
    other.force_login(factories.person(team, Role.NURSE_COORDINATOR))
    assert other.post(undo[1]).status_code == 404
    assert client.post("/imaging/bulk/undo/forged/").status_code == 404
    answer = client.post(undo[1]).content.decode()
    assert "2 taken back, 1 not" in answer
    assert statuses(studies) == ["planned", "planned", "scheduled"]
    commands.sweep(now=timezone.now())
    assert (Reminder.objects.filter(state="open").count(), InboxItem.objects.open().count()) == (2, 2)


def test_take_and_assign_give_back_to_whom_it_was(
    client: Client, team: Team, nurse: User, studies: list[ImagingStudy]
) -> None:
    rohan = factories.person(team, Role.NURSE_COORDINATOR, name="Rohan Sethi")
    ImagingStudy.objects.filter(pk=studies[0].pk).update(owner=None)
    answer = client.post(BULK, {"act": "assign", "ids": ids(studies), "back": ""})
    page = client.get(answer["Location"])
    assert page.status_code == 200
    done = client.post(answer["Location"].split("?")[0], {"ids": ids(studies), "to": rohan.pk})
    assert done["Location"] == "/imaging/"
    assert {ImagingStudy.objects.get(pk=study.pk).owner for study in studies} == {rohan}
    undo = re.search(r'action="(/imaging/bulk/undo/[^"]+)"', client.get("/imaging/").content.decode())
    assert undo is not None
    assert said(client, client.post(undo[1])) == "3 taken back"
    assert [ImagingStudy.objects.get(pk=study.pk).owner for study in studies] == [None, nurse, nurse]


def test_take_of_an_outdated_row_is_refused(client: Client, nurse: User, studies: list[ImagingStudy]) -> None:
    ImagingStudy.objects.filter(pk=studies[0].pk).update(owner=None, version=5)
    page = client.post(BULK, {"act": "take", "ids": ids(studies)}).content.decode()
    assert "0 yours now, 2 already, 1 not: somebody changed it meanwhile; it is planned" in page


def test_snooze_and_close_ask_once_for_all(
    client: Client, nurse: User, studies: list[ImagingStudy], today: date
) -> None:
    ImagingStudy.objects.filter(pk=studies[2].pk).update(due_on=today - timedelta(50), created_at="2025-01-01T00:00Z")
    url, until = reverse("imaging-bulk-form", args=["snooze"]), (today + timedelta(5)).isoformat()
    wrong = client.post(url, {"ids": ids(studies), "until": "", "reason": "other", "note": ""})
    assert wrong.status_code == 422
    page = client.post(url, {"ids": ids(studies), "until": until, "reason": "away", "note": ""}).content.decode()
    assert "2 snoozed, 1 not: It is red: the responsible clinician decides, it cannot wait." in page
    again = client.post(url, {"ids": ids(studies), "until": until, "reason": "away", "note": ""}).content.decode()
    assert "0 snoozed, 2 already, 1 not" in again
    assert audited("snooze") == 2
    for study in studies:
        study.refresh_from_db()
    url = reverse("imaging-bulk-form", args=["close"])
    answer = client.post(url, {"ids": ids(studies), "reason": "done_elsewhere"})
    assert said(client, answer) == "3 closed"
    assert said(client, client.post(url, {"ids": ids(studies), "reason": "done_elsewhere"})) == "0 closed, 3 already"
    assert audited("close_study") == 3


def test_what_can_be_booked_is_booked_and_the_rest_stays_with_its_error(
    client: Client, studies: list[ImagingStudy]
) -> None:
    url = reverse("imaging-bulk-form", args=["schedule"])
    good = (timezone.now() + timedelta(days=4)).strftime("%Y-%m-%dT09:30")
    first, second, third = (study.pk for study in studies)
    sent: dict[str, Any] = {
        "ids": ids(studies),
        "back": "late=over",
        "place_all": "Site A",
        f"{first}-at": good,
        f"{first}-place": "",
        f"{second}-at": "2020-01-01T10:00",
        f"{second}-place": "Site B",
        f"{third}-at": "soon",
        f"{third}-place": "Site C",
    }
    answer = client.post(url, sent)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "1 booked, 2 not: look at each below." in html
    assert "The slot lies in the past." in html
    assert re.search(rf'name="{third}-at"[^>]*value="soon"|value="soon"[^>]*name="{third}-at"', html)
    assert "Site C" in html
    assert f'value="{first}-1"' not in html
    booked = ImagingStudy.objects.get(pk=first)
    assert (booked.status, booked.place) == ("scheduled", "Site A")
    left = [study for study in studies if study.pk != first]
    fixed = sent | {"ids": ids(left), f"{second}-at": good, f"{third}-at": ""}
    done = client.post(url, fixed)
    assert done["Location"] == "/imaging/?late=over"
    assert said(client, done) == "1 booked, 1 left without a slot"
    assert statuses(studies) == ["scheduled", "scheduled", "planned"]
    assert audited("schedule") == 2
    assert "Enter a day and time first." in client.post(url, {"ids": ids(left[1:])}).content.decode()


def test_limits_and_rights(client: Client, team: Team, studies: list[ImagingStudy]) -> None:
    none = client.post(BULK, {"act": "order"})
    assert said(client, none) == "Select at least one study of yours first."
    unknown = client.post(BULK, {"act": "burn", "ids": ids(studies)})
    assert said(client, unknown) == "Choose what to do with the selected studies."
    patient = factories.patient(team)
    many = ImagingStudy.objects.bulk_create(
        ImagingStudy(patient=patient, team=team, modality="ct", due_on=studies[0].due_on) for _ in range(101)
    )
    assert said(client, client.post(BULK, {"act": "order", "ids": ids(many)})) == (
        "Select at most 100 studies at a time."
    )
    assert audited("order") == 0
    reader = Client()
    reader.force_login(factories.person(team, Role.RADIOLOGIST))
    assert reader.post(BULK, {"act": "order", "ids": ids(studies)}).status_code == 403
    assert 'id="bulk"' not in reader.get("/imaging/").content.decode()


def test_pages_of_an_act_need_the_same_queries_for_one_row_and_for_three(
    client: Client, studies: list[ImagingStudy]
) -> None:
    url, found = reverse("imaging-bulk-form", args=["schedule"]), []
    client.get(url, {"ids": ids(studies)})
    for some in (studies[:1], studies):
        with CaptureQueriesContext(connection) as queries:
            client.get(url, {"ids": ids(some)})
        found.append(len(queries))
    assert found[0] == found[1]
