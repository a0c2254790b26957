"""No sequence of events leaves surveillance running while hospice runs, and hospice stops no symptom care."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careteam.events.commands import announce, settle_pending
from careteam.events.rules import EventKind
from careteam.people.models import User
from careteam.people.rules import Role
from patients.care.commands import add as add_care
from patients.care.rules import DRAINAGE
from patients.imaging.commands import mark_stale, replan, start_plan
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.palliative import commands
from patients.palliative.queries import running_hospice
from patients.record.commands import add_entry, change_enrollment, record_death
from patients.record.commands.visits import book_visit
from patients.record.models import DiseaseStatus, Encounter, NextStep, Patient
from patients.record.rules import EnrollmentStatus
from patients.record.rules.visits import VisitKind
from patients.treatment import commands as treatment
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import EndReason, LineDraft
from tests.effort import EFFORT
from tests.factories import diagnosis, line, patient, person, team

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 23)


@dataclass
class World:
    someone: Patient
    by: User
    now: datetime

    def fresh(self) -> Patient:
        return Patient.objects.select_related("team").get(pk=self.someone.pk)

    def hospice(self) -> TreatmentLine:
        row = running_hospice(self.someone.pk)
        if row is None:
            raise ValidationError("no hospice care runs")
        return row

    # --- what may happen, in any order --------------------------------------------------------------------------------

    def plan(self) -> None:
        start_plan(self.fresh(), modality="ct", by=self.by, now=self.now, anchor_on=date(2026, 10, 1))

    def replan(self) -> None:
        replan(self.fresh(), by=self.by, now=self.now)

    def start(self) -> None:
        treatment.begin_line(self.fresh(), LineDraft(modality="hospice"), on=ON, by=self.by, now=self.now)

    def step_in(self) -> None:
        row = commands.prepare_hospice(self.fresh(), by=self.by, now=self.now)
        filled = {
            "comfort_goal": "Home",
            "prognosis_confirmed": True,
            "prognosis_by": "Dr Okafor",
            "prognosis_on": ON,
            "nobody_to_tell": True,
            "equipment": "Bed",
            "medication": "Morphine",
            "night_name": "Nurse",
            "night_phone": "1",
            "place": "home",
            "service": "North",
            "starts_on": ON,
            "code_reviewed_on": ON,
        }
        row = commands.save_hospice(row, filled, by=self.by, now=self.now)
        commands.finish_hospice(row, by=self.by, now=self.now)

    def imported(self) -> None:
        """Hospice care that an import brings: the row, and that the record changed."""
        line(self.fresh(), "hospice", agent="", started_on=ON, source="import")
        self.changed()

    def corrected(self) -> None:
        """Another line turns out to have been hospice care."""
        wrong = line(self.fresh(), "bsc", agent="", started_on=ON)
        treatment.correct_line(wrong, {"modality": "hospice"}, version=wrong.version, by=self.by, now=self.now)

    def hold(self) -> None:
        treatment.hold_line(self.hospice(), reason="In hospital", by=self.by, now=self.now)

    def leave(self) -> None:
        commands.leave_hospice(
            self.fresh(), on=ON, end=EndReason.PATIENT_CHOICE, reason="Better than thought", by=self.by, now=self.now
        )

    def withdrawn(self) -> None:
        treatment.enter_in_error(self.hospice(), reason="Another patient", by=self.by, now=self.now)

    def progression(self) -> None:
        values = {"assessed_on": ON, "category": "PD", "method": "clinical"}
        add_entry(self.fresh(), DiseaseStatus, values, by=self.by, now=self.now)

    def protocol(self) -> None:
        mark_stale(self.someone.team_id, ["S1"], by=None, now=self.now)

    def changed(self) -> None:
        announce(
            EventKind.RECORD_CHANGED, now=self.now, team_id=self.someone.team_id, patient_id=self.someone.pk, payload={}
        )

    def on_hold(self) -> None:
        self._enroll(EnrollmentStatus.ON_HOLD)

    def back(self) -> None:
        self._enroll(EnrollmentStatus.ACTIVE)

    def transferred(self) -> None:
        self._enroll(EnrollmentStatus.TRANSFERRED)

    def died(self) -> None:
        record_death(self.fresh(), on=ON, cause="Tumor", by=None, now=self.now)

    def _enroll(self, status: EnrollmentStatus) -> None:
        change_enrollment(self.fresh(), status, on=ON, reason="Moved", by=None, now=self.now)

    # --- what must hold -----------------------------------------------------------------------------------------------

    def surveillance(self) -> tuple[int, int]:
        plans = SurveillancePlan.objects.filter(patient=self.someone, stopped_on=None, error_at=None)
        studies = ImagingStudy.objects.valid().outstanding().filter(patient=self.someone, plan__isnull=False)
        return plans.count(), studies.count()

    def symptom_care(self) -> list[Any]:
        """Symptom drug, its doses ahead, visits booked, steps of drainage and visits."""
        lines = TreatmentLine.objects.filter(patient=self.someone, role="symptom_control").order_by("pk")
        doses = Administration.objects.filter(line__in=lines).order_by("pk")
        steps = NextStep.objects.filter(patient=self.someone, closed_at=None).order_by("pk")
        kept = [step.source_key for step in steps if step.source_key.split(":")[0] in {"care", "visit"}]
        visits = Encounter.objects.filter(patient=self.someone).order_by("pk")
        return [
            list(lines.values_list("pk", "status")),
            list(doses.values_list("pk", "status", "planned_on")),
            list(visits.values_list("pk", "status")),
            kept,
        ]


HAPPENS: dict[str, Callable[[World], None]] = {
    name: getattr(World, name)
    for name in (
        *("plan", "replan", "start", "step_in", "imported", "corrected", "hold", "leave", "withdrawn"),
        *("progression", "protocol", "changed", "on_hold", "back", "transferred", "died"),
    )
}
INTO_HOSPICE = frozenset({"start", "step_in", "imported", "corrected"})


def made(now: datetime) -> World:
    home = team()
    by = person(home, Role.ONCOLOGIST)
    someone = patient(home)
    diagnosis(someone)
    world = World(someone, by, now)
    world.plan()
    draft = LineDraft(modality="ssa", agent="Octreotide LAR", role="symptom_control", dose="30 mg", interval_days=28)
    treatment.begin_line(someone, draft, on=ON, by=by, now=now)
    soon = ON + timedelta(days=9)
    add_care(someone, DRAINAGE, {"noted_on": ON, "volume_ml": 3000, "follow_up_on": soon}, by=by, now=now)
    book_visit(someone, kind=VisitKind.HOME, at=now + timedelta(days=3), by=by, now=now)
    settle_pending(now=now)
    return world


def happens(world: World, name: str) -> None:
    """It happens, or is refused in words; then everybody who listens has heard."""
    try:
        with transaction.atomic():
            HAPPENS[name](world)
    except ValidationError:
        return
    settle_pending(now=world.now)


def holds(world: World, names: list[str]) -> None:
    for name in names:
        before = world.symptom_care()
        happens(world, name)
        if running_hospice(world.someone.pk) is not None:
            assert world.surveillance() == (0, 0), f"surveillance runs in hospice after {name} of {names}"
        if name in INTO_HOSPICE:
            assert world.symptom_care() == before, f"{name} of {names} stopped symptom care"


@given(st.lists(st.sampled_from(sorted(HAPPENS)), min_size=2, max_size=7))
@settings(max_examples=15 * EFFORT, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_leaves_surveillance_running_in_hospice(now: datetime, names: list[str]) -> None:
    with transaction.atomic():
        holds(made(now), names)
        transaction.set_rollback(True)


def test_sequences_that_go_in_and_out_of_hospice(now: datetime) -> None:
    """Chance alone seldom goes into hospice, out and in again: these do."""
    dice = random.Random(6)  # noqa: S311
    others = sorted(set(HAPPENS) - INTO_HOSPICE - {"died"})
    for way_in in sorted(INTO_HOSPICE):
        names = [way_in, "plan", *dice.sample(others, 4), "leave", "plan", way_in, "replan", "back", "died"]
        with transaction.atomic():
            holds(made(now), names)
            transaction.set_rollback(True)
