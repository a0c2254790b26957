"""The only writers of calls and of the protocol's wording."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.people.models import Team
from careteam.people.rules import Permission, Role
from patients.protocol.queries import number
from patients.protocol.rules import working_days_after
from patients.record import commands as entries
from patients.record.models import Measurement, Patient
from patients.record.queries import responsible_clinician
from patients.record.rules import FLUSHES, MEASURES, PAIN, STOOLS, StepKind
from patients.triage import policies
from patients.triage.models import SiteWording, SymptomCall
from patients.triage.queries import limits
from patients.triage.rules import SEVERE, Answers, ScanAnswer, Sign, Urgency, signs_of, urgency_of

if TYPE_CHECKING:
    from careteam.people.models import User

CARE = Permission.CARE_DOCUMENT


def source_key(call: SymptomCall) -> str:
    """The key of the call's row in the table of next steps."""
    return f"call:{call.pk}"


def _measure(patient: Patient, answers: Answers, *, by: User, now: datetime) -> list[int]:
    """Stores what is a number as a measurement, so that it stands in the patient's curves; their keys."""
    keys = []
    for code, value in ((STOOLS, answers.stools), (FLUSHES, answers.flushes), (PAIN, answers.pain)):
        if value is None:
            continue
        measure = MEASURES[code]
        row = entries.add_entry(
            patient,
            Measurement,
            {
                "code": code,
                "label": measure.label,
                "category": measure.category,
                "value": value,
                "unit": measure.unit.code,
                "original_value": str(value),
                "original_unit": measure.unit.code,
                "taken_at": now,
                "note": "told by phone",
            },
            by=by,
            now=now,
            permission=CARE,
        )
        keys.append(row.pk)
    return keys


def _open_step(call: SymptomCall, patient: Patient, *, now: datetime) -> None:
    """A red flag goes to the responsible clinician, due today; everything else to the nurses."""
    today = patient.team.local_date(now)
    due: date
    if call.urgency == Urgency.RED:
        owner, role, due = responsible_clinician(patient.pk), Role.ONCOLOGIST, today
    else:
        code = "triage.task" if call.urgency == Urgency.TASK else "triage.follow"
        owner, role = None, Role.NURSE_COORDINATOR
        due = working_days_after(today, number(patient.team_id, code).days)
    head = "Red flag by phone" if call.urgency == Urgency.RED else "Call back"
    entries.open_step(
        patient,
        kind=StepKind.CARE,
        source_key=source_key(call),
        what=f"{head}: {call.sign_words}",
        now=now,
        owner=owner,
        owner_role=role,
        due_on=due,
        url=f"/patients/{patient.pk}/calls/{call.pk}/",
    )


@transaction.atomic
def record_call(
    patient: Patient,
    answers: Answers,
    *,
    caller: str,
    by: User,
    now: datetime,
    wants_scan: bool = False,
    wants_goals: bool = False,
    outcome: str = "",
) -> SymptomCall:
    """Writes down a call: measurements, the task that follows from it, and the event by which the slices above ask for
    goals or an early scan (`CALL`; codes only). With `outcome` the call is answered already."""
    insist(policies.why_not_call(patient, by))
    found = signs_of(answers, limits(patient.team_id))
    urgency = urgency_of(found)
    done = bool(outcome.strip())
    call = entries.add_entry(
        patient,
        SymptomCall,
        {
            "called_at": now,
            "caller": caller,
            "stools_per_day": answers.stools,
            "flushes_per_day": answers.flushes,
            "pain": answers.pain,
            "more_flushing": answers.more_flushing,
            "fever_on_chemotherapy": answers.fever,
            "jaundice": answers.jaundice,
            "confusion": answers.confusion,
            "hypoglycemia": answers.hypoglycemia,
            "other": answers.other.strip(),
            "signs": [str(sign) for sign in found],
            "urgency": urgency,
            "measured": _measure(patient, answers, by=by, now=now),
            "wants_scan": wants_scan,
            "wants_goals": wants_goals,
            "outcome": outcome.strip(),
            "closed_at": now if done else None,
            "closed_by": by if done else None,
        },
        by=by,
        now=now,
        permission=CARE,
    )
    if call.is_open:
        _open_step(call, patient, now=now)
    announce(
        EventKind.CALL,
        now=now,
        team_id=patient.team_id,
        patient_id=patient.pk,
        subject_id=call.pk,
        payload={
            "severe": [str(sign) for sign in found if sign in SEVERE],
            "goals": wants_goals,
            "scan": wants_scan,
        },
    )
    return call


