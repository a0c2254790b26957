"""Reading the care around the treatment: what stands where, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max

from careteam.web.words import day, language_name
from patients.care.models import (
    Drainage,
    FamilyMember,
    InformationGiven,
    NutritionReview,
    PsychosocialCare,
    Questionnaire,
    SecondOpinion,
    SocialSituation,
)
from patients.care.rules import (
    CARE_KINDS,
    CRISIS,
    DRAINAGE,
    FAMILY,
    INFORMATION,
    LIVE_PATHWAYS,
    NUTRITION,
    OPINION,
    PSYCHOSOCIAL,
    QUESTIONNAIRE,
    SOCIAL,
    CareKind,
    Pathway,
    body_mass_index,
    nutrition_risks,
    score_words,
)
from patients.protocol.queries import numbers
from patients.record.models import ClinicalFlag, ClinicalRow, Measurement, Patient
from patients.record.rules import HEIGHT, WEIGHT, FlagKind, FlagState, WeightLoss, greatest_loss
from patients.triage.models import SymptomCall
from patients.triage.queries import calls_of
from patients.trials.queries import ConsiderationRow, considered_for

# Where each part is kept. The crisis plan is a flag of the record, so that strip, guidance and this page read one row.
TABLES: dict[str, type[ClinicalRow]] = {
    NUTRITION: NutritionReview,
    DRAINAGE: Drainage,
    PSYCHOSOCIAL: PsychosocialCare,
    CRISIS: ClinicalFlag,
    QUESTIONNAIRE: Questionnaire,
    SOCIAL: SocialSituation,
    FAMILY: FamilyMember,
    INFORMATION: InformationGiven,
    OPINION: SecondOpinion,
}
SHOWN = 8


def rows_of(key: str, patient_id: int) -> list[Any]:
    """Every valid row of one part, latest first."""
    rows = TABLES[key].objects.valid().filter(patient_id=patient_id)
    if key == CRISIS:
        return list(rows.filter(kind=FlagKind.CRISIS_PLAN).order_by("-asked_on", "-pk"))
    related = {OPINION: ("center",), PSYCHOSOCIAL: ("owner",)}.get(key, ())
    return list(rows.select_related(*related).order_by("-noted_on", "-pk"))


def live_pathway(patient_id: int) -> PsychosocialCare | None:
    """The psychosocial pathway that is not ended yet."""
    row: PsychosocialCare | None = (
        PsychosocialCare.objects.valid().filter(patient_id=patient_id, state__in=LIVE_PATHWAYS).first()
    )
    return row


# --- weight ----------------------------------------------------------------------------------------------------------


def loss_of(patient: Patient) -> WeightLoss | None:
    """The greater loss over three or six months, from the measurements in kg (one query): the record's own rule, so
    that every page says the same."""
    rows = Measurement.objects.valid().filter(patient=patient, code=WEIGHT, unit="kg", value__isnull=False)
    weights = [(patient.team.local_date(at), value) for at, value in rows.values_list("taken_at", "value")]
    return greatest_loss(weights)


def measured_nutrition(patient: Patient) -> dict[str, Any]:
    """What the measurements say for a new nutrition review: loss, months, body mass index."""
    found: dict[str, Any] = {}
    loss = loss_of(patient)
    if loss is not None:
        found = {"weight_loss_percent": loss.percent, "loss_months": loss.months}
    latest = (
        Measurement.objects.valid()
        .filter(patient=patient, code__in=[WEIGHT, HEIGHT], unit__in=["kg", "cm"], value__gt=0)
        .order_by("code", "-taken_at", "-pk")
        .distinct("code")
    )
    values = {row.code: Decimal(row.value) for row in latest if row.value is not None}
    if WEIGHT in values and HEIGHT in values:
        found["bmi"] = body_mass_index(values[WEIGHT], values[HEIGHT])
    return found


def risks_of(review: NutritionReview, team_id: int) -> tuple[str, ...]:
    """Why nutrition is at risk by the team's numbers; an unsigned number counts for nothing."""
    known = numbers(team_id)
    loss, bmi = known["care.weight_loss"], known["care.bmi"]
    return nutrition_risks(
        loss_percent=review.weight_loss_percent,
        bmi=review.bmi,
        intake=review.intake,
        loss_limit=loss.value if loss.is_settled else Decimal(1000),
        bmi_limit=bmi.value if bmi.is_settled else Decimal(0),
    )


