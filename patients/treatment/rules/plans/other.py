"""Plans of what is no single drug or procedure: trials, observation, supportive care, hospice. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from patients.treatment.rules.plans.base import Plan, choice, day, text, whole, yes

NCT = re.compile(r"^NCT\d{8}$")


def why_not_trial_number(typed: str) -> str:
    """A sentence when this is no ClinicalTrials.gov number; "" when it is one, or nothing was typed."""
    number = typed.strip().upper()
    if not number or NCT.match(number):
        return ""
    return "An NCT number is NCT and eight digits, such as NCT05477576."


@dataclass(frozen=True)
class TrialPlan(Plan):
    name: ClassVar[str] = "Clinical trial"
    columns: ClassVar[tuple[str, ...]] = ("agent", "trial_number", "intent", "dose", "planned_count", "interval_days")
    labels: ClassVar[Mapping[str, str]] = {"agent": "Drug of the trial"}
    checks: ClassVar[tuple[str, ...]] = ("NCT number",)

    arm: str = text("Arm", hint="As randomized; leave empty while blinded")
    blinded: bool = yes("Blinded")
    consented_on: date | None = day("Consent signed on")
    randomized_on: date | None = day("Randomized on")

    def problems(self) -> dict[str, str]:
        found = super().problems()
        if self.consented_on and self.randomized_on and self.randomized_on < self.consented_on:
            found["randomized_on"] = "Randomized before consent was signed."
        return found


@dataclass(frozen=True)
class ObservationPlan(Plan):
    name: ClassVar[str] = "Observation"
    checks: ClassVar[tuple[str, ...]] = ("surveillance plan",)

    why: str = choice(
        "Why nothing is given",
        ("low_volume", "Low volume, no symptoms"),
        ("stable", "Stable without treatment"),
        ("after_cure", "After complete resection"),
        ("choice", "Patient's choice"),
    )
    until: str = text("What would change it")


@dataclass(frozen=True)
class SupportiveCarePlan(Plan):
    name: ClassVar[str] = "Best supportive care"
    checks: ClassVar[tuple[str, ...]] = ("imaging led by symptoms only when confirmed",)

    symptom_led_imaging: bool = yes("Imaging only when symptoms ask for it: confirmed with the patient")
    focus: str = text("What it aims at")


@dataclass(frozen=True)
class HospicePlan(Plan):
    name: ClassVar[str] = "Hospice"
    columns: ClassVar[tuple[str, ...]] = ("site",)
    labels: ClassVar[Mapping[str, str]] = {"site": "Hospice or service"}
    checks: ClassVar[tuple[str, ...]] = ("surveillance imaging stops, symptom drugs go on",)

    setting: str = choice("Where", ("home", "At home"), ("inpatient", "Inpatient hospice"), ("nursing", "Nursing home"))
    visits: int | None = whole("Nurse visits a week", low=0, high=21)
    drugs_go_on: bool = yes("Symptom drugs reviewed: which go on is agreed")
