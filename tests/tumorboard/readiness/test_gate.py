"""The gate on real rows: who is asked, told once, let go by the record; waivers; foreign teams; queries."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from careteam.notifications.models import InboxItem
from careteam.people.models import Absence, Deputy
from careteam.people.rules import Role
from patients.record.commands import record_death
from patients.record.models import NextStep
from tests import factories
from tests.factories.board import Room
from tumorboard.meetings.commands import defer_item, show_item
from tumorboard.meetings.commands.readiness import keep_readiness
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.queries.readiness import cases_readiness, meeting_readiness
from tumorboard.readiness.commands import assign, take_back_waiver, waive
from tumorboard.readiness.models import CaseInput, Chase, Waiver
from tumorboard.readiness.queries import CaseReadiness
from tumorboard.readiness.rules import Item
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import DeferReason

pytestmark = pytest.mark.django_db
DUE = date(2026, 11, 24)  # a day before the cut-off of Wednesday noon


def _as(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _ecog(item: AgendaItem, now: datetime) -> None:
    factories.measurement(item.patient, "89247-1", 1, taken_at=now)


def _case(room: Room, item: AgendaItem, now: datetime) -> CaseReadiness:
    referral = Referral.objects.select_related("patient__team", "board__team", "submitted_by").get(pk=item.referral_id)
    return cases_readiness([referral], now)[referral.pk]


def test_each_red_has_somebody_who_is_told_once_by_a_day_before_the_cutoff(room: Room, now: datetime) -> None:
    item = room.item()
    reds = {row.item: (row.chaser, row.due_on) for row in _case(room, item, now).reds}
    assert reds[Item.ECOG] == ("Ines Okafor", DUE)  # who decides for the patient
    assert reds[Item.SSTR] == ("Nora Nurse", DUE)
    keep_readiness(now=now)
    chases = {chase.item: chase for chase in Chase.objects.open()}
    assert set(chases) == set(reds)
    assert (chases["sstr"].owner, chases["sstr"].due_on, chases["sstr"].owner_role) == (
        room.nurse, DUE, Role.NURSE_COORDINATOR,
    )  # fmt: skip
    step = NextStep.objects.get(owner=room.nurse, source_key=f"ready:{item.referral_id}:{room.nurse.pk}")
    assert (step.due_on, "SSTR PET" in step.what) == (DUE, True)
    box = InboxItem.objects.get(recipient=room.nurse, kind="readiness")
    assert (box.due_on, "SSTR PET" in box.body) == (DUE, True)
    keep_readiness(now=now + timedelta(minutes=1))
    assert InboxItem.objects.filter(kind="readiness", recipient=room.nurse).count() == 1
    assert Chase.objects.count() == len(reds)


def test_what_arrives_in_the_record_ends_the_chase_and_takes_the_message_back(room: Room, now: datetime) -> None:
    item = room.item()
    patient = item.patient
    factories.measurement(patient, "9811-1", 90, unit="ng/mL", taken_at=now)
    keep_readiness(now=now)
    mine = Chase.objects.open().filter(owner=room.chair)
    assert {chase.item for chase in mine} >= {"ecog", "goals"}
    _ecog(item, now)
    assert keep_readiness(now=now) == 1
    ended = Chase.objects.get(item="ecog")
    assert (ended.closed_at, ended.closed_because) == (now, "There now")
    assert "ECOG" not in NextStep.objects.get(owner=room.chair, source_key__startswith="ready:").what
    waive(item.referral, Item.GOALS, reason="Asked tomorrow", by=room.coordinator, now=now)
    assert not mine.all().exists()
    assert InboxItem.objects.open().filter(recipient=room.chair, kind="readiness").count() == 0
    assert NextStep.objects.get(owner=room.chair, source_key__startswith="ready:").closed_at == now


def test_reminded_once_more_before_the_due_date(room: Room, now: datetime) -> None:
    room.item()
    keep_readiness(now=now - timedelta(days=3))
    again = InboxItem.objects.filter(recipient=room.nurse, key__endswith=":again")
    assert not again.exists()
    keep_readiness(now=now)
    keep_readiness(now=now)
    assert again.count() == 1
    keep_readiness(now=now + timedelta(days=2))  # over: nobody is asked again and again
    assert again.count() == 1
    assert set(Chase.objects.open().values_list("due_on", flat=True)) == {DUE}


def test_another_meeting_is_another_due_date_and_a_new_message(room: Room, now: datetime) -> None:
    item = room.item()
    keep_readiness(now=now)
    defer_item(item, reason=DeferReason.MISSING_IMAGING, by=room.coordinator, now=now)
    keep_readiness(now=now + timedelta(days=3))
    assert set(Chase.objects.open().values_list("due_on", flat=True)) == {DUE + timedelta(days=7)}
    boxes = InboxItem.objects.filter(recipient=room.nurse, kind="readiness").order_by("pk")
    assert [(box.due_on, box.withdrawn_at is None) for box in boxes.exclude(key__endswith=":again")] == [
        (DUE, False),
        (DUE + timedelta(days=7), True),
    ]


def test_dead_or_withdrawn_asks_nobody(room: Room, now: datetime) -> None:
    item = room.item()
    keep_readiness(now=now)
    record_death(item.patient, on=now.date(), cause="Disease", by=None, now=now)
    keep_readiness(now=now)
    assert not Chase.objects.open().exists()
    assert not InboxItem.objects.open().filter(kind="readiness").exists()
    assert not NextStep.objects.filter(patient=item.patient, closed_at__isnull=True).exists()


def test_import_under_review_is_shown_and_chases_nobody(room: Room, now: datetime) -> None:
    item = room.item(room.patient(status="under_review"))
    keep_readiness(now=now)
    assert not Chase.objects.exists()
    case = _case(room, item, now)
    assert (case.is_ready, case.criteria.tables) == (False, ())


def test_absent_person_is_stood_in_for(room: Room, now: datetime) -> None:
    other = factories.person(room.team, Role.DIETITIAN, name="Stella Standin")
    Absence.objects.create(user=room.nurse, starts_on=now.date())
    item = room.item()
    assert {row.chaser for row in _case(room, item, now).reds if row.item == Item.SSTR} == {"Cora Board"}
    Deputy.objects.create(team=room.team, user=room.nurse, deputy=other, starts_on=now.date())
    assert {row.chaser for row in _case(room, item, now).reds if row.item == Item.SSTR} == {"Stella Standin"}


def test_somebody_else_can_be_asked_and_stays_asked(room: Room, now: datetime) -> None:
    item = room.item()
    keep_readiness(now=now)
    client, url = _as(room.coordinator), reverse("readiness-chaser", args=[item.referral_id, "sstr"])
    assert client.get(url).status_code == 200
    assert client.post(url, {"owner": room.dietitian.pk}).status_code == 303
    keep_readiness(now=now)
    chase = Chase.objects.open().get(item="sstr")
    assert (chase.owner, chase.is_assigned, chase.due_on) == (room.dietitian, True, DUE)
    assert InboxItem.objects.open().filter(recipient=room.dietitian, kind="readiness").count() == 1
    stranger = factories.person(factories.team(), Role.ONCOLOGIST)
    assert client.post(url, {"owner": stranger.pk}).status_code == 422
    with pytest.raises(ValidationError, match="does not work in the team"):
        assign(item.referral, Item.SSTR, owner=stranger, role="oncologist", due_on=DUE, by=room.chair, now=now)


def test_waiver_has_who_when_why_and_is_taken_back(room: Room, now: datetime) -> None:
    item = room.item()
    keep_readiness(now=now)
    client, url = _as(room.chair), reverse("readiness-waive", args=[item.referral_id, "sstr"])
    refused = client.post(url, {"reason": " "})
    assert (refused.status_code, Waiver.objects.count()) == (422, 0)
    assert client.post(url, {"reason": "Octreotide scan of 2025 suffices"}).status_code == 303
    assert client.post(url, {"reason": "twice"}).status_code == 303  # that waiver stands
    waiver = Waiver.objects.get()
    assert (waiver.waived_by, waiver.reason) == (room.chair, "Octreotide scan of 2025 suffices")
    assert Chase.objects.get(item="sstr").closed_because == "Waived"
    page = client.get(reverse("case-readiness", args=[item.referral_id])).content.decode()
    assert "Octreotide scan of 2025 suffices" in page
    assert client.post(reverse("waiver-take-back", args=[waiver.pk])).status_code == 303
    keep_readiness(now=now)
    assert Chase.objects.open().filter(item="sstr").exists()
    with pytest.raises(ValidationError, match="Only who prepares"):
        waive(item.referral, Item.SSTR, reason="No", by=room.dietitian, now=now)
    with pytest.raises(ValidationError, match="Only who prepares"):
        take_back_waiver(waiver, by=room.dietitian, now=now)


def test_each_profession_says_what_it_adds_with_one_tap(room: Room, now: datetime) -> None:
    item = room.item()
    client, url = _as(room.dietitian), reverse("case-input", args=[item.referral_id, "dietitian"])
    page = client.get(reverse("case-readiness", args=[item.referral_id])).content.decode()
    assert f'action="{url}"' in page
    assert client.post(url, {"nothing": "1"}).status_code == 303
    assert client.post(url, {"text": " "}).status_code == 422
    assert client.post(url, {"text": "Lost 6 kg since August"}).status_code == 303
    former, said = CaseInput.objects.order_by("pk")
    assert (former.text, former.ended_at is not None) == ("", True)
    assert (said.text, said.said_by, said.ended_at) == ("Lost 6 kg since August", room.dietitian, None)
    refused = _as(room.chair).post(url, {"nothing": "1"})
    assert refused.status_code == 422
    assert "Only a dietitian of the team" in refused.content.decode()
    assert client.get(reverse("case-input", args=[item.referral_id, "surgeon"])).status_code == 404


def test_panel_of_the_patient_says_how_ready_the_case_is(room: Room, now: datetime) -> None:
    item = room.item()
    panel = _as(room.nurse).get(reverse("board-panel", args=[item.patient_id])).content.decode()
    assert reverse("case-readiness", args=[item.referral_id]) in panel
    assert "SSTR PET" in panel


def test_consent_is_noted_on_the_referral_and_a_stale_save_shows_both(room: Room, now: datetime) -> None:
    item = room.item()
    client, url = _as(room.nurse), reverse("referral-complete", args=[item.referral_id])
    version = Referral.objects.get().version
    data = {"question": "PRRT now?", "consent": "yes", "version": version}
    assert client.post(url, data).status_code == 303
    stale = client.post(url, data | {"question": "PRRT in spring?"})
    assert stale.status_code == 409
    assert "PRRT in spring?" in stale.content.decode()
    assert client.post(url, data | {"question": "", "version": version + 1}).status_code == 422
    assert Item.CONSENT not in {row.item for row in _case(room, item, now).reds}
    assert (Referral.objects.get().consent, Referral.objects.get().question) == (True, "PRRT now?")


def test_pages_show_reds_first_and_the_place_where_each_is_mended(room: Room, now: datetime) -> None:
    poor, rich = room.item(), room.item(consent=True)
    _ecog(rich, now)
    agenda = _as(room.coordinator).get(reverse("meeting", args=[room.meeting.pk])).content.decode()
    assert "0 of 2 cases ready" in agenda
    page = _as(room.chair).get(reverse("meeting-readiness", args=[room.meeting.pk]))
    assert [case.referral.pk for case in page.context["readiness"].cases] == [poor.referral_id, rich.referral_id]
    links = [
        reverse("record-add", args=[poor.patient_id, "measurement"]) + "?measure=89247-1",
        reverse("record-labs", args=[poor.patient_id]),
        reverse("goals-new", args=[poor.patient_id]),
        reverse("referral-complete", args=[poor.referral_id]),
        reverse("study-create", args=[poor.patient_id]),
    ]
    for link in links:
        assert f'href="{link}"' in page.content.decode()
        assert _as(room.chair).get(link).status_code == 200
    auditor = _as(factories.person(room.team, Role.DIETITIAN)).get(reverse("case-readiness", args=[poor.referral_id]))
    assert "Waive" not in auditor.content.decode()


def test_criterion_failed_is_shown_apart_on_the_agenda(room: Room, now: datetime) -> None:
    item = room.item()
    factories.measurement(item.patient, "777-3", 40, unit="10*9/L", taken_at=now)
    case = _case(room, item, now)
    assert [each.name for each in case.criteria.counted] == ["Platelets"]
    agenda = _as(room.coordinator).get(reverse("meeting", args=[room.meeting.pk])).content.decode()
    assert "Criterion failed" in agenda


def test_foreign_team_sees_and_changes_nothing(room: Room, now: datetime) -> None:
    item = room.item()
    waiver = waive(item.referral, Item.SSTR, reason="Known", by=room.chair, now=now)
    theirs = _as(factories.person(factories.team(), Role.ONCOLOGIST, Role.BOARD_COORDINATOR))
    pages = [
        reverse("meeting-readiness", args=[room.meeting.pk]),
        reverse("case-readiness", args=[item.referral_id]),
        reverse("referral-complete", args=[item.referral_id]),
        reverse("readiness-waive", args=[item.referral_id, "ecog"]),
        reverse("readiness-chaser", args=[item.referral_id, "ecog"]),
        reverse("case-input", args=[item.referral_id, "dietitian"]),
    ]
    assert {theirs.get(url).status_code for url in pages} == {404}
    assert theirs.post(reverse("waiver-take-back", args=[waiver.pk])).status_code == 404
    assert _as(room.chair).get(reverse("readiness-waive", args=[item.referral_id, "nothing"])).status_code == 404


def test_queries_do_not_grow_with_cases(room: Room, now: datetime) -> None:
    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as read:
            meeting_readiness(room.meeting, now.date())
        keep_readiness(now=now)
        with CaptureQueriesContext(connection) as swept:
            assert keep_readiness(now=now) == 0
        return len(read), len(swept)

    item = room.item()
    _ecog(item, now)
    factories.line(item.patient)
    one = count()
    for _ in range(2):
        factories.line(room.item().patient, "prrt")
    assert count() == one


def test_case_card_fetches_what_is_open_and_the_inputs(room: Room, now: datetime) -> None:
    item = room.item()
    factories.measurement(item.patient, "777-3", 71, unit="10*9/L", taken_at=now)
    factories.measurement(item.patient, "1975-2", "0.1", comparator="<", unit="mg/dL", taken_at=now)
    room.start()
    show_item(room.meeting, item, by=room.chair, now=room.meeting_time)
    live = _as(room.dietitian).get(reverse("live", args=[room.meeting.pk])).content.decode()
    assert '<td class="num">71 <span' in live  # each value once: 71 is never read as 7171
    assert '<td class="num">&lt;0.1 <span' in live
    for name, args in (
        ("case-readiness", [item.referral_id]),
        ("guidance-eligibility", [item.patient_id, "prrt"]),
        ("guidance-panel", [item.patient_id]),
        ("response-panel", [item.patient_id]),
        ("timeline-panel", [item.patient_id]),
    ):
        assert f'hx-get="{reverse(name, args=args)}"' in live
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
    client, url = _as(room.dietitian), reverse("case-readiness", args=[item.referral_id])
    part = client.get(url, headers=htmx).content.decode()
    assert part.lstrip().startswith('<section class="card" id="readiness"')
    assert "SSTR PET" in part
    said = client.post(reverse("case-input", args=[item.referral_id, "dietitian"]), {"nothing": "1"}, headers=htmx)
    assert (said.status_code, "readinessChanged" in said["HX-Trigger"]) == (204, True)
    assert "Nothing to add" in client.get(url, headers=htmx).content.decode()
