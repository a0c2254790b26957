"""The palliative workspace: whom to see next and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from patients.goals.models import GoalsPrompt, GoalsPromptReason
from patients.goals.queries.state import GoalsNow, PromptNow, goals_summary, prompt_now, with_reasons
from patients.goals.rules import PromptStatus
from patients.palliative.models import PalliativeReferral
from patients.palliative.rules import PalliativeReferralStatus
from patients.record.models import Diagnosis, Measurement, Patient, in_care
from patients.record.rules import ECOG

if TYPE_CHECKING:
    from careteam.people.models import User


def _main_diagnosis() -> Prefetch[str]:
    return Prefetch("patient__diagnosiss", Diagnosis.objects.valid().filter(is_main=True), to_attr="main_diagnoses")


@dataclass(frozen=True)
class PersonOnList:
    """Who a row is about, in the words of every list."""

    patient_id: int
    name: str
    age: int | None
    sex: str
    disease: str


@dataclass(frozen=True)
class EcogTrend:
    """The last two readings; `before` is None when there is only one."""

    now: int
    on: date
    before: int | None

    @property
    def rose(self) -> bool:
        return self.before is not None and self.now > self.before


@dataclass(frozen=True)
class PromptRow:
    person: PersonOnList
    prompt: PromptNow
    owner: str
    ecog: EcogTrend | None
    goals: GoalsNow


@dataclass(frozen=True)
class ReferralRow:
    person: PersonOnList
    referral: PalliativeReferral
    goals: GoalsNow


def _person(patient: Patient, on: date) -> PersonOnList:
    found: list[Diagnosis] = getattr(patient, "main_diagnoses", [])
    disease = ""
    if found:
        disease = f"{found[0]}, stage {found[0].stage}" if found[0].stage else str(found[0])
    sex = {"female": "F", "male": "M"}.get(patient.sex, "")
    return PersonOnList(patient.pk, patient.name, patient.age(on), sex, disease)


def ecog_trends(patient_ids: Iterable[int]) -> dict[int, EcogTrend]:
    """The last two ECOG readings of each patient, one query."""
    latest = (
        Measurement.objects.valid()
        .filter(patient_id__in=list(patient_ids), code=ECOG, value__isnull=False)
        .annotate(
            place=Window(RowNumber(), partition_by=[F("patient_id")], order_by=[F("taken_at").desc(), F("pk").desc()])
        )
        .filter(place__lte=2)
        .order_by("patient_id", "place")
        .values_list("patient_id", "value", "taken_at")
    )
    trends: dict[int, EcogTrend] = {}
    for patient_id, value, taken_at in latest:
        first = trends.get(patient_id)
        if first is None:
            trends[patient_id] = EcogTrend(int(value), taken_at.date(), None)
        else:
            trends[patient_id] = EcogTrend(first.now, first.on, int(value))
    return trends


def prompts_for(user: User, *, waiting: bool = False, reason: str = "", mine: bool = False) -> QuerySet[GoalsPrompt]:
    """Open prompts (or those that wait for their date) of patients in active care that the person may see."""
    status = [PromptStatus.DEFERRED, PromptStatus.DECLINED] if waiting else [PromptStatus.OPEN]
    found = GoalsPrompt.objects.visible_to(user).filter(in_care(), status__in=status)
    if reason:
        found = found.filter(Exists(GoalsPromptReason.objects.filter(prompt_id=OuterRef("pk"), reason=reason)))
    if mine:
        found = found.filter(owner=user)
    return with_reasons(found).select_related("patient", "owner").prefetch_related(_main_diagnosis())


def prompt_rows(prompts: Iterable[GoalsPrompt], on: date) -> list[PromptRow]:
    """Rows of the list; four queries for any number."""
    found = list(prompts)
    ids = [prompt.patient_id for prompt in found]
    goals, ecog = goals_summary(ids, on), ecog_trends(ids)
    return [
        PromptRow(
            _person(prompt.patient, on),
            prompt_now(prompt, on),
            str(prompt.owner) if prompt.owner_id else "",
            ecog.get(prompt.patient_id),
            goals[prompt.patient_id],
        )
        for prompt in found
    ]


def referrals_for(user: User, *, answered: bool = False) -> QuerySet[PalliativeReferral]:
    """Referrals that wait for an answer or a visit (or those that had one), of patients that the person may see."""
    status = [PalliativeReferralStatus.REQUESTED, PalliativeReferralStatus.ACCEPTED]
    if answered:
        status = [PalliativeReferralStatus.SEEN, PalliativeReferralStatus.DECLINED]
    found = PalliativeReferral.objects.visible_to(user).filter(status__in=status)
    if not answered:
        found = found.filter(in_care())
    return found.select_related("patient", "requested_by").prefetch_related(_main_diagnosis())


def referral_rows(referrals: Iterable[PalliativeReferral], on: date) -> list[ReferralRow]:
    """Rows of the list; three queries for any number."""
    found = list(referrals)
    goals = goals_summary([row.patient_id for row in found], on)
    return [ReferralRow(_person(row.patient, on), row, goals[row.patient_id]) for row in found]


@dataclass(frozen=True)
class WorkCounts:
    prompts: int
    waiting: int
    referrals: int


def work_counts(user: User) -> WorkCounts:
    """How much lies in each tab (two counts over partial indexes)."""
    waits = Q(status__in=[PromptStatus.DEFERRED, PromptStatus.DECLINED])
    prompts = (
        GoalsPrompt.objects.visible_to(user)
        .filter(in_care(), Q(status=PromptStatus.OPEN) | waits)
        .aggregate(prompts=Count("pk", filter=Q(status=PromptStatus.OPEN)), waiting=Count("pk", filter=waits))
    )
    return WorkCounts(
        **prompts,
        referrals=PalliativeReferral.objects.visible_to(user)
        .filter(in_care(), status__in=[PalliativeReferralStatus.REQUESTED, PalliativeReferralStatus.ACCEPTED])
        .count(),
    )
