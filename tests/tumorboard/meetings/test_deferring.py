"""A deferred case says what is missing: somebody is asked for each thing, and it stands there until it has come."""

from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.notifications.models import InboxItem
from tests.factories.board import Room
from tumorboard.live.queries import case_of
from tumorboard.meetings.commands import hold, list_referral, show_item
from tumorboard.meetings.commands.readiness import keep_readiness
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import agenda_of
from tumorboard.meetings.queries.readiness import cases_readiness, visible_referral
from tumorboard.readiness.models import Chase

pytestmark = pytest.mark.django_db
NEEDED = date(2026, 12, 1)  # a day before the cut-off of the next meeting


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def on(room: Room) -> AgendaItem:
    item = room.item()
    room.start()
    show_item(room.meeting, item, by=room.chair, now=room.meeting_time)
    return item


def _defer(room: Room, item: AgendaItem, **data: Any) -> Any:
    client, url = _as(room.chair), reverse("item-defer", args=[item.pk])
    form = client.get(url).context["form"]
    sent = {"owner": room.nurse.pk, "due_on": form.initial["due_on"].isoformat(), "missing": form.initial["missing"]}
    return client.post(url, sent | data)


def test_what_is_red_is_ticked_and_missing_things_are_named(room: Room, on: AgendaItem) -> None:
    form = _as(room.chair).get(reverse("item-defer", args=[on.pk])).context["form"]
    assert (form.initial["due_on"], form.initial["owner"]) == (NEEDED, room.chair.pk)
    offered = [code for code, _ in form.fields["missing"].choices]
    assert ("ecog" in form.initial["missing"], "comorbidity" in offered) == (True, True)
    assert "comorbidity" not in form.initial["missing"]
    refused = _defer(room, on, reason="missing_imaging", missing=[], named="")
    assert (refused.status_code, refused.context["form"].errors) == (422, {"missing": ["Say what is missing."]})
    past = _defer(room, on, reason="other", named="Outside CT", due_on="2026-11-01")
    assert (past.status_code, "Outside CT" in past.content.decode()) == (422, True)
    assert AgendaItem.objects.get(pk=on.pk).status == "current"


def test_each_missing_thing_is_asked_for_until_it_is_there(room: Room, on: AgendaItem, now: datetime) -> None:
    answer = _defer(room, on, reason="missing_imaging", missing=["sstr", "comorbidity"], named="CT from outside\n\n")
    assert answer.status_code == 303
    item = AgendaItem.objects.get(pk=on.pk)
    assert (item.status, item.missing) == ("deferred", ["SSTR PET", "Comorbidity", "CT from outside"])
    chases = {chase.name: (str(chase.owner), chase.due_on) for chase in Chase.objects.open().filter(is_wanted=True)}
    assert chases == {
        "SSTR PET": ("Nora Nurse", NEEDED),
        "Comorbidity": ("Nora Nurse", NEEDED),
        "CT from outside": ("Nora Nurse", NEEDED),
    }
    (message,) = InboxItem.objects.open().filter(recipient=room.nurse, kind="readiness", due_on=NEEDED)
    assert message.body == "SSTR PET, Comorbidity, CT from outside"

    on.patient.comorbiditys.create(label="Diabetes")
    keep_readiness(now=room.meeting_time)
    referral = visible_referral(room.chair, on.referral_id)
    case = cases_readiness([referral], room.meeting_time)[referral.pk]
    assert ("sstr" in [row.item for row in case.reds], "comorbidity" in [row.item for row in case.open]) == (
        True,
        False,
    )
    assert ([row.text for row in case.named], case.is_ready, case.color) == (["CT from outside"], False, "red")

    hold(room.meeting, by=room.chair, now=room.meeting_time)
    again = Meeting.objects.get(board=room.board, occurrence_on=date(2026, 12, 3))
    listed = list_referral(referral, again, by=room.coordinator, now=room.meeting_time)
    (row,) = agenda_of(again, room.coordinator).rows
    said = [
        "SSTR PET: Nora Nurse, by 1 Dec 2026",
        "Comorbidity: there now",
        "CT from outside: Nora Nurse, by 1 Dec 2026",
    ]
    assert ([each.words for each in row.wanted], row.carried_over) == (said, "Imaging missing")
    card = case_of(AgendaItem.objects.select_related("meeting__board__team", "patient__team").get(pk=listed.pk), NEEDED)
    assert card.deferral is not None
    assert (card.deferral.on, card.deferral.reason) == (now.date(), "Imaging missing")


def test_what_no_field_holds_ends_by_the_word_of_who_is_asked(room: Room, on: AgendaItem) -> None:
    _defer(room, on, reason="other", missing=[], named="CT from outside\nLetter of the surgeon")
    first, second = Chase.objects.open().filter(text__gt="").order_by("pk")
    url = reverse("chase-settle", args=[first.pk])
    assert _as(room.dietitian).post(url).status_code == 422
    assert _as(room.nurse).post(url).status_code == 303
    assert _as(room.nurse).post(url).status_code == 303  # twice: the first word stands
    _as(room.chair).post(reverse("chase-settle", args=[second.pk]), {"needed": "no"})
    assert [row.closed_because for row in (Chase.objects.get(pk=first.pk), Chase.objects.get(pk=second.pk))] == [
        "There now", "No longer needed",
    ]  # fmt: skip
    page = _as(room.nurse).get(reverse("case-readiness", args=[on.referral_id])).content.decode()
    assert "CT from outside" not in page


def test_minutes_of_a_deferred_case_say_what_was_missing_and_keep_what_lapsed(room: Room, on: AgendaItem) -> None:
    room.record(on)
    _defer(room, on, reason="missing_labs", missing=["markers"], named="")
    page = _as(room.chair).get(reverse("meeting-minutes", args=[room.meeting.pk])).content.decode()
    assert "Deferred: labs missing.</b> Missing: Markers." in page
    assert "never signed; nothing follows from it" in page
    decision = _as(room.chair).get(reverse("decision", args=[on.decision.pk])).content.decode()
    assert ("Not in force" in decision, "Sign…" in decision) == (True, False)
