"""Actions from assignment to done; what closes them by itself."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.record.commands import record_death, withdraw_death
from patients.record.models import NextStep
from patients.treatment.models import TreatmentLine
from tests import factories
from tests.factories.board import Room
from tumorboard.actions.commands import assign, change_action, finish, reopen, take_back_action
from tumorboard.actions.models import Action
from tumorboard.actions.queries import actions_of, actions_of_patient
from tumorboard.actions.rules import ACTION_TRANSITIONS, ActionKind, ActionStatus
from tumorboard.decisions.commands import tell
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.rules import Option, ToldHow, ToldWhom
from tumorboard.meetings.models import AgendaItem
from tumorboard.referrals.models import Referral

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 26)


def _told(room: Room, decision: Decision) -> None:
    tell(decision, ToldWhom.PATIENT, how=ToldHow.VISIT, on=TODAY, by=room.chair, now=room.meeting_time)


def _action(room: Room, **fields: Any) -> Action:
    values = {"what": "Order FDG PET", "owner": room.nurse, "due_on": date(2026, 12, 1), "by": room.chair}
    return assign(room.patient(), now=room.now, **(values | fields))


def test_assign_opens_the_step_and_tells_the_owner_by_inbox_and_mail(room: Room) -> None:
    action = _action(room)
    step = NextStep.objects.get(source_key=f"action:{action.pk}", closed_at=None)
    item = InboxItem.objects.get(recipient=room.nurse)
    assert (step.owner, step.due_on, step.what) == (room.nurse, date(2026, 12, 1), "Order FDG PET")
    assert (item.title, item.mail) == (
        "Ines Okafor assigned you an action of the board",
        "waiting",
    )


def test_action_of_a_draft_is_nowhere_until_the_signature(room: Room) -> None:
    item = room.item()
    room.start()
    room.record(item)
    assert actions_of(room.nurse, TODAY) == ()
    assert (InboxItem.objects.filter(kind="action").count(), NextStep.objects.filter(kind="action").count()) == (0, 0)
    room.signed()
    assert [row.what for row in actions_of(room.nurse, TODAY)] == ["Start PRRT"]
    assert InboxItem.objects.filter(recipient=room.nurse, kind="action").count() == 1


def test_assign_refuses_strangers_the_past_and_no_words(room: Room) -> None:
    stranger = factories.person(factories.team(), Role.ONCOLOGIST)
    for fields, sentence in (
        ({"owner": stranger}, "does not work in the patient's team"),
        ({"due_on": date(2026, 11, 22)}, "The due date lies in the past"),
        ({"what": " "}, "Write what is to be done"),
        ({"by": stranger}, "do not include assigning"),
    ):
        with pytest.raises(ValidationError, match=sentence):
            _action(room, **fields)


def test_finish_closes_the_step_and_takes_the_message_back(room: Room) -> None:
    action = _action(room)
    finish(action, ActionStatus.DONE, by=room.nurse, now=room.now)
    assert NextStep.objects.filter(source_key=f"action:{action.pk}", closed_at=None).count() == 0
    assert InboxItem.objects.open().filter(recipient=room.nurse).count() == 0
    reopen(action, by=room.nurse, now=room.now)
    action.refresh_from_db()
    assert (action.status, action.closed_at, action.outcome) == ("open", None, "")
    assert NextStep.objects.filter(source_key=f"action:{action.pk}", closed_at=None).count() == 1


@pytest.mark.parametrize("now_is", list(ActionStatus))
def test_action_moves_only_along_its_table(room: Room, now_is: ActionStatus) -> None:
    action = _action(room)
    reached = set()
    for to in ActionStatus:
        closed = None if now_is is ActionStatus.OPEN else room.now
        Action.objects.filter(pk=action.pk).update(status=now_is, closed_at=closed, outcome="x")
        try:
            if to is ActionStatus.OPEN:
                reopen(action, by=room.nurse, now=room.now)
            else:
                finish(action, to, by=room.nurse, now=room.now, outcome="Why")
        except ValidationError:
            continue
        reached.add(to)
    assert reached == set(ACTION_TRANSITIONS[now_is])


def test_finish_otherwise_needs_a_reason_and_a_right(room: Room) -> None:
    action = _action(room)
    for to in (ActionStatus.DECLINED, ActionStatus.CANCELLED):
        with pytest.raises(ValidationError, match="Say why"):
            finish(action, to, by=room.nurse, now=room.now)
    auditor = factories.person(room.team, Role.AUDITOR)
    with pytest.raises(ValidationError, match="do not include closing"):
        finish(action, ActionStatus.DONE, by=auditor, now=room.now)


def test_starting_treatment_waits_until_the_patient_is_told(room: Room) -> None:
    decision = room.signed()
    action = Action.objects.get(decision=decision)
    assert actions_of_patient(decision.patient_id, TODAY)[0].held_back is True
    with pytest.raises(ValidationError, match="The patient has not been told yet"):
        finish(action, ActionStatus.DONE, by=room.nurse, now=room.meeting_time)
    _told(room, decision)
    assert actions_of_patient(decision.patient_id, TODAY)[0].held_back is False
    finish(action, ActionStatus.DONE, by=room.nurse, now=room.meeting_time)


def test_starting_treatment_before_telling_takes_a_reason(room: Room) -> None:
    action = Action.objects.get(decision=room.signed())
    finish(action, ActionStatus.DONE, outcome="Carcinoid crisis", by=room.nurse, now=room.meeting_time)
    action.refresh_from_db()
    assert (action.status, action.outcome) == ("done", "Carcinoid crisis")


def test_change_action_tells_the_new_owner(room: Room) -> None:
    action = _action(room)
    change_action(
        action,
        what="Order FDG PET",
        owner=room.pathologist,
        due_on=action.due_on,
        kind=ActionKind.ORDER_IMAGING,
        by=room.chair,
        now=room.now,
    )
    assert InboxItem.objects.filter(recipient=room.pathologist, kind="action").count() == 1
    assert NextStep.objects.get(source_key=f"action:{action.pk}", closed_at=None).owner == room.pathologist


def test_take_back_is_for_drafts_only(room: Room) -> None:
    action = Action.objects.get(decision=room.signed())
    with pytest.raises(ValidationError, match="cancel the action with a reason"):
        take_back_action(action, by=room.chair, now=room.now)


def test_overdue_is_derived(room: Room) -> None:
    _action(room)
    days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 4)]
    assert [(row.word, row.days_over) for day in days for row in actions_of(room.nurse, day)] == [
        ("Open", -1),
        ("Due", 0),
        ("Overdue", 3),
    ]


def test_actions_of_costs_two_queries_at_any_number(room: Room, django_assert_num_queries: Any) -> None:
    room.signed()
    actions_of(room.nurse, TODAY)
    with django_assert_num_queries(2):
        actions_of(room.nurse, TODAY)
    for _ in range(2):
        room.signed()
    with django_assert_num_queries(2):
        assert len(actions_of(room.nurse, TODAY)) == 3


def _start(room: Room, decision: Decision, capture: Any, modality: str = "prrt", **fields: Any) -> TreatmentLine:
    line = factories.line(decision.patient, modality, **({"started_on": TODAY, "agent": "177Lu-dotatate"} | fields))
    with capture(execute=True):
        announce(
            EventKind.LINE_STARTED,
            now=room.meeting_time,
            team_id=room.team.pk,
            patient_id=decision.patient_id,
            subject_id=line.pk,
        )
    return line


def test_started_line_carries_out_the_recommendation_and_closes_its_action(
    room: Room, django_capture_on_commit_callbacks: Any
) -> None:
    decision = room.signed(Option.PRRT, Option.WITH_PALLIATIVE)
    line = _start(room, decision, django_capture_on_commit_callbacks)
    rows = dict(Recommendation.objects.filter(decision=decision).values_list("option", "status"))
    assert rows == {"prrt": "implemented", "with_palliative": "open"}
    assert Recommendation.objects.get(option="prrt").line == line
    action = Action.objects.get(decision=decision)
    assert (action.status, action.outcome) == ("done", "177Lu-dotatate started")


@pytest.mark.parametrize(
    ("modality", "fields"),
    [("targeted", {}), ("prrt", {"started_on": TODAY - timedelta(days=1)}), ("embolization", {"agent": "TAE"})],
)
def test_started_line_of_another_kind_or_before_the_meeting_answers_nothing(
    room: Room, django_capture_on_commit_callbacks: Any, modality: str, fields: dict[str, Any]
) -> None:
    decision = room.signed()
    _start(room, decision, django_capture_on_commit_callbacks, modality, **fields)
    assert Recommendation.objects.get(decision=decision).status == "open"
    assert Action.objects.get(decision=decision).status == "open"


def test_started_line_heard_twice_changes_nothing_more(room: Room, django_capture_on_commit_callbacks: Any) -> None:
    decision = room.signed()
    line = _start(room, decision, django_capture_on_commit_callbacks)
    version = Recommendation.objects.get(decision=decision).version
    with django_capture_on_commit_callbacks(execute=True):
        announce(EventKind.LINE_STARTED, now=room.now, patient_id=decision.patient_id, subject_id=line.pk)
    assert Recommendation.objects.get(decision=decision).version == version


def test_death_withdraws_referrals_frees_the_agenda_and_cancels_actions(
    room: Room, django_capture_on_commit_callbacks: Any
) -> None:
    patient = room.patient()
    room.signed(patient=patient)
    item = room.item(patient)
    with django_capture_on_commit_callbacks(execute=True):
        record_death(patient, on=TODAY, cause="", by=room.chair, now=room.meeting_time)
    item.refresh_from_db()
    assert (item.status, Referral.objects.get(pk=item.referral_id).withdraw_reason) == ("withdrawn", "Patient died")
    assert list(Action.objects.values_list("status", "outcome")) == [("cancelled", "Patient died")]
    assert AgendaItem.objects.open().count() == 0
    assert NextStep.objects.filter(patient=patient, closed_at=None).count() == 0
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_death(patient, reason="Other patient", by=room.chair, now=room.meeting_time)
    assert list(Action.objects.values_list("status", "outcome")) == [("open", "")]
    asked = NextStep.objects.filter(patient=patient, closed_at=None).values_list("source_key", flat=True)
    kinds = {key.split(":")[0] for key in asked}
    assert {"action", "told", "own"} <= kinds
    assert "referral" not in kinds  # its place was given away: it is for a person to refer again


def test_progression_suggests_a_referral_and_files_none(room: Room, django_capture_on_commit_callbacks: Any) -> None:
    patient = room.patient()
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            announce(EventKind.PROGRESSION, now=room.now, team_id=room.team.pk, patient_id=patient.pk, subject_id=7)
    items = list(InboxItem.objects.filter(kind="suggestion").values_list("recipient_id", "title", "url"))
    assert items == [(room.chair.pk, "Progression: refer to the board?", f"/patients/{patient.pk}/refer/")]
    assert Referral.objects.count() == 0


def test_progression_of_a_referred_patient_suggests_nothing(
    room: Room, django_capture_on_commit_callbacks: Any
) -> None:
    referral = room.referral()
    with django_capture_on_commit_callbacks(execute=True):
        announce(EventKind.PROGRESSION, now=room.now, patient_id=referral.patient_id, subject_id=8)
    assert InboxItem.objects.filter(kind="suggestion").count() == 0
