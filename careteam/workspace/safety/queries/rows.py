"""The rows of one page of a list in words: why each is there, since when, whose it could be, the page that mends it.
A constant number of queries for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Max, Min, Q, Subquery
from django.urls import reverse

from careteam.people.models import Team
from careteam.people.rules import Role
from careteam.reconciler.models import ReconcilerFinding
from careteam.reconciler.rules import Finding
from careteam.web.words import count, day
from careteam.workspace.patients import PatientRow, rows_for
from careteam.workspace.safety.queries.behind import open_without_step
from careteam.workspace.safety.queries.lists import Asked, limit, newer_lines
from careteam.workspace.safety.rules import Net, Row, joined
from patients.record.models import CareTeamMember, Encounter, Enrollment, NextStep
from patients.record.rules.visits import NOT_COMING
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import RUNNING_STATUSES
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import DecisionStatus
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.rules import ItemStatus, MeetingStatus


def page_rows(net: str, found: Sequence[Any], asked: Asked, opened: int = 0) -> list[Row]:
    """The rows of one page, in the order of `found`. `opened`: the patient whose form stands open."""
    return _ROWS[net](found, asked, opened)


def _owners(patient_ids: Sequence[int]) -> dict[int, str]:
    """By patient: the responsible clinician, else the patient's coordinator, who could own what has no owner."""
    rows = (
        CareTeamMember.objects.valid()
        .filter(patient_id__in=patient_ids, ended_on__isnull=True, person__is_active=True)
        .filter(Q(is_responsible=True) | Q(role=Role.NURSE_COORDINATOR))
        .select_related("person")
        .order_by("is_responsible", "pk")
    )
    return {row.patient_id: str(row.person) for row in rows}


def _steps(found: Sequence[Any], asked: Asked, opened: int) -> list[Row]:
    ids = [patient.pk for patient in found]
    owners, behind = _owners(ids), open_without_step(ids)
    closed: dict[int, tuple[Any, str]] = {
        row["patient_id"]: (row["closed_at"], row["what"])
        for row in NextStep.objects.filter(patient_id__in=ids, closed_at__isnull=False)
        .order_by("patient_id", "-closed_at", "-pk")
        .distinct("patient_id")
        .values("patient_id", "closed_at", "what")
    }
    stale = set(
        NextStep.objects.filter(patient_id__in=ids, closed_at__isnull=True).values_list("patient_id", flat=True)
    )
    entered = dict(
        Enrollment.objects.valid()
        .filter(patient_id__in=ids, ended_on__isnull=True)
        .values_list("patient_id", "started_on")
    )
    rows = []
    for who in rows_for(found, _today(asked)):
        pk, today = who.patient.pk, asked.today(who.patient.team)
        things = behind[pk].words(today) if pk in behind else ()
        last = closed.get(pk)
        since = who.patient.team.local_date(last[0]) if last else entered.get(pk)
        if things:
            why = "Open, but on nobody's list"
        elif pk in stale:
            why = "The work behind every open step is over"
        else:
            why = f"Last step is closed: {last[1]}" if last else "Never had a step here"
        rows.append(
            Row(
                what=who.name,
                url=who.url,
                why=why,
                since=since,
                whose=owners.get(pk, ""),
                mend="Set next step",
                mend_url=reverse("step-set", args=[pk]),
                patient=who,
                detail=joined(things),
                open_things=things,
                has_stale=pk in stale,
                is_open=pk == opened,
            )
        )
    return rows


def _today(asked: Asked) -> date:
    return asked.today(asked.teams[0]) if asked.teams else asked.now.date()


def _people(patients: Sequence[Any], asked: Asked) -> dict[int, PatientRow]:
    unique = {patient.pk: patient for patient in patients}
    return {row.patient.pk: row for row in rows_for(list(unique.values()), _today(asked))}


def _reports(found: Sequence[Any], asked: Asked, opened: int) -> list[Row]:  # noqa: ARG001  # one shape for all lists
    people = _people([study.patient for study in found], asked)
    owners = _owners([study.patient_id for study in found])
    rows = []
    for study in found:
        limit_on = study.review_due_on
        why = f"Report unread past its limit of {day(limit_on)}" if limit_on else "Reported without a review limit"
        rows.append(
            Row(
                what=str(study),
                url=reverse("study-page", args=[study.pk]),
                why=why,
                since=limit_on or study.performed_on,
                whose=owners.get(study.patient_id, ""),
                mend="Open report",
                mend_url=reverse("study-review", args=[study.pk]),
                patient=people[study.patient_id],
                detail="Urgent: discordant, new lesion or progression" if study.is_urgent else "",
            )
        )
    return rows


def _lines(found: Sequence[Any], asked: Asked, opened: int) -> list[Row]:  # noqa: ARG001
    people = _people([line.patient for line in found], asked)
    owners = _owners([line.patient_id for line in found])
    known: dict[int, Any] = {}
    newer = _newer(found, asked, known)
    seen = _last_seen(found)
    return [_line(line, asked, known, people, owners, newer, seen) for line in found]


def _newer(found: Sequence[Any], asked: Asked, known: dict[int, Any]) -> dict[int, TreatmentLine]:
    """By line: the newest antitumor line that was started beside it too long ago. Two queries a team."""
    pairs: dict[int, int] = {}
    for team in asked.teams:
        beside = newer_lines(asked.today(team), limit(known, team, "safety.line_overlap").days)
        latest = Subquery(beside.order_by("-started_on", "-pk").values("pk")[:1])
        of = TreatmentLine.objects.filter(pk__in=[line.pk for line in found if line.patient.team_id == team.pk])
        pairs |= {pk: other for pk, other in of.annotate(other=latest).values_list("pk", "other") if other is not None}
    lines = TreatmentLine.objects.in_bulk(set(pairs.values()))
    return {pk: lines[other] for pk, other in pairs.items()}


