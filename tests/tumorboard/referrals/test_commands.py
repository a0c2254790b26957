"""Referrals: one open per patient and board, states, next steps."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from careteam.audit.models import AuditEvent
from careteam.notifications.models import InboxItem
from careteam.people.rules import Role
from patients.record.commands import change_enrollment
from patients.record.models import NextStep
from patients.record.rules import EnrollmentStatus
from tests import factories
from tests.factories.board import Room
from tumorboard.referrals.commands import AlreadyReferred, refer, withdraw
from tumorboard.referrals.models import Referral
from tumorboard.referrals.queries import suggestion_for, waiting
from tumorboard.referrals.rules import QuestionKind, Urgency

pytestmark = pytest.mark.django_db


def test_refer_submits_and_opens_the_next_step(room: Room) -> None:
    referral = room.referral()
    step = NextStep.objects.get(source_key=f"referral:{referral.pk}", closed_at=None)
    assert (referral.status, referral.submitted_by, referral.presenter) == ("submitted", room.chair, room.chair)
    assert (step.what, step.owner_role, step.due_on) == (
        "NET board: put on an agenda",
        Role.BOARD_COORDINATOR,
        date(2026, 11, 26),
    )
    audit = AuditEvent.objects.get(action="referrals.refer")
    assert (audit.patient_ids, audit.actor, audit.team_id) == ([referral.patient_id], room.chair, room.team.pk)


def test_refer_twice_names_the_open_one(room: Room) -> None:
    first = room.referral()
    with pytest.raises(AlreadyReferred) as refused:
        room.referral(first.patient)
    assert refused.value.existing == first
    assert refused.value.messages == ["This patient is already referred to NET board, submitted."]


@pytest.mark.django_db(transaction=True)
def test_refer_twice_at_once_makes_one(room: Room) -> None:
    patient = room.patient()

    def run(_: int) -> str:
        try:
            room.referral(patient)
        except AlreadyReferred:
            return "refused"
        finally:
            connections.close_all()
        return "made"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(run, range(2)))
    assert (outcomes, Referral.objects.count()) == (["made", "refused"], 1)


def test_refer_after_a_withdrawal_is_possible(room: Room) -> None:
    first = room.referral()
    withdraw(first, reason="Answered by phone", by=room.nurse, now=room.now)
    second = room.referral(first.patient)
    assert (second.status, Referral.objects.get(pk=first.pk).status) == ("submitted", "withdrawn")


def test_withdraw_needs_a_reason_and_closes_the_step(room: Room) -> None:
    referral = room.referral()
    with pytest.raises(ValidationError, match="Say why"):
        withdraw(referral, reason=" ", by=room.chair, now=room.now)
    withdraw(referral, reason="Answered by phone", by=room.chair, now=room.now)
    assert NextStep.objects.filter(source_key=f"referral:{referral.pk}", closed_at=None).count() == 0
    with pytest.raises(ValidationError, match="The referral is withdrawn; it cannot become withdrawn"):
        withdraw(referral, reason="Again", by=room.chair, now=room.now)


def test_refer_urgently_tells_the_coordinators(room: Room) -> None:
    referral = room.referral(urgency=Urgency.URGENT)
    item = InboxItem.objects.get(key=f"referral:{referral.pk}:urgent")
    assert (item.recipient, item.title) == (room.coordinator, "Urgent referral to the board")


def test_refer_needs_the_right_the_team_and_a_patient_in_care(room: Room) -> None:
    patient = room.patient()
    stranger = factories.person(factories.team(), Role.ONCOLOGIST)
    ask = {"question_kind": QuestionKind.PRRT, "question": "PRRT?", "now": room.now}
    for person in (stranger, room.dietitian):
        with pytest.raises(ValidationError, match="Your roles in the patient's team"):
            refer(patient, room.board, by=person, **ask)
    foreign = Room(room.now)
    with pytest.raises(ValidationError, match="This board belongs to another team"):
        refer(patient, foreign.board, by=room.chair, **ask)
    with pytest.raises(ValidationError, match="Write what the board is asked"):
        refer(patient, room.board, by=room.chair, **(ask | {"question": " "}))
    change_enrollment(
        patient, EnrollmentStatus.DISCHARGED, on=date(2026, 11, 20), by=room.chair, now=room.now, reason="Moved away"
    )
    patient.refresh_from_db()
    with pytest.raises(ValidationError, match="The patient is not in care: discharged"):
        refer(patient, room.board, by=room.chair, **ask)
    assert Referral.objects.count() == 0


def test_suggestion_is_made_of_the_record(room: Room) -> None:
    patient = room.patient()
    assert suggestion_for(patient, room.nurse).question == "Pancreas: which treatment next?"
    factories.line(patient, "targeted", agent="Everolimus", dose="10 mg")
    patient.diseasestatuss.create(assessed_on=date(2026, 11, 16), category="PD", method="recist")
    suggested = suggestion_for(patient, room.nurse)
    assert (suggested.question_kind, suggested.question, suggested.urgency, suggested.presenter) == (
        QuestionKind.PROGRESSION,
        "Progression on Everolimus 10 mg, 16 Nov 2026: which treatment next?",
        Urgency.SOON,
        room.chair,
    )


def test_suggestion_without_a_responsible_clinician_presents_who_refers(room: Room) -> None:
    patient = factories.patient(room.team)
    assert suggestion_for(patient, room.nurse).presenter == room.nurse


def test_waiting_lists_urgent_first_in_one_query(room: Room, django_assert_num_queries: object) -> None:
    routine = room.referral()
    urgent = room.referral(urgency=Urgency.URGENT)
    soon = room.referral(urgency=Urgency.SOON)
    waiting(room.coordinator)
    with django_assert_num_queries(1):  # type: ignore[operator]
        rows = waiting(room.coordinator)
    assert [row.id for row in rows] == [urgent.pk, soon.pk, routine.pk]
    assert waiting(factories.person(factories.team(), Role.ONCOLOGIST)) == ()
