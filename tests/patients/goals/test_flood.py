"""Many prompts at once: a constant number of queries, one message per person, nothing twice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from careteam.events.commands import announce_many, settle_pending
from careteam.events.models import Event
from careteam.events.rules import EventKind
from careteam.notifications.models import InboxItem
from careteam.people.models import Team
from careteam.people.rules import Role
from patients.goals import commands
from patients.goals.commands.flood import FLOOD
from patients.goals.models import GoalsPrompt
from patients.record.models import NextStep, Patient
from tests.factories import diagnosis, measurement, patient, person, responsible, team

pytestmark = pytest.mark.django_db
SAID = "the import of 23 Nov 2026"


def poorly(home: Team) -> Patient:
    someone = patient(home)
    measurement(someone, value=1, taken_at=datetime(2026, 8, 1, tzinfo=UTC))
    measurement(someone, value=3, taken_at=datetime(2026, 11, 20, tzinfo=UTC))
    return someone


def lot(home: Team, people: list[Patient], now: datetime) -> Event:
    payload = {"patients": [someone.pk for someone in people], "batch": "import:7", "said": SAID}
    return Event(kind=str(EventKind.IMPORTED), at=now, team_id=home.pk, payload=payload)


def test_import_tells_each_owner_once_with_the_sum(now: datetime) -> None:
    home = team()
    doctor, nurse = person(home, Role.ONCOLOGIST), person(home, Role.NURSE_COORDINATOR)
    people = [poorly(home) for _ in range(7)]
    for someone in people[:4]:
        responsible(someone, doctor)
    announce_many([lot(home, people[:3], now), lot(home, people[3:], now)])
    settle_pending(now=now)
    settle_pending(now=now)
    told = {row.recipient_id: row.title for row in InboxItem.objects.open()}
    assert told == {
        doctor.pk: f"4 goals prompts raised by {SAID}: yours to answer",
        nurse.pk: f"3 goals prompts raised by {SAID}: yours to answer",
    }
    assert GoalsPrompt.objects.filter(batch="import:7").count() == NextStep.objects.count() == 7


def test_the_message_leads_to_what_it_speaks_of(now: datetime, client: Client) -> None:
    """Not to all that is the reader's: to the prompts of that import, and says that it is only those."""
    home = team()
    doctor, nurse = person(home, Role.ONCOLOGIST), person(home, Role.NURSE_COORDINATOR)
    people = [poorly(home) for _ in range(3)]
    earlier = poorly(home)
    for someone in (earlier, *people[:2]):
        responsible(someone, doctor)
    commands.ask_many([earlier.pk], team=home, batch="import:6", said="another", now=now)
    commands.ask_many([someone.pk for someone in people], team=home, batch="import:7", said=SAID, now=now)
    mine, all_of_it = ({someone.pk for someone in some} for some in (people[:2], people))
    for reader, expected in ((doctor, mine), (nurse, all_of_it)):
        client.force_login(reader)
        found = client.get(InboxItem.objects.open().get(recipient=reader, key__endswith="import:7").url)
        assert {row.person.patient_id for row in found.context["page"].rows} == expected
        assert f"{SAID}</option>" in found.text
    assert client.get("/goals/?batch=import:999%00").context["page"].rows  # unknown: the whole list


def test_a_lot_that_breaks_off_is_taken_up_again_without_double(now: datetime) -> None:
    home = team()
    person(home, Role.NURSE_COORDINATOR)
    people = [poorly(home) for _ in range(4)]
    announce_many([lot(home, people[:2], now), lot(home, people[2:], now)])
    Event.objects.filter(pk=Event.objects.order_by("-pk").values_list("pk", flat=True)[0]).update(
        payload={"patients": [people[2].pk]}  # the process ends here: the event says nothing that can be done
    )
    settle_pending(now=now)
    assert GoalsPrompt.objects.count() == 2
    Event.objects.filter(settled=False).update(payload=lot(home, people, now).payload)
    settle_pending(now=now)
    assert GoalsPrompt.objects.count() == NextStep.objects.count() == 4
    assert InboxItem.objects.open().get().title == f"4 goals prompts raised by {SAID}: yours to answer"


def test_reading_many_records_needs_no_more_queries(now: datetime) -> None:
    home = team()
    person(home, Role.NURSE_COORDINATOR)

    def queries(count: int) -> int:
        people = [poorly(home) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            ids = [someone.pk for someone in people]
            assert commands.ask_many(ids, team=home, batch="b", said=SAID, now=now) == count
        return len(captured)

    assert queries(1) == queries(20)


@pytest.mark.parametrize(("count", "told"), [(FLOOD - 1, 0), (FLOOD, 1)])
def test_review_of_a_fresh_team_is_summarized(now: datetime, count: int, told: int) -> None:
    home = team()
    person(home, Role.NURSE_COORDINATOR)
    for _ in range(count):
        diagnosis(patient(home))
    assert commands.review_prompts(now=now) == count
    assert InboxItem.objects.count() == told


def test_many_that_come_back_on_one_day_need_no_more_queries(now: datetime) -> None:
    home = team()

    def queries(count: int) -> int:
        for _ in range(count):
            someone = patient(home)
            commands.decline(someone, until=date(2027, 3, 1), by=person(home), now=now)
        with CaptureQueriesContext(connection) as captured:
            later = datetime(2027, 3, 1, 12, tzinfo=UTC)
            assert commands.reopen_due(team_id=home.pk, today=date(2027, 3, 1), now=later) == count
        return len(captured)

    assert queries(1) == queries(10)
