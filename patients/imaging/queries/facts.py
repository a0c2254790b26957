"""The facts behind a date, for one patient or for many at once (the same number of queries)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from careteam.people.models import Team
from patients.imaging.models import ImagingStudy, SurveillancePlan
from patients.imaging.rules import (
    CROSS_SECTIONAL,
    DONE,
    LABS,
    SETTLED_STOPS,
    TESTED,
    AnchorKind,
    Interval,
    LineFact,
    Resolution,
    StudyModality,
    SurveillanceFacts,
    Value,
    asked_labs,
    cga_raised_on,
    days_of,
    is_lab,
    liver_dominates,
    qualifies,
    resolve,
)
from patients.protocol.queries import TeamNumber, numbers
from patients.protocol.rules import ScanChoice
from patients.record.models import ClinicalFlag, Diagnosis, DiseaseStatus, Measurement, Metastasis, Patient, Specimen
from patients.record.queries import grade_from
from patients.record.rules import FlagKind, FlagState
from patients.treatment.models import Administration, TreatmentLine
from patients.treatment.queries import NO_NUMBER, numbers_of

REGION = "chest, abdomen, pelvis, 3-phase"


def intervals_of(known: Mapping[str, TeamNumber]) -> dict[str, Interval]:
    """The team's numbers in the shape that the situations ask for."""
    return {code: Interval(number.days, number.is_settled) for code, number in known.items()}


@dataclass(frozen=True)
class Known:
    """What the record says of one patient, as far as surveillance asks; `of` makes the facts for one plan."""

    grade: Any
    stage: str = ""
    diagnosed_on: date | None = None
    lines: tuple[LineFact, ...] = ()
    responses: tuple[tuple[date, str], ...] = ()
    scans: tuple[tuple[str, str, date], ...] = ()  # modality, region, day; newest first
    running: frozenset[str] = field(default_factory=frozenset)
    syndrome: str = ""
    has_heart_disease: bool = False
    values: tuple[Value, ...] = ()  # results of the tests that labs of surveillance look at

    def of(self, *, today: date, plan_modality: str, plan_region: str = "") -> SurveillanceFacts:
        facts = SurveillanceFacts(
            today=today,
            grade=self.grade,
            stage=self.stage,
            diagnosed_on=self.diagnosed_on,
            lines=self.lines,
            modality=plan_modality,
            responses=self.responses,
            syndrome=self.syndrome,
            has_heart_disease=self.has_heart_disease,
            cga_raised_on=cga_raised_on(self.values) if is_lab(plan_modality) else None,
        )
        if is_lab(plan_modality):
            return self._measured(facts)
        beside = self.running - {plan_modality}
        for modality, region, on in self.scans:
            if qualifies(modality, region, plan_modality=plan_modality, plan_region=plan_region, beside=beside):
                return replace(facts, last_scan_on=on, last_scan=str(StudyModality(modality).label))
        return facts

    def _measured(self, facts: SurveillanceFacts) -> SurveillanceFacts:
        """A lab counts from its last result, or from the sample that was taken and awaits one."""
        taken = [on for modality, _, on in self.scans if modality == facts.modality]
        days = [on for on in (*taken[:1], *days_of(facts.modality, self.values)[:1]) if on <= facts.today]
        if not days:
            return facts
        return replace(facts, last_scan_on=max(days), last_scan=str(StudyModality(facts.modality).label))

    def asked(self, *, today: date) -> dict[str, str]:
        """The labs that the record asks for, with the reason (`rules.asked_labs`)."""
        return asked_labs(self.of(today=today, plan_modality=StudyModality.CGA))