def _last_seen(found: Sequence[Any]) -> dict[int, date]:
    """By line: the day of the last dose given, else of the last visit, as far as either is known."""
    doses = Administration.objects.valid().filter(line_id__in=[line.pk for line in found])
    given = dict(doses.order_by().values_list("line_id").annotate(last=Max("given_on")))
    visits = Encounter.objects.valid().filter(patient_id__in=[line.patient_id for line in found])
    came = dict(
        visits.exclude(status__in=NOT_COMING).order_by().values_list("patient_id").annotate(last=Max("starts_at"))
    )
    seen = {}
    for line in found:
        visit = came.get(line.patient_id)
        days = [given.get(line.pk), line.patient.team.local_date(visit) if visit else None, line.started_on]
        seen[line.pk] = max((on for on in days if on is not None), default=None)
    return {pk: on for pk, on in seen.items() if on is not None}


def _line(
    line: Any,
    asked: Asked,
    known: dict[int, Any],
    people: dict[int, PatientRow],
    owners: dict[int, str],
    newer: dict[int, TreatmentLine],
    seen: dict[int, date],
) -> Row:
    team: Team = line.patient.team
    args = [line.patient_id, line.pk]
    other = newer.get(line.pk)
    mend, name = "End line", "line-end"
    if line.status not in RUNNING_STATUSES:
        limit_days = limit(known, team, "safety.line_start").days
        why = f"Was to start, and neither started nor moved within {limit_days} days"
        since = line.planned_on
        mend, name = ("Start line", "line-begin") if line.status == "planned" else ("Plan line", "line-plan")
    elif other is not None and line.role == other.role:
        why = f"{other.label} was started on {day(other.started_on, asked.today(team))}: stop or continue this one?"
        since = other.started_on
    else:
        days = limit(known, team, "safety.line_silent").days
        why = f"Running, with no dose, visit or call for more than {days} days"
        since = seen.get(line.pk)
    return Row(
        what=line.label,
        url=reverse("line-page", args=args),
        why=why,
        since=since,
        whose=owners.get(line.patient_id, ""),
        mend=mend,
        mend_url=reverse(name, args=args),
        patient=people[line.patient_id],
        detail=f"{line.get_status_display()}, {line.get_role_display().lower()}",
    )


def _meetings(found: Sequence[Any], asked: Asked, opened: int) -> list[Row]:  # noqa: ARG001
    ids = [meeting.pk for meeting in found]
    items = AgendaItem.objects.valid().filter(meeting_id__in=ids)
    signed = Decision.objects.valid().filter(status=DecisionStatus.SIGNED, item__meeting_id__in=ids)
    undecided = _by_meeting(items.open())
    decided = _by_meeting(items.filter(status=ItemStatus.DECIDED))
    done = dict(
        signed.filter(item__status=ItemStatus.DECIDED)
        .order_by()
        .values_list("item__meeting_id")
        .annotate(n=Count("pk"))
    )
    rows = []
    for meeting in found:
        unsigned = decided.get(meeting.pk, 0) - done.get(meeting.pk, 0)
        left = undecided.get(meeting.pk, 0)
        is_settled = meeting.status == MeetingStatus.HELD and not left and not unsigned
        why = joined(
            [
                f"{count(left, 'case', 'cases')} undecided" if left else "",
                f"{count(unsigned, 'decision', 'decisions')} not signed" if unsigned else "",
                "never closed" if meeting.status == MeetingStatus.RUNNING else "",
                "minutes not signed" if is_settled else "",
            ]
        )
        team = meeting.board.team
        rows.append(
            Row(
                what=f"{meeting.board.name}, {day(team.local_date(meeting.starts_at), asked.today(team))}",
                url=reverse("meeting", args=[meeting.pk]),
                why=why[:1].upper() + why[1:],
                since=team.local_date(meeting.ends_at),
                whose=str(meeting.chair or meeting.scribe or ""),
                mend="Open meeting",
                mend_url=reverse("meeting", args=[meeting.pk]),
                detail=meeting.get_status_display(),
            )
        )
    return rows


def _night(found: Sequence[Any], asked: Asked, opened: int) -> list[Row]:  # noqa: ARG001
    people = _people([finding.patient for finding in found], asked)
    owners = _owners([finding.patient_id for finding in found])
    same = ReconcilerFinding.objects.filter(for_person=True, subject__in=[finding.subject for finding in found])
    first = {
        (row["patient_id"], row["kind"], row["subject"]): row["first"]
        for row in same.order_by().values("patient_id", "kind", "subject").annotate(first=Min("run__on"))
    }
    rows = []
    for finding in found:
        is_plan = finding.kind == Finding.NO_PLAN
        rows.append(
            Row(
                what=finding.get_kind_display(),
                url=reverse("patient", args=[finding.patient_id]),
                why="The nightly check cannot decide this" if is_plan else "The nightly check could not mend it",
                since=first.get((finding.patient_id, finding.kind, finding.subject), finding.run.on),
                whose=owners.get(finding.patient_id, ""),
                mend="Start plan" if is_plan else "Open patient",
                mend_url=reverse("plan-start" if is_plan else "patient", args=[finding.patient_id]),
                patient=people[finding.patient_id],
            )
        )
    return rows


def _by_meeting(items: Any) -> dict[int, int]:
    return dict(items.order_by().values_list("meeting_id").annotate(n=Count("pk")))


_ROWS: dict[str, Callable[[Sequence[Any], Asked, int], list[Row]]] = {
    Net.STEPS: _steps,
    Net.REPORTS: _reports,
    Net.LINES: _lines,
    Net.MEETINGS: _meetings,
    Net.NIGHT: _night,
}
