"""Permission and precondition of every change to a treatment line. Empty list: allowed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from careteam.access.policies import lacks
from careteam.access.queries import access_of
from careteam.people.rules import Permission
from patients.record.policies import why_not_edit
from patients.record.queries import open_told_step
from patients.treatment.models import Administration, PreparationStep, TreatmentLine
from patients.treatment.rules import (
    ADMINISTRATION_TRANSITIONS,
    ENDED_STATUSES,
    LINE_TRANSITIONS,
    OPEN_STATUSES,
    RUNNING_STATUSES,
    SINGLE_DAY,
    Activity,
    AdministrationStatus,
    AuthorizationStatus,
    Conflict,
    DoseReason,
    EndReason,
    Injection,
    LabCheck,
    LineDraft,
    LineRole,
    LineStatus,
    Modality,
    PreparationKind,
    PreparationOutcome,
    draft_problems,
    levels_of,
    too_near,
    usual_for,
    weigh,
)

if TYPE_CHECKING:
    from careteam.people.models import Team, User
    from patients.record.models import Patient


def _may(patient: Patient, user: User | None, permission: Permission = Permission.TREATMENT_EDIT) -> list[str]:
    """`user=None` is the system: a death or an enrollment that ends lines by itself."""
    return why_not_edit(patient, user, permission) if user is not None else []


def _may_line(line: TreatmentLine, user: User | None) -> list[str]:
    """Hospice is also the palliative clinician's. In hospice care the same right ends what is against the disease and
    carries a drug on for symptoms: the step into hospice says of every running line what becomes of it."""
    if user is None or access_of(user).may(Permission.TREATMENT_EDIT, line.patient.team_id):
        return _may(line.patient, user)
    if line.modality == Modality.HOSPICE or in_hospice(line.patient_id):
        return _may(line.patient, user, Permission.HOSPICE_START)
    return _may(line.patient, user)


def in_hospice(patient_id: int) -> bool:
    """Whether a hospice line runs."""
    return TreatmentLine.objects.valid().running().filter(patient_id=patient_id, modality=Modality.HOSPICE).exists()


def why_not_add(patient: Patient, user: User | None, line: TreatmentLine | None = None) -> list[str]:
    """May this person propose, plan or start treatment for the patient at all; or this line."""
    reasons = _may(patient, user) if line is None else _may_line(line, user)
    if patient.deceased_on is not None:
        reasons.append("The patient has died.")
    elif not patient.is_in_care:
        reasons.append("Take the patient into care first: treatment is planned for patients in care.")
    return reasons


def why_not_draft(draft: LineDraft) -> list[str]:
    """What the line must say before it can exist."""
    reasons = []
    nameless = {Modality.OBSERVATION, Modality.BEST_SUPPORTIVE_CARE, Modality.HOSPICE}
    if draft.modality not in Modality.values:
        reasons.append("Choose what kind of treatment it is.")
    elif draft.modality not in nameless and not draft.agent.strip():
        reasons.append("Name the drug, regimen or procedure.")
    if draft.role == LineRole.ANTITUMOR and draft.modality not in nameless and not draft.start_reason:
        reasons.append("Say why it starts: the therapy line number follows from it.")
    reasons += draft_problems(draft).values()
    return reasons


def why_not_move(line: TreatmentLine, to: LineStatus) -> list[str]:
    now_is = LineStatus(line.status)
    if to in LINE_TRANSITIONS[now_is]:
        return []
    return [f"A line that is {now_is.label.lower()} cannot become {to.label.lower()}."]


def date_problems(patient: Patient, *, started_on: date | None, ended_on: date | None, today: date) -> dict[str, str]:
    """Dates in order: birth, start, end, death, today. {field: sentence}."""
    found = {}
    died = patient.deceased_on
    if started_on is not None:
        if started_on > today:
            found["started_on"] = "The start lies in the future: plan the line instead."
        if patient.birth_date and started_on < patient.birth_date:
            found["started_on"] = "The start lies before the birth date."
        if died and started_on > died:
            found["started_on"] = f"The patient died on {died:%d %b %Y}; the start lies after that."
    if ended_on is not None:
        if ended_on > today:
            found["ended_on"] = "The end lies in the future."
        if started_on is not None and ended_on < started_on:
            found["ended_on"] = f"The end lies before the start, {started_on:%d %b %Y}."
        if died and ended_on > died:
            found["ended_on"] = f"The patient died on {died:%d %b %Y}; the end lies after that."
    return found


def why_not_dates(patient: Patient, *, started_on: date | None, ended_on: date | None, today: date) -> list[str]:
    return list(date_problems(patient, started_on=started_on, ended_on=ended_on, today=today).values())


def why_not_overlap(line: TreatmentLine, *, started_on: date, ended_on: date | None) -> list[str]:
    """The same drug in the same role does not run twice at once."""
    if not line.agent:
        return []
    others = (
        TreatmentLine.objects.valid()
        .filter(patient_id=line.patient_id, modality=line.modality, agent__iexact=line.agent, role=line.role)
        .filter(started_on__isnull=False, status__in=[*RUNNING_STATUSES, *ENDED_STATUSES])
        .exclude(pk=line.pk)
        .order_by("started_on", "pk")
    )
    if line.modality in SINGLE_DAY:
        return []
    for other in others:
        if other.ended_on is None and other.status in RUNNING_STATUSES and ended_on is None:
            return [f"{line.agent} is running already; end that line first."]
        from_later = max(started_on, other.started_on)
        until = min(ended_on or date.max, other.ended_on or date.max)
        if from_later < until:
            end = f"to {other.ended_on:%d %b %Y}" if other.ended_on else "until today"
            return [f"{line.agent} ran from {other.started_on:%d %b %Y} {end}; the dates overlap."]
    return []


def tell_first(patient: Patient, *, on: date) -> str:
    """Why a treatment that starts on that day waits: a board decided before, and nobody has told the patient. Empty:
    nothing to tell. One query."""
    step = open_told_step(patient.pk)
    if step is None or patient.team.local_date(step.opened_at) > on:
        return ""
    who = f" {step.owner} tells." if step.owner else ""
    return f"The patient has not been told yet what the board decided.{who} Log that first, or say why it starts now."


def why_not_start(line: TreatmentLine, user: User | None, *, on: date, today: date, despite: str = "") -> list[str]:
    """`despite` is why antitumor treatment starts before the patient was told what the board decided."""
    reasons = [*why_not_add(line.patient, user, line), *why_not_move(line, LineStatus.ACTIVE)]
    reasons += why_not_dates(line.patient, started_on=on, ended_on=None, today=today)
    if line.role == LineRole.ANTITUMOR and not despite.strip() and (why := tell_first(line.patient, on=on)):
        reasons.append(why)
    return reasons + why_not_overlap(line, started_on=on, ended_on=None)


def why_not_hold(line: TreatmentLine, user: User | None, *, reason: str) -> list[str]:
    reasons = [*_may(line.patient, user), *why_not_move(line, LineStatus.ON_HOLD)]
    return reasons if reason.strip() else [*reasons, "Say why the line is held."]


def why_not_resume(line: TreatmentLine, user: User | None) -> list[str]:
    reasons = why_not_add(line.patient, user)
    if line.status != LineStatus.ON_HOLD:
        reasons.append("Only a line on hold can be resumed.")
    return reasons


def why_not_end(line: TreatmentLine, user: User | None, *, on: date, reason: str, today: date) -> list[str]:
    reasons = _may_line(line, user)
    if line.status not in OPEN_STATUSES:
        reasons.append(f"The line is {line.get_status_display().lower()} already.")
    if reason not in EndReason.values:
        reasons.append("Choose why it ends.")
    elif reason == EndReason.COMPLETED and line.status not in RUNNING_STATUSES:
        reasons.append("A line that never started cannot be completed; choose another reason.")
    return reasons + why_not_dates(line.patient, started_on=line.started_on, ended_on=on, today=today)


def why_not_error(line: TreatmentLine, user: User, *, reason: str) -> list[str]:
    reasons = [*_may(line.patient, user), *why_not_move(line, LineStatus.ERROR)]
    return reasons if reason.strip() else [*reasons, "Say what was wrong."]


def why_not_correct(line: TreatmentLine, user: User) -> list[str]:
    reasons = _may(line.patient, user)
    if line.status == LineStatus.ERROR:
        reasons.append("The line was entered in error; enter a new one.")
    return reasons


def why_not_change_dose(
    line: TreatmentLine, user: User | None, *, dose: str, on: date, reason: str, confirmed: bool, today: date
) -> dict[str, list[str]]:
    """{field: sentences}; "" is for what belongs to no field."""
    found: dict[str, list[str]] = {"": _may(line.patient, user) if user is not None else []}
    if line.status not in RUNNING_STATUSES:
        found[""].append("Only a running line changes its dose.")
    weight = weigh(dose, usual_for(line.modality, line.agent))
    if not dose.strip():
        found["dose"] = ["Say the new dose."]
    elif weight.text == line.dose:
        found["dose"] = [f"The dose is {line.dose} already."]
    elif weight.question and (weight.final or not confirmed):
        found["dose"] = [weight.question]
    if reason not in DoseReason.values:
        found["reason"] = ["Choose why it changes."]
    levels = levels_of(line.plan)
    last = levels[-1].since if levels else line.started_on
    if on > today:
        found["on"] = ["The day lies in the future."]
    elif last is not None and on < last:
        found["on"] = [f"The present dose began on {last:%d %b %Y}; choose that day or a later one."]
    return {field: sentences for field, sentences in found.items() if sentences}


def why_not_confirm(line: TreatmentLine, user: User) -> list[str]:
    return _may(line.patient, user)


def why_not_record_dose(
    dose: Administration,
    to: AdministrationStatus,
    user: User | None,
    *,
    reason: str = "",
    on: date | None = None,
    today: date | None = None,
) -> list[str]:
    """Whether the dose may become `to`. Everything but given needs a reason; given needs a day that has come."""
    reasons = _may(dose.patient, user, Permission.ADMINISTRATION_RECORD)
    now_is = AdministrationStatus(dose.status)
    if to not in ADMINISTRATION_TRANSITIONS[now_is]:
        reasons.append(f"A dose that is {now_is.label.lower()} cannot become {to.label.lower()}.")
    if to != AdministrationStatus.GIVEN:
        return reasons if reason.strip() else [*reasons, "Say why."]
    if dose.line.status not in RUNNING_STATUSES:
        reasons.append("The line is not running.")
    if on is None:
        return [*reasons, "Choose the day it was given."]
    return reasons + day_problems(dose, on=on, today=today)


def why_not_reopen(dose: Administration, user: User | None, *, reason: str) -> list[str]:
    """Whether what was recorded of the dose may be taken back as wrong: the dose is planned again then."""
    reasons = _may(dose.patient, user, Permission.ADMINISTRATION_RECORD)
    if dose.status in {AdministrationStatus.PLANNED, AdministrationStatus.HELD}:
        reasons.append("Nothing is recorded of this dose yet.")
    if dose.line.status not in RUNNING_STATUSES:
        reasons.append("The line is not running: correct the line first.")
    return reasons if reason.strip() else [*reasons, "Say what was wrong."]


def day_problems(dose: Administration, *, on: date, today: date | None) -> list[str]:
    """Why a dose cannot have been given on that day."""
    reasons = []
    if today is not None and on > today:
        reasons.append("The day lies in the future.")
    if dose.patient.deceased_on and on > dose.patient.deceased_on:
        reasons.append(f"The patient died on {dose.patient.deceased_on:%d %b %Y}.")
    if dose.line.started_on and on < dose.line.started_on:
        reasons.append(f"The line started on {dose.line.started_on:%d %b %Y}.")
    return reasons


def moved_day_problems(dose: Administration, *, to: date) -> list[str]:
    """Why a dose cannot be moved to that day."""
    if dose.line.started_on and to < dose.line.started_on:
        return ["The new date lies before the start of the line."]
    if dose.patient.deceased_on and to > dose.patient.deceased_on:
        return [f"The patient died on {dose.patient.deceased_on:%d %b %Y}."]
    return []


def why_not_delay(dose: Administration, user: User, *, to: date, reason: str) -> list[str]:
    reasons = _may(dose.patient, user, Permission.ADMINISTRATION_RECORD)
    if dose.status not in {AdministrationStatus.PLANNED, AdministrationStatus.HELD}:
        reasons.append("Only a planned or held dose can be moved.")
    reasons += moved_day_problems(dose, to=to)
    return reasons if reason.strip() else [*reasons, "Say why it is moved."]


def why_not_despite(checks: Sequence[LabCheck], despite: str) -> list[str]:
    """Giving in spite of a lab that did not pass is possible, and asks for a sentence."""
    failed = [check for check in checks if check.against]
    if not failed or despite.strip():
        return []
    return [f"Say why it is given all the same: {'; '.join(check.words for check in failed)}."]


def why_not_toxicity(patient: Patient, user: User) -> list[str]:
    return why_not_edit(patient, user, Permission.ADMINISTRATION_RECORD)


def toxicity_problems(
    line: TreatmentLine | None,
    *,
    term: str,
    grade: int,
    noticed_on: date,
    resolved_on: date | None,
    today: date,
) -> dict[str, str]:
    """{field: sentence} of what cannot be."""
    found = {}
    if not term.strip():
        found["term"] = "Name the toxicity."
    if not 1 <= grade <= 5:
        found["grade"] = "A grade is 1 to 5."
    if noticed_on > today:
        found["noticed_on"] = "The day lies in the future."
    if resolved_on is not None and resolved_on < noticed_on:
        found["resolved_on"] = "Resolved before it began."
    elif resolved_on is not None and resolved_on > today:
        found["resolved_on"] = "The day lies in the future."
    if line is None:
        return found
    patient = line.patient
    if patient.deceased_on and noticed_on > patient.deceased_on:
        found["noticed_on"] = f"The patient died on {patient.deceased_on:%d %b %Y}."
    elif line.started_on and noticed_on < line.started_on:
        found["noticed_on"] = f"The line started on {line.started_on:%d %b %Y}."
    if grade == 5 and patient.deceased_on is None:
        found["grade"] = "Grade 5 is death: record the death first."
    return found


def why_not_washout(
    dose: Administration, injection: Administration, choice: str, user: User, *, needed: int
) -> list[str]:
    """Permission, and whether the two still are in conflict and the choice is one of theirs."""
    reasons = _may(dose.patient, user, Permission.ADMINISTRATION_RECORD)
    if dose.patient_id != injection.patient_id:
        reasons.append("The two belong to different patients.")
        return reasons
    if (dose.line.modality, injection.line.modality) != (Modality.PRRT, Modality.SSA):
        return [*reasons, "Washout is between a PRRT dose and an injection of the analog."]
    given = injection.status == AdministrationStatus.GIVEN
    on = injection.given_on or injection.planned_on
    if dose.status not in {AdministrationStatus.PLANNED, AdministrationStatus.HELD} or not too_near(
        on, dose.planned_on, needed
    ):
        return [*reasons, "The two are no longer in conflict."]
    offered = Conflict(Activity(dose.pk, dose.planned_on), Injection(injection.pk, on, given), needed).choices
    if choice not in offered:
        reasons.append("This choice is not offered here.")
    if not given and injection.status != AdministrationStatus.PLANNED:
        reasons.append("The injection is not planned any more.")
    return reasons


def why_not_step(step: PreparationStep, user: User) -> list[str]:
    reasons = _may(step.patient, user, Permission.ADMINISTRATION_RECORD)
    if step.outcome:
        reasons.append(f"This step is closed already: {step.get_outcome_display().lower()}.")
    return reasons


def why_not_finish(step: PreparationStep, user: User, *, outcome: str, on: date, note: str, today: date) -> list[str]:
    reasons = why_not_step(step, user)
    if outcome == PreparationOutcome.NO_GO and step.kind != PreparationKind.GO:
        reasons.append("Only go / no-go can be a no-go.")
    if outcome in {PreparationOutcome.NO_GO, PreparationOutcome.NOT_NEEDED} and not note.strip():
        reasons.append("Say why.")
    if on > today:
        reasons.append("The day lies in the future.")
    return reasons


def why_not_configure(team: Team, user: User) -> list[str]:
    """Sites belong to the team lead."""
    return lacks(user, Permission.TEAM_MANAGE, team.pk, "The team lead sets up sites.")


def why_not_authorize(line: TreatmentLine, user: User) -> list[str]:
    return _may(line.patient, user, Permission.ADMINISTRATION_RECORD)


def authorization_problems(
    *, status: str, reference: str, status_on: date, valid_until: date | None, today: date
) -> dict[str, str]:
    """{field: sentence}."""
    found = {}
    if status not in AuthorizationStatus.values:
        found["status"] = "Choose where it stands."
    if status == AuthorizationStatus.APPROVED and not reference.strip():
        found["reference"] = "An approval has a reference."
    if status_on > today:
        found["status_on"] = "The day lies in the future."
    if valid_until is not None and valid_until < status_on:
        found["valid_until"] = "Valid until a day before it was given."
    return found
