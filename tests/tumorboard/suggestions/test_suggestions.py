"""Cases that come back: the last step of the ladder, an overdue action, a deviation; accepted in one act, or not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.events.commands import settle_pending
from careteam.events.models import Consumption, Event
from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.imaging import commands as imaging
from patients.imaging.models import ImagingStudy, Reminder
from patients.imaging.rules import CloseReason
from patients.record.models import Patient
from tests import factories
from tests.factories.board import Room, settings
from tumorboard.actions.commands import finish, send_back_overdue
from tumorboard.actions.rules import ActionStatus
from tumorboard.decisions.commands import settle
from tumorboard.decisions.rules import DeviationReason, Option, RecommendationStatus
from tumorboard.meetings.commands import accept_suggestion, freeze, set_up_board
from tumorboard.meetings.models import AgendaItem
from tumorboard.referrals.commands import refer
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import QuestionKind
from tumorboard.suggestions import commands
from tumorboard.suggestions.models import AgendaSuggestion

pytestmark = pytest.mark.django_db
DUE = date(2026, 9, 1)  # 83 days before the Monday of the tests


def overdue(room: Room, patient: Patient | None = None, **fields: Any) -> ImagingStudy:
    """A study whose ladder has reached its last step, told by the sweep."""
    values: dict[str, Any] = {"modality": "mri", "region": "liver", "due_on": DUE}
    study = factories.study(patient or room.patient(), created_at=datetime(2026, 1, 1, tzinfo=UTC), **(values | fields))
    imaging.sweep(now=room.now)
    return study


def state(row: AgendaSuggestion) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.note


class TestRaising:
    def test_the_last_step_suggests_once_and_files_nothing(self, room: Room) -> None:
        study = overdue(room)
        row = AgendaSuggestion.objects.get()
        assert (row.study, row.board, row.due_on, row.status) == (study, room.board, DUE, "open")
        assert row.question == "MRI, liver was due on 1 Sep 2026 and is not booked: how does surveillance go on?"
        assert not Referral.objects.exists()
        imaging.sweep(now=room.now)
        Consumption.objects.all().delete()  # the event is heard a second time
        Event.objects.update(settled=False)
        settle_pending(now=room.now)
        commands.reconcile(now=room.now)
        assert AgendaSuggestion.objects.count() == 1
        assert AuditEvent.objects.filter(action="suggestions.suggest", patient_ids=[study.patient_id]).count() == 1

    def test_the_net_raises_what_no_event_has(self, room: Room) -> None:
        """A database in which the last step was raised before anybody listened."""
        study = overdue(room)
        with transaction.atomic():
            AgendaSuggestion.objects.all()._raw_delete(using="default")
        assert commands.reconcile(now=room.now) == 1
        assert AgendaSuggestion.objects.get().study == study
        assert commands.reconcile(now=room.now) == 0

    def test_who_is_referred_already_or_has_no_board_is_not_suggested(self, room: Room) -> None:
        listed = room.patient()
        room.referral(listed)
        overdue(room, listed)
        team = factories.team()
        factories.study(factories.patient(team), due_on=DUE, created_at=datetime(2026, 1, 1, tzinfo=UTC))
        imaging.sweep(now=room.now)
        assert Reminder.objects.filter(step="board", state="open").count() == 2
        assert not AgendaSuggestion.objects.exists()

    def test_with_several_boards_the_one_that_saw_the_patient_last_is_asked(self, room: Room) -> None:
        other = set_up_board(room.team, settings(name="Liver board"), by=room.coordinator, now=room.now)
        patient = room.patient()
        seen = room.referral(patient)
        Referral.objects.filter(pk=seen.pk).update(status="closed")
        overdue(room, patient)
        overdue(room)
        assert [row.board for row in AgendaSuggestion.objects.order_by("pk")] == [room.board, other]  # else by name


class TestTakingBack:
    def test_an_order_is_no_scan_a_slot_is_and_a_lost_slot_suggests_again(
        self, room: Room, django_capture_on_commit_callbacks: Any
    ) -> None:
        study = overdue(room)
        row = AgendaSuggestion.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            study = imaging.order(study, by=room.nurse, now=room.now)
        assert state(row)[0] == "open"
        slot = room.now + timedelta(days=3)
        with django_capture_on_commit_callbacks(execute=True):
            study = imaging.schedule(study, at=slot, place="Radiology", by=room.nurse, now=room.now)
        assert state(row) == ("taken_back", "Booked for 26 Nov 2026")
        imaging.mark_no_show(study, by=room.nurse, now=slot + timedelta(hours=3), reason="Did not come")
        imaging.sweep(now=slot + timedelta(hours=4))
        assert AgendaSuggestion.objects.open().get().study == study

    @pytest.mark.parametrize("how", ["closed", "moved", "died", "left", "board"])
    def test_what_no_longer_holds_is_taken_back(
        self, room: Room, how: str, django_capture_on_commit_callbacks: Any
    ) -> None:
        study = overdue(room)
        row = AgendaSuggestion.objects.get()
        patient = study.patient
        with django_capture_on_commit_callbacks(execute=True):
            if how == "closed":
                imaging.close_study(study, reason=CloseReason.NOT_INDICATED, by=room.nurse, now=room.now)
            elif how == "moved":  # by a recomputed plan; the sweep notices what no command told
                ImagingStudy.objects.filter(pk=study.pk).update(due_on=room.now.date())
                imaging.sweep(now=room.now)
            elif how == "board":
                set_up_board(room.team, settings(is_active=False), by=room.coordinator, now=room.now, board=room.board)
                commands.reconcile(now=room.now)
            else:
                fields = {"deceased_on": date(2026, 11, 22)} if how == "died" else {"enrollment_status": "discharged"}
                Patient.objects.filter(pk=patient.pk).update(**fields)
                commands.look_again(patient_id=patient.pk, now=room.now)
        assert state(row) == (
            "taken_back",
            {
                "closed": "The study was closed: no longer indicated",
                "moved": "The scan is due on 23 Nov 2026",
                "died": "Patient died",
                "left": "Patient not in care",
                "board": "The board has ended",
            }[how],
        )

    def test_a_referral_by_hand_is_the_answer(self, room: Room, django_capture_on_commit_callbacks: Any) -> None:
        study = overdue(room)
        row = AgendaSuggestion.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            referral = room.referral(study.patient)
        row.refresh_from_db()
        assert (row.status, row.answered_by, row.referral) == ("accepted", room.chair, referral)


class TestAnswering:
    def test_one_click_on_the_agenda_files_and_lists(self, room: Room) -> None:
        study = overdue(room)
        row = AgendaSuggestion.objects.get()
        client = Client()
        client.force_login(room.coordinator)
        agenda = reverse("meeting", args=[room.meeting.pk])
        assert row.question in client.get(agenda).content.decode()
        answer = client.post(reverse("suggestion", args=[row.pk]), {"meeting": room.meeting.pk})
        assert (answer.status_code, answer["Location"]) == (303, agenda)
        item = AgendaItem.objects.get()
        referral = item.referral
        assert (item.meeting, item.section, item.after_cutoff_reason) == (room.meeting, "sent_back", "")
        assert (referral.question, referral.question_kind, referral.urgency) == (row.question, "imaging", "soon")
        assert (referral.presenter, referral.submitted_by) == (room.chair, room.coordinator)
        row.refresh_from_db()
        assert (row.status, row.answered_by, row.referral) == ("accepted", room.coordinator, referral)
        page = client.get(agenda).content.decode()
        assert "For this agenda?" not in page
        assert study.patient.name in page
        audit = AuditEvent.objects.get(action="suggestions.mark_accepted")
        assert (audit.actor, audit.details["referral"]) == (room.coordinator, referral.pk)

    def test_after_the_cutoff_it_goes_to_the_next_meeting_or_needs_a_reason(self, room: Room) -> None:
        overdue(room)
        overdue(room)
        freeze(room.meeting, by=room.coordinator, now=room.now)
        first, second = AgendaSuggestion.objects.order_by("pk")
        later = accept_suggestion(first, meeting=room.meeting, by=room.coordinator, now=room.now).item
        assert later is not None
        assert later.meeting.occurrence_on == date(2026, 12, 3)
        now = accept_suggestion(
            second, meeting=room.meeting, after_cutoff_reason="Pain", by=room.coordinator, now=room.now
        ).item
        assert now is not None
        assert (now.meeting, now.after_cutoff_reason) == (room.meeting, "Pain")

    def test_who_only_refers_files_it_for_the_coordinator(self, room: Room) -> None:
        overdue(room)
        client = Client()
        client.force_login(room.chair)
        row = AgendaSuggestion.objects.get()
        assert client.post(reverse("suggestion", args=[row.pk])).status_code == 303
        assert Referral.objects.get().status == "submitted"
        assert not AgendaItem.objects.exists()

    def test_who_may_not_refer_reads_and_foreign_teams_do_not(self, room: Room) -> None:
        study = overdue(room)
        row = AgendaSuggestion.objects.get()
        pages = [reverse("suggestion", args=[row.pk]), reverse("study-suggestions", args=[study.pk])]
        reader, stranger = Client(), Client()
        reader.force_login(room.dietitian)
        stranger.force_login(factories.person(factories.team(), Role.ONCOLOGIST, Role.BOARD_COORDINATOR))
        for page in pages:
            shown = reader.get(page)
            assert shown.status_code == 200
            assert "For the next agenda</button>" not in shown.content.decode()
            assert stranger.get(page).status_code == 404
        assert reader.post(pages[0]).status_code == 403
        assert stranger.post(pages[0]).status_code == 404
        assert reader.post(reverse("suggestion-decline", args=[row.pk])).status_code == 403
        assert AgendaSuggestion.objects.open().count() == 1

    def test_declined_with_a_reason_stays_declined_until_undone(self, room: Room) -> None:
        study = overdue(room)
        row = AgendaSuggestion.objects.get()
        client = Client()
        client.force_login(room.chair)
        url = reverse("suggestion-decline", args=[row.pk])
        assert client.post(url, {"reason": "other", "note": ""}).status_code == 422
        assert client.post(url, {"reason": "arranged", "note": ""}).status_code == 303
        imaging.sweep(now=room.now)
        commands.reconcile(now=room.now)
        row.refresh_from_db()
        assert (row.status, row.decline_reason, row.answered_by) == ("declined", "arranged", room.chair)
        assert AgendaSuggestion.objects.count() == 1
        assert Reminder.objects.filter(
            study=study, step="board", state="open"
        ).exists()  # the scan is as late as before
        with pytest.raises(ValidationError, match="declined already by Ines Okafor"):
            accept_suggestion(row, by=room.coordinator, now=room.now)
        client.post(reverse("suggestion-reopen", args=[row.pk]))
        assert state(row) == ("open", "")

    def test_accepting_twice_files_once(self, room: Room) -> None:
        overdue(room)
        row = AgendaSuggestion.objects.get()
        accept_suggestion(row, by=room.coordinator, now=room.now)
        with pytest.raises(ValidationError, match="accepted already by Cora Board"):
            accept_suggestion(row, by=room.chair, now=room.now)
        assert Referral.objects.count() == 1

    def test_two_reasons_of_one_patient_are_one_case(self, room: Room) -> None:
        patient = room.patient()
        overdue(room, patient)
        overdue(room, patient, modality="ct", region="chest")
        accepted = accept_suggestion(AgendaSuggestion.objects.first(), by=room.coordinator, now=room.now)
        assert "MRI, liver" in accepted.referral.question
        assert "CT, chest" in accepted.referral.question
        assert not AgendaSuggestion.objects.open().exists()

    def test_a_referral_filed_meanwhile_is_the_one_that_is_listed(self, room: Room) -> None:
        study = overdue(room)
        referral = refer(
            study.patient,
            room.board,
            question_kind=QuestionKind.PRRT,
            question="PRRT?",
            by=room.chair,
            now=room.now,
        )  # its event was not heard yet
        accepted = accept_suggestion(AgendaSuggestion.objects.get(), by=room.coordinator, now=room.now)
        assert accepted.referral == referral
        assert accepted.item is not None


class TestOtherSources:
    def test_an_overdue_action_comes_back_until_it_is_done(self, room: Room) -> None:
        decision = room.signed(Option.PRRT)
        action = decision.actions.get()  # due on 10 December
        late = datetime(2026, 12, 24, 9, tzinfo=UTC)
        assert send_back_overdue(now=late) == 0  # 14 days are not more than 14 days
        late += timedelta(days=1)
        assert send_back_overdue(now=late) == 1
        assert send_back_overdue(now=late) == 0
        row = AgendaSuggestion.objects.get()
        assert (row.kind, row.board, row.url) == ("action", room.board, reverse("decision", args=[decision.pk]))
        assert InboxItem.objects.open().filter(key=f"suggestion:{row.pk}", recipient=room.coordinator).exists()
        finish(action, ActionStatus.DONE, by=room.nurse, now=late, outcome="Told by phone first")
        assert state(row) == ("taken_back", "The action is done")
        assert not InboxItem.objects.open().filter(key=f"suggestion:{row.pk}").exists()

    def test_what_was_not_carried_out_comes_back_as_a_rediscussion(self, room: Room) -> None:
        decision = room.signed(Option.PRRT)
        recommendation = decision.recommendations.get()
        settle(
            recommendation,
            RecommendationStatus.NOT_IMPLEMENTED,
            by=room.chair,
            now=room.meeting_time,
            reason=DeviationReason.PATIENT_CHOICE,
        )
        row = AgendaSuggestion.objects.get()
        assert row.question == "PRRT, recommended on 26 Nov 2026, was not carried out (patient choice): what instead?"
        accepted = accept_suggestion(row, by=room.coordinator, now=room.meeting_time)
        assert (accepted.referral.kind, accepted.referral.question_kind) == ("rediscussion", "next_line")
        assert accepted.item is not None
        assert accepted.item.section == "sent_back"

    def test_what_was_carried_out_in_part_comes_back_until_the_rest_is_done(self, room: Room) -> None:
        recommendation = room.signed(Option.PRRT).recommendations.get()
        said: dict[str, Any] = {"by": room.chair, "now": room.meeting_time}
        for to in (RecommendationStatus.PARTLY, RecommendationStatus.NOT_IMPLEMENTED):
            with pytest.raises(ValidationError, match=r"Choose the reason\."):
                settle(recommendation, to, **said)
        with pytest.raises(IntegrityError, match="deviation_has_reason"), transaction.atomic():
            type(recommendation).objects.filter(pk=recommendation.pk).update(status="not_implemented")
        settle(recommendation, RecommendationStatus.PARTLY, reason=DeviationReason.TOXICITY, **said)
        row = AgendaSuggestion.objects.get()
        assert row.question == (
            "PRRT, recommended on 26 Nov 2026, was carried out only in part (toxicity or labs): how to go on?"
        )
        settle(recommendation, RecommendationStatus.IMPLEMENTED, **said)
        assert state(row) == ("taken_back", "The recommendation is implemented")
