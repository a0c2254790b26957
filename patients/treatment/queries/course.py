"""One line with what surrounds its doses: labs, toxicities, washout, preparation, authorization."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from patients.treatment.models import (
    Administration,
    AdverseEvent,
    Authorization,
    DoseCheck,
    PreparationStep,
    TreatmentLine,
    TreatmentSite,
    WashoutDecision,
)
from patients.treatment.queries.labs import judged, lab_values, labs_before, limits_of
from patients.treatment.rules import (
    LAB_SETS,
    LAB_TERMS,
    RUNNING_STATUSES,
    Activity,
    AdministrationStatus,
    Conflict,
    Injection,
    LabCheck,
    Limit,
    Modality,
    Modification,
    Toxicity,
    conflicts,
    full,
    modification,
    plan_class,
    week_of,
)

if TYPE_CHECKING:
    from patients.record.models import Patient

AHEAD_STATUSES = (AdministrationStatus.PLANNED, AdministrationStatus.HELD)
LOOK_BACK = 90  # days of given injections that can still matter for a dose to come


@dataclass(frozen=True)
class WashoutRow:
    """A conflict with its two rows and what was decided about it last."""

    conflict: Conflict
    dose: Administration
    injection: Administration
    decided: WashoutDecision | None = None


@dataclass(frozen=True)
class DoseRow:
    """One dose: its preparation, the labs it was given with, and where its site is full."""

    dose: Administration
    check: DoseCheck | None
    steps: tuple[PreparationStep, ...]
    capacity: str = ""


@dataclass(frozen=True)
class Course:
    """What the page of a line shows beside the line itself. `judged` False: decision support is off."""

    doses: tuple[DoseRow, ...]
    toxicities: tuple[AdverseEvent, ...]
    next_dose: Administration | None
    labs: tuple[LabCheck, ...]
    washout: tuple[WashoutRow, ...]
    modification: Modification | None
    authorization: Authorization | None
    site: TreatmentSite | None
    is_prepared: bool
    short_acting: tuple[TreatmentLine, ...]
    judged: bool

    @property
    def steps(self) -> tuple[PreparationStep, ...]:
        """Every step of every dose, in order of their days."""
        return tuple(sorted((step for row in self.doses for step in row.steps), key=lambda s: (s.due_on, s.pk)))


def sites_of(team_id: int) -> list[TreatmentSite]:
    return list(TreatmentSite.objects.filter(team_id=team_id, is_active=True).order_by("name"))


def site_of(line: TreatmentLine) -> TreatmentSite | None:
    """The site that the line's plan names."""
    place = line.plan.get("place")
    if not place:
        return None
    return TreatmentSite.objects.filter(pk=place, team_id=line.patient.team_id).first()


def _taken(site: TreatmentSite, days: Sequence[date]) -> Counter[date]:
    """Doses at the site by day, over the weeks of these days (one query)."""
    if not days:
        return Counter()
    planned, given = Q(), Q()
    for monday, sunday in {week_of(day) for day in days}:
        planned |= Q(status=AdministrationStatus.PLANNED, planned_on__range=(monday, sunday))
        given |= Q(status=AdministrationStatus.GIVEN, given_on__range=(monday, sunday))
    rows = Administration.objects.valid().filter(planned | given, line__plan__place=site.pk)
    rows = rows.filter(patient__team_id=site.team_id)
    return Counter(given_on or planned_on for planned_on, given_on in rows.values_list("planned_on", "given_on"))


def capacity_words(site: TreatmentSite, doses: Sequence[Administration]) -> dict[int, str]:
    """{dose id: sentence} for planned doses that find the site full; the dose itself does not count."""
    ahead = [dose for dose in doses if dose.status == AdministrationStatus.PLANNED]
    if not ahead or not (site.per_day or site.per_week):
        return {}
    taken = _taken(site, [dose.planned_on for dose in ahead])
    found = {}
    for dose in ahead:
        monday, _ = week_of(dose.planned_on)
        week = sum(taken[monday + timedelta(days=n)] for n in range(7)) - 1
        words = full(
            site.name,
            dose.planned_on,
            day=site.per_day,
            week=site.per_week,
            taken_day=taken[dose.planned_on] - 1,
            taken_week=week,
        )
        if words:
            found[dose.pk] = words
    return found


def is_long_acting(line: TreatmentLine) -> bool:
    """Whether the line is a long-acting somatostatin analog."""
    return line.modality == Modality.SSA and "ssa" in plan_class(line.modality, line.agent).interval


