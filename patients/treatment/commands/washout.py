"""What is done about an injection too near before a PRRT dose."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.record.commands import close_step, open_step
from patients.record.queries import responsible_clinician
from patients.record.rules import StepKind
from patients.treatment import policies
from patients.treatment.commands.doses import delay_administration
from patients.treatment.commands.steps import refresh_step
from patients.treatment.models import Administration, TreatmentLine, WashoutDecision
from patients.treatment.queries.course import series
from patients.treatment.queries.labs import limits_of
from patients.treatment.rules import AdministrationStatus, DoseReason, WashoutChoice, clear_of

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def decide_washout(
    dose: Administration, injection: Administration, choice: WashoutChoice, *, by: User, now: datetime
) -> WashoutDecision:
    """Carries out one of the choices and keeps it. Leaving out and bridging move the injection to the day of the dose
    (4–24 h after it) and the later ones so that each keeps its interval and none lies too near before a later dose;
    moving the dose moves the PRRT series. Asking opens a step for the responsible clinician and moves nothing."""
    # Both lines, in one order: two people who decide at once wait for each other.
    list(TreatmentLine.objects.select_for_update().filter(pk__in=[dose.line_id, injection.line_id]).order_by("pk"))
    rows = Administration.objects.select_related("line__patient__team", "patient__team")
    dose, injection = rows.get(pk=dose.pk), rows.get(pk=injection.pk)
    patient = dose.patient
    today, limits = patient.team.local_date(now), limits_of(patient.team_id)
    needed = int(limits["washout.long"].value)
    insist(policies.why_not_washout(dose, injection, choice, by, needed=needed))
    at, before = injection.given_on or injection.planned_on, dose.planned_on
    decision = WashoutDecision.objects.create(
        patient=patient,
        dose=dose,
        injection=injection,
        choice=choice,
        days=(before - at).days,
        decided_on=today,
        created_by=by,
    )
    record(
        "treatment.decide_washout",
        by=by,
        now=now,
        subject=decision,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        details={"dose": dose.pk, "injection": injection.pk, "choice": str(choice), "days": decision.days},
    )
    key = f"washout:{dose.pk}:{injection.pk}"
    url = reverse("line-page", args=[patient.pk, dose.line_id])
    if choice == WashoutChoice.ASK:
        open_step(
            patient,
            kind=StepKind.ADMINISTRATION,
            source_key=key,
            what=f"Washout: {injection.line.agent} lies {decision.days} days before PRRT dose {dose.number}, decide",
            now=now,
            owner=responsible_clinician(patient.pk),
            owner_role="oncologist",
            due_on=min(at, before) if at > today else today,
            url=url,
        )
        return decision
    close_step(patient, source_key=key, because=WashoutChoice(choice).label, now=now)
    if choice == WashoutChoice.DELAY:
        to = at + timedelta(days=needed)
        words = f"Washout: {needed} days after {injection.line.agent}"
        delay_administration(dose, to=to, reason=words, code=DoseReason.WASHOUT, by=by, now=now)
        return decision
    if choice == WashoutChoice.BRIDGE:
        last = before - timedelta(days=1)
        open_step(
            patient,
            kind=StepKind.ADMINISTRATION,
            source_key=f"bridge:{decision.pk}",
            what=f"Bridge with short-acting octreotide, last 24 h before the dose ({last.day} {last:%b %Y})",
            now=now,
            owner_role="nurse_coordinator",
            due_on=at,
            url=url,
        )
    _move_injections(dose, injection, needed=needed, interval=int(limits["ssa.interval"].value), now=now)
    return decision


def _move_injections(
    dose: Administration, injection: Administration, *, needed: int, interval: int, now: datetime
) -> None:
    ahead = list(
        Administration.objects.valid()
        .filter(line=injection.line, status=AdministrationStatus.PLANNED)
        .select_related("line")
        .select_for_update(of=("self",))
        .order_by("planned_on", "pk")
    )
    activities = list(
        Administration.objects.valid()
        .filter(line=dose.line, status__in=[AdministrationStatus.PLANNED, AdministrationStatus.HELD])
        .select_related("line")
    )
    doses, injections = series([*activities, *ahead])
    by_id = {row.pk: row for row in ahead}
    rhythm = injection.line.interval_days or interval
    for wanted in clear_of(doses, injections, needed=needed, interval=rhythm, first=injection.pk):
        row = by_id[wanted.id]
        if row.planned_on != wanted.on:
            row.moved_from = row.moved_from or row.planned_on
            row.planned_on, row.reason_code = wanted.on, DoseReason.WASHOUT
            row.reason = "Washout: 4–24 h after the PRRT dose" if wanted.on in {d.on for d in doses} else "Washout"
            row.save_version("planned_on", "moved_from", "reason", "reason_code")
    refresh_step(injection.line, now=now)