# --- in words --------------------------------------------------------------------------------------------------------


def _join(*parts: object) -> str:
    return ", ".join(day(part) if isinstance(part, date) else str(part) for part in parts if part)


def _supplement(label: str, row: Any, name: str) -> str:
    value = getattr(row, f"get_{name}_display")()
    return f"{label} {value.lower()}" if value else ""


def _nutrition(r: NutritionReview) -> tuple[str, str]:
    loss = f"{r.weight_loss_percent:f} % lost" if r.weight_loss_percent is not None else ""
    months = f"in {r.loss_months} months" if loss and r.loss_months else ""
    score = f"{r.get_tool_display()} {r.score if r.score is not None else ''}".strip() if r.tool else ""
    head = _join(score, f"{loss} {months}".strip(), f"BMI {r.bmi:f}" if r.bmi is not None else "")
    detail = _join(
        f"eats: {r.get_intake_display().lower()}" if r.intake else "",
        _supplement("enzymes", r, "enzymes"),
        _supplement("niacin", r, "niacin"),
        _supplement("B12", r, "b12"),
        "carcinoid diet explained" if r.carcinoid_diet else "",
        f"alcohol: {r.get_alcohol_display().lower()}" if r.alcohol else "",
        r.note,
    )
    return head or "Seen", detail


def _drainage(r: Drainage) -> tuple[str, str]:
    drain = "permanent drain" if r.permanent_drain else ""
    return f"{r.get_kind_display()} {r.volume_ml:,} mL", _join(r.site, drain, r.note)


def _psychosocial(r: PsychosocialCare) -> tuple[str, str]:
    distress = f"Distress {r.distress} of 10" if r.distress is not None else "Without a score"
    return distress, _join(r.get_state_display().lower(), f"owner {r.owner}" if r.owner_id else "", r.note)


def _crisis(r: ClinicalFlag) -> tuple[str, str]:
    if r.state != FlagState.PRESENT:
        return ("No plan" if r.state == FlagState.ABSENT else "Asked, not known"), _join(r.detail)
    return (
        f"Documented {day(r.documented_on)}" if r.documented_on else "Documented",
        _join(f"by {r.documented_by}" if r.documented_by else "", r.kept_at, r.detail),
    )


_WORDS: dict[str, Callable[[Any], tuple[str, str]]] = {
    NUTRITION: _nutrition,
    DRAINAGE: _drainage,
    PSYCHOSOCIAL: _psychosocial,
    CRISIS: _crisis,
    QUESTIONNAIRE: lambda r: (r.get_instrument_display(), _join(r.edition, score_words(r.scores), r.note)),
    SOCIAL: lambda r: (
        r.get_work_display() or "Asked",
        _join(
            r.roles,
            f"sick leave until {day(r.sick_leave_until)}" if r.sick_leave_until else "",
            "money worries" if r.money_worries else "",
            r.note,
        ),
    ),
    FAMILY: lambda r: (
        str(r)[:1].upper() + str(r)[1:],
        _join(
            r.get_age_band_display(),
            "caregiver" if r.is_caregiver else "",
            f"offered: {r.support}" if r.support else "",
            r.note,
        ),
    ),
    INFORMATION: lambda r: (r.title, _join(r.get_kind_display(), language_name(r.language), r.note)),
    OPINION: lambda r: (
        f"{r.center}: {r.question}",
        _join(
            f"sent: {r.sent}" if r.sent else "",
            f"reply {day(r.received_on)}" if r.received_on else "",
            r.answer,
            r.note,
        ),
    ),
}
_STATE_MARKS = {
    Pathway.TO_OFFER: "amb",
    Pathway.ACCEPTED: "acc",
    Pathway.DECLINED: "bar",
    Pathway.SEEN: "grn",
    Pathway.ENDED: "bar",
}


