"""The reconciler: goes through every patient in care, batch by batch, mends what a command mends, keeps what needs a
person. Killed at any moment, the next ring goes on behind the last batch; called by two at once, they take turns."""

from __future__ import annotations

import logging
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from careteam.audit.commands import record
from careteam.audit.rules import Kind
from careteam.events.commands import beat
from careteam.notifications.commands import withdraw
from careteam.people.models import Team
from careteam.reconciler.models import ReconcilerFinding, ReconcilerRun
from careteam.reconciler.rules import BATCH, KEPT, Finding, is_due, night_of
from careteam.workspace.reconciling.checks import Problem, lost_reminders, problems
from careteam.workspace.safety.commands import put_back
from patients.imaging.commands import ask_to_confirm, receive_results, sweep
from patients.imaging.commands.base import confirm_key
from patients.imaging.commands.lab_steps import ask_labs
from patients.imaging.commands.stakes import repeat_anew
from patients.record.models import NextStep, Patient

log = logging.getLogger(__name__)
JOB = "reconciler"


def waiting_teams(*, now: datetime) -> list[Team]:
    """Teams with patients in care whose run of the night is missing or unfinished."""
    teams = Team.objects.filter(pk__in=Patient.objects.in_care().order_by().values("team_id")).order_by("pk")
    return [team for team in teams if is_due(_local(team, now), _done(team))]


def _local(team: Team, now: datetime) -> datetime:
    return now.astimezone(zoneinfo.ZoneInfo(team.time_zone))


def _done(team: Team) -> set[date]:
    latest = ReconcilerRun.objects.filter(team=team, number=0, finished_at__isnull=False).order_by("-on")
    return set(latest.values_list("on", flat=True)[:2])


def reconcile_waiting(*, now: datetime) -> list[ReconcilerRun]:
    """Every team's run of the night, once; says by its heartbeat that none is missing any more. One team's failure is
    logged and keeps no other team from its run, but the heartbeat stays away."""
    runs, failed = [], False
    for team in waiting_teams(now=now):
        try:
            runs.append(reconcile(team, now=now))
        except Exception:
            log.exception("The reconciler failed for team %s", team.slug)
            failed = True
    if not failed and not waiting_teams(now=now):
        beat(JOB, now=now, details={"runs": len(runs)})
    return runs


def reconcile(team: Team, *, now: datetime, again: bool = False) -> ReconcilerRun:
    """The team's run of the night, or what is left of it; with `again` one more, whatever was done before."""
    run = begin(team, now=now, again=again)
    while next_batch(run.pk, team, now=now):
        pass
    return finish(run, team, now=now)


def begin(team: Team, *, now: datetime, again: bool = False) -> ReconcilerRun:
    """The run that `reconcile` takes up: of the night, or with `again` one more."""
    on = night_of(_local(team, now))
    number = 0
    if again:
        number = ReconcilerRun.objects.filter(team=team, on=on).count() + 1
    run, _ = ReconcilerRun.objects.get_or_create(team=team, on=on, number=number, defaults={"started_at": now})
    return run


def finish(run: ReconcilerRun, team: Team, *, now: datetime) -> ReconcilerRun:
    """Ends a run that has no patients left; old runs go."""
    _finish(run.pk, team, now=now)
    ReconcilerRun.objects.filter(team=team, started_at__lt=now - KEPT).delete()
    run.refresh_from_db()
    return run


