"""What stands on a team's printout, and which printouts there are. Queries do not grow with the rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import F

from careteam.people.models import Team
from careteam.web.words import ago, day
from careteam.workspace.downtime.rules import DOSES_AHEAD, MOST, SCANS_AHEAD
from careteam.workspace.patients import rows_for
from patients.goals.queries import GoalsNow, goals_summary
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import Preparation, preparations_of
from patients.record.models import CareTeamMember, NextStep, Patient
from patients.treatment.models import Administration
from patients.treatment.rules import RUNNING_STATUSES, AdministrationStatus, LineStatus
from tumorboard.boards.models import Board
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.rules import MeetingStatus


@dataclass(frozen=True)
class Who:
    """How a person is found on paper: name, number, birth date, telephone."""

    id: int
    name: str
    mrn: str
    born: date | None
    phone: str


@dataclass(frozen=True)
class CareRow:
    """A patient in care. `late` marks an overdue next step; goals and code status are words, never blank."""

    who: Who
    detail: str
    line: str
    responsible: str
    next_what: str
    next_due: date | None
    next_owner: str
    late: bool
    goals: str
    code_status: str


@dataclass(frozen=True)
class ScanRow:
    who: Who
    what: str
    state: str
    due: date
    when: str
    late: bool
    owner: str


@dataclass(frozen=True)
class DoseRow:
    who: Who
    what: str
    planned_on: date
    when: str
    late: bool


@dataclass(frozen=True)
class CaseRow:
    who: Who
    number: int
    question: str
    presenter: str
    code_status: str


@dataclass(frozen=True)
class BoardSheet:
    name: str
    starts_at: datetime
    place: str
    cases: tuple[CaseRow, ...]


@dataclass(frozen=True)
class Sheet:
    """Everything on one printout. `left_out` counts patients in care that did not fit."""

    team: Team
    today: date
    care: tuple[CareRow, ...]
    left_out: int
    scans: tuple[ScanRow, ...]
    doses: tuple[DoseRow, ...]
    boards: tuple[BoardSheet, ...]

    @property
    def patient_ids(self) -> frozenset[int]:
        cases = (case for board in self.boards for case in board.cases)
        return frozenset(row.who.id for rows in (self.care, self.scans, self.doses, cases) for row in rows)


def _who(patient: Patient) -> Who:
    return Who(patient.pk, patient.name, patient.mrn, patient.birth_date, patient.phone)


def _code_status(goals: GoalsNow | None) -> str:
    if goals is None:
        return "not discussed"
    limits = f"; {goals.treatment_limits[:80]}" if goals.treatment_limits else ""
    return (goals.code_status_words or "not discussed") + limits


def _goals_words(goals: GoalsNow | None) -> str:
    if goals is None or not goals.exists:
        return "no conversation"
    asked = ", event passed, ask again" if goals.event_passed else ""
    return f"{goals.headline}, {day(goals.held_on)}{asked}"


def sheet_of(team: Team, now: datetime) -> Sheet:
    """The worklists of a team as of now."""
    today = team.local_date(now)
    patients, left_out = _listed(team)
    scans = list(
        ImagingStudy.objects.valid()
        .due(today + timedelta(days=SCANS_AHEAD))
        .filter(team=team, patient__in=Patient.objects.in_care())
        .select_related("patient__team", "owner")
        .order_by("due_on", "pk")[:MOST]
    )
    doses = list(
        Administration.objects.valid()
        .filter(
            patient__in=Patient.objects.in_care().filter(team=team),
            status=AdministrationStatus.PLANNED,
            planned_on__lte=today + timedelta(days=DOSES_AHEAD),
            line__status__in=[*RUNNING_STATUSES, LineStatus.PLANNED],
        )
        .select_related("patient", "line")
        .order_by("planned_on", "pk")[:MOST]
    )
    prepared = preparations_of([row for row in scans if row.scheduled_for], today=today)
    boards = _boards(team, now, today)
    return Sheet(
        team=team,
        today=today,
        care=_care(patients, today),
        left_out=left_out,
        scans=tuple(_scan(row, team, today, prepared.get(row.pk)) for row in scans),
        doses=tuple(
            DoseRow(
                _who(row.patient),
                f"{row.line.label}, no. {row.number}",
                row.planned_on,
                ago(row.planned_on, today),
                row.planned_on < today,
            )
            for row in doses
        ),
        boards=boards,
    )


def _listed(team: Team) -> tuple[list[Patient], int]:
    """Patients in care by name; of more than `MOST` those whose next step is due first."""
    in_care = Patient.objects.in_care().filter(team=team)
    found = in_care.count()
    if found > MOST:
        steps = NextStep.objects.filter(team=team, closed_at__isnull=True, patient__in=Patient.objects.in_care())
        first = steps.order_by(F("due_on").asc(nulls_last=True), "pk").values_list("patient_id", flat=True)
        ids = list(dict.fromkeys(first[: 3 * MOST]))[:MOST]
        in_care = in_care.filter(pk__in=ids)
    patients = list(in_care.order_by("sort_key", "pk")[:MOST])
    return patients, found - len(patients)


def _care(patients: list[Patient], today: date) -> tuple[CareRow, ...]:
    ids = [patient.pk for patient in patients]
    goals = goals_summary(ids, today)
    responsible = {
        row.patient_id: row
        for row in CareTeamMember.objects.valid()
        .filter(patient_id__in=ids, is_responsible=True, ended_on__isnull=True)
        .select_related("person")
    }
    return tuple(
        CareRow(
            who=_who(row.patient),
            detail=row.detail,
            line=row.line or "none running",
            responsible=str(responsible[row.patient.pk]) if row.patient.pk in responsible else "nobody named",
            next_what=row.next_what or "no next step",
            next_due=row.next_due,
            next_owner=row.next_owner or "nobody",
            late=row.next_due is not None and row.next_due < today,
            goals=_goals_words(goals.get(row.patient.pk)),
            code_status=_code_status(goals.get(row.patient.pk)),
        )
        for row in rows_for(patients, today)
    )


def _scan(row: ImagingStudy, team: Team, today: date, prepared: Preparation | None) -> ScanRow:
    asked = f"; prepare: {prepared.words}" if prepared and prepared.open else ""
    booked = f", {day(team.local_date(row.scheduled_for))}" if row.scheduled_for else ""
    due = row.due_on or today
    return ScanRow(
        _who(row.patient),
        str(row),
        f"{row.get_status_display().lower()}{booked}{f', {row.place}' if row.place else ''}{asked}",
        due,
        ago(due, today),
        due < today,
        str(row.owner) if row.owner else "nobody",
    )


def _boards(team: Team, now: datetime, today: date) -> tuple[BoardSheet, ...]:
    """The running or next meeting of each active board, with its open cases."""
    meetings = list(
        Meeting.objects.sessions()
        .filter(
            board__in=Board.objects.filter(team=team, is_active=True),
            status__in=[MeetingStatus.RUNNING, MeetingStatus.PLANNED, MeetingStatus.FROZEN],
            ends_at__gt=now,
        )
        .order_by("board_id", "starts_at", "pk")
        .distinct("board_id")
        .select_related("board")
    )
    items: dict[int, list[AgendaItem]] = {}
    rows = AgendaItem.objects.valid().open().filter(meeting__in=meetings).in_order()
    for item in rows.select_related("patient", "referral__presenter"):
        items.setdefault(item.meeting_id, []).append(item)
    goals = goals_summary([item.patient_id for each in items.values() for item in each], today)
    return tuple(
        BoardSheet(
            meeting.board.name,
            meeting.starts_at,
            meeting.place or meeting.board.place,
            tuple(
                CaseRow(
                    _who(item.patient),
                    number,
                    item.referral.question,
                    str(item.referral.presenter or "nobody"),
                    _code_status(goals.get(item.patient_id)),
                )
                for number, item in enumerate(items.get(meeting.pk, []), 1)
            ),
        )
        for meeting in sorted(meetings, key=lambda each: (each.starts_at, each.pk))
    )


@dataclass(frozen=True)
class Printout:
    """One file. `patient_ids` are those that stand in it."""

    team_slug: str
    on: date
    path: Path
    made_at: datetime
    patient_ids: tuple[int, ...]

    @property
    def form(self) -> str:
        return self.path.suffix.removeprefix(".").upper()

    @property
    def kilobytes(self) -> int:
        return -(-self.path.stat().st_size // 1024)


def folder_of(team: Team) -> Path:
    """Where a team's printouts lie: never under a folder that is served."""
    return Path(settings.PRIVATE_ROOT) / "downtime" / team.slug


def printouts_of(team: Team) -> tuple[Printout, ...]:
    """What is kept, the latest first. A file without its note (a crash between the two) is not listed."""
    found = []
    for note in folder_of(team).glob("*.json"):
        told = json.loads(note.read_text())
        path = note.with_suffix(f".{told['form']}")
        if path.exists():
            made = datetime.fromisoformat(told["made_at"])
            found.append(Printout(team.slug, date.fromisoformat(note.stem), path, made, tuple(told["patient_ids"])))
    return tuple(sorted(found, key=lambda each: each.on, reverse=True))
