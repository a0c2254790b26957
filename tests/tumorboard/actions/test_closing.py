"""What closes an action by itself, and what opens it again."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from careteam.audit.models import AuditEvent
from careteam.events.commands import settle_pending
from careteam.events.models import Consumption, Event
from careteam.people.rules import Role
from patients.goals import commands as goals
from patients.imaging import commands as imaging
from patients.imaging.models import ImagingStudy
from patients.palliative import commands as palliative
from patients.palliative.rules import PalliativeReferralStatus as Palliative
from patients.record.commands import add_entry, enter_in_error
from patients.record.models import Patient, Specimen
from patients.treatment.commands import end_line
from patients.treatment.rules import EndReason
from tests import factories
from tests.factories.board import Room
from tests.factories.goals import conversation
from tumorboard.actions.commands import assign
from tumorboard.actions.models import Action
from tumorboard.actions.rules import ActionKind, modalities_named
from tumorboard.decisions.commands import reinstate, settle, untell
from tumorboard.decisions.models import Recommendation, Told
from tumorboard.decisions.rules import DeviationReason, Option, RecommendationStatus, ToldWhom
from tumorboard.referrals.commands import withdraw

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("Order FDG PET", {"fdg_pet"}),
        ("68Ga-DOTATATE PET/CT", {"sstr_pet"}),
        ("SSTR-PET in 3 months", {"sstr_pet"}),
        ("CT chest and MRI liver", {"ct", "mri"}),
        ("MRI with Primovist", {"mri"}),
        ("NT-proBNP and 5-HIAA", {"ntprobnp", "hiaa"}),
        ("Arrange: further imaging", set()),
        ("Doctor to respond about the action", set()),
    ],
)
def test_an_order_means_the_scan_that_its_words_name(what: str, named: set[str]) -> None:
    assert modalities_named(what) == named


@pytest.fixture
def heard(room: Room) -> Callable[[], None]:
    """Consumers run as after a commit, twice: nothing may happen a second time."""

    def hear() -> None:
        settle_pending(now=room.meeting_time)
        Consumption.objects.all().delete()
        Event.objects.update(settled=False)
        settle_pending(now=room.meeting_time)

    return hear


def action(
    room: Room, kind: ActionKind, what: str = "Do it", *, patient: Patient | None = None, **fields: Any
) -> Action:
    values = {"what": what, "owner": room.nurse, "due_on": date(2026, 12, 1), "by": room.chair, "now": room.now}
    row = assign(patient or room.patient(), kind=kind, **(values | fields))
    Action.objects.filter(pk=row.pk).update(created_at=room.now)
    return row


def state(row: Action) -> tuple[str, str, str]:
    row.refresh_from_db()
    assert row.closed_by is None
    return row.status, row.outcome, row.closed_source


OPEN = ("open", "", "")


def booked(room: Room, study: ImagingStudy) -> ImagingStudy:
    slot = room.now + timedelta(days=3)
    return imaging.schedule(study, at=slot, place="Radiology", by=room.nurse, now=room.now)


@pytest.mark.django_db
class TestScans:
    @pytest.mark.parametrize(
        ("what", "modality", "ordered", "closes"),
        [
            ("Order FDG PET", "fdg_pet", False, True),
            ("Order FDG PET", "mri", False, False),
            ("Another scan", "mri", True, True),
            ("Another scan", "mri", False, False),
        ],
    )
    def test_a_booked_scan_of_its_kind_closes_the_order(
        self, room: Room, heard: Callable[[], None], what: str, modality: str, ordered: bool, closes: bool
    ) -> None:
        """Without a kind in its words, only what was ordered since; a surveillance scan ordered before is another."""
        row = action(room, ActionKind.ORDER_IMAGING, what)
        before = None if ordered else room.now - timedelta(days=9)
        status = "planned" if ordered else "ordered"
        study = factories.study(row.patient, modality=modality, region="", status=status, ordered_at=before)
        booked(room, study)
        heard()
        done = ("done", f"{study} booked", f"study:{study.pk}")
        assert state(row) == (done if closes else OPEN)
        closings = AuditEvent.objects.filter(action="actions.finish", subject_id=str(row.pk), actor=None).count()
        assert closings == int(closes)

    def test_a_lost_slot_opens_it_again_and_the_scan_carries_the_recommendation_out(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        decision = room.signed(Option.IMAGING, details={Option.IMAGING: "MRI of the liver"})
        row = Action.objects.get(decision=decision)
        study = factories.study(decision.patient, modality="mri", region="liver")
        study = booked(room, study)
        heard()
        assert state(row)[0] == "done"
        study = imaging.mark_no_show(study, by=room.nurse, now=room.now + timedelta(days=4), reason="Did not come")
        heard()
        assert state(row) == OPEN
        booked(room, study)
        study = imaging.record_performed(study, on=TODAY - timedelta(days=3), by=room.nurse, now=room.meeting_time)
        heard()
        recommendation = Recommendation.objects.get(decision=decision)
        assert (state(row)[1], recommendation.status) == ("MRI liver done", "implemented")

    def test_labs_are_ordered_by_labs(self, room: Room, heard: Callable[[], None]) -> None:
        row = action(room, ActionKind.ORDER_LABS, "CgA in January")
        booked(room, factories.study(row.patient, modality="cga", region=""))
        heard()
        assert state(row)[0] == "done"


@pytest.mark.django_db
class TestConversationsAndReferrals:
    def test_a_signed_conversation_closes_and_a_retracted_one_opens(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        row = action(room, ActionKind.GOALS)
        talk = conversation(row.patient, room.chair)
        heard()
        assert state(row) == ("done", "Goals conversation signed", f"goals:{talk.pk}")
        goals.retract(talk, reason="Belongs to her sister, Mrs Vance", by=room.chair, now=room.now)
        heard()
        assert state(row) == OPEN

    def test_the_palliative_team_asked_declined_asked_again_and_seen(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        colleague = factories.person(room.team, Role.PALLIATIVE)
        decision = room.signed(Option.WITH_PALLIATIVE)
        row, recommendation = Action.objects.get(decision=decision), Recommendation.objects.get(decision=decision)
        values = {"question": "Pain at night", "answers_prompt": False, "by": room.chair, "now": room.meeting_time}
        referral = palliative.refer(decision.patient, **values)
        heard()
        assert state(row) == ("done", "Palliative team asked", f"palliative:{referral.pk}")
        answer: dict[str, Any] = {"by": colleague, "now": room.meeting_time + timedelta(minutes=5)}
        palliative.answer_referral(referral, Palliative.DECLINED, answer="Known to the hospice", **answer)
        heard()
        assert state(row) == OPEN
        again = palliative.refer(decision.patient, **values)
        palliative.answer_referral(again, Palliative.ACCEPTED, visit_on=TODAY, **answer)
        palliative.answer_referral(again, Palliative.SEEN, **answer)
        heard()
        recommendation.refresh_from_db()
        assert (state(row)[0], recommendation.status) == ("done", "implemented")

    def test_a_referral_is_the_discussion_asked_for_until_it_is_withdrawn(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        row = action(room, ActionKind.REDISCUSS)
        referral = room.referral(row.patient)
        heard()
        assert state(row) == ("done", "Referred to NET board", f"referral:{referral.pk}")
        withdraw(referral, reason="Asked twice", by=room.chair, now=room.now)
        heard()
        assert state(row) == OPEN

    def test_who_was_told_closes_what_asks_to_tell_and_taken_back_opens_it(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        decision = room.signed()
        rows = {
            whom: action(room, kind, decision=decision, patient=decision.patient)
            for whom, kind in ((ToldWhom.PATIENT, ActionKind.TELL_PATIENT), (ToldWhom.GP, ActionKind.TELL_GP))
        }
        room.told(decision)
        heard()
        assert [state(row)[:2] for row in rows.values()] == [("done", "Patient told"), ("open", "")]
        untell(Told.objects.get(), reason="Another patient", by=room.nurse, now=room.meeting_time)
        heard()
        assert [state(row) for row in rows.values()] == [OPEN, OPEN]


@pytest.mark.django_db
class TestTreatment:
    def test_a_line_that_ends_is_what_an_action_to_stop_it_asked_for(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        patient = room.patient()
        rows = [
            action(room, ActionKind.STOP_TREATMENT, f"Stop {name}", patient=patient)
            for name in ("Lanreotide", "Everolimus")
        ]
        line = factories.line(patient, agent="Lanreotide")
        end_line(line, on=date(2026, 11, 20), reason=EndReason.PROGRESSION, by=room.chair, now=room.now)
        heard()
        assert [state(row)[0] for row in rows] == ["done", "open"]

    def test_what_became_of_a_recommendation_is_said_of_its_actions(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        decision = room.signed()
        row, recommendation = Action.objects.get(decision=decision), Recommendation.objects.get(decision=decision)
        why: dict[str, Any] = {"reason": DeviationReason.PATIENT_CHOICE, "by": room.chair, "now": room.meeting_time}
        settle(recommendation, RecommendationStatus.NOT_IMPLEMENTED, **why)
        heard()
        assert state(row)[:2] == ("cancelled", "Not implemented: Patient choice")
        recommendation.refresh_from_db()
        reinstate(recommendation, by=room.chair, now=room.meeting_time)
        heard()
        recommendation.refresh_from_db()
        assert (state(row), recommendation.status, recommendation.deviation_reason) == (OPEN, "open", "")

    def test_a_biopsy_is_done_with_its_specimen_until_that_was_an_error(
        self, room: Room, heard: Callable[[], None]
    ) -> None:
        decision = room.signed(Option.BIOPSY)
        row = Action.objects.get(decision=decision)
        values = {"taken_on": TODAY - timedelta(days=60), "kind": "biopsy", "site": "liver", "differentiation": "well"}
        later = datetime(2026, 11, 30, 9, tzinfo=room.now.tzinfo)
        add_entry(decision.patient, Specimen, values, by=room.chair, now=later)
        heard()
        assert state(row) == OPEN
        specimen = add_entry(decision.patient, Specimen, values | {"taken_on": TODAY}, by=room.chair, now=later)
        heard()
        status = Recommendation.objects.values_list("status", flat=True)
        assert (state(row)[0], status.get()) == ("done", "implemented")
        enter_in_error(specimen, reason="Other patient", by=room.chair, now=later)
        heard()
        assert (state(row), status.get()) == (OPEN, "open")
