"""What is open for somebody who comes. A further kind is one more entry of `SOURCES`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import CharField, Exists, Max, OuterRef, Q, QuerySet, Value
from django.urls import reverse

from careteam.access.queries import access_of
from careteam.people.rules import Permission
from careteam.workspace.clinic.queries.day import ClinicDay
from careteam.workspace.clinic.rules import Open, OpenItem
from careteam.workspace.coming.queries.doses import planned_dose_rows, start_rows
from careteam.workspace.coming.rules import Window
from patients.care.rules import PSYCHOSOCIAL
from patients.goals.models import GoalsDraft, GoalsPrompt
from patients.goals.queries.state import goals_summary, prompt_now, with_reasons
from patients.goals.rules import PromptStatus
from patients.imaging.models import ImagingStudy
from patients.protocol.queries import numbers
from patients.record.models import Measurement, NextStep, among
from patients.record.rules import StepKind
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LAB_SETS, LabSet, plan_class
from patients.wishes.models import Wish
from patients.wishes.rules import LIMITING, PROCEDURES, WishKind, limits_shown
from tumorboard.actions.models import Action
from tumorboard.actions.queries import in_force
from tumorboard.decisions.models import Decision
from tumorboard.decisions.rules import DecisionStatus

Ids = frozenset[int]


@dataclass(frozen=True)
class Source:
    """One kind of open work: rows with a `patient_id`, and each of them in words."""

    kind: Open
    rows: Callable[[ClinicDay, Ids], QuerySet[Any]]
    item: Callable[[ClinicDay, Any], OpenItem]


def _prompts(_day: ClinicDay, ids: Ids) -> QuerySet[Any]:
    return GoalsPrompt.objects.valid().filter(patient_id__in=among(ids), status=PromptStatus.OPEN)


def _prompt(day: ClinicDay, prompt: GoalsPrompt) -> OpenItem:
    reasons = prompt_now(prompt, day.today).by_urgency
    words, lead = ", ".join(reason.words for reason in reasons), reasons[0].words if reasons else ""
    return OpenItem(Open.GOALS, words, reverse("goals-panel", args=[prompt.patient_id]), lead)


def _scans(_day: ClinicDay, ids: Ids) -> QuerySet[Any]:
    return ImagingStudy.objects.valid().unreviewed().filter(patient_id__in=among(ids))


def _scan(day: ClinicDay, study: ImagingStudy) -> OpenItem:
    reviews = access_of(day.user).may(Permission.IMAGING_REVIEW)
    return OpenItem(Open.SCAN, f"Review {study}", reverse("study-review" if reviews else "study-page", args=[study.pk]))


def _steps(ids: Ids, *keys: str) -> QuerySet[Any]:
    wanted = Q()
    for key in keys:
        wanted |= Q(source_key__startswith=key)
    return NextStep.objects.filter(wanted, patient_id__in=among(ids), closed_at__isnull=True)


def _symptoms(_day: ClinicDay, ids: Ids) -> QuerySet[Any]:
    """Severe scores and calls that nobody has answered, distress that waits for the psychosocial pathway."""
    return _steps(ids, "symptoms:", "call:", f"care:{PSYCHOSOCIAL}")


def _symptom(_day: ClinicDay, step: NextStep) -> OpenItem:
    return OpenItem(Open.SYMPTOM, step.what, step.url)


def _told(_day: ClinicDay, ids: Ids) -> QuerySet[Any]:
    return _steps(ids, "told:").filter(kind=StepKind.TOLD)


def _telling(_day: ClinicDay, step: NextStep) -> OpenItem:
    return OpenItem(Open.TOLD, step.what, step.url)


def _actions(day: ClinicDay, ids: Ids) -> QuerySet[Any]:
    return Action.objects.valid().open().filter(in_force(), patient_id__in=among(ids), due_on__lte=day.on)


def _action(_day: ClinicDay, action: Action) -> OpenItem:
    return OpenItem(Open.ACTION, f"{action.what} ({action.owner})", reverse("action-close", args=[action.pk]))


def _goals_drafts(day: ClinicDay, ids: Ids) -> QuerySet[Any]:
    return GoalsDraft.objects.filter(author=day.user, patient_id__in=among(ids))


def _goals_draft(_day: ClinicDay, draft: GoalsDraft) -> OpenItem:
    url = reverse("goals-new", args=[draft.patient_id])
    return OpenItem(Open.DRAFT, "Your goals conversation, not signed", url)


def _decision_drafts(day: ClinicDay, ids: Ids) -> QuerySet[Any]:
    return Decision.objects.valid().filter(recorded_by=day.user, patient_id__in=among(ids), status=DecisionStatus.DRAFT)


def _decision_draft(_day: ClinicDay, decision: Decision) -> OpenItem:
    url = reverse("decision", args=[decision.pk])
    return OpenItem(Open.DRAFT, "Board decision you recorded, not signed", url)


SOURCES = (
    Source(Open.GOALS, _prompts, _prompt),
    Source(Open.SCAN, _scans, _scan),
    Source(Open.SYMPTOM, _symptoms, _symptom),
    Source(Open.TOLD, _told, _telling),
    Source(Open.ACTION, _actions, _action),
    Source(Open.DRAFT, _goals_drafts, _goals_draft),
    Source(Open.DRAFT, _decision_drafts, _decision_draft),
)


Computed = Mapping[int, Sequence[OpenItem]]


def ids_by_kind(day: ClinicDay, ids: Ids, computed: Computed) -> dict[Open, set[int]]:
    """Of these, who has which kind of work open; `computed` as `computed_items` has it. One query."""
    parts = [
        source.rows(day, ids)
        .order_by()
        .annotate(of_kind=Value(str(source.kind), CharField()))
        .values_list("patient_id", "of_kind")
        for source in SOURCES
    ]
    found: dict[Open, set[int]] = defaultdict(set)
    for patient_id, items in computed.items():
        for item in items:
            found[item.kind].add(patient_id)
    for patient_id, kind in parts[0].union(*parts[1:]):
        found[Open(kind)].add(patient_id)
    return found


def items_of(day: ClinicDay, ids: Ids, computed: Computed) -> dict[int, list[OpenItem]]:
    """What is open for each of these, in words, with the page where it is done."""
    items: dict[int, list[OpenItem]] = defaultdict(list)
    for source in SOURCES:
        rows = source.rows(day, ids).order_by("pk")
        if source.kind == Open.GOALS:
            rows = with_reasons(rows)
        if source.kind == Open.ACTION:
            rows = rows.select_related("owner").order_by("due_on", "pk")
        for row in rows:
            items[row.patient_id].append(source.item(day, row))
    for patient_id in ids & computed.keys():
        items[patient_id].extend(computed[patient_id])
    return items


def computed_items(day: ClinicDay, ids: Ids) -> dict[int, list[OpenItem]]:
    """What stands in no row and is computed for what happens on the day: labs, the review of the code status."""
    found: dict[int, list[OpenItem]] = defaultdict(list)
    for patient_id, item in (*_labs(day, ids), *_code_status(day, ids)):
        found[patient_id].append(item)
    return dict(found)


def _code_status(day: ClinicDay, ids: Ids) -> Iterator[tuple[int, OpenItem]]:
    """DNR, DNI or limits that nobody has reviewed for the procedure of the day, for those who may review them."""
    if not access_of(day.user).may(Permission.GOALS_DOCUMENT):
        return
    scope = day.scope(Window(day.on, weeks=0), ids)
    of_day = Q(pk__in=planned_dose_rows(scope).order_by().values("line_id")) | Q(
        pk__in=start_rows(scope).order_by().values("pk")
    )
    limiting = Q(kind=WishKind.LIMIT) | Q(kind=WishKind.CODE_STATUS, code__in=LIMITING)
    limited = Wish.objects.valid().filter(limiting, patient_id=OuterRef("patient_id"), ended_on__isnull=True)
    lines = list(TreatmentLine.objects.filter(of_day, Exists(limited), modality__in=PROCEDURES).order_by("pk"))
    if not lines:
        return
    goals = goals_summary({line.patient_id for line in lines}, day.today)
    for line in lines:
        now = goals[line.patient_id]
        if now.has_limits and line.pk not in now.reviewed_lines:
            said = limits_shown(now.code_status, now.limit_words)
            url = reverse("review-new", args=[line.patient_id, line.pk])
            yield line.patient_id, OpenItem(Open.CODE, f"Review before {line.label}: {said}", url)


def _labs(day: ClinicDay, ids: Ids) -> Iterator[tuple[int, OpenItem]]:
    """Labs that a dose of the day needs and that are missing, or older than the team's protocol allows."""
    doses = planned_dose_rows(day.scope(Window(day.on, weeks=0), ids))
    needed: dict[tuple[int, int], LabSet] = {}
    for patient_id, team_id, modality, agent in doses.values_list(
        "patient_id", "patient__team_id", "line__modality", "line__agent"
    ):
        labs = LAB_SETS.get(plan_class(modality, agent).labs)
        if labs is not None:
            needed[patient_id, team_id] = labs
    if not needed:
        return
    known = {team_id: numbers(team_id) for team_id in {team_id for _patient_id, team_id in needed}}
    days = {key: known[key[1]][labs.age].days for key, labs in needed.items()}
    latest = _latest(day, {key[0] for key in needed}, needed.values(), max(days.values()))
    for (patient_id, team_id), labs in needed.items():
        allowed = days[patient_id, team_id]
        oldest = day.on - timedelta(days=allowed)
        missing = [need.label for need in labs.needs if latest.get((patient_id, need.drawn), date.min) < oldest]
        if missing:
            url = reverse("record-labs", args=[patient_id])
            yield patient_id, OpenItem(Open.LABS, f"{', '.join(missing)} within {allowed} days", url)


def _latest(day: ClinicDay, ids: set[int], sets: Any, within: int) -> dict[tuple[int, str], date]:
    """By patient and code: the day of the newest value, looking back no further than any of the sets does."""
    since = datetime.combine(day.on - timedelta(days=within), time.min, day.zone)
    until = datetime.combine(day.on + timedelta(days=1), time.min, day.zone)
    codes = {need.drawn for labs in sets for need in labs.needs}
    rows = (
        Measurement.objects.valid()
        .filter(patient_id__in=among(ids), code__in=codes, value__isnull=False, taken_at__gte=since, taken_at__lt=until)
        .order_by()
        .values_list("patient_id", "code")
        .annotate(latest=Max("taken_at"))
    )
    return {(patient_id, code): taken.astimezone(day.zone).date() for patient_id, code, taken in rows}
