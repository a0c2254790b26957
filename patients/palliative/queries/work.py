"""The other lists of the palliative workspace: what waits for a day, referrals, visits, hospice, bereavement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import JSONObject
from django.urls import reverse

from careteam.access.queries import access_of
from careteam.people.models import Membership
from careteam.people.rules import Role
from patients.goals.models import GoalsPrompt, GoalsPromptReason
from patients.goals.queries.state import GoalsNow, PromptNow, goals_summary, prompt_now, with_reasons
from patients.goals.rules import PromptStatus
from patients.palliative.models import BereavementTask, HospiceTransition, PalliativeReferral
from patients.palliative.queries.hospice import facts_of_transition
from patients.palliative.rules import BereavementStatus, HospiceStatus, PalliativeReferralStatus, hospice_sections
from patients.record.models import Diagnosis, Encounter, Measurement, Patient, among, in_care
from patients.record.rules import ECOG
from patients.record.rules.visits import AHEAD
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import LineRole, Modality

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
    on: date | None
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


def people_on_list(ids: Iterable[int], on: date) -> dict[int, PersonOnList]:
    """Who these patients are, by id; two queries."""
    diagnoses = Prefetch("diagnosiss", Diagnosis.objects.valid().filter(is_main=True), to_attr="main_diagnoses")
    rows = Patient.objects.filter(pk__in=list(ids)).prefetch_related(diagnoses)
    return {row.pk: _person(row, on) for row in rows}


def ecog_trends(patient_ids: Iterable[int]) -> dict[int, EcogTrend]:
    """The last two ECOG readings of each patient, one query: two steps along the index for each."""
    readings = (
        Measurement.objects.valid()
        .filter(patient_id=OuterRef("pk"), code=ECOG, value__isnull=False)
        .order_by("-taken_at", "-pk")
    )
    last_two = ArraySubquery(readings.values_list(JSONObject(value="value", at="taken_at"), flat=True)[:2])
    trends: dict[int, EcogTrend] = {}
    for patient_id, found in Patient.objects.filter(pk__in=among(patient_ids)).values_list("pk", last_two):
        if found:
            now, *before = (int(reading["value"]) for reading in found)
            on = datetime.fromisoformat(found[0]["at"]).date()
            trends[patient_id] = EcogTrend(now, on, before[0] if before else None)
    return trends


def prompts_waiting(user: User, *, reason: str = "", mine: bool = False) -> QuerySet[GoalsPrompt]:
    """Prompts that wait for the day to ask again, of patients in active care that the person may see."""
    status = [PromptStatus.DEFERRED, PromptStatus.DECLINED]
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


# --- visits, hospice, bereavement -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """A visit of the palliative team: an appointment, or the day that a referral was answered with (`referral_id`)."""

    pk: int
    patient_id: int
    on: date
    at: datetime | None
    what: str
    with_whom: str
    referral_id: int | None = None

    @property
    def url(self) -> str:
        if self.referral_id is not None:
            return reverse("palliative-answer", args=[self.referral_id])
        return reverse("palliative-panel", args=[self.patient_id])


@dataclass(frozen=True)
class VisitRow:
    person: PersonOnList
    visit: Visit


def palliative_visits(user: User, zone: str, today: date, until: date) -> list[Visit]:
    """Appointments that the palliative team booked or is named in, and first visits of referrals, by day. Four queries
    for any number."""
    here, teams = ZoneInfo(zone), access_of(user).team_ids
    team = list(
        Membership.objects.current()
        .filter(team_id__in=teams)
        .with_role(Role.PALLIATIVE)
        .values_list("user_id", "user__name")
    )
    named = Q(with_whom__icontains="palliative") | Q(with_whom__icontains="hospice")
    for _, name in team:
        named |= Q(with_whom__icontains=name.split()[-1])
    booked = (
        Encounter.objects.visible_to(user)
        .valid()
        .filter(in_care(), Q(created_by__in=[pk for pk, _ in team]) | named)
        .filter(
            starts_at__range=(
                datetime.combine(today, time(0), here),
                datetime.combine(until, time(23, 59), here),
            ),
            status__in=[str(status) for status in AHEAD],
        )
        .values_list("pk", "patient_id", "starts_at", "reason", "kind", "with_whom")
    )
    first = (
        PalliativeReferral.objects.visible_to(user)
        .valid()
        .filter(in_care(), status=PalliativeReferralStatus.ACCEPTED, visit_on__range=(today, until))
        .values_list("pk", "patient_id", "visit_on")
    )
    visits = [
        Visit(pk, patient_id, at.astimezone(here).date(), at, reason or kind, with_whom)
        for pk, patient_id, at, reason, kind, with_whom in booked
    ]
    visits += [
        Visit(-pk, patient_id, on or today, None, "First visit", "palliative team", referral_id=pk)
        for pk, patient_id, on in first
    ]
    return sorted(visits, key=lambda row: (row.on, row.at is None, row.at or datetime.min.replace(tzinfo=UTC), row.pk))


def visit_rows(visits: Iterable[Visit], today: date) -> list[VisitRow]:
    """Rows of the list; two queries for any number."""
    found = list(visits)
    people = people_on_list({visit.patient_id for visit in found}, today)
    return [VisitRow(people[visit.patient_id], visit) for visit in found]


@dataclass(frozen=True)
class HospiceStay:
    """Hospice care that runs (`line`), or the way into it. `transition` is the step in preparation, or the one with
    which the care began."""

    patient_id: int
    line: TreatmentLine | None
    transition: HospiceTransition | None

    @property
    def pk(self) -> int:
        return self.patient_id


@dataclass(frozen=True)
class HospiceRow:
    """Somebody in hospice care, or on the way into it. `lacks`: sections of the step that are not complete."""

    person: PersonOnList
    since: date
    place: str
    night: str
    transition: HospiceTransition | None
    lacks: tuple[str, ...]


def hospice_stays(user: User) -> list[HospiceStay]:
    """Transitions in preparation, then hospice care that runs, each the oldest first. Two queries; the list is as long
    as a team's hospice patients."""
    steps = (
        HospiceTransition.objects.visible_to(user)
        .valid()
        .filter(in_care(), status__in=[HospiceStatus.PREPARING, HospiceStatus.STARTED])
    )
    transitions = {row.patient_id: row for row in steps.order_by("status", "-pk")}
    preparing = sorted(
        (row for row in transitions.values() if row.status == HospiceStatus.PREPARING), key=lambda row: row.opened_at
    )
    running = (
        TreatmentLine.objects.visible_to(user)
        .valid()
        .running()
        .filter(in_care(), modality=Modality.HOSPICE)
        .order_by("started_on", "pk")
    )
    stays = [HospiceStay(row.patient_id, None, row) for row in preparing]
    for line in running:
        step = transitions.get(line.patient_id)
        begun = step if step is not None and step.status == HospiceStatus.STARTED else None
        stays.append(HospiceStay(line.patient_id, line, begun))
    return stays