def washout_of(patient_id: int, limits: Mapping[str, Limit], *, today: date) -> tuple[WashoutRow, ...]:
    """Long-acting injections too near before PRRT doses to come, with what was decided (two queries)."""
    doses = list(
        Administration.objects.valid()
        .filter(patient_id=patient_id, line__modality__in=[Modality.PRRT, Modality.SSA])
        .filter(
            Q(status__in=AHEAD_STATUSES, line__status__in=RUNNING_STATUSES)
            | Q(status=AdministrationStatus.GIVEN, given_on__gte=today - timedelta(days=LOOK_BACK))
        )
        .select_related("line")
        .order_by("planned_on", "pk")
    )
    by_id = {dose.pk: dose for dose in doses}
    activities, injections = series(doses)
    found = conflicts(activities, injections, needed=int(limits["washout.long"].value))
    if not found:
        return ()
    decided: dict[tuple[int, int], WashoutDecision] = {}
    for row in (
        WashoutDecision.objects.valid().filter(patient_id=patient_id).select_related("created_by").order_by("pk")
    ):
        decided[row.dose_id, row.injection_id] = row
    return tuple(
        WashoutRow(
            conflict,
            by_id[conflict.activity.id],
            by_id[conflict.injection.id],
            decided.get((conflict.activity.id, conflict.injection.id)),
        )
        for conflict in found
    )


def series(doses: Sequence[Administration]) -> tuple[list[Activity], list[Injection]]:
    """The PRRT doses and the long-acting injections among these rows."""
    activities, injections = [], []
    for dose in doses:
        given = dose.status == AdministrationStatus.GIVEN
        on = dose.given_on or dose.planned_on
        if dose.line.modality == Modality.PRRT:
            activities.append(Activity(dose.pk, on, given))
        elif is_long_acting(dose.line):
            injections.append(Injection(dose.pk, on, given))
    return activities, injections


def _delayed(doses: Sequence[Administration], today: date) -> int | None:
    """How long the next dose has been waiting beyond the day first planned for it."""
    ahead = next((dose for dose in doses if dose.status in AHEAD_STATUSES), None)
    if ahead is None:
        return None
    first = ahead.moved_from or ahead.planned_on
    return max(0, (max(today, ahead.planned_on) - first).days) if ahead.planned_on != first or today > first else 0


def course_of(line: TreatmentLine, patient: Patient, *, today: date) -> Course:
    """The line's course; twelve queries at most, whatever the number of doses."""
    limits = limits_of(patient.team_id)
    doses = list(Administration.objects.valid().filter(line=line).order_by("number", "pk"))
    checks = {
        row.dose_id: row for row in DoseCheck.objects.valid().filter(dose__line=line).select_related("created_by")
    }
    steps: dict[int, list[PreparationStep]] = defaultdict(list)
    for step in (
        PreparationStep.objects.valid()
        .filter(dose__line=line)
        .select_related("owner", "done_by", "site")
        .order_by("due_on", "pk")
    ):
        steps[step.dose_id].append(step)
    toxicities = tuple(AdverseEvent.objects.valid().filter(line=line).order_by("resolved_on", "-noticed_on", "-pk"))
    upcoming = next((dose for dose in doses if dose.status in AHEAD_STATUSES), None)
    plan = plan_class(line.modality, line.agent)
    is_prrt = line.modality == Modality.PRRT
    site = site_of(line)
    full_days = capacity_words(site, doses) if site else {}
    values = {}
    if upcoming is not None or is_prrt:
        codes = {term.code for term in LAB_TERMS} if is_prrt else set()
        labs = LAB_SETS.get(plan.labs)
        codes |= {need.code for need in labs.needs} if labs else set()
        values = lab_values(patient, codes, on=today) if codes else {}
    watches_washout = is_prrt or line.modality == Modality.SSA
    washout = washout_of(patient.pk, limits, today=today) if watches_washout else ()
    running = line.status in RUNNING_STATUSES
    return Course(
        doses=tuple(
            DoseRow(dose, checks.get(dose.pk), tuple(steps[dose.pk]), full_days.get(dose.pk, "")) for dose in doses
        ),
        toxicities=toxicities,
        next_dose=upcoming,
        labs=labs_before(line, on=max(today, upcoming.planned_on), limits=limits, values=values)
        if upcoming is not None
        else (),
        washout=tuple(row for row in washout if line.pk in {row.dose.line_id, row.injection.line_id}),
        modification=modification(
            [Toxicity(row.term, row.grade, row.noticed_on, row.resolved_on) for row in toxicities],
            values,
            limits,
            delayed_days=_delayed(doses, today),
        )
        if is_prrt and running and judged()
        else None,
        authorization=Authorization.objects.valid().filter(line=line).select_related("created_by").first(),
        site=site,
        is_prepared="place" in plan.columns,
        short_acting=tuple(
            TreatmentLine.objects.valid()
            .running()
            .filter(patient=patient, modality=Modality.SSA, agent__icontains="short")
        )
        if is_prrt
        else (),
        judged=judged(),
    )
