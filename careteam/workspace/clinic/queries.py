"""Who comes on a day: visits, doses, starts and scans of patients in care, and what is open for each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Max, Q
from django.urls import reverse

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from careteam.workspace.clinic.rules import Comer, Open, OpenItem, Reason, in_order
from careteam.workspace.coming.queries import Scope, within
from careteam.workspace.coming.rules import Entry, Kind, Window
from careteam.workspace.patients import rows_for
from patients.goals.models import GoalsDraft, GoalsPrompt
from patients.goals.queries.state import prompt_now, with_reasons
from patients.goals.rules import PromptStatus
from patients.imaging.models import ImagingStudy
from patients.protocol.queries import numbers
from patients.record.models import Encounter, Measurement, NextStep, Patient
from patients.record.rules import MEASURES, StepKind
from patients.record.rules.visits import NOT_COMING, VisitKind, VisitStatus, visit_status
from patients.treatment.rules import Modality
from tumorboard.actions.models import Action
from tumorboard.actions.queries import in_force
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import DecisionStatus

if TYPE_CHECKING:
    from careteam.people.models import User

Found = Iterator[tuple[int, OpenItem]]

# What is dated but brings nobody: the board meets, a step is done in the office. Labs are drawn where they are.
NO_VISIT = frozenset({Kind.MEETING, Kind.PREPARATION})
MOST = 500  # entries of one source on one day

# What must be known before a dose of the modality, and which protocol number says how old it may be.
LABS_BEFORE: dict[str, tuple[str, tuple[str, ...]]] = {
    Modality.PRRT: ("prrt.lab_age", ("718-7", "6690-2", "777-3", "2160-0", "1975-2", "1751-7")),
}


@dataclass(frozen=True)
class ClinicDay:
    """Whose day: the person who looks, their teams, the day where the team is."""

    user: User
    team_ids: frozenset[int]
    zone: ZoneInfo
    on: date
    today: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        start = datetime.combine(self.on, time.min, self.zone)
        return start, datetime.combine(self.on + timedelta(days=1), time.min, self.zone)


def who_comes(day: ClinicDay) -> list[Comer]:
    """Everybody who comes, by hour. The number of queries does not depend on how many they are."""
    reasons: dict[int, list[Reason]] = defaultdict(list)
    for patient_id, reason in _visits(day):
        reasons[patient_id].append(reason)
    entries = _appointments(day)
    for entry in entries:
        if entry.patient_id is not None:
            reasons[entry.patient_id].append(Reason(entry.what, entry.url, entry.at, entry.is_done))
    ids = sorted(reasons)
    items: dict[int, list[OpenItem]] = defaultdict(list)
    open_items = [source(day, ids) for source in (_prompts, _scans, _told, _actions, _drafts)]
    for patient_id, item in chain(_labs(day, entries), *open_items):
        items[patient_id].append(item)
    patients = list(Patient.objects.filter(pk__in=ids).select_related("team"))
    order = {kind: n for n, kind in enumerate(Open)}
    return in_order(
        Comer(
            row,
            tuple(sorted(reasons[row.patient.pk], key=lambda r: (r.at is None, r.at.timestamp() if r.at else 0.0))),
            tuple(sorted(items[row.patient.pk], key=lambda item: order[item.kind])),
        )
        for row in rows_for(patients, day.today)
    )


def _visits(day: ClinicDay) -> Iterable[tuple[int, Reason]]:
    start, end = day.moments
    visits = (
        Encounter.objects.valid()
        .filter(
            starts_at__gte=start,
            starts_at__lt=end,
            patient__in=Patient.objects.in_care().filter(team_id__in=day.team_ids),
        )
        .exclude(status__in=NOT_COMING)
        .order_by("starts_at", "pk")
    )
    words = dict(VisitKind.choices)
    for visit in visits:
        kind = words.get(visit.kind, visit.kind.capitalize() or "Visit")
        what = ", ".join(part for part in (kind, visit.reason, visit.with_whom) if part)
        at = visit.starts_at.astimezone(day.zone)
        is_done = visit_status(visit.status) is VisitStatus.CAME
        url = reverse("patient", args=[visit.patient_id])
        yield visit.patient_id, Reason(what, url, at, is_done, visit.pk, visit.version)


def _appointments(day: ClinicDay) -> list[Entry]:
    """Doses, starts and scans of the day, as the calendar of the coming weeks has them."""
    scope = Scope(day.user, day.team_ids, day.zone, day.today, Window(day.on, weeks=0), limit=MOST)
    return [entry for found in within(scope) for entry in found.entries if entry.kind not in NO_VISIT]


def _prompts(day: ClinicDay, ids: Collection[int]) -> Found:
    prompts = GoalsPrompt.objects.valid().filter(patient_id__in=ids, status=PromptStatus.OPEN)
    for prompt in with_reasons(prompts).order_by("pk"):
        words = prompt_now(prompt, day.today).words
        yield prompt.patient_id, OpenItem(Open.GOALS, words, reverse("goals-panel", args=[prompt.patient_id]))


def _labs(day: ClinicDay, entries: Iterable[Entry]) -> Found:
    """Labs that a dose of the day needs and that are missing, or older than the team's protocol allows."""
    due = [entry for entry in entries if entry.modality in LABS_BEFORE and not entry.is_done]
    if not due:
        return
    known = numbers(min(day.team_ids))
    rows = (
        Measurement.objects.valid()
        .filter(
            patient_id__in={entry.patient_id for entry in due},
            code__in={code for entry in due for code in LABS_BEFORE[entry.modality][1]},
            value__isnull=False,
        )
        .values_list("patient_id", "code")
        .annotate(latest=Max("taken_at"))
    )
    latest = {(patient_id, code): taken for patient_id, code, taken in rows}
    for entry in due:
        patient_id = entry.patient_id or 0
        age, codes = LABS_BEFORE[entry.modality]
        oldest = day.on - timedelta(days=known[age].days)
        missing = []
        for code in codes:
            taken = latest.get((patient_id, code))
            if taken is None or taken.astimezone(day.zone).date() < oldest:
                missing.append(MEASURES[code].label)
        if missing:
            url = reverse("record-add", args=[patient_id, "measurement"])
            yield patient_id, OpenItem(Open.LABS, f"{', '.join(missing)} within {known[age].days} days", url)


