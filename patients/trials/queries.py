"""Reading the register, with how many patients stand where; and one patient's trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.urls import reverse

from patients.record.models import Patient
from patients.treatment.rules import Modality
from patients.trials.models import Trial, TrialConsideration
from patients.trials.rules import MARKS, WAITING, Outcome, TrialStatus

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class ConsiderationRow:
    """One trial thought of for a patient. `line_url` leads to the form of the treatment line once enrolled."""

    row: TrialConsideration
    mark: str
    line_url: str

    @property
    def is_waiting(self) -> bool:
        return self.row.outcome in WAITING


def _row(consideration: TrialConsideration) -> ConsiderationRow:
    enrolled = consideration.outcome == Outcome.ENROLLED
    start = reverse("line-start", args=[consideration.patient_id])
    number = consideration.trial.nct_number
    url = f"{start}?modality={Modality.TRIAL}&trial_number={number}" if enrolled else ""
    return ConsiderationRow(consideration, MARKS[consideration.outcome], url)


def considered_for(patient_id: int) -> list[ConsiderationRow]:
    """What was considered for the patient, latest first (one query)."""
    rows = TrialConsideration.objects.valid().filter(patient_id=patient_id).select_related("trial__contact")
    return [_row(row) for row in rows.order_by("-considered_on", "-pk")]


def register(user: User, *, everything: bool = False) -> list[Trial]:
    """The trials of the person's teams, recruiting first, each with `waiting` and `enrolled` patients in care counted
    (one query). Without `everything`, closed ones are left out."""
    in_care = Q(
        considerations__error_at__isnull=True,
        considerations__patient__in=Patient.objects.visible_to(user).in_care(),
    )
    trials = Trial.objects.visible_to(user)
    if not everything:
        trials = trials.exclude(status=TrialStatus.CLOSED)
    counted = trials.select_related("contact", "team").annotate(
        waiting=Count("considerations", filter=in_care & Q(considerations__outcome__in=WAITING)),
        enrolled=Count("considerations", filter=in_care & Q(considerations__outcome=Outcome.ENROLLED)),
    )
    order = {status: place for place, status in enumerate(TrialStatus.values)}
    return sorted(counted.order_by("title", "pk"), key=lambda trial: order[trial.status])


def considered_patients(trial: Trial, user: User) -> list[ConsiderationRow]:
    """Whom the trial was considered for, of those this person may see; the open ones first."""
    rows = (
        TrialConsideration.objects.valid()
        .visible_to(user)
        .filter(trial=trial)
        .select_related("patient__team", "trial")
        .order_by("-considered_on", "-pk")
    )
    return sorted((_row(row) for row in rows), key=lambda each: not each.is_waiting)


def open_trials(team_id: int) -> list[Trial]:
    return list(Trial.objects.filter(team_id=team_id, status=TrialStatus.OPEN).order_by("title", "pk"))
