"""What is open for a patient though no next step says so: scans, lines, referrals, actions, as they stand in their own
tables. In words for the list, and as rows for the command that puts them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from careteam.web.words import day
from patients.imaging.models import ImagingStudy
from patients.imaging.rules import NOT_YET_DONE, StudyStatus
from patients.record.models import NextStep
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.rules import AdministrationStatus, LineStatus
from tumorboard.actions.models import Action
from tumorboard.actions.queries import in_force
from tumorboard.referrals.models import Referral
from tumorboard.referrals.rules import ReferralStatus

# A running line without doses ahead asks for nothing by itself.
_ASKING = (LineStatus.PROPOSED, LineStatus.PLANNED, LineStatus.ON_HOLD)


@dataclass
class Behind:
    """Open rows of one patient that no open step stands for."""

    studies: list[Any] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)
    referrals: list[Any] = field(default_factory=list)
    actions: list[Any] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.studies or self.lines or self.referrals or self.actions)

    def row_keys(self) -> tuple[str, ...]:
        """The source keys of the steps that are missing."""
        named = (("study", self.studies), ("line", self.lines), ("referral", self.referrals), ("action", self.actions))
        return tuple(f"{name}:{row.pk}" for name, rows in named for row in rows)

    def words(self, today: date) -> tuple[str, ...]:
        due = [f"{row} due {day(row.due_on, today)}" for row in self.studies]
        lines = [f"{row.label}, {row.get_status_display().lower()}" for row in self.lines]
        referrals = [f"referral to {row.board}" for row in self.referrals]
        return (*due, *lines, *referrals, *(f"action: {row.what}" for row in self.actions))


def without_step(prefix: str) -> Any:
    """No open step names the row `prefix:<id>` of the outer query."""
    key = Concat(Value(f"{prefix}:"), Cast(OuterRef("pk"), CharField()))
    return ~Exists(NextStep.objects.filter(patient_id=OuterRef("patient_id"), closed_at__isnull=True, source_key=key))


def open_without_step(patient_ids: Collection[int]) -> dict[int, Behind]:
    """By patient: what is open and has no open step. Four queries, whatever the number of patients."""
    found: dict[int, Behind] = defaultdict(Behind)
    for name, rows in _asked(patient_ids):
        for row in rows:
            getattr(found[row.patient_id], name).append(row)
    return dict(found)


def _asked(ids: Collection[int]) -> Iterable[tuple[str, Iterable[Any]]]:
    of = {"patient_id__in": list(ids)}
    # What came performed or reported with an import has that import's review list.
    ours = Q(status__in=NOT_YET_DONE) | Q(status__in=[StudyStatus.PERFORMED, StudyStatus.REPORTED], source="")
    studies = ImagingStudy.objects.valid().filter(ours, without_step("study"), **of)
    yield "studies", studies.select_related("patient__team", "plan", "owner").order_by("pk")
    dose = Administration.objects.valid().filter(line_id=OuterRef("pk"), status=AdministrationStatus.PLANNED)
    lines = TreatmentLine.objects.valid().filter(without_step("line"), **of)
    asking = lines.filter(status__in=_ASKING) | lines.filter(Exists(dose), status=LineStatus.ACTIVE)
    yield "lines", asking.select_related("patient__team").order_by("pk")
    referrals = Referral.objects.valid().filter(without_step("referral"), **of)
    waiting = referrals.filter(status__in=[ReferralStatus.SUBMITTED, ReferralStatus.LISTED])
    yield "referrals", waiting.select_related("board__team", "patient__team").order_by("pk")
    actions = Action.objects.valid().open().filter(in_force(), without_step("action"), **of)
    yield "actions", actions.select_related("patient__team", "owner").order_by("pk")
