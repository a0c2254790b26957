"""Figures about groups for the clinician of one patient, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from careteam.people.models import User
from patients.goals.queries import goals_of, own_draft
from patients.goals.rules import InformationPreference
from patients.guidance.queries.prompts import is_enabled
from patients.guidance.queries.snapshot import snapshot
from patients.guidance.rules.prognosis import HIDDEN_BY, GroupFigures, figures_for
from patients.guidance.rules.talking import Spoken, spoken
from patients.record.models import Patient
from patients.record.rules import EnrollmentStatus, NetStatus


@dataclass(frozen=True)
class Prognosis:
    """`hidden` says in words why nothing is shown; else `groups` holds the figures. `preference` is what the patient
    said about numbers, empty when that was never recorded."""

    hidden: str = ""
    groups: GroupFigures | None = None
    preference: str = ""

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        """Best, typical and worst, as one may say it of these groups."""
        return spoken(self.groups.figures) if self.groups else ()


def preference_of(patient: Patient, on: date, reader: User | None = None) -> str:
    """How much the patient wants to know: as the reader just chose it in a draft of a conversation, else as it was
    last signed; empty when nobody asked."""
    draft = own_draft(patient.pk, reader) if reader is not None else None
    chosen = str(draft.content.get("information_preference") or "") if draft else ""
    return chosen if chosen in InformationPreference.values else goals_of(patient.pk, on).information_preference


def prognosis_of(patient: Patient, on: date, reader: User | None = None) -> Prognosis:
    """Nothing is read of the disease before switch, state of the patient and information preference allow it."""
    if not is_enabled():
        return Prognosis("Decision support is switched off at this site. Nothing is shown.")
    if patient.is_deceased or patient.enrollment_status == EnrollmentStatus.UNDER_REVIEW:
        return Prognosis("No figures are shown for this patient: not in care.")
    preference = preference_of(patient, on, reader)
    if preference in HIDDEN_BY:
        words = InformationPreference(preference).label
        return Prognosis(f"Hidden by the patient’s own wish about information: “{words}”.", preference=str(words))
    facts = snapshot(patient, on)
    if facts.net_status != NetStatus.NET:
        return Prognosis("No figures are shown: no neuroendocrine tumor is recorded.")
    settled = {code for code, number in facts.numbers.items() if number.settled}
    words = InformationPreference(preference).label if preference else ""
    return Prognosis(groups=figures_for(facts, settled), preference=str(words))


def why_no_words(patient: Patient, on: date, reader: User) -> str:
    """Why the conversation form offers no figures now; empty: it does. Nobody is offered what nobody asked for."""
    if not is_enabled():
        return "Decision support is switched off at this site. No figures are offered."
    if patient.is_deceased or patient.enrollment_status == EnrollmentStatus.UNDER_REVIEW:
        return "No figures are offered for this patient: not in care."
    preference = preference_of(patient, on, reader)
    if not preference:
        return "Ask first how much they want to know. Figures about groups are offered only when they want numbers."
    if preference in HIDDEN_BY:
        return f"No figures are offered: the patient’s own wish is “{InformationPreference(preference).label}”."
    return ""