def _scans(day: ClinicDay, ids: Collection[int]) -> Found:
    reviews = access_of(day.user).may(Permission.IMAGING_REVIEW)
    for study in ImagingStudy.objects.valid().unreviewed().filter(patient_id__in=ids).order_by("pk"):
        url = reverse("study-review" if reviews else "study-page", args=[study.pk])
        yield study.patient_id, OpenItem(Open.SCAN, f"Review {study}", url)


def _told(day: ClinicDay, ids: Collection[int]) -> Found:  # noqa: ARG001  # one signature for all sources
    steps = NextStep.objects.filter(
        patient_id__in=ids, kind=StepKind.TOLD, source_key__startswith="told:", closed_at__isnull=True
    )
    for step in steps.order_by("pk"):
        yield step.patient_id, OpenItem(Open.TOLD, step.what, step.url)


def _actions(day: ClinicDay, ids: Collection[int]) -> Found:
    due = Action.objects.valid().open().filter(in_force(), patient_id__in=ids, due_on__lte=day.on)
    for action in due.select_related("owner").order_by("due_on", "pk"):
        what = f"{action.what} ({action.owner})"
        yield action.patient_id, OpenItem(Open.ACTION, what, reverse("action-close", args=[action.pk]))


def _drafts(day: ClinicDay, ids: Collection[int]) -> Found:
    for patient_id in GoalsDraft.objects.filter(author=day.user, patient_id__in=ids).values_list(
        "patient_id", flat=True
    ):
        url = reverse("goals-new", args=[patient_id])
        yield patient_id, OpenItem(Open.DRAFT, "Your goals conversation, not signed", url)
    written = Decision.objects.valid().filter(Q(recorded_by=day.user), patient_id__in=ids, status=DecisionStatus.DRAFT)
    for decision in written.order_by("pk"):
        url = reverse("decision", args=[decision.pk])
        yield decision.patient_id, OpenItem(Open.DRAFT, "Board decision you recorded, not signed", url)