@dataclass(frozen=True)
class Line:
    """One row in words. `mark` is a kind of tag with `word`, empty for none; `next_on` when somebody looks again."""

    pk: int
    what: str
    detail: str
    on: date | None
    mark: str = ""
    word: str = ""
    next_on: date | None = None


@dataclass(frozen=True)
class Section:
    """One part of the care with its rows, latest first; `total` counts those that are not shown too."""

    kind: CareKind
    lines: tuple[Line, ...]
    total: int


def _mark(key: str, row: Any, today: date, team_id: int) -> tuple[str, str]:
    if key == NUTRITION:
        risks = risks_of(row, team_id)
        return ("amb", f"At risk: {', '.join(risks)}") if risks else ("", "")
    if key == PSYCHOSOCIAL:
        return _STATE_MARKS[Pathway(row.state)], row.get_state_display()
    if key == CRISIS:
        return ("grn", "Documented") if row.state == FlagState.PRESENT else ("amb", "None")
    if key == OPINION and row.received_on is None:
        late = row.follow_up_on is not None and row.follow_up_on < today
        return ("red", "Reply overdue") if late else ("amb", "Waits for the reply")
    return "", ""


def line_of(key: str, row: Any, today: date, team_id: int, *, latest: bool = True) -> Line:
    """The row in words; only the latest one of a part carries a mark (second opinions each their own)."""
    what, detail = _WORDS[key](row)
    mark, word = _mark(key, row, today, team_id) if latest or key == OPINION else ("", "")
    is_flag = key == CRISIS
    return Line(
        row.pk,
        what,
        detail,
        row.asked_on if is_flag else row.noted_on,
        mark,
        word,
        (row.review_on if is_flag else row.follow_up_on) if latest or key == OPINION else None,
    )


def sections_of(patient: Patient, today: date, *, shown: int | None = None) -> list[Section]:
    """Every part of the care in the order of `CARE_KINDS`; a fixed number of queries."""
    found = []
    for key, kind in CARE_KINDS.items():
        rows = rows_of(key, patient.pk)
        lines = [
            line_of(key, row, today, patient.team_id, latest=position == 0)
            for position, row in enumerate(rows[:shown] if shown else rows)
        ]
        found.append(Section(kind, tuple(lines), len(rows)))
    return found


@dataclass(frozen=True)
class CareNow:
    """What the panel of the patient page shows."""

    filled: tuple[Section, ...]
    empty: tuple[CareKind, ...]
    calls: tuple[SymptomCall, ...]
    trials: tuple[ConsiderationRow, ...]
    loss: WeightLoss | None
    loss_alarms: bool


def care_now(patient: Patient, today: date) -> CareNow:
    """The latest of every part, the last calls, the trials considered, and whether the weight asks for a dietitian."""
    sections = sections_of(patient, today, shown=1)
    loss, limit = loss_of(patient), numbers(patient.team_id)["care.weight_loss"]
    return CareNow(
        filled=tuple(section for section in sections if section.lines),
        empty=tuple(section.kind for section in sections if not section.lines),
        calls=tuple(calls_of(patient.pk, 3)),
        trials=tuple(considered_for(patient.pk)),
        loss=loss,
        loss_alarms=loss is not None and limit.is_settled and loss.percent >= limit.value,
    )


def dietitian_knows(patient: Patient, today: date) -> bool:
    """Whether a nutrition review answers the latest weight: written since, or followed up on a day to come."""
    review = NutritionReview.objects.valid().filter(patient=patient).order_by("-noted_on", "-pk").first()
    if review is None:
        return False
    weighed = Measurement.objects.valid().filter(patient=patient, code=WEIGHT).aggregate(at=Max("taken_at"))["at"]
    follows = review.follow_up_on is not None and review.follow_up_on >= today
    return follows or weighed is None or review.noted_on >= patient.team.local_date(weighed)
