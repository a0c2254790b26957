"""A death that was recorded by mistake is taken back, with everything that it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from careteam.audit.models import AuditEvent
from careteam.people.models import User
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt
from patients.goals.rules import PromptReason
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.palliative import commands as palliative
from patients.palliative.models import BereavementTask
from patients.record import commands
from patients.record.models import Enrollment, NextStep, Patient
from patients.treatment.models import Administration, TreatmentLine
from tests import factories
from tests.factories import goals

pytestmark = pytest.mark.django_db
Captured = Callable[..., Any]


@pytest.fixture
def doctor() -> User:
    return factories.person(factories.team(), Role.ONCOLOGIST)


@pytest.fixture
def someone(doctor: User) -> Patient:
    return factories.patient(doctor.memberships.get().team)


def _open(patient: Patient) -> set[str]:
    rows = NextStep.objects.filter(patient=patient, closed_at__isnull=True)
    return {key.split(":")[0] for key in rows.values_list("source_key", flat=True)}


def test_what_a_mistaken_death_ended_stands_again(
    client: Client, doctor: User, someone: Patient, django_capture_on_commit_callbacks: Captured
) -> None:
    """Recorded and taken back on the page: line and dose, plan and booked scan, prompt, own step, enrollment."""
    now = timezone.now()
    today = someone.team.local_date(now)
    line = factories.line(someone, started_on=today - timedelta(60))
    dose = Administration.objects.create(patient=someone, line=line, number=3, planned_on=today + timedelta(5))
    plan = factories.plan(someone, interval_days=90, anchor_on=today - timedelta(80))
    slot = now + timedelta(days=10)
    scan = factories.study(
        someone,
        plan=plan,
        status="scheduled",
        due_on=today + timedelta(10),
        ordered_at=now,
        scheduled_for=slot,
        place="Radiology",
    )
    prompt = goals.prompt(someone, PromptReason.WISH, key="wish:1", now=now)
    commands.set_step(someone, what="Call the daughter", owner=doctor, due_on=today, by=doctor, now=now)
    commands.open_step(someone, kind="visit", source_key="told:1", what="Tell the patient", now=now)  # type: ignore[arg-type]
    client.force_login(doctor)
    page = reverse("patient-death", args=[someone.pk])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page, {"on": today.isoformat(), "place": "home", "version": someone.version})
    someone.refresh_from_db()
    assert (someone.is_deceased, _open(someone)) == (True, set())

    wrong = reverse("patient-death-error", args=[someone.pk])
    assert f'href="{wrong}"' in client.get(page).text
    assert client.post(wrong, {"reason": " "}).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(wrong, {"reason": "Other patient of that name"}).status_code == 303

    someone.refresh_from_db()
    assert (someone.deceased_on, someone.death_place, someone.is_in_care) == (None, "", True)
    held = Enrollment.objects.valid().filter(patient=someone).order_by("pk").values_list("status", "started_on")
    assert list(held) == [("active", date(2024, 1, 1)), ("active", today)]
    assert TreatmentLine.objects.values_list("status", "ended_on", "end_reason").get() == ("active", None, "")
    assert Administration.objects.filter(pk=dose.pk).values_list("status", "reason").get() == ("planned", "")
    assert SurveillancePlan.objects.values_list("stopped_on", "stop_reason").get() == (None, "")
    kept = ImagingStudy.objects.get()
    assert (kept.pk, kept.status, kept.close_reason, kept.scheduled_for) == (scan.pk, "scheduled", "", slot)
    asked = GoalsPrompt.objects.exclude(pk=prompt.pk).get()
    assert (asked.status, list(asked.reasons.values_list("source_key", flat=True))) == ("open", ["wish:1"])
    # the prompt that died is not asked beside the new one, nobody is asked to begin surveillance anew
    assert NextStep.objects.filter(source_key=f"prompt:{prompt.pk}", closed_at=None).count() == 0
    assert _open(someone) == {"line", "study", "prepare", "prompt", "own", "told"}
    own = NextStep.objects.filter(patient=someone, source_key__startswith="own:", closed_at=None).order_by("pk")
    assert [step.what.split(":")[0] for step in own] == ["Call the daughter", "Death recorded by mistake"]
    assert AuditEvent.objects.get(action="record.withdraw_death").reason == "Other patient of that name"


def test_the_family_of_the_living_is_not_bereaved(
    doctor: User, someone: Patient, now: datetime, django_capture_on_commit_callbacks: Captured
) -> None:
    """Tasks end with their trace, done ones too, and a later death is followed up anew; hospice care goes on."""
    brandt = factories.person(someone.team, Role.PALLIATIVE)
    factories.contact(someone)
    hospice = factories.line(someone, "hospice", agent="", role="supportive", started_on=date(2026, 11, 20))
    on = now.date()
    with django_capture_on_commit_callbacks(execute=True):
        commands.record_death(someone, on=on, cause="", by=doctor, now=now)
    call = BereavementTask.objects.get(kind="call")
    palliative.answer_bereavement(call, "done", by=brandt, now=now)  # type: ignore[arg-type]
    with django_capture_on_commit_callbacks(execute=True):
        commands.withdraw_death(someone, reason="She is alive", by=doctor, now=now)
    assert BereavementTask.objects.valid().count() == 0
    voided = BereavementTask.objects.values_list("error_reason", flat=True).distinct()
    assert list(voided) == ["The death was recorded by mistake: She is alive"]
    assert TreatmentLine.objects.get(pk=hospice.pk).status == "active"
    with django_capture_on_commit_callbacks(execute=True):
        commands.record_death(someone, on=on, cause="", by=doctor, now=now)
    assert BereavementTask.objects.valid().filter(status="open").count() == 3


def test_the_state_before_the_death_holds_again(doctor: User, now: datetime) -> None:
    """Who was on hold is on hold; nobody is taken into care by the way."""
    paused = factories.patient(doctor.memberships.get().team, status="on_hold")
    commands.record_death(paused, on=now.date(), cause="", by=doctor, now=now)
    with pytest.raises(ValidationError, match="take the death back first"):
        commands.change_enrollment(paused, "active", on=now.date(), by=doctor, now=now)  # type: ignore[arg-type]
    paused = commands.withdraw_death(paused, reason="Other patient", by=doctor, now=now)
    assert (paused.enrollment_status, paused.is_deceased, _open(paused)) == ("on_hold", False, set())
    with pytest.raises(ValidationError, match="No death is recorded"):
        commands.withdraw_death(paused, reason="Other patient", by=doctor, now=now)


def test_what_ended_before_the_death_stays_ended(
    doctor: User, someone: Patient, now: datetime, django_capture_on_commit_callbacks: Captured
) -> None:
    """A line that a person stopped, and a dose that was canceled for another reason, are not touched."""
    stopped = factories.line(someone, status="stopped", ended_on=date(2026, 6, 1), end_reason="toxicity")
    running = factories.line(someone, "targeted", agent="Everolimus")
    came_ended = factories.line(
        someone, "chemo", agent="CAPTEM", status="stopped", ended_on=now.date(), end_reason="death", source="fhir"
    )
    dose = Administration.objects.create(
        patient=someone, line=running, number=1, planned_on=now.date(), status="cancelled", reason="Abroad"
    )
    with django_capture_on_commit_callbacks(execute=True):
        commands.record_death(someone, on=now.date(), cause="", by=doctor, now=now)
    with django_capture_on_commit_callbacks(execute=True):
        commands.withdraw_death(someone, reason="Other patient", by=doctor, now=now)
    assert [TreatmentLine.objects.get(pk=pk).status for pk in (stopped.pk, running.pk)] == ["stopped", "active"]
    assert TreatmentLine.objects.get(pk=came_ended.pk).status == "active"  # nobody has died of whom a file says so
    assert Administration.objects.get(pk=dose.pk).status == "cancelled"
