"""Figures about groups for the clinician of one patient, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from patients.goals.queries import goals_of
from patients.goals.rules import InformationPreference
from patients.guidance.queries.prompts import is_enabled
from patients.guidance.queries.snapshot import snapshot
from patients.guidance.rules.prognosis import HIDDEN_BY, GroupFigures, figures_for
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus, NetStatus


@dataclass(frozen=True)
class Prognosis:
    """`hidden` says in words why nothing is shown; else `groups` holds the figures. `preference` is what the patient
    said about numbers, empty when that was never recorded."""

    hidden: str = ""
    groups: GroupFigures | None = None
    preference: str = ""


def prognosis_of(patient: Patient, on: date) -> Prognosis:
    """Nothing is read of the disease before switch, state of the patient and information preference allow it."""
    if not is_enabled():
        return Prognosis("Decision support is switched off at this site. Nothing is shown.")
    if patient.is_deceased or patient.enrollment_status == EnrollmentStatus.UNDER_REVIEW:
        return Prognosis("No figures are shown for this patient: not in care.")
    preference = goals_of(patient.pk, on).information_preference
    if preference in HIDDEN_BY:
        words = InformationPreference(preference).label
        return Prognosis(f"Hidden by the patient’s own wish about information: “{words}”.", preference=str(words))
    facts = snapshot(patient, on)
    if facts.net_status != NetStatus.NET:
        return Prognosis("No figures are shown: no neuroendocrine tumor is recorded.")
    settled = {code for code, number in facts.numbers.items() if number.settled}
    words = InformationPreference(preference).label if preference else ""
    return Prognosis(groups=figures_for(facts, settled), preference=str(words))
