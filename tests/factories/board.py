"""Boards and what happens at them, made through the commands: what a test starts from is what the product makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from careteam.people.models import Team, User
from careteam.people.rules import Role, Specialty
from patients.record.models import Patient
from tests import factories
from tumorboard.boards.commands import BoardSettings
from tumorboard.boards.models import Board
from tumorboard.decisions.commands import Said, tell
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import Option, ToldHow, ToldWhom
from tumorboard.live.commands import ActionAsked, record_case, sign_case
from tumorboard.meetings.commands import list_referral, set_up_board, start
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.referrals.commands import refer
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import QuestionKind


def settings(**fields: Any) -> BoardSettings:
    """Every Thursday at 14:00, an hour, cut-off 26 hours before, oncology and pathology for the quorum."""
    values: dict[str, Any] = {
        "name": "NET board",
        "rrule": "FREQ=WEEKLY;BYDAY=TH",
        "starts_on": date(2026, 1, 1),
        "local_time": time(14),
        "quorum": [Specialty.MEDICAL_ONCOLOGY, Specialty.PATHOLOGY],
    }
    return BoardSettings(**(values | fields))


@dataclass
class Room:
    """A team with a board, its people, and the meeting of Thursday, 26 November 2026."""

    now: datetime
    team: Team = field(default_factory=factories.team)

    def __post_init__(self) -> None:
        self.coordinator: User = factories.person(
            self.team, Role.BOARD_COORDINATOR, name="Cora Board", specialty=Specialty.ADMINISTRATION
        )
        self.chair: User = factories.person(
            self.team, Role.ONCOLOGIST, name="Ines Okafor", specialty=Specialty.MEDICAL_ONCOLOGY
        )
        self.pathologist: User = factories.person(
            self.team, Role.PATHOLOGIST, name="Paul Path", specialty=Specialty.PATHOLOGY
        )
        self.nurse: User = factories.person(
            self.team, Role.NURSE_COORDINATOR, name="Nora Nurse", specialty=Specialty.NURSING
        )
        self.dietitian: User = factories.person(self.team, Role.DIETITIAN, name="Dita Diet")
        self.board: Board = set_up_board(self.team, settings(), by=self.coordinator, now=self.now)

    @property
    def meeting(self) -> Meeting:
        return Meeting.objects.select_related("board__team").get(board=self.board, occurrence_on=date(2026, 11, 26))

    def patient(self, **fields: Any) -> Patient:
        patient = factories.patient(self.team, **fields)
        factories.diagnosis(patient)
        factories.specimen(patient)
        factories.responsible(patient, self.chair)
        return patient

    def referral(self, patient: Patient | None = None, **fields: Any) -> Referral:
        values: dict[str, Any] = {
            "question_kind": QuestionKind.PRRT,
            "question": "PRRT now?",
            "by": self.chair,
            "now": self.now,
        }
        return refer(patient or self.patient(), self.board, **(values | fields))

    def item(self, patient: Patient | None = None, **fields: Any) -> AgendaItem:
        """A referral on the agenda; of a meeting that runs already, with the reason that asks for."""
        meeting = self.meeting
        late = "" if meeting.status == "planned" else "Came in today"
        referral = self.referral(patient, **fields)
        return list_referral(referral, meeting, by=self.coordinator, now=self.now, after_cutoff_reason=late)

    @property
    def meeting_time(self) -> datetime:
        return self.meeting.starts_at + timedelta(minutes=1)

    def start(self) -> Meeting:
        return start(self.meeting, by=self.chair, now=self.meeting_time)

    def record(self, item: AgendaItem, *options: Option, owner: User | None = None, **said: Any) -> Decision:
        """Records PRRT (or the given options) with an action of the nurse due on 10 December."""
        return record_case(
            item,
            Said(options=options or (Option.PRRT,), **said),
            ActionAsked(owner=owner or self.nurse, due_on=date(2026, 12, 10)),
            by=self.chair,
            now=self.meeting_time,
        )

    def signed(self, *options: Option, patient: Patient | None = None, **said: Any) -> Decision:
        """A signed decision about a patient, from referral to signature."""
        item = self.item(patient)
        if self.meeting.status == "planned":
            self.start()
        decision = self.record(item, *options, **said)
        return sign_case(decision, by=self.chair, now=self.meeting_time)

    def told(self, decision: Decision, whom: ToldWhom = ToldWhom.PATIENT) -> Decision:
        """The patient (or the GP) hears of it on the day of the meeting."""
        on = self.team.local_date(self.meeting_time)
        tell(decision, whom, how=ToldHow.VISIT, on=on, by=self.chair, now=self.meeting_time)
        return decision
