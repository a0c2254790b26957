"""What is mine to do next: the workspace of each role, from next steps, reminders, the board and the inbox."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, signed_in
from careteam.audit.commands import note_read
from careteam.notifications.models import InboxItem
from careteam.people.queries import absent_user_ids
from careteam.people.rules import Permission, Role
from careteam.web.parts import Tab
from careteam.web.responses import render_page
from careteam.workspace.patients import PatientRow, ids_without_step, rows_for
from careteam.workspace.safety.queries.lists import asked_by, remembered_counts
from careteam.workspace.safety.rules import CAP, Net
from patients.record.models import NextStep, Patient
from patients.record.rules import StepKind
from tumorboard.meetings.queries import next_meetings

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST_SIZE = 60
NET_SIZE = 6
NET_CAP = 200
LATER_CAP = 1000
WEEK = timedelta(days=7)

# The tabs of the worklist: key, label, the kinds of step behind it.
KINDS: tuple[tuple[str, str, tuple[StepKind, ...]], ...] = (
    ("scans", "Scans", (StepKind.STUDY, StepKind.REVIEW)),
    ("treatment", "Treatment", (StepKind.LINE, StepKind.ADMINISTRATION)),
    ("board", "Board", (StepKind.REFERRAL, StepKind.ACTION, StepKind.TOLD)),
    ("goals", "Goals", (StepKind.GOALS,)),
    ("care", "Care", (StepKind.CARE,)),
    ("other", "Other", (StepKind.VISIT, StepKind.REVIEW_IMPORT)),
)


@dataclass(frozen=True)
class WorkRow:
    """One step on the worklist: `kind` and `word` are its tag, `whose` its second line."""

    step: NextStep
    row: PatientRow
    kind: str
    word: str
    whose: str


@dataclass(frozen=True)
class Group:
    title: str
    note: str
    rows: tuple[WorkRow, ...]


def _scope(request: SignedInRequest) -> QuerySet[NextStep]:
    """Open steps of patients in care. Coordinators and leads see the team's, the others what is theirs: what they
    own, what lies in the queue of one of their roles, and what their own patients need that nobody owns."""
    access = request.access
    in_care = Patient.objects.in_care().filter(pk=OuterRef("patient_id"))
    steps = NextStep.objects.filter(
        Exists(in_care), team_id__in=access.team_ids, closed_at__isnull=True
    ).select_related("owner", "patient__team")
    if access.has_role(Role.NURSE_COORDINATOR) or access.has_role(Role.TEAM_LEAD):
        return steps
    roles = {role for held in access.roles.values() for role in held}
    return steps.filter(Q(owner=request.user) | Q(owner__isnull=True, owner_role__in=roles))


def _counts(steps: QuerySet[NextStep], today: date) -> Counter[str]:
    """Steps due within the week, by kind: one pass over them, whatever the number of tabs."""
    rows = steps.filter(due_on__lte=today + WEEK).order_by().values("kind").annotate(near=Count("pk"))
    return Counter({row["kind"]: row["near"] for row in rows})


def _without_step(request: SignedInRequest, today: date) -> tuple[int, list[PatientRow]]:
    """How many patients in care have no next step (counted up to `NET_CAP`), and a few of them."""
    patients = Patient.objects.visible_to(request.user)
    ids = ids_without_step(patients.in_care(), NET_CAP)
    return len(ids), rows_for(list(patients.filter(pk__in=ids).order_by("sort_key", "pk")[:NET_SIZE]), today)


def _gaps(request: SignedInRequest, now: datetime) -> list[tuple[str, str, str]]:
    """The other lists of the safety net that are not empty: key, what they are, how many."""
    found = remembered_counts(asked_by(request.user, now))
    return [
        (str(net), str(net.label), f"{CAP}+" if found[net] > CAP else str(found[net]))
        for net in Net
        if net != Net.STEPS and found[net]
    ]


def _work_row(step: NextStep, row: PatientRow, today: date, absent: frozenset[int]) -> WorkRow:
    owner = f"Owner {step.owner}" if step.owner else "No owner yet"
    role = f", for the {step.get_owner_role_display().lower()}" if step.owner is None and step.owner_role else ""
    is_late = step.due_on is not None and step.due_on < today
    if step.owner is None and (is_late or not step.owner_role):
        kind, word = "red", "No owner"
    elif step.owner_id in absent:
        kind, word = "red", "Absent"
    elif is_late:
        kind, word = "red", "Overdue"
    elif step.due_on == today:
        kind, word = "amb", "Due"
    elif step.kind == StepKind.GOALS:
        kind, word = "amb", "Goals"
    else:
        kind, word = "acc", "Planned"
    return WorkRow(step, row, kind, word, f"{owner}{role}")


def _groups(rows: Iterable[WorkRow]) -> tuple[Group, ...]:
    """Highest risk first: work nobody is responsible for, then what is late, then the day, then what is to come."""
    risk: list[WorkRow] = []
    now: list[WorkRow] = []
    coming: list[WorkRow] = []
    undated: list[WorkRow] = []
    for work in rows:
        if work.kind == "red":
            risk.append(work)
        elif work.kind == "amb":
            now.append(work)
        else:
            (coming if work.step.due_on else undated).append(work)
    order = {"No owner": 0, "Absent": 1, "Overdue": 2}
    risk.sort(key=lambda work: (order[work.word], work.step.due_on or date.max))
    named = (
        ("At risk now", "nobody responsible first", risk),
        ("Today", "", now),
        ("Coming", "", coming),
        ("Without a date", "", undated),
    )
    return tuple(Group(title, note, tuple(group)) for title, note, group in named if group)


@signed_in("everybody has a workspace; it shows only what is theirs")
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    access = request.access
    today = access.home.local_date(now) if access.home else now.date()
    tab = request.GET.get("kind", "")
    kinds = next((kinds for key, _, kinds in KINDS if key == tab), None)
    steps = _scope(request)
    due = _counts(steps, today)
    counts = {key: sum(due[kind] for kind in kinds_) for key, _, kinds_ in KINDS}
    shown = steps.filter(kind__in=kinds) if kinds else steps
    is_team_list = access.has_role(Role.NURSE_COORDINATOR) or access.has_role(Role.TEAM_LEAD)
    # A team's list ends with the week; one's own shows everything, it is short.
    soon = shown.filter(Q(due_on__lte=today + WEEK) | Q(due_on__isnull=True)) if is_team_list else shown
    listed = list(soon.order_by(F("due_on").asc(nulls_last=True), "pk")[: LIST_SIZE + 1])
    rows = rows_for([step.patient for step in listed[:LIST_SIZE]], today)
    absent = absent_user_ids(today)
    work = [_work_row(step, row, today, absent) for step, row in zip(listed, rows, strict=False)]
    sees = access.may(Permission.PATIENT_VIEW)
    missing, without = _without_step(request, today) if sees else (0, [])
    later = shown.filter(due_on__gt=today + WEEK).order_by()[: LATER_CAP + 1].count() if is_team_list else 0
    inbox = list(InboxItem.objects.open().filter(recipient=request.user).order_by("-raised_at", "-pk")[:5])
    note_read(request, [w.step.patient_id for w in work] + [r.patient.pk for r in without])
    return render_page(
        request,
        "workspace/home.html",
        {
            "today": today,
            "groups": _groups(work),
            "cut": len(listed) > LIST_SIZE,
            "later": min(later, LATER_CAP),
            "more_later": later > LATER_CAP,
            "tabs": [
                Tab("All", "?", current=not kinds),
                *(Tab(label, f"?kind={key}", count=counts[key], current=tab == key) for key, label, _ in KINDS),
            ],
            "without": without,
            "missing": missing,
            "net_cap": NET_CAP,
            "gaps": _gaps(request, now) if is_team_list and sees else (),
            "inbox": inbox,
            "meetings": next_meetings(request.user, now) if sees else (),
            "is_team_list": is_team_list,
            "sees_patients": sees,
        },
        fragment="worklist",
    )