def hospice_rows(stays: Iterable[HospiceStay], today: date) -> list[HospiceRow]:
    """Rows of the list; three queries for any number."""
    found = list(stays)
    people = people_on_list({stay.patient_id for stay in found}, today)
    lines: dict[int, dict[int, str]] = {}
    for line in (
        TreatmentLine.objects.valid()
        .running()
        .filter(patient_id__in=[stay.patient_id for stay in found if stay.line is None], role=LineRole.ANTITUMOR)
    ):
        lines.setdefault(line.patient_id, {})[line.pk] = line.label
    return [_hospice_row(stay, people[stay.patient_id], lines.get(stay.patient_id, {}), today) for stay in found]


def _hospice_row(stay: HospiceStay, person: PersonOnList, lines: dict[int, str], today: date) -> HospiceRow:
    step = stay.transition
    lacks: tuple[str, ...] = ()
    since, place = today, stay.line.site if stay.line is not None else ""
    if stay.line is not None:
        since = stay.line.started_on or today
    elif step is not None:
        since = step.opened_at.date()
        sections = hospice_sections(facts_of_transition(step, lines), today)
        lacks = tuple(each.title for each in sections if not each.is_done)
    if step is not None and step.place:
        place = step.get_place_display()
    night = f"{step.night_name} {step.night_phone}".strip() if step is not None else ""
    return HospiceRow(person, since, place, night, step, lacks)


@dataclass(frozen=True)
class BereavementRow:
    person: PersonOnList
    died_on: date | None
    task: BereavementTask

    @property
    def pk(self) -> int:
        return self.task.pk


def bereavement_for(user: User) -> QuerySet[BereavementTask]:
    """What is open for families of patients that the person may see. A death that was corrected shows nothing, and
    neither does somebody who may no longer be told."""
    found = BereavementTask.objects.visible_to(user).valid()
    found = found.filter(status=BereavementStatus.OPEN, patient__deceased_on__isnull=False)
    return found.select_related("patient", "contact").prefetch_related(_main_diagnosis())


def bereavement_rows(tasks: Iterable[BereavementTask], on: date) -> list[BereavementRow]:
    return [BereavementRow(_person(task.patient, on), task.patient.deceased_on, task) for task in tasks]


@dataclass(frozen=True)
class WorkCounts:
    """How much lies in each tab that one look can count; `see` and `visits` are counted by their own tab."""

    waiting: int
    referrals: int
    hospice: int
    bereavement: int


def work_counts(user: User) -> WorkCounts:
    """Four counts over partial indexes."""
    preparing = Count("pk", filter=Q(status=HospiceStatus.PREPARING))
    steps = HospiceTransition.objects.visible_to(user).valid().filter(in_care()).aggregate(n=preparing)
    lines = TreatmentLine.objects.visible_to(user).valid().running().filter(in_care(), modality=Modality.HOSPICE)
    return WorkCounts(
        waiting=prompts_waiting(user).count(),
        referrals=referrals_for(user).count(),
        hospice=steps["n"] + lines.count(),
        bereavement=bereavement_for(user).count(),
    )
