"""Hospice care began while a board was asked: who leads the meeting and who owes an action hear of it, once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.events.commands import settle_pending
from careteam.events.models import Consumption, Event
from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.palliative import commands as palliative
from patients.record.models import Patient
from tests import factories
from tests.factories.board import Room
from tumorboard.actions.commands import assign
from tumorboard.actions.rules import ActionKind
from tumorboard.meetings.models import Meeting

pytestmark = pytest.mark.django_db
FILLED: dict[str, Any] = {
    "comfort_goal": "At home, with the dog.",
    "prognosis_confirmed": True,
    "prognosis_by": "Dr Ines Okafor",
    "prognosis_on": date(2026, 11, 20),
    "family_told": "Noor, by Dr Brandt",
    "equipment": "Bed is there",
    "medication": "Morphine 5 mg, lanreotide goes on",
    "night_name": "Hospice nurse on call",
    "night_phone": "+49 30 1234",
    "place": "home",
    "service": "Hospice at home North",
    "code_reviewed_on": date(2026, 11, 20),
}


def hospice_begins(room: Room, patient: Patient) -> None:
    """Prepared and finished; consumers run as after a commit, twice: nothing may happen a second time."""
    brandt = factories.person(room.team, Role.PALLIATIVE)
    row = palliative.prepare_hospice(patient, by=brandt, now=room.now)
    today = room.team.local_date(room.now)
    row = palliative.save_hospice(row, FILLED | {"starts_on": today}, by=brandt, now=room.now)
    palliative.finish_hospice(row, by=brandt, now=room.now)
    settle_pending(now=room.now)
    Consumption.objects.all().delete()
    Event.objects.update(settled=False)
    settle_pending(now=room.now)


def told(person: Any) -> list[str]:
    return list(InboxItem.objects.filter(recipient=person, kind="hospice").values_list("title", flat=True))


def test_chair_is_asked_and_the_case_is_marked(room: Room, client: Client) -> None:
    patient = room.patient()
    room.item(patient)
    Meeting.objects.filter(pk=room.meeting.pk).update(chair=room.chair)
    hospice_begins(room, patient)
    assert told(room.chair) == ["Hospice care began: is this case still to be discussed?"]
    client.force_login(room.coordinator)
    page = client.get(reverse("meeting", args=[room.meeting.pk])).content.decode()
    assert (page.count("In hospice care"), patient.name in page) == (1, True)


def test_without_a_chair_the_coordinator_is_asked(room: Room) -> None:
    patient = room.patient()
    room.referral(patient)
    hospice_begins(room, patient)
    assert told(room.coordinator) == ["Hospice care began: is this case still to be discussed?"]


def test_owner_of_an_open_action_is_asked_and_the_action_stays(room: Room) -> None:
    patient = room.patient()
    due = room.team.local_date(room.now) + timedelta(days=9)
    row = assign(
        patient,
        kind=ActionKind.ORDER_IMAGING,
        what="Order MRI",
        owner=room.pathologist,
        due_on=due,
        by=room.chair,
        now=room.now,
    )
    hospice_begins(room, patient)
    row.refresh_from_db()
    assert told(room.pathologist) == ["Hospice care began: is this action still to be done?"]
    assert row.status == "open"


def test_a_patient_without_a_case_asks_nobody_of_the_board(room: Room) -> None:
    hospice_begins(room, room.patient())
    assert told(room.chair) == told(room.coordinator) == []
