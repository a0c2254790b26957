"""A confidential note of the palliative or psycho-oncology team is on no page and no paper of a board, for nobody."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from careteam.people.models import User
from careteam.people.rules import Role
from patients.letters.commands import save_head
from patients.palliative.commands import add_note
from tests import factories
from tests.factories.board import Room
from tumorboard.decisions.rules import ToldWhom
from tumorboard.letters.commands import write_letter
from tumorboard.live.commands import sign_case
from tumorboard.meetings.commands import hold, show_item
from tumorboard.minutes.queries import content_of, minutes_of

pytestmark = pytest.mark.django_db
SECRET = "Left her husband last week"


def pages(client: Client, names: dict[str, int]) -> dict[str, str]:
    """What each address answers, by its name."""
    found = {}
    for name, pk in names.items():
        answer = client.get(reverse(name, args=[pk]))
        assert answer.status_code == 200, name
        found[name] = answer.content.decode()
    return found


def test_confidential_note_is_on_no_page_and_no_paper_of_the_board(room: Room) -> None:
    readers: list[User] = [
        room.chair,
        factories.person(room.team, Role.PALLIATIVE),
        factories.person(room.team, Role.PSYCHO_ONCOLOGIST),
    ]
    lead = factories.person(room.team, Role.TEAM_LEAD)
    save_head(
        room.team, {"name": "Clinic South", "address": "Street 1", "phone": "+49 30 555 01"}, by=lead, now=room.now
    )
    patient = room.patient(
        family_name="Adler", address="Weg 2, 10117 Berlin", general_practitioner="Dr. Brandl, Hauptstr. 3"
    )
    add_note(patient, discipline="psycho_oncologist", text=SECRET, is_confidential=True, by=readers[2], now=room.now)
    item = room.item(patient)
    room.start()
    show_item(room.meeting, item, by=room.chair, now=room.meeting_time)
    meeting = room.meeting.pk
    running = {
        "meeting": meeting,
        "live": meeting,
        "case-readiness": item.referral_id,
        "meeting-readiness": meeting,
        "meeting-minutes": meeting,
        "board-panel": patient.pk,
    }
    shown: list[dict[str, str]] = []
    for reader in readers:
        client = Client()
        client.force_login(reader)
        shown.append(pages(client, running))
    screen = Client()
    screen.force_login(room.chair)
    assert screen.post(reverse("projector-start", args=[meeting])).status_code == 303
    shown.append(pages(screen, {"projector": meeting}))

    decision = room.record(item)
    decision = sign_case(decision, by=room.chair, now=room.meeting_time)
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    room.told(decision)
    letters = [write_letter(decision, whom, by=room.chair, now=room.meeting_time) for whom in ToldWhom]
    minutes = content_of(minutes_of(room.meeting, room.now.date()))
    shown.append({"minutes": minutes.head + "".join(case.html for case in minutes.cases)})
    shown.append({f"letter {letter.whom}": letter.body for letter in letters})
    for reader in readers:
        client = Client()
        client.force_login(reader)
        shown.append(pages(client, {"decision": decision.pk, "meeting-minutes": meeting}))
        shown.append(
            {f"letter {each.pk}": pages(client, {"decision-letter": each.pk})["decision-letter"] for each in letters}
        )
    assert [name for each in shown for name, text in each.items() if SECRET in text] == []
    assert all("Adler" in each[name] for each in shown[:3] for name in ("live", "meeting"))
