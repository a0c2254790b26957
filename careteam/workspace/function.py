"""Function of liver and kidneys, and screening for carcinoid heart disease: what the record says, computed with its
inputs and their dates, and what is missing. Composed here: it reads the record, imaging and the team's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import render_page
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import DONE, StudyModality
from patients.protocol.queries import TeamNumber, numbers
from patients.record.models import ClinicalFlag, Diagnosis, LiverAssessment, Measurement, Patient
from patients.record.queries import Result, readable_patient, result_of
from patients.record.rules import (
    ALBUMIN,
    BILIRUBIN,
    BILIRUBIN_UMOL_PER_MG_DL,
    CREATININE,
    EGFR,
    HIAA,
    INR,
    KPS,
    MEASURES,
    NT_PROBNP,
    WEIGHT,
    FlagKind,
    FlagState,
    HeartFacts,
    HeartScreening,
    Sex,
    Syndrome,
    albi,
    child_pugh,
    cockcroft_gault,
    heart_screening,
)
from patients.treatment.models import TreatmentLine

_LABS = (BILIRUBIN, ALBUMIN, INR, CREATININE, WEIGHT, EGFR, KPS, NT_PROBNP, HIAA)
# Method variants of one quantity under which it is sent.
_SAME = {"38483-4": CREATININE, "3141-9": WEIGHT, "34714-6": INR}
LIVER_PROCEDURES = frozenset({"surgery", "embolization"})


@dataclass(frozen=True)
class Input:
    """One value that a score rests on. `problem` says why it cannot be used."""

    label: str
    words: str
    on: date | None
    value: Decimal | None = None
    problem: str = ""


@dataclass(frozen=True)
class Score:
    """One computed number with everything it rests on. `value` empty: something is `missing`."""

    name: str
    value: str
    reading: str
    inputs: tuple[Input, ...]
    missing: tuple[str, ...]
    caption: str
    source: str

    @property
    def oldest(self) -> date | None:
        return min((given.on for given in self.inputs if given.on is not None), default=None)


@dataclass(frozen=True)
class Function:
    """`judged`: classes are shown (decision support is on); scores without it keep their inputs only."""

    scores: tuple[Score, ...]
    heart: HeartScreening
    heart_facts: HeartFacts
    echo_every: TeamNumber
    probnp: Result | None
    hiaa: Result | None
    judged: bool


def _latest(patient: Patient) -> dict[str, Measurement]:
    """The latest value of each test, one query."""
    rows = (
        Measurement.objects.valid()
        .filter(patient=patient, code__in=[*_LABS, *_SAME])
        .order_by("code", "-taken_at", "-pk")
        .distinct("code")
    )
    latest: dict[str, Measurement] = {}
    for row in rows:
        code = _SAME.get(row.code, row.code)
        if code not in latest or latest[code].taken_at < row.taken_at:
            latest[code] = row
    return latest


def _input(patient: Patient, latest: dict[str, Measurement], code: str) -> Input:
    measure = MEASURES[code]
    label = measure.label if code in {INR, EGFR, KPS} else measure.label.lower()
    row = latest.get(code)
    if row is None:
        return Input(label, "", None, problem="not measured")
    on = patient.team.local_date(row.taken_at)
    shown = result_of(row, patient.team.units)
    words = f"{shown.text} {shown.unit}".strip()
    usable = row.value is not None and not row.comparator and measure.unit_named(row.unit) is measure.unit
    if not usable or row.value is None:
        return Input(label, words, on, problem="not a plain number in a known unit")
    if shown.implausible or row.value <= 0:
        return Input(label, words, on, problem="not plausible")
    return Input(label, words, on, row.value)


def _missing(inputs: tuple[Input, ...]) -> tuple[str, ...]:
    return tuple(f"{given.label} ({given.problem})" for given in inputs if given.problem)


def _albi(bilirubin: Input, albumin: Input) -> Score:
    inputs = (bilirubin, albumin)
    value = reading = ""
    if bilirubin.value is not None and albumin.value is not None:
        found = albi(
            bilirubin_umol=bilirubin.value * BILIRUBIN_UMOL_PER_MG_DL,
            albumin_g_l=albumin.value * 10,
        )
        value, reading = f"{found.value:.2f}".replace("-", "−"), f"grade {found.grade}"
    caption = "Grades: local, unsigned."
    return Score("ALBI", value, reading, inputs, _missing(inputs), caption, "Formula V, cutoffs P.")


def _child_pugh(bilirubin: Input, albumin: Input, inr: Input, liver: LiverAssessment | None) -> Score:
    def asked(label: str, code: str, words: str) -> Input:
        on = liver.assessed_on if liver else None
        return Input(label, words.lower(), on if code else None, problem="" if code else "not asked")

    ascites = asked("ascites", liver.ascites if liver else "", liver.get_ascites_display() if liver else "")
    head = asked(
        "encephalopathy", liver.encephalopathy if liver else "", liver.get_encephalopathy_display() if liver else ""
    )
    inputs = (bilirubin, albumin, inr, ascites, head)
    missing = _missing(inputs)
    value = reading = ""
    if not missing and liver and bilirubin.value is not None and albumin.value is not None and inr.value is not None:
        found = child_pugh(
            bilirubin_mg_dl=bilirubin.value,
            albumin_g_dl=albumin.value,
            inr=inr.value,
            ascites=liver.ascites,
            encephalopathy=liver.encephalopathy,
        )
        value, reading = f"{found.points} points", f"class {found.letter}"
    caption = "Built for cirrhosis: liver metastases are another disease. Local, unsigned."
    return Score("Child-Pugh", value, reading, inputs, missing, caption, "P.")


def _clearance(patient: Patient, creatinine: Input, weight: Input, today: date) -> Score:
    age = patient.age(today)
    known_sex = patient.sex in {Sex.FEMALE, Sex.MALE}
    inputs = (
        creatinine,
        weight,
        Input("age", f"{age} years" if age is not None else "", None, problem="" if age is not None else "not known"),
        Input("sex", patient.get_sex_display().lower(), None, problem="" if known_sex else "not known"),
    )
    missing = _missing(inputs)
    value = ""
    if not missing and creatinine.value is not None and weight.value is not None and age is not None:
        found = cockcroft_gault(
            age=age, weight=weight.value, creatinine=creatinine.value, female=patient.sex == Sex.FEMALE
        )
        value = f"{found} mL/min"
    return Score("Creatinine clearance", value, "", inputs, missing, "Cockcroft-Gault.", "P.")


def _as_sent(label: str, given: Input, caption: str) -> Score:
    value = "" if given.problem else given.words
    return Score(label, value, "", (given,), _missing((given,)), caption, "")


def _heart(patient: Patient, latest: dict[str, Measurement]) -> tuple[HeartFacts, dict[str, TeamNumber]]:
    """Five queries."""
    diagnosis = Diagnosis.objects.valid().filter(patient=patient, is_main=True).first()
    flag = (
        ClinicalFlag.objects.valid()
        .filter(patient=patient, kind=FlagKind.HEART_DISEASE)
        .order_by("-asked_on", "-pk")
        .first()
    )
    echo = (
        ImagingStudy.objects.filter(
            patient=patient, modality=StudyModality.ECHO, status__in=DONE, performed_on__isnull=False
        )
        .order_by("-performed_on")
        .first()
    )
    ahead = TreatmentLine.objects.valid().filter(
        patient=patient, modality__in=LIVER_PROCEDURES, status__in=["proposed", "planned"]
    )
    planned = ahead.order_by("pk").first()
    probnp, hiaa = latest.get(NT_PROBNP), latest.get(HIAA)

    def high(row: Measurement | None) -> bool | None:
        if row is None or row.value is None or row.reference_high is None:
            return None
        return row.value > row.reference_high

    local = patient.team.local_date
    facts = HeartFacts(
        carcinoid=diagnosis is not None and diagnosis.syndrome == Syndrome.CARCINOID,
        raised_on=local(hiaa.taken_at) if hiaa is not None and high(hiaa) else None,
        known=flag is not None and flag.state == FlagState.PRESENT,
        probnp_on=local(probnp.taken_at) if probnp else None,
        probnp_high=high(probnp),
        echo_on=echo.performed_on if echo else None,
        surgery=planned.label if planned else "",
    )
    return facts, dict(numbers(patient.team_id))


def function_of(patient: Patient, today: date) -> Function:
    """Eight queries."""
    latest = _latest(patient)
    bilirubin, albumin, inr = (_input(patient, latest, code) for code in (BILIRUBIN, ALBUMIN, INR))
    creatinine, weight = (_input(patient, latest, code) for code in (CREATININE, WEIGHT))
    liver = (
        LiverAssessment.objects.valid()
        .filter(patient=patient)
        .exclude(ascites="", encephalopathy="")
        .order_by("-assessed_on", "-pk")
        .first()
    )
    judged = bool(settings.DECISION_SUPPORT_ENABLED)
    scores = [
        _clearance(patient, creatinine, weight, today),
        _as_sent("eGFR", _input(patient, latest, EGFR), "As the laboratory computed it."),
        _as_sent("Karnofsky", _input(patient, latest, KPS), "As asked, never taken from ECOG."),
    ]
    if judged:
        scores = [_albi(bilirubin, albumin), _child_pugh(bilirubin, albumin, inr, liver), *scores]
    facts, limits = _heart(patient, latest)
    every = limits["carcinoid.known" if facts.known else "carcinoid.echo"]
    screening = heart_screening(
        facts,
        every_days=limits["carcinoid.echo"].days,
        known_every_days=limits["carcinoid.known"].days,
        today=today,
    )
    system = patient.team.units
    return Function(
        tuple(scores),
        screening,
        facts,
        every,
        result_of(latest[NT_PROBNP], system) if NT_PROBNP in latest else None,
        result_of(latest[HIAA], system) if HIAA in latest else None,
        judged,
    )


@requires(Permission.PATIENT_VIEW)
@require_safe
def function_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Scores and heart screening of one patient."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    found = function_of(patient, today)
    context = {
        "patient": patient,
        "today": today,
        "function": found,
        "asks": not patient.is_deceased,
    }
    return render_page(request, "workspace/function.html", context, fragment="panel")