@transaction.atomic
def close_call(call: SymptomCall, *, outcome: str, version: int, by: User, now: datetime) -> SymptomCall:
    """What was done about it; its next step closes. Raises `StaleEdit` when the call changed meanwhile."""
    current: SymptomCall = SymptomCall.objects.select_related("patient__team").lock(call.pk, version=version)
    insist(policies.why_not_close(current, current.patient, by))
    if not outcome.strip():
        raise ValidationError({"outcome": "Say what was done, and whom you told."})
    current.outcome, current.closed_at, current.closed_by = outcome.strip(), now, by
    current.save_version("outcome", "closed_at", "closed_by")
    record(
        "triage.close_call",
        by=by,
        now=now,
        subject=current,
        patient_ids=[current.patient_id],
        team_id=current.patient.team_id,
        details={"urgency": current.urgency},
    )
    entries.close_step(current.patient, source_key=source_key(current), because="Answered", now=now)
    return current


@transaction.atomic
def answer_scan(call: SymptomCall, answer: ScanAnswer, *, reason: str = "", by: User, now: datetime) -> SymptomCall:
    """What became of the early scan that was asked for. Twice changes nothing; imaging decides who may."""
    current: SymptomCall = SymptomCall.objects.select_related("patient__team").lock(call.pk)
    if answer == ScanAnswer.NOT_NEEDED and not reason.strip():
        raise ValidationError({"reason": "Say why no early scan is needed."})
    if not current.wants_scan or current.scan_answer:
        return current
    current.scan_answer, current.scan_reason = answer, reason.strip()
    current.save_version("scan_answer", "scan_reason")
    record(
        "triage.answer_scan",
        by=by,
        now=now,
        subject=current,
        patient_ids=[current.patient_id],
        team_id=current.patient.team_id,
        reason=reason.strip(),
        details={"answer": str(answer)},
    )
    return current


@transaction.atomic
def withdraw_call(call: SymptomCall, *, reason: str, by: User, now: datetime) -> SymptomCall:
    """Entered in error, together with the measurements it brought; its next step closes."""
    current = entries.enter_in_error(call, reason=reason, by=by, now=now, permission=CARE)
    for row in Measurement.objects.valid().filter(pk__in=current.measured, patient_id=current.patient_id):
        entries.enter_in_error(row, reason=reason, by=by, now=now, permission=CARE)
    patient = Patient.objects.get(pk=current.patient_id)
    entries.close_step(patient, source_key=source_key(current), because="Entered in error", now=now)
    return current


@transaction.atomic
def word_sign(team: Team, sign: Sign, *, text: str, by: User, now: datetime) -> SiteWording:
    """The team's own sentence for a sign, as its next version; earlier versions stay readable."""
    team = Team.objects.select_for_update().get(pk=team.pk)  # two leads at once get two versions
    insist(policies.why_not_word(team, sign, by))
    if not text.strip():
        raise ValidationError({"text": "Write what the site's protocol says."})
    last = SiteWording.objects.filter(team=team, sign=sign).order_by("-version").first()
    row = SiteWording.objects.create(
        team=team,
        sign=sign,
        version=last.version + 1 if last else 1,
        text=text.strip(),
        signed_by=by,
        signed_at=now,
    )
    record(
        "triage.word_sign",
        by=by,
        now=now,
        subject=row,
        team_id=team.pk,
        details={"sign": str(sign), "version": row.version},
    )
    return row