def known_of(patient_ids: Collection[int]) -> dict[int, Known]:
    """What the record says of these patients (nine queries, whatever their number)."""
    ids = list(patient_ids)
    lines = _lines(ids)
    specimens = _grouped(Specimen.objects.valid().filter(patient_id__in=ids))
    responses: dict[int, list[tuple[date, str]]] = defaultdict(list)
    statuses = DiseaseStatus.objects.valid().filter(patient_id__in=ids).order_by("assessed_on", "pk")
    for patient_id, on, category in statuses.values_list("patient_id", "assessed_on", "category"):
        responses[patient_id].append((on, category))
    scans: dict[int, list[tuple[str, str, date]]] = defaultdict(list)
    done = ImagingStudy.objects.valid().filter(patient_id__in=ids, status__in=DONE, performed_on__isnull=False)
    rows = done.order_by("-performed_on", "-pk").values_list("patient_id", "modality", "region", "performed_on")
    for patient_id, modality, region, on in rows:
        scans[patient_id].append((modality, region, on))
    running: dict[int, set[str]] = defaultdict(set)
    plans = SurveillancePlan.objects.valid().filter(patient_id__in=ids, stopped_on=None)
    for patient_id, modality in plans.values_list("patient_id", "modality"):
        running[patient_id].add(modality)
    values = _values(ids)
    hearts = _with_heart_disease(ids)
    main = {row.patient_id: row for row in Diagnosis.objects.valid().filter(patient_id__in=ids, is_main=True)}
    return {
        patient_id: Known(
            grade=grade_from(specimens[patient_id]).highest.grade,
            stage=main[patient_id].stage if patient_id in main else "",
            diagnosed_on=main[patient_id].diagnosed_on if patient_id in main else None,
            lines=lines.get(patient_id, ()),
            responses=tuple(responses[patient_id]),
            scans=tuple(scans[patient_id]),
            running=frozenset(running[patient_id]),
            syndrome=main[patient_id].syndrome if patient_id in main else "",
            has_heart_disease=patient_id in hearts,
            values=tuple(values[patient_id]),
        )
        for patient_id in ids
    }


def _values(patient_ids: Collection[int]) -> dict[int, list[Value]]:
    """Results of the tests that surveillance looks at, by the day where the patient's team is (one query)."""
    found: dict[int, list[Value]] = defaultdict(list)
    rows = Measurement.objects.valid().filter(patient_id__in=patient_ids, code__in=TESTED)
    said = rows.values_list("patient_id", "code", "taken_at", "value", "reference_high", "patient__team__time_zone")
    for patient_id, code, at, value, high, zone in said:
        found[patient_id].append(Value(code, at.astimezone(ZoneInfo(zone)).date(), value, high))
    return found


def _with_heart_disease(patient_ids: Collection[int]) -> frozenset[int]:
    """Whose carcinoid heart disease is known: the latest answer counts (one query)."""
    rows = ClinicalFlag.objects.valid().filter(patient_id__in=patient_ids, kind=FlagKind.HEART_DISEASE)
    latest = rows.order_by("patient_id", "-asked_on", "-pk").distinct("patient_id")
    return frozenset(pk for pk, state in latest.values_list("patient_id", "state") if state == FlagState.PRESENT)


def labs_missing(patient_id: int, *, today: date) -> dict[str, str]:
    """Labs that the record asks for, that no running plan looks after, and that nobody has declined: with the reason.
    A plan that a person ended for good is not asked for again."""
    return labs_missing_of([patient_id], today=today).get(patient_id, {})


def labs_missing_of(patient_ids: Collection[int], *, today: date) -> dict[int, dict[str, str]]:
    """The same for many patients; those with nothing missing are left out (ten queries, whatever their number)."""
    last: dict[int, dict[str, tuple[date | None, str]]] = defaultdict(dict)
    plans = SurveillancePlan.objects.valid().filter(patient_id__in=patient_ids, modality__in=LABS).order_by("pk")
    for patient_id, modality, stopped, why in plans.values_list("patient_id", "modality", "stopped_on", "stop_reason"):
        last[patient_id][modality] = (stopped, why)
    found = {}
    for patient_id, known in known_of(patient_ids).items():
        settled = {
            modality for modality, (stopped, why) in last[patient_id].items() if stopped is None or why in SETTLED_STOPS
        }
        missing = {each: reason for each, reason in known.asked(today=today).items() if each not in settled}
        if missing:
            found[patient_id] = missing
    return found