@transaction.atomic
def next_batch(run_id: int, team: Team, *, now: datetime) -> bool:
    """The next patients of the run, in one transaction; False when nothing is left."""
    run = ReconcilerRun.objects.select_for_update().get(pk=run_id)
    in_care = Patient.objects.in_care().filter(team=team, pk__gt=run.after_id)
    ids = list(in_care.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not ids or run.finished_at is not None:
        return False
    found = problems(team, ids, now)
    mended = _mend(team, found, now=now) if found else []
    ReconcilerFinding.objects.bulk_create(
        [
            ReconcilerFinding(
                run=run,
                kind=problem.kind,
                patient_id=problem.patient_id,
                subject=problem.subject[:80],
                repaired=is_mended,
                for_person=needs_person,
            )
            for problem, is_mended, needs_person in mended
        ],
        batch_size=1000,
    )
    run.after_id, run.patients = ids[-1], run.patients + len(ids)
    run.repaired += sum(is_mended for _, is_mended, _ in mended)
    run.for_person += sum(needs_person for _, _, needs_person in mended)
    run.save(update_fields=["after_id", "patients", "repaired", "for_person"])
    return True


def _finish(run_id: int, team: Team, *, now: datetime) -> None:
    """What only a sweep raises, it raises now; what it does not raise is for a person. Then the run is over."""
    late = ReconcilerFinding.objects.filter(run_id=run_id, kind=Finding.NO_REMINDER, repaired=False)
    patients = sorted(set(late.values_list("patient_id", flat=True)))
    if patients:
        sweep(now=now)
    with transaction.atomic():
        run = ReconcilerRun.objects.select_for_update().get(pk=run_id)
        if run.finished_at is not None:
            return
        for start in range(0, len(patients), BATCH):
            some = patients[start : start + BATCH]
            left = {key for _, key in lost_reminders(team, some, now)}
            raised = late.filter(patient_id__in=some).exclude(subject__in=left)
            count = raised.update(repaired=True, for_person=False)
            run.repaired, run.for_person = run.repaired + count, run.for_person - count
        run.finished_at = now
        run.save(update_fields=["finished_at", "repaired", "for_person"])


def _mend(team: Team, found: Sequence[Problem], *, now: datetime) -> list[tuple[Problem, bool, bool]]:
    """By problem: whether it is mended, whether a person is needed. What a command was to mend is looked at again: it
    counts as mended when it is gone."""
    asked = _asked_already(found)
    by_patient: dict[int, list[Problem]] = defaultdict(list)
    for problem in found:
        if problem.kind != Finding.NO_REMINDER:  # that is the sweep's, at the end of the run
            by_patient[problem.patient_id].append(problem)
    for patient in Patient.objects.filter(pk__in=by_patient).select_related("team"):
        try:
            with transaction.atomic():
                _mend_one(patient, by_patient[patient.pk], now=now)
        except Exception:
            log.exception("The reconciler could not mend what it found for patient %s", patient.pk)
    left = {problem for problem in found if problem.kind == Finding.NO_REMINDER}
    left |= set(problems(team, sorted(by_patient), now))
    rows = []
    for problem in found:
        reopened = problem.kind == Finding.NO_PLAN and problem.patient_id not in asked
        rows.append((problem, problem not in left or reopened, problem in left))
    counted = Counter(str(problem.kind) for problem, is_mended, _ in rows if is_mended)
    if counted:
        record(
            "reconciler.repair",
            by=None,
            now=now,
            patient_ids=[problem.patient_id for problem, is_mended, _ in rows if is_mended],
            team_id=team.pk,
            kind=Kind.SYSTEM,
            details={
                "repaired": dict(counted),
                "subjects": [problem.subject for problem, is_mended, _ in rows if is_mended][:1000],
            },
        )
    return rows


def _asked_already(found: Sequence[Problem]) -> set[int]:
    """Patients whose coordinators are asked for a plan already."""
    missing = [problem for problem in found if problem.kind == Finding.NO_PLAN]
    keys = [problem.subject for problem in missing]
    steps = NextStep.objects.filter(source_key__in=keys, closed_at__isnull=True)
    return set(steps.filter(patient_id__in=[p.patient_id for p in missing]).values_list("patient_id", flat=True))


def _mend_one(patient: Patient, found: Sequence[Problem], *, now: datetime) -> None:
    """Everything that commands can do for one patient, in the order in which one thing follows from another."""
    kinds = {problem.kind for problem in found}
    asked = NextStep.objects.filter(patient=patient, source_key=confirm_key(patient), closed_at__isnull=True)
    if Finding.NO_PLAN in kinds and not asked.exists():
        ask_to_confirm(patient, by=None, now=now)
    if kinds & {Finding.NO_STUDY, Finding.WRONG_DUE}:
        receive_results(patient, by=None, now=now)
    if Finding.NO_LABS in kinds:
        ask_labs(patient, now=now)
    if Finding.REPEATS in kinds:
        repeat_anew(patient)
    if kinds & {Finding.NO_STEP, Finding.STALE_STEP}:
        put_back(patient, by=None, now=now)
    orphans = [problem.subject for problem in found if problem.kind == Finding.ORPHAN_MESSAGE]
    if orphans:
        withdraw(keys=orphans, now=now)
