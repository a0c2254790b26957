"""The worklist: its order, what is snoozed, saved views, who was called when."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import Team, User
from careteam.people.rules import Role
from careteam.web.paging import keyset_page
from patients.imaging import commands
from patients.imaging.models import ImagingStudy, Reminder, SavedView, StudySnooze
from patients.imaging.queries import scope_of, sorts_of, work
from patients.imaging.rules import ContactKind, ContactOutcome, SnoozeReason, score, stake_of, unanswered
from patients.record.models import DiseaseStatus
from patients.record.rules import Grade
from tests import factories

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


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


def due(team: Team, today: date, days: int, **fields: Any) -> ImagingStudy:
    patient = fields.pop("of", None) or factories.patient(team)
    plan = factories.plan(patient, confirmed_at=LONG_AGO)
    return factories.study(patient, plan=plan, due_on=today - timedelta(days), **fields)


def rows(html: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'<tbody id="row-(\d+)"', html)]


@pytest.mark.parametrize(
    ("grade", "last", "is_extra", "stake"),
    [
        (Grade.NEC_LC, "PD", True, "nec"),
        (Grade.MINEN, "", False, "nec"),
        (Grade.UNCLASSIFIED, "", False, "unclassified"),
        (Grade.UNGRADED, "PD", False, "unclassified"),
        (Grade.NET_G3, "PD", False, "progression"),
        (Grade.NET_G3, "SD", True, "g3"),
        (Grade.NET_G2, "PD", True, "progression"),
        (Grade.NET_G2, "SD", True, "extra"),
        (Grade.NET_G1, "", False, ""),
    ],
)
def test_what_is_at_stake_is_the_heaviest_that_holds(grade: Grade, last: str, is_extra: bool, stake: str) -> None:
    assert stake_of(grade, last_response=last, is_extra=is_extra) == stake


def test_order_is_days_over_times_what_is_at_stake_in_every_group_and_on_every_page(
    team: Team, nurse: User, today: date
) -> None:
    for n, days in enumerate([*range(-12, 62, 3), 5, 10, 15, 30, 30]):
        stake = ("", "g3", "nec", "extra", "")[n % 5]
        due(team, today, days, owner=nurse if n % 4 else None, stake=stake)
    scope = scope_of(team, team_ids=[team.pk], now=timezone.now())
    found = list(work(scope, "act").select_related(None).only("pk", "due_on", "patient_id", "stake"))
    for study in found:
        assert study.score == score(study.due_on, today, study.stake)
    wanted = [study.pk for study in sorted(found, key=lambda row: (row.bucket, -row.score, row.due_on, row.pk))]
    sorts = sorts_of(scope, "act")
    seen: list[int] = []
    params = QueryDict()
    while True:
        page = keyset_page(work(scope, "act"), sorts=sorts, params=params, size=4)
        seen += [row.pk for row in page.rows]
        if page.next_url is None:
            break
        params = QueryDict(page.next_url[1:])
    assert seen == wanted
    back: list[int] = [row.pk for row in page.rows]
    while page.previous_url is not None:
        page = keyset_page(work(scope, "act"), sorts=sorts, params=QueryDict(page.previous_url[1:]), size=4)
        back = [row.pk for row in page.rows] + back
    assert back == wanted


def test_a_replanned_study_says_what_is_at_stake(team: Team, nurse: User, today: date, client: Client) -> None:
    patient = factories.patient(team)
    factories.diagnosis(patient)
    factories.specimen(patient)
    study = due(team, today, 5, of=patient, owner=nurse)
    DiseaseStatus.objects.create(patient=patient, assessed_on=today, category="PD", method="recist")
    commands.replan(patient, by=nurse, now=timezone.now())
    study.refresh_from_db()
    assert study.stake == "progression"
    factories.study(patient, modality="mri", due_on=today - timedelta(3), owner=nurse, stake="g3")
    html = client.get("/imaging/?late=over&stake=g3").content.decode()
    assert "NET G3: each day counts 2 ×" in html
    assert "Progression:" not in re.sub(r"<option.*?</option>", "", html)


def test_snoozed_row_leaves_the_list_until_its_day_and_comes_back_at_once_when_red(
    team: Team, nurse: User, today: date, client: Client
) -> None:
    study = due(team, today, 3, owner=nurse)
    url = reverse("study-snooze", args=[study.pk])
    until = today + timedelta(10)
    sent = {"row": "1", "until": until.isoformat(), "reason": "away", "note": ""}
    answer = client.post(url, sent, headers=HTMX)
    assert answer.status_code == 200
    assert "/snooze/end/" in answer["HX-Trigger"]
    assert rows(client.get("/imaging/").content.decode()) == []
    page = client.get("/imaging/?tab=snoozed").content.decode()
    assert rows(page) == [study.pk]
    assert "Snoozed 1" in page
    assert "Patient is away" in client.get(reverse("study-page", args=[study.pk])).content.decode()
    ImagingStudy.objects.filter(pk=study.pk).update(due_on=today - timedelta(43))
    assert rows(client.get("/imaging/?late=red").content.decode()) == [study.pk]
    assert rows(client.get("/imaging/?tab=snoozed").content.decode()) == []
    ImagingStudy.objects.filter(pk=study.pk).update(due_on=today - timedelta(3))
    client.post(reverse("study-unsnooze", args=[study.pk]))
    assert rows(client.get("/imaging/").content.decode()) == [study.pk]
    snooze = StudySnooze.objects.get()
    assert (snooze.created_by, snooze.ended_by, snooze.until) == (nurse, nurse, until)
    assert list(
        AuditEvent.objects.filter(action__in=["imaging.snooze", "imaging.end_snooze"])
        .order_by("pk")
        .values_list("action", flat=True)
    ) == ["imaging.snooze", "imaging.end_snooze"]


def test_nobody_snoozes_red_or_beyond_the_day_it_turns_red(team: Team, nurse: User, today: date) -> None:
    now = timezone.now()
    red, late = due(team, today, 43, owner=nurse), due(team, today, 20, owner=nurse)
    wait: dict[str, Any] = {"reason": SnoozeReason.ASKED, "by": nurse, "now": now}
    with pytest.raises(ValidationError, match="the responsible clinician decides"):
        commands.snooze(red, until=today + timedelta(5), **wait)
    turns = today + timedelta(23)  # day 43 after due: > 42
    with pytest.raises(ValidationError, match="It turns red on"):
        commands.snooze(late, until=turns + timedelta(1), **wait)
    with pytest.raises(ValidationError, match="after today"):
        commands.snooze(late, until=today, **wait)
    with pytest.raises(ValidationError, match="Say in the note"):
        commands.snooze(late, until=turns, **wait | {"reason": SnoozeReason.OTHER})
    assert commands.snooze(late, until=turns, **wait).snoozed_until == turns
    commands.snooze(late, until=turns - timedelta(1), **wait)
    assert StudySnooze.objects.filter(ended_at=None).count() == 1


def test_red_study_offers_no_snooze_and_says_why(team: Team, nurse: User, today: date, client: Client) -> None:
    red, late = due(team, today, 50, owner=nurse), due(team, today, 3, owner=nurse)
    why = "It is red: the responsible clinician decides, it cannot wait."
    for study, is_red in ((red, True), (late, False)):
        page = client.get(reverse("study-page", args=[study.pk])).content.decode()
        opened = client.get(reverse("study-row", args=[study.pk]), {"open": "snooze"}, headers=HTMX).content.decode()
        url = reverse("study-snooze", args=[study.pk])
        assert (url in page, url in opened, why in page, why in opened) == (not is_red, not is_red, is_red, is_red)


def test_a_snooze_quiets_the_ladder_before_amber_only(team: Team, nurse: User, today: date) -> None:
    now = timezone.now()
    for days in (0, 15, 29, 43):
        due(team, today, days, owner=nurse, snoozed_until=today + timedelta(5))
    woken = due(team, today, 0, owner=nurse, snoozed_until=today)
    commands.sweep(now=now)
    raised = Reminder.objects.order_by("step").values_list("step", "study_id")
    assert [step for step, _ in raised] == ["amber", "due", "letter", "red"]
    assert (("due", woken.pk)) in list(raised)


def attempt(study: ImagingStudy, by: User, now: datetime, outcome: str = "no_answer", **fields: Any) -> None:
    commands.log_contact(
        study, kind=fields.pop("kind", ContactKind.PHONE), outcome=ContactOutcome(outcome), by=by, now=now, **fields
    )


def test_unanswered_attempts_count_since_somebody_was_reached_or_written_to() -> None:
    assert unanswered([("phone", "no_answer"), ("email", "sent"), ("phone", "reached"), ("phone", "no_answer")]) == 2
    assert unanswered([("phone", "no_answer"), ("letter", "sent"), ("phone", "no_answer")]) == 1
    assert unanswered([]) == 0


def test_row_says_who_tried_when_and_what_is_next(team: Team, nurse: User, today: date, client: Client) -> None:
    now = timezone.now()
    study, other = due(team, today, 20, owner=nurse), due(team, today, 21, owner=nurse)
    second = factories.study(study.patient, modality="mri", due_on=today, owner=nurse)
    attempt(study, nurse, now - timedelta(days=3))
    attempt(study, nurse, now, next_try_on=today + timedelta(7))
    attempt(other, nurse, now - timedelta(days=2), next_try_on=today)
    html = client.get("/imaging/").content.decode()
    row = html.split(f'id="row-{study.pk}"')[1].split("</tbody>")[0]
    assert "2 attempts, last: no answer (today by Dana Whitcomb), next try" in row
    assert "tried today" in row
    assert "tried today" in html.split(f'id="row-{second.pk}"')[1].split("</tbody>")[0]
    assert rows(client.get("/imaging/?tried=due").content.decode()) == [other.pk]
    assert rows(client.get("/imaging/?tried=none").content.decode()) == [second.pk]
    assert rows(client.get("/imaging/?sort=try").content.decode()) == [other.pk, study.pk, second.pk]
    attempt(study, nurse, now)
    assert rows(client.get("/imaging/?tried=letter").content.decode()) == [study.pk]
    opened = client.get(reverse("study-row", args=[study.pk]) + "?open=contact", headers=HTMX).content.decode()
    assert "next: a letter" in opened
    assert re.search(r'value="letter"[^>]*checked', opened)
    assert "Dana Whitcomb tried today at" in opened
    commands.undo_contact(study.contacts.latest("pk"), by=nurse, now=now)
    assert rows(client.get("/imaging/?tried=letter").content.decode()) == []


def test_filters_ignore_what_they_do_not_know(team: Team, nurse: User, today: date, client: Client) -> None:
    study = due(team, today, 3, owner=nurse)
    assert rows(client.get("/imaging/?owner=999&late=x&stake=y&tried=z&modality=ct").content.decode()) == [study.pk]
    assert rows(client.get(f"/imaging/?owner={nurse.pk}").content.decode()) == [study.pk]
    assert "Nothing matches these filters" in client.get("/imaging/?late=red").content.decode()


def test_saved_view_keeps_known_filters_and_is_what_the_worklist_opens_with(
    team: Team, nurse: User, today: date, client: Client
) -> None:
    due(team, today, 3, owner=nurse, modality="mri")
    wanted = due(team, today, 3, modality="ct")
    answer = client.post(
        reverse("imaging-view-save"),
        {
            "query": "owner=nobody&modality=ct&q=Smith&tab=order&sort=-due",
            "name": "CTs without owner",
            "is_default": "on",
        },
    )
    view = SavedView.objects.get()
    assert view.query == {"owner": "nobody", "modality": "ct", "tab": "order", "sort": "-due"}
    assert answer["Location"].startswith("/imaging/?owner=nobody&modality=ct")
    opened = client.get("/imaging/", follow=True)
    assert rows(opened.content.decode()) == [wanted.pk]
    assert re.search(r'aria-current="true">CTs without owner', opened.content.decode())
    again = client.post(reverse("imaging-view-save"), {"query": "late=red", "name": "CTs without owner"})
    assert (again.status_code, "view of that name already" in again.content.decode()) == (422, True)
    client.post(reverse("imaging-view-save"), {"query": "late=red", "name": "Red", "is_default": "on"})
    assert list(SavedView.objects.filter(is_default=True).values_list("name", flat=True)) == ["Red"]
    client.post(reverse("imaging-view", args=[view.pk]), {"name": "Free CTs", "is_shared": "on"})
    colleague = Client()
    colleague.force_login(factories.person(team, Role.ONCOLOGIST))
    assert "Free CTs" in colleague.get("/imaging/").content.decode()
    assert colleague.post(reverse("imaging-view-remove", args=[view.pk])).status_code == 404
    for _ in range(2):  # the second time changes nothing
        colleague.post(reverse("imaging-view-default", args=[view.pk]))
    assert "owner=nobody&modality=ct" in colleague.get("/imaging/")["Location"]
    opened = colleague.get("/imaging/", follow=True).content.decode()
    assert len(re.findall(r'aria-current="true">Free CTs <span class="m xs">default', opened)) == 1
    assert list(SavedView.objects.filter(is_default=True).order_by("pk").values_list("name", flat=True)) == [
        "Red",
        "Free CTs",
    ]
    SavedView.objects.exclude(owner=nurse).delete()
    client.post(reverse("imaging-view-remove", args=[view.pk]))
    assert "Free CTs" not in colleague.get("/imaging/").content.decode()
    client.post(reverse("imaging-view-restore", args=[view.pk]))
    assert "Free CTs" in colleague.get("/imaging/").content.decode()


def test_only_coordinators_and_leads_share_views(team: Team, nurse: User) -> None:
    doctor, now = factories.person(team, Role.ONCOLOGIST), timezone.now()
    with pytest.raises(ValidationError, match="Coordinators and team leads share views"):
        commands.save_view(team, name="Mine", query={}, is_shared=True, by=doctor, now=now)
    assert commands.save_view(team, name="Ours", query={}, is_shared=True, by=nurse, now=now).is_shared


def test_rows_are_narrowed_to_a_place_however_it_is_written_and_to_a_primary(
    team: Team, nurse: User, today: date, client: Client
) -> None:
    at = timezone.now() + timedelta(days=2)
    slot = {"owner": nurse, "status": "scheduled", "scheduled_for": at}
    here = [due(team, today, 3, place=place, **slot) for place in ("Radiology", "radiology ")]
    there, free = due(team, today, 3, place="Site B", **slot), due(team, today, 3, owner=nurse)
    factories.diagnosis(free.patient, primary_site="pancreas")
    page = client.get("/imaging/?tab=act").content.decode()
    code = re.search(r'<option value="(\w{10})">Radiology</option>', page)
    assert code is not None
    narrowed = client.get(f"/imaging/?place={code[1]}").content.decode()
    assert sorted(rows(narrowed)) == sorted(study.pk for study in here)
    assert "Place: Radiology" in narrowed
    assert rows(client.get("/imaging/?place=none").content.decode()) == [free.pk]
    assert rows(client.get("/imaging/?site=pancreas").content.decode()) == [free.pk]
    assert there.pk in rows(client.get("/imaging/?place=gone").content.decode())
