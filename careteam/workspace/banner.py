"""The patient banner: the same nine facts, alerts and next step on every page of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, OuterRef, QuerySet
from django.urls import reverse

from careteam.people.rules import Role
from careteam.web.rows import Written, as_json, from_json
from careteam.web.words import ago, count, day
from patients.goals.queries import GoalsNow, goals_of
from patients.record.models import (
    Allergy,
    ClinicalFlag,
    Diagnosis,
    Measurement,
    Medication,
    NextStep,
    Patient,
    ReceptorImaging,
    Specimen,
)
from patients.record.queries import grade_from
from patients.record.rules import ECOG, AllergyKind, DrugClass, FlagKind, FlagState, NetStatus, Syndrome
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import in_order, numbers_of
from patients.treatment.rules import RUNNING_STATUSES, LineRole

Fact = tuple[str, str, str, str]
ALERTING = frozenset({FlagState.PRESENT, FlagState.UNKNOWN})


@dataclass(frozen=True)
class Step:
    what: str
    due: date | None
    when_words: str
    owner: str
    overdue: bool


@dataclass(frozen=True)
class Banner:
    """Unknown facts stay in place as words, never blank."""

    patient_id: int
    name: str
    age: int | None
    sex: str
    birth_date: date | None
    mrn: str
    tags: tuple[tuple[str, str], ...]
    url: str
    facts: tuple[Fact, ...]
    alerts: tuple[tuple[str, str, str], ...]
    next_step: Step | None
    history_url: str
    in_care: bool


def _tags(patient: Patient, diagnosis: Diagnosis | None, goals: GoalsNow) -> tuple[tuple[str, str], ...]:
    tags: list[tuple[str, str]] = []
    if patient.deceased_on is not None:
        tags.append(("bar", f"Died {day(patient.deceased_on)}"))
    elif not patient.is_in_care:
        tags.append(("amb", patient.get_enrollment_status_display()))
    if diagnosis is not None and diagnosis.net_status == NetStatus.NOT_NET:
        tags.append(("amb", "Not a NET diagnosis"))
    if goals.contradiction and patient.deceased_on is None:
        tags.append(("red", "Wishes contradict"))
    if goals.prompt is not None and goals.prompt.is_open and patient.deceased_on is None:
        days = goals.prompt.days_open
        tags.append(("amb", f"Goals prompt open {count(days, 'day', 'days') if days else 'since today'}"))
    return tuple(tags)


def _primary(diagnosis: Diagnosis | None) -> Fact:
    if diagnosis is None:
        return ("Primary", "No diagnosis entered", "", "amb")
    site = diagnosis.get_primary_site_display() or diagnosis.label or "Not stated"
    detail = ", ".join(part for part in (diagnosis.site_detail, _on(diagnosis.diagnosed_on)) if part)
    return ("Primary", site, detail, "")


def _on(when: date | None) -> str:
    return day(when) if when else ""


def _grade(specimens: list[Specimen], *, is_net: bool) -> Fact:
    if not is_net:
        return ("Grade", "Not graded as NET", "", "")
    grade = grade_from(specimens)
    value = grade.highest.words + (f", Ki-67 {grade.highest_ki67} %" if grade.highest_ki67 else "")
    detail = " ".join(part for part in (grade.highest_site, _on(grade.highest_on)) if part)
    if grade.latest.grade != grade.highest.grade:
        detail += f"; latest {grade.latest.words}" + (f" {_on(grade.latest_on)}" if grade.latest_on else "")
    if grade.conflicts:
        return ("Grade", value, grade.conflicts[0], "amb")
    if grade.highest.is_provisional:
        return ("Grade", value, f"missing: {', '.join(grade.highest.missing)}", "amb")
    return ("Grade", value, detail, "")


def _stage(diagnosis: Diagnosis | None) -> Fact:
    if diagnosis is None or not diagnosis.stage:
        return ("Stage", "Not staged", "", "")
    value = f"{diagnosis.stage} ({diagnosis.stage_detail})" if diagnosis.stage_detail else diagnosis.stage
    return ("Stage", value, diagnosis.stage_edition or "edition not stated", "")


def _syndrome(diagnosis: Diagnosis | None) -> Fact:
    if diagnosis is None or not diagnosis.syndrome:
        return ("Syndrome", "Not recorded", "", "")
    return ("Syndrome", diagnosis.get_syndrome_display(), _on(diagnosis.syndrome_on), "")


def _receptor(scans: list[ReceptorImaging]) -> Fact:
    if not scans:
        return ("SSTR", "Not done", "", "")
    scan = scans[0]
    value = {True: "Positive", False: "Negative", None: "See report"}[scan.positive]
    if scan.krenning is not None:
        value += f", Krenning {scan.krenning} ({scan.get_modality_display() or 'modality not stated'})"
    detail = day(scan.imaged_on)
    if scan.discordant_lesions:
        detail += f"; {scan.discordant_lesions} discordant"
    return ("SSTR", value, detail, "amb" if scan.discordant_lesions else "")


def _ecog(values: list[Measurement]) -> Fact:
    numbers = [(m.value, m.taken_at) for m in values if m.value is not None]
    if not numbers:
        return ("ECOG", "Not recorded", "", "")
    (value, on), *earlier = numbers
    if earlier and value > earlier[0][0]:
        return ("ECOG", f"{value:.0f}, was {earlier[0][0]:.0f}", day(on), "amb")
    return ("ECOG", f"{value:.0f}", day(on), "")


def _line(found: list[TreatmentLine]) -> Fact:
    """The running antitumor line that started last, else what runs beside; L-order and therapy line from all lines."""
    lines = in_order(found)
    numbers = numbers_of(lines)
    running = [line for line in lines if line.status in RUNNING_STATUSES]
    antitumor = [line for line in running if line.role == LineRole.ANTITUMOR]
    if not running:
        return ("Current line", "None running", "", "")
    current = (antitumor or running)[-1]
    number = numbers.get(current.pk)
    name = current.agent or current.get_modality_display()
    label = f"L{number.order} · {name}" if number and number.order else name
    parts = [
        current.dose,
        f"therapy line {number.therapy}" if number and number.therapy else current.get_role_display(),
    ]
    parts.append(f"since {day(current.started_on)}" if current.started_on else "")
    detail = ", ".join(filter(None, parts))
    return ("Current line", label, detail, "")


def _goals(goals: GoalsNow, *, is_deceased: bool) -> tuple[Fact, Fact]:
    code = _code_status(goals)
    if not goals.exists:
        return ("Goals", "No conversation" + ("" if is_deceased else " yet"), "", "" if is_deceased else "amb"), code
    detail = ""
    if not is_deceased:  # nobody is asked again
        if goals.event_passed:
            detail = "event passed, ask again"
        elif goals.before_progression:
            detail = f"said {goals.progression_words}"
        elif goals.review_due:
            detail = "review due"
    said = f"said {goals.progression_words}" if goals.progression_words else ""
    return ("Goals", f"{goals.headline}, {goals.age_words}", detail or said, "amb" if detail else ""), code


def _code_status(goals: GoalsNow) -> Fact:
    """What holds, that it expired, and that treatment is limited beyond it."""
    parts = [_on(goals.code_status_on), "limits on record" if goals.limits else ""]
    if goals.code_status_expired:
        return ("Code status", goals.code_status_words, "expired, ask again", "amb")
    return ("Code status", goals.code_status_words or "Not discussed", ", ".join(filter(None, parts)), "")


def _crisis_plan(flag: ClinicalFlag | None) -> tuple[str, str, str]:
    """Whether a crisis plan is documented, since when and where it lies; "none" is said aloud."""
    if flag is None:
        return "amb", FlagKind.CRISIS_PLAN.label, "none recorded"
    if flag.state != FlagState.PRESENT:
        return "amb", FlagKind.CRISIS_PLAN.label, "none" if flag.state == FlagState.ABSENT else "not known"
    when = f"documented on {day(flag.documented_on)}" if flag.documented_on else "documented"
    return "grn", FlagKind.CRISIS_PLAN.label, ", ".join(part for part in (when, flag.kept_at, flag.detail) if part)


def _alerts(
    allergies: list[Allergy], drugs: list[Medication], flags: list[ClinicalFlag], syndrome: str
) -> tuple[tuple[str, str, str], ...]:
    alerts = [
        (
            "red",
            "Contrast reaction" if allergy.kind == AllergyKind.CONTRAST else "Allergy",
            ", ".join(part for part in (allergy.substance, allergy.reaction) if part),
        )
        for allergy in allergies
    ]
    alerts += [("amb", drug.get_drug_class_display(), f"{drug.name} {drug.dose}".strip()) for drug in drugs]
    latest: dict[str, ClinicalFlag] = {}
    for flag in flags:
        latest.setdefault(flag.kind, flag)
    crisis = latest.get(FlagKind.CRISIS_PLAN)
    if crisis is not None or syndrome == Syndrome.CARCINOID:
        alerts.append(_crisis_plan(crisis))
    for flag in latest.values():
        if flag.state in ALERTING and flag is not crisis:
            alerts.append(("amb", flag.get_kind_display(), flag.detail or flag.get_state_display().lower()))
    said = {*latest, FlagKind.CRISIS_PLAN} if syndrome == Syndrome.CARCINOID else set(latest)
    missing = [kind.label for kind in FlagKind if kind not in said]
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        alerts.append(("acc", "Not asked", shown))
    return tuple(alerts)


def _all(pk: int) -> QuerySet[Any, Any]:
    """The rows that the banner reads, table by table."""
    mine = {"patient_id": OuterRef("pk")}
    drugs = Medication.objects.valid().filter(**mine, ended_on__isnull=True).exclude(drug_class=DrugClass.OTHER)
    steps = NextStep.objects.filter(**mine, closed_at__isnull=True).order_by(F("due_on").asc(nulls_last=True), "pk")
    flags = ClinicalFlag.objects.valid().filter(**mine).order_by("kind", "-asked_on", "-pk").distinct("kind")
    return Patient.objects.filter(pk=pk).values(
        all_diagnoses=as_json(Diagnosis.objects.valid().filter(**mine, is_main=True)[:1]),
        all_specimens=as_json(Specimen.objects.valid().filter(**mine).order_by("pk")),
        all_scans=as_json(ReceptorImaging.objects.valid().filter(**mine).order_by("-imaged_on", "-pk")[:1]),
        all_ecogs=as_json(Measurement.objects.valid().filter(**mine, code=ECOG).order_by("-taken_at", "-pk")[:2]),
        all_lines=as_json(TreatmentLine.objects.valid().filter(**mine)),
        all_allergies=as_json(Allergy.objects.valid().filter(**mine).order_by("kind", "pk")),
        all_drugs=as_json(drugs.order_by("drug_class", "pk")),
        all_flags=as_json(flags),
        all_steps=as_json(steps[:1], title="owner__title", name="owner__name"),
    )


_KNOWN = Written(_all)


def banner_for(patient: Patient, today: date) -> Banner:
    """Everything the banner shows: one query for the record and the lines, three for the goals."""
    known = _KNOWN.of(patient.pk)
    diagnosis = next(iter(from_json(Diagnosis, known["all_diagnoses"])), None)
    specimens = from_json(Specimen, known["all_specimens"])
    scans = from_json(ReceptorImaging, known["all_scans"])
    ecog = from_json(Measurement, known["all_ecogs"])
    goals = goals_of(patient.pk, today)
    step = next(iter(from_json(NextStep, known["all_steps"])), None)
    owner = " ".join(filter(None, (known["all_steps"][0]["title"], known["all_steps"][0]["name"]))) if step else ""
    is_net = diagnosis is None or diagnosis.net_status != NetStatus.NOT_NET
    return Banner(
        patient_id=patient.pk,
        name=patient.name,
        age=patient.age(today),
        sex=patient.get_sex_display()[:1] if patient.sex in {"female", "male"} else patient.get_sex_display(),
        birth_date=patient.birth_date,
        mrn=patient.mrn or "none",
        tags=_tags(patient, diagnosis, goals),
        url=reverse("patient", args=[patient.pk]),
        facts=(
            _primary(diagnosis),
            _grade(specimens, is_net=is_net),
            _stage(diagnosis),
            _syndrome(diagnosis),
            _receptor(scans),
            _ecog(ecog),
            _line(from_json(TreatmentLine, known["all_lines"])),
            *_goals(goals, is_deceased=patient.is_deceased),
        ),
        alerts=_alerts(
            from_json(Allergy, known["all_allergies"]),
            from_json(Medication, known["all_drugs"]),
            from_json(ClinicalFlag, known["all_flags"]),
            diagnosis.syndrome if diagnosis else "",
        ),
        next_step=Step(
            step.what,
            step.due_on,
            ago(step.due_on, today) if step.due_on else "no date",
            owner or (Role(step.owner_role).label if step.owner_role in Role.values else ""),
            bool(step.due_on and step.due_on < today),
        )
        if step
        else None,
        history_url=reverse("patient-history", args=[patient.pk]),
        in_care=patient.is_in_care,
    )
