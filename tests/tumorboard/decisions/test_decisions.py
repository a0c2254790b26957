"""Decisions: draft, signature, immutability, told, what became of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from careteam.audit.models import AuditEvent
from patients.record.models import NextStep, StaleEdit
from tests.factories.board import Room
from tumorboard.actions.models import Action
from tumorboard.decisions.commands import Said, add_addendum, record_decision, settle, tell
from tumorboard.decisions.models import Decision, Recommendation
from tumorboard.decisions.queries import decisions_of_patient
from tumorboard.decisions.rules import (
    RECOMMENDATION_TRANSITIONS,
    Option,
    RecommendationStatus,
    ToldHow,
    ToldWhom,
    option_choices,
    option_of_line,
    wording,
)
from tumorboard.live.commands import record_case, sign_case, sign_meeting
from tumorboard.meetings.commands import hold, start

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 26)


def _recommendation(decision: Decision) -> Recommendation:
    return Recommendation.objects.valid().get(decision=decision, option=Option.PRRT)


def test_option_choices_are_alphabetical_with_the_companion_last() -> None:
    labels = [label for _, label in option_choices()]
    assert labels[:-1] == sorted(labels[:-1], key=str.lower)
    assert (labels[-1], len(labels)) == ("with palliative care", len(Option))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], ""),
        ([Option.PRRT], "PRRT."),
        ([Option.SURGERY, Option.PRRT], "PRRT and Surgery."),
        ([Option.PRRT, Option.WITH_PALLIATIVE], "PRRT, with palliative care."),
        ([Option.WITH_PALLIATIVE], "Palliative care involved."),
    ],
)
def test_wording_is_made_of_the_options(options: list[Option], words: str) -> None:
    assert wording(options) == words


def test_option_of_line_tells_tare_from_embolization() -> None:
    assert option_of_line("embolization", "TARE right lobe") == Option.TARE
    assert option_of_line("embolization", "Bland embolization") == Option.EMBOLIZATION
    assert option_of_line("hospice", "") is None


def test_record_writes_recommendations_wording_quorum_and_one_action(room: Room) -> None:
    item = room.item()
    room.start()
    decision = room.record(item, Option.PRRT, Option.WITH_PALLIATIVE, intent="disease_control")
    action = Action.objects.get()
    assert (decision.text, decision.status, decision.is_inquorate, decision.missing_specialties) == (
        "PRRT, with palliative care.",
        "draft",
        True,
        "Pathology",
    )
    assert (action.what, action.kind, action.owner, action.due_on) == (
        "Start PRRT",
        "start_treatment",
        room.nurse,
        date(2026, 12, 10),
    )
    assert set(Recommendation.objects.values_list("option", "intent")) == {
        ("prrt", "disease_control"),
        ("with_palliative", ""),
    }


def test_record_again_changes_the_draft_and_its_action(room: Room) -> None:
    item = room.item()
    room.start()
    first = room.record(item, Option.PRRT)
    second = room.record(item, Option.SURGERY, owner=room.chair)
    assert (second.pk, second.version) == (first.pk, first.version + 1)
    assert list(Recommendation.objects.valid().values_list("option", flat=True)) == ["surgery"]
    action = Action.objects.get()
    assert (action.what, action.owner) == ("Start Surgery", room.chair)
    record_case(item, Said(options=(Option.OBSERVATION,)), None, by=room.chair, now=room.now)
    assert Action.objects.valid().count() == 0


def test_record_refuses_a_stale_draft(room: Room) -> None:
    item = room.item()
    room.start()
    record_decision(item, Said(options=(Option.PRRT,)), by=room.chair, now=room.now, version=0)
    with pytest.raises(StaleEdit):
        record_decision(item, Said(options=(Option.SURGERY,)), by=room.coordinator, now=room.now, version=0)
    assert Decision.objects.get().text == "PRRT."


def test_record_needs_a_running_meeting_a_right_and_something_said(room: Room) -> None:
    item = room.item()
    with pytest.raises(ValidationError, match="Start the meeting first"):
        room.record(item)
    room.start()
    with pytest.raises(ValidationError, match="Your roles do not include recording"):
        record_decision(item, Said(options=(Option.PRRT,)), by=room.dietitian, now=room.now)
    with pytest.raises(ValidationError, match="Choose what is recommended"):
        record_decision(item, Said(), by=room.chair, now=room.now)


def test_sign_closes_case_and_referral_and_opens_telling(room: Room) -> None:
    decision = room.signed()
    decision.item.refresh_from_db()
    decision.item.referral.refresh_from_db()
    assert (decision.status, decision.signed_by, decision.item.status, decision.item.referral.status) == (
        "signed",
        room.chair,
        "decided",
        "discussed",
    )
    steps = dict(NextStep.objects.filter(patient=decision.patient, closed_at=None).values_list("source_key", "due_on"))
    assert steps == {f"told:{decision.pk}": date(2026, 12, 1), f"action:{Action.objects.get().pk}": date(2026, 12, 10)}


def test_sign_is_for_who_decides(room: Room) -> None:
    item = room.item()
    room.start()
    draft = room.record(item)
    with pytest.raises(ValidationError, match="Only who may decide at this board signs"):
        sign_case(draft, by=room.coordinator, now=room.now)


def test_signed_decision_cannot_be_recorded_or_signed_again(room: Room) -> None:
    decision = room.signed()
    before = (decision.version, AuditEvent.objects.count())
    with pytest.raises(ValidationError, match="Correct a signed decision by an addendum"):
        record_decision(decision.item, Said(options=(Option.SURGERY,)), by=room.chair, now=room.now)
    with pytest.raises(ValidationError, match="signed already"):
        sign_case(decision, by=room.chair, now=room.now)
    decision.refresh_from_db()
    assert (decision.version, AuditEvent.objects.count(), decision.text) == (*before, "PRRT.")


@pytest.mark.django_db(transaction=True)
def test_sign_twice_at_once_signs_once(room: Room) -> None:
    item = room.item()
    room.start()
    draft = room.record(item)

    def run(_: int) -> str:
        try:
            sign_case(draft, by=room.chair, now=room.now)
        except ValidationError:
            return "refused"
        finally:
            connections.close_all()
        return "signed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == ["refused", "signed"]
    assert AuditEvent.objects.filter(action="decisions.sign_decision").count() == 1


def test_sign_meeting_signs_every_draft_also_after_the_meeting(room: Room) -> None:
    items = [room.item(), room.item()]
    room.start()
    for item in items:
        room.record(item)
    hold(room.meeting, by=room.chair, now=room.meeting_time)
    assert sign_meeting(room.meeting, by=room.chair, now=room.meeting_time) == 2
    assert set(Decision.objects.values_list("status", flat=True)) == {"signed"}


def test_addendum_stands_beside_the_signed_text(room: Room) -> None:
    decision = room.signed()
    add_addendum(decision, text="After labs only.", by=room.chair, now=room.now)
    (row,) = decisions_of_patient(decision.patient_id)
    assert (row.text, [added.text for added in row.addenda]) == ("PRRT.", ["After labs only."])
    with pytest.raises(ValidationError, match="Only who may decide"):
        add_addendum(decision, text="Mine too.", by=room.nurse, now=room.now)


def test_tell_the_patient_first_then_the_gp_closes_the_referral(room: Room) -> None:
    patient = room.patient(general_practitioner="Dr Vos")
    decision = room.signed(patient=patient)
    told: dict[str, Any] = {"how": ToldHow.PHONE, "on": TODAY, "by": room.nurse, "now": room.meeting_time}
    with pytest.raises(ValidationError, match="The patient comes first"):
        tell(decision, ToldWhom.GP, **told)
    tell(decision, ToldWhom.PATIENT, **told)
    decision.item.referral.refresh_from_db()
    assert decision.item.referral.status == "discussed"
    assert NextStep.objects.filter(source_key=f"told-gp:{decision.pk}", closed_at=None).count() == 1
    tell(decision, ToldWhom.GP, **told)
    decision.item.referral.refresh_from_db()
    assert decision.item.referral.status == "closed"
    assert NextStep.objects.filter(source_key__startswith="told", closed_at=None).count() == 0
    with pytest.raises(ValidationError, match="already logged"):
        tell(decision, ToldWhom.PATIENT, **told)


def test_tell_the_gp_before_the_patient_with_a_reason(room: Room) -> None:
    decision = room.signed(patient=room.patient(general_practitioner="Dr Vos"))
    told = tell(
        decision,
        ToldWhom.GP,
        how=ToldHow.PHONE,
        on=TODAY,
        override_reason="GP admits her today",
        by=room.nurse,
        now=room.meeting_time,
    )
    assert told.override_reason == "GP admits her today"


def test_tell_without_a_gp_on_record_closes_with_the_patient(room: Room) -> None:
    decision = room.signed()
    tell(decision, ToldWhom.PATIENT, how=ToldHow.VISIT, on=TODAY, by=room.chair, now=room.meeting_time)
    decision.item.referral.refresh_from_db()
    assert decision.item.referral.status == "closed"


def test_tell_refuses_days_before_the_meeting_and_after_today(room: Room) -> None:
    decision = room.signed()
    for day, sentence in ((date(2026, 11, 25), "before the decision"), (date(2026, 11, 27), "in the future")):
        with pytest.raises(ValidationError, match=sentence):
            tell(decision, ToldWhom.PATIENT, how=ToldHow.VISIT, on=day, by=room.chair, now=room.meeting_time)


def test_meeting_held_before_its_day_is_decided_on_the_day_of_the_record(room: Room) -> None:
    """The meeting of 26 November is called in on the 23rd: the patient may be told on the 23rd."""
    item = room.item()
    start(room.meeting, by=room.chair, now=room.now)
    said = Said(options=(Option.OBSERVATION,))
    decision = sign_case(record_decision(item, said, by=room.chair, now=room.now), by=room.chair, now=room.now)
    assert decisions_of_patient(decision.patient_id)[0].held_on == date(2026, 11, 23)
    tell(decision, ToldWhom.PATIENT, how=ToldHow.VISIT, on=date(2026, 11, 23), by=room.chair, now=room.now)


@pytest.mark.parametrize("now_is", list(RecommendationStatus))
def test_recommendation_moves_only_along_its_table(room: Room, now_is: RecommendationStatus) -> None:
    row = _recommendation(room.signed())
    reached = set()
    for to in RecommendationStatus:
        Recommendation.objects.filter(pk=row.pk).update(status=now_is, deviation_reason="other")
        try:
            settle(row, to, reason="death", by=room.nurse, now=room.now)
        except ValidationError:
            continue
        reached.add(to)
    assert reached == set(RECOMMENDATION_TRANSITIONS[now_is])


def test_settle_a_deviation_needs_a_coded_reason_and_words_for_other(room: Room) -> None:
    row = _recommendation(room.signed())
    with pytest.raises(ValidationError, match="Choose the reason"):
        settle(row, RecommendationStatus.NOT_IMPLEMENTED, by=room.nurse, now=room.now)
    with pytest.raises(ValidationError, match="Describe the other reason"):
        settle(row, RecommendationStatus.PARTLY, reason="other", by=room.nurse, now=room.now)
    settle(row, RecommendationStatus.NOT_IMPLEMENTED, reason="patient_choice", by=room.nurse, now=room.now)
    row.refresh_from_db()
    assert (row.status, row.deviation_reason) == ("not_implemented", "patient_choice")


def test_decisions_of_patient_leaves_drafts_out_and_costs_five_queries(
    room: Room, django_assert_num_queries: Any
) -> None:
    patient = room.patient()
    for _ in range(3):
        room.signed(patient=patient)
    other = room.item()
    room.record(other)
    with django_assert_num_queries(5):
        assert len(decisions_of_patient(patient.pk)) == 3
    assert decisions_of_patient(other.patient_id) == ()