def answered_from(lab: ImagingStudy, team: Team, window: int) -> date:
    """The first day whose result this outstanding lab waited for: `window` days before it is due, or the day it was
    ordered."""
    since = (lab.due_on or date.max) - timedelta(days=window)
    return min(since, team.local_date(lab.ordered_at)) if lab.ordered_at is not None else since


def resolution_of(
    plan: SurveillancePlan, facts: SurveillanceFacts, intervals: Mapping[str, Interval]
) -> Resolution | None:
    """What a running plan amounts to now. A date that somebody chose holds until the first scan after it."""
    chosen = plan.anchor_on if plan.anchor_kind == AnchorKind.MANUAL else None
    if chosen is not None and facts.last_scan_on is not None and facts.last_scan_on > chosen:
        chosen = None
    return resolve(facts, intervals, anchor=chosen)


def resolution_for(team_id: int, facts: SurveillanceFacts, *, anchor: date | None = None) -> Resolution | None:
    """What the team's protocol says for these facts."""
    return resolve(facts, intervals_of(numbers(team_id)), anchor=anchor)


def facts_of(patient: Patient, *, today: date, plan_modality: str, plan_region: str = "") -> SurveillanceFacts:
    """What the situation of this patient rests on, for a plan of this modality and region."""
    known = known_of([patient.pk])[patient.pk]
    return known.of(today=today, plan_modality=plan_modality, plan_region=plan_region)


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.patient_id].append(row)
    return groups


def _lines(patient_ids: Sequence[int]) -> dict[int, tuple[LineFact, ...]]:
    doses: dict[int, list[date]] = defaultdict(list)
    given = Administration.objects.valid().filter(patient_id__in=patient_ids, status="given", given_on__isnull=False)
    for line_id, on in given.order_by("given_on").values_list("line_id", "given_on"):
        if on is not None:
            doses[line_id].append(on)
    found = {}
    for patient_id, lines in _grouped(TreatmentLine.objects.valid().filter(patient_id__in=patient_ids)).items():
        orders = numbers_of(lines)
        found[patient_id] = tuple(
            _line(line, orders.get(line.pk, NO_NUMBER).order, tuple(doses[line.pk])) for line in lines
        )
    return found


def _line(line: TreatmentLine, order: int | None, doses: tuple[date, ...]) -> LineFact:
    return LineFact(
        id=line.pk,
        modality=line.modality,
        label=line.agent or line.get_modality_display(),
        role=line.role,
        status=line.status,
        started_on=line.started_on,
        ended_on=line.ended_on,
        site=line.site,
        intent=line.intent,
        order=f"L{order}" if order else "",
        doses=doses,
        agent=line.agent,
        answers=line.plan,
    )


def default_scan(patient_id: int, choice: str = "") -> tuple[str, str]:
    """(modality, region) that a new plan proposes: by the team's protocol for the situation (`choice`), else what was
    used last, else CT of the trunk."""
    last = (
        ImagingStudy.objects.valid()
        .filter(patient_id=patient_id, status__in=DONE, modality__in=CROSS_SECTIONAL)
        .order_by("-performed_on", "-pk")
        .first()
    )
    region = last.region if last is not None else REGION
    if choice in {ScanChoice.CT, ScanChoice.MRI}:
        return choice, region
    if choice == ScanChoice.LIVER_MRI:
        sites = Metastasis.objects.valid().filter(patient_id=patient_id).values_list("site", flat=True)
        return (StudyModality.MRI if liver_dominates(sites) else StudyModality.CT), region
    return (last.modality if last is not None else StudyModality.CT), region
