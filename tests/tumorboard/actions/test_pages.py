"""My actions, those of people who are away, handing over; what a newer decision supersedes."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from careteam.events.commands import settle_pending
from careteam.notifications.models import InboxItem
from careteam.people.models import Absence, Deputy, User
from careteam.people.rules import Role
from patients.record.models import NextStep
from tests import factories
from tests.factories.board import Room
from tumorboard.actions.commands import assign, finish, hand_over, supersede
from tumorboard.actions.models import Action
from tumorboard.actions.queries import actions_of_team, earlier_open
from tumorboard.actions.rules import ActionStatus
from tumorboard.decisions.models import Recommendation
from tumorboard.decisions.rules import Option

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


def action(room: Room, owner: User, due: date = date(2026, 12, 1), what: str = "Order FDG PET") -> Action:
    return assign(room.patient(), what=what, owner=owner, due_on=due, by=room.chair, now=room.now)


def listed(client: Client, **filters: str) -> list[str]:
    page = client.get(reverse("actions"), filters)
    return [row.what for row in page.context["page"].rows]


def test_overdue_comes_first_and_filters_stand_in_the_address(room: Room, client: Client) -> None:
    client.force_login(room.nurse)
    action(room, room.nurse, what="Later")
    late = action(room, room.nurse, what="Late")
    Action.objects.filter(pk=late.pk).update(due_on=date(2026, 11, 2), kind="refer")
    action(room, room.chair, what="Another's")
    assert listed(client) == ["Late", "Later"]
    assert listed(client, state="overdue") == listed(client, kind="refer") == ["Late"]
    assert listed(client, whose="team") == ["Late", "Later", "Another's"]
    assert "Nothing closed here" in client.get(reverse("actions"), {"state": "closed"}).content.decode()


def test_work_of_people_who_are_away_is_on_everybodys_list_until_somebody_takes_it(room: Room, client: Client) -> None:
    row = action(room, room.pathologist)
    Absence.objects.create(user=room.pathologist, starts_on=TODAY, ends_on=TODAY)
    Deputy.objects.create(team=room.team, user=room.pathologist, deputy=room.chair, starts_on=TODAY)
    assert [list(actions_of_team(person, TODAY)) for person in (room.chair, room.nurse)] == [[row], []]
    client.force_login(room.coordinator)
    assert "1 open action of people who are away or have left" in client.get(reverse("actions")).content.decode()
    assert listed(client, whose="away") == ["Order FDG PET"]
    url = reverse("action-hand-over", args=[row.pk])
    stranger = factories.person(factories.team(), Role.ONCOLOGIST)
    assert client.post(url, {"owner": stranger.pk}).status_code == 422
    assert client.post(url, {"owner": room.nurse.pk}).status_code == 303
    assert listed(client, whose="away") == []
    step = NextStep.objects.get(source_key=f"action:{row.pk}", closed_at=None)
    told = InboxItem.objects.open().filter(kind="action").values_list("recipient_id", flat=True)
    assert (step.owner, list(told)) == (room.nurse, [room.nurse.pk])


def test_what_is_closed_is_handed_over_to_nobody(room: Room, client: Client) -> None:
    row = action(room, room.nurse)
    finish(row, ActionStatus.DONE, by=room.nurse, now=room.now)
    client.force_login(room.nurse)
    url = reverse("action-hand-over", args=[row.pk])
    assert client.get(url).content.decode().count("The action is done.") == 1
    assert client.post(url, {"owner": room.chair.pk}).status_code == 422


@pytest.mark.parametrize(("to", "why"), [("owner", "already"), ("stranger", "does not work in the patient's team")])
def test_handing_over_refuses_who_cannot_do_it(room: Room, to: str, why: str) -> None:
    row = action(room, room.nurse)
    person = room.nurse if to == "owner" else factories.person(factories.team(), Role.ONCOLOGIST)
    with pytest.raises(ValidationError, match=why):
        hand_over(row, person, by=room.chair, now=room.now)


def test_queries_of_the_list_do_not_grow_with_it(room: Room, client: Client, django_assert_num_queries: Any) -> None:
    client.force_login(room.nurse)
    action(room, room.nurse)
    client.get(reverse("actions"))
    with django_assert_num_queries(11) as counted:
        client.get(reverse("actions"))
    for _ in range(2):
        action(room, room.nurse)
    with django_assert_num_queries(len(counted)):
        assert len(listed(client)) == 3


class TestSuperseding:
    def test_a_newer_decision_offers_and_never_does_it_by_itself(self, room: Room, client: Client) -> None:
        patient = room.patient()
        older = room.signed(Option.PRRT, Option.IMAGING, patient=patient)
        newer = room.signed(Option.SURGERY, patient=patient)
        prrt, scan = Recommendation.objects.filter(decision=older).order_by("-option")
        assert set(earlier_open(newer)) == {prrt, scan}
        assert earlier_open(older) == []
        assert set(Recommendation.objects.values_list("status", flat=True)) == {"open"}
        client.force_login(room.nurse)
        page = client.get(reverse("decision-earlier", args=[newer.pk])).content.decode()
        assert page.count('type="checkbox"') == 2
        url = reverse("decision-supersede", args=[newer.pk])
        client.post(url, {"recommendation": [prrt.pk]})
        settle_pending(now=room.meeting_time)
        prrt.refresh_from_db()
        action = Action.objects.get(decision=older)
        assert (prrt.status, prrt.superseded_by, prrt.deviation_note) == (
            "superseded", newer, "Superseded by the decision of 26 Nov 2026",
        )  # fmt: skip
        assert (action.status, action.outcome, earlier_open(newer)) == ("cancelled", "Superseded", [scan])

    def test_only_what_is_offered_and_by_who_follows_up(self, room: Room) -> None:
        patient = room.patient()
        older, newer = (room.signed(patient=patient) for _ in range(2))
        own = Recommendation.objects.get(decision=newer)
        with pytest.raises(ValidationError, match="settled one of these meanwhile"):
            supersede(newer, [own], by=room.nurse, now=room.meeting_time)
        with pytest.raises(ValidationError, match="Choose what it supersedes"):
            supersede(newer, [], by=room.nurse, now=room.meeting_time)
        auditor = factories.person(room.team, Role.AUDITOR)
        with pytest.raises(ValidationError, match="do not include following up"):
            supersede(newer, earlier_open(newer), by=auditor, now=room.meeting_time)
        assert older.pk != newer.pk
