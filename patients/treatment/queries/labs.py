"""The patient's labs beside a dose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings

from patients.protocol.queries import numbers
from patients.record.models import Measurement
from patients.record.rules import MEASURES, WEIGHT, Sex, cockcroft_gault, converted, in_both
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import CLEARANCE, CREATININE, LAB_SETS, LabCheck, LabValue, Limit, check_labs, plan_class

if TYPE_CHECKING:
    from careteam.people.models import Team
    from patients.record.models import Patient


def judged() -> bool:
    """Whether values are judged at all: off with decision support (`model.md` 7), then only values and dates show."""
    return bool(settings.DECISION_SUPPORT_ENABLED)


def limits_of(team_id: int) -> dict[str, Limit]:
    """The team's numbers in the shape the rules read (one query)."""
    return {
        code: Limit(
            number.value, number.definition.unit, number.definition.source, number.definition.tag, number.is_settled
        )
        for code, number in numbers(team_id).items()
    }


def lab_values(patient: Patient, codes: Iterable[str], *, on: date) -> dict[str, LabValue]:
    """The latest value of each code up to the day, in the measure's own unit; the clearance is computed (one query)."""
    return lab_values_of([patient], codes, on=on)[patient.pk]


def lab_values_of(patients: Iterable[Patient], codes: Iterable[str], *, on: date) -> dict[int, dict[str, LabValue]]:
    """`lab_values` of several patients, by their ids (one query)."""
    by_id = {patient.pk: patient for patient in patients}
    asked = set(codes)
    drawn = asked - {CLEARANCE} | ({CREATININE, WEIGHT} if CLEARANCE in asked else set())
    rows = (
        Measurement.objects.valid()
        .filter(patient_id__in=by_id, code__in=drawn, taken_at__date__lte=on)
        .order_by("patient_id", "code", "-taken_at", "-pk")
        .distinct("patient_id", "code")
    )
    found: dict[int, dict[str, LabValue]] = {pk: {} for pk in by_id}
    for row in rows:
        found[row.patient_id][row.code] = _value(row, by_id[row.patient_id].team)
    for pk, values in found.items():
        if CLEARANCE in asked and CREATININE in values:
            values[CLEARANCE] = _clearance(by_id[pk], values[CREATININE], values.get(WEIGHT))
    return found


def _clearance(patient: Patient, creatinine: LabValue, weight: LabValue | None) -> LabValue:
    """Cockcroft-Gault, dated as the creatinine; what is missing for it is named."""
    name, age = "Creatinine clearance", patient.age(creatinine.on)
    lacking = [
        *(["a creatinine"] if creatinine.value is None else []),
        *(["a weight"] if weight is None or weight.value is None else []),
        *(["the birth date"] if age is None else []),
        *(["the sex"] if patient.sex not in {Sex.FEMALE, Sex.MALE} else []),
    ]
    if lacking or creatinine.value is None or weight is None or weight.value is None or age is None:
        return LabValue(CLEARANCE, name, creatinine.on, None, problem=f"needs {' and '.join(lacking)}")
    value = cockcroft_gault(age=age, weight=weight.value, creatinine=creatinine.value, female=patient.sex == Sex.FEMALE)
    return LabValue(CLEARANCE, name, creatinine.on, value.quantize(Decimal(1)), "mL/min")


def _value(row: Measurement, team: Team) -> LabValue:
    measure, on = MEASURES[row.code], team.local_date(row.taken_at)
    if row.value is None or row.comparator:
        said = f"{row.comparator}{row.value if row.value is not None else row.text}"
        return LabValue(row.code, measure.label, on, None, problem=f"{said}, not a plain number")
    try:
        value, _ = converted(measure, row.value, row.unit)
    except ValueError as problem:
        return LabValue(row.code, measure.label, on, None, problem=str(problem))
    unit = measure.unit_named(row.unit) if row.unit else measure.unit
    factor = unit.factor if unit else None
    low, high = (limit * factor if limit and factor else None for limit in (row.reference_low, row.reference_high))
    unit_name = measure.unit.label or measure.unit.code
    return LabValue(row.code, measure.label, on, value, unit_name, high, low, said=in_both(row.code, value, team.units))


def labs_before(
    line: TreatmentLine, *, on: date, limits: Mapping[str, Limit], values: Mapping[str, LabValue] | None = None
) -> tuple[LabCheck, ...]:
    """Every lab that this treatment looks at before a dose on that day; empty where none is configured."""
    labs = LAB_SETS.get(plan_class(line.modality, line.agent).labs)
    if labs is None:
        return ()
    found = values if values is not None else lab_values(line.patient, [need.code for need in labs.needs], on=on)
    return check_labs(labs, found, limits, on=on)
