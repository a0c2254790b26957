"""Which situation of the protocol (S1 to S12) a patient is in, when the next scan is due, and why. Pure.

How a date comes about, in this order:

1. *After an event* that the last scan does not yet show: embolization (S9), TARE and ablation (S10a, S10b), last PRRT
   dose (S8). The first scan counts from the event, even if another interval would ask for it sooner, because the
   result is not readable before. Once that scan is done the running situation takes over.
2. *During PRRT* (S7): day 112, day 168, then every 84 days from the first dose.
3. *Otherwise* the running situation: targeted drug (S5), CAPTEM (S6), NET G3 (S3), after resection (S11, S12), first
   year of a new or changed therapy (S1), consistently stable (S2), counted from the last qualifying scan, else from
   the start of the line, else from the diagnosis.

A plan of receptor imaging (S13) has no situation of its own: it is done for an event (`rules.pets`), or in the long
routine interval counted from the last such scan.

NEC (S4), MiNEN and an unclassified tumor are never scanned later than their own interval; without a differentiation the
strictest interval holds and is marked provisional.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from careteam.web.words import day
from patients.imaging.rules.codes import AnchorKind, StudyModality
from patients.record.rules import NEC_GRADES, Grade
from patients.treatment.rules import (
    RUNNING_STATUSES,
    SUPPORTIVE,
    LineRole,
    Modality,
    Plan,
    PrimaryPlan,
    ResectionPlan,
    SurgeryPlan,
    TarePlan,
    TransplantPlan,
    plan_class,
)


@dataclass(frozen=True)
class Interval:
    """A number of the protocol as it holds for the team, in days."""

    days: int
    is_settled: bool = True


@dataclass(frozen=True)
class LineFact:
    """What the situation needs of a treatment line. `doses` are the days of doses given, in order; `answers` is the
    plan of its modality as it is kept (JSON)."""

    id: int
    modality: str
    label: str
    role: str
    status: str
    started_on: date | None
    ended_on: date | None = None
    site: str = ""
    intent: str = ""
    order: str = ""
    doses: tuple[date, ...] = ()
    agent: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """What the modality's own plan says."""
        return plan_class(self.modality, self.agent).read(self.answers)

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING_STATUSES

    @property
    def name(self) -> str:
        return f"{self.order} {self.label}".strip()

    def last_event(self, today: date) -> date | None:
        """The last day on which something was done: last dose, else end, else start."""
        if self.doses:
            return self.doses[-1]
        return max((on for on in (self.ended_on, self.started_on) if on is not None and on <= today), default=None)


@dataclass(frozen=True)
class SurveillanceFacts:
    """The patient, as far as surveillance asks. `modality` is that of the plan, `last_scan` the last scan that answers
    it; `responses` are (day, category), oldest first."""

    today: date
    grade: Grade
    stage: str = ""
    diagnosed_on: date | None = None
    lines: tuple[LineFact, ...] = ()
    last_scan_on: date | None = None
    last_scan: str = "scan"
    modality: str = StudyModality.CT
    responses: tuple[tuple[date, str], ...] = ()
    syndrome: str = ""
    cga_raised_on: date | None = None  # the first CgA known, where it was above its reference
    has_heart_disease: bool = False  # carcinoid heart disease is known

    @property
    def judged_on(self) -> date:
        """The day on which "first year" and "two years" are judged: that of the last scan. Judged today, a scan that is
        overdue would be put off by the mere passing of time."""
        return min(self.last_scan_on or self.today, self.today)


@dataclass(frozen=True)
class Resolution:
    """When the next scan is due, by which situation, and why in words."""

    code: str
    interval_days: int
    anchor_on: date
    anchor_kind: AnchorKind
    why: str
    is_settled: bool = True
    is_provisional: bool = False
    line_id: int | None = None

    @property
    def due_on(self) -> date:
        """The day the next scan is due."""
        return due_date(self.anchor_on, self.interval_days)


@dataclass(frozen=True)
class _Running:
    code: str
    interval: Interval
    reason: str
    line: LineFact | None = None


def due_date(anchor: date, interval_days: int) -> date:
    """The day the next scan is due. `interval_days` ≥ 1."""
    if interval_days < 1:
        raise ValueError("An interval is at least one day.")
    return anchor + timedelta(days=interval_days)


def situation_for(
    facts: SurveillanceFacts, intervals: Mapping[str, Interval], *, anchor: date | None = None
) -> Resolution | None:
    """The situation, interval and due date; None when there is no date to count from (choose one: `anchor`)."""
    if facts.modality == StudyModality.SSTR_PET:
        return _receptor(facts, intervals, anchor)
    found = _after_event(facts, intervals) or _during_prrt(facts, intervals) or _running(facts, intervals, anchor)
    return _not_later_than_grade(facts, intervals, found) if found is not None else None


def strict_interval(grade: Grade, intervals: Mapping[str, Interval]) -> tuple[str, Interval, str] | None:
    """(code, interval, reason) that the grade alone demands at least: NEC, MiNEN, no differentiation. No reason where
    the grade says it all."""
    if grade in NEC_GRADES:
        return "S4", intervals["S4"], ""
    if grade == Grade.MINEN:
        return "S4", intervals["S4"], "scheduled like NEC"
    if grade in {Grade.UNCLASSIFIED, Grade.UNGRADED}:
        code = min(("S1", "S2", "S3", "S4"), key=lambda name: intervals[name].days)
        word = "unclassified" if grade == Grade.UNCLASSIFIED else "not graded"
        return code, intervals[code], f"provisional, {word}"
    return None


def _not_later_than_grade(facts: SurveillanceFacts, intervals: Mapping[str, Interval], found: Resolution) -> Resolution:
    provisional = facts.grade in {Grade.UNCLASSIFIED, Grade.UNGRADED}
    strict = strict_interval(facts.grade, intervals)
    if strict is None or found.interval_days <= strict[1].days:
        return replace(found, is_provisional=provisional)
    code, interval, reason = strict
    return replace(
        found,
        code=code,
        interval_days=interval.days,
        why=why_of(interval.days, found.anchor_kind, found.anchor_on, facts, code, reason),
        is_settled=interval.is_settled,
        is_provisional=provisional,
    )


def _receptor(facts: SurveillanceFacts, intervals: Mapping[str, Interval], anchor: date | None) -> Resolution | None:
    """Receptor imaging in its routine interval (S13); what an event asks for sooner is suggested to a person."""
    kind, on = anchor_of(facts, current_line(facts), anchor)
    if on is None:
        return None
    routine = intervals["S13.routine"]
    why = why_of(routine.days, kind, on, facts, "S13", "routine receptor imaging")
    return Resolution("S13", routine.days, on, kind, why, routine.is_settled)


def _event_code(line: LineFact) -> tuple[str, str] | None:
    """(situation, word) for the scan that follows a procedure; TARE is what is planned as TARE."""
    if line.modality == Modality.EMBOLIZATION:
        if isinstance(line.plan, TarePlan):
            return "S10a", "TARE"
        return "S9", line.plan.name if line.agent else "embolization"
    if line.modality == Modality.ABLATION:
        return "S10b", "ablation"
    if line.modality == Modality.PRRT and not line.is_running:
        return "S8", "the last PRRT dose"
    return None


def _after_event(facts: SurveillanceFacts, intervals: Mapping[str, Interval]) -> Resolution | None:
    """The first scan after a procedure that the last scan does not show yet."""
    latest: tuple[date, LineFact, str, str] | None = None
    for line in facts.lines:
        named = _event_code(line)
        on = line.last_event(facts.today) if line.started_on is not None and named else None
        # A later antitumor line governs: what is asked then is how that one works.
        if named and on is not None and (latest is None or on > latest[0]) and not _later_line(facts, line, on):
            latest = (on, line, *named)
    if latest is None:
        return None
    on, line, code, word = latest
    interval = intervals[code]
    if facts.last_scan_on is not None and facts.last_scan_on > on:
        return None
    if (facts.today - on).days > intervals["first_year"].days and facts.last_scan_on is not None:
        return None
    why = f"{interval.days} days after {word} of {day(on)}, {code}: {said(facts, 'first scan after it')}"
    return Resolution(code, interval.days, on, AnchorKind.LINE, why, interval.is_settled, line_id=line.id)


def _later_line(facts: SurveillanceFacts, line: LineFact, on: date) -> bool:
    return any(
        other.id != line.id
        and other.role == LineRole.ANTITUMOR
        and other.modality not in SUPPORTIVE
        and other.is_running
        and other.started_on is not None
        and other.started_on > on
        for other in facts.lines
    )


def _during_prrt(facts: SurveillanceFacts, intervals: Mapping[str, Interval]) -> Resolution | None:
    line = current_line(facts)
    if line is None or line.modality != Modality.PRRT or strict_interval(facts.grade, intervals) is not None:
        return None  # NEC and unclassified tumors keep their own, closer interval
    first = line.doses[0] if line.doses else line.started_on
    if first is None:
        return None
    step, second, further = (intervals[code].days for code in ("S7", "S7.second", "S7.next"))
    milestones = [step, second]
    seen = (facts.last_scan_on - first).days if facts.last_scan_on is not None else -1
    window = intervals["imaging.window"].days
    while milestones[-1] - window <= seen:
        milestones.append(milestones[-1] + further)
    day_number = next(mark for mark in milestones if mark - window > seen)
    words = said(facts, f"during {line.name}")
    why = f"day {day_number} after the first PRRT dose of {day(first)}, S7: {words}"
    return Resolution("S7", day_number, first, AnchorKind.LINE, why, intervals["S7"].is_settled, line_id=line.id)


def current_line(facts: SurveillanceFacts) -> LineFact | None:
    """The running antitumor line that started last."""
    running = [
        line
        for line in facts.lines
        if line.is_running and line.role == LineRole.ANTITUMOR and line.modality not in SUPPORTIVE and line.started_on
    ]
    return max(running, key=lambda line: line.started_on or date.min, default=None)


def _running(facts: SurveillanceFacts, intervals: Mapping[str, Interval], anchor: date | None) -> Resolution | None:
    situation = _situation(facts, intervals)
    kind, on = anchor_of(facts, situation.line, anchor)
    if on is None:
        return None
    why = why_of(situation.interval.days, kind, on, facts, situation.code, situation.reason)
    return Resolution(
        situation.code,
        situation.interval.days,
        on,
        kind,
        why,
        situation.interval.is_settled,
        line_id=situation.line.id if situation.line else None,
    )


def _situation(facts: SurveillanceFacts, intervals: Mapping[str, Interval]) -> _Running:
    line = current_line(facts)
    options: list[_Running] = []
    if line is not None and line.modality == Modality.TARGETED:
        options.append(_Running("S5", intervals["S5"], f"{line.name} is a targeted drug", line))
    if line is not None and line.modality == Modality.CHEMOTHERAPY:
        options.append(_Running("S6", intervals["S6"], f"{line.name}, every three cycles", line))
    if facts.grade == Grade.NET_G3:
        options.append(_Running("S3", intervals["S3"], "", line))
    if options:
        return min(options, key=lambda option: option.interval.days)
    return _resected(facts, intervals, line) or _by_stability(facts, intervals, line)


def _resected(facts: SurveillanceFacts, intervals: Mapping[str, Interval], line: LineFact | None) -> _Running | None:
    """After surgery with nothing running since: liver metastases (S12, closer at first), else R0/R1 (S11). Where tumor
    was left behind (R2), the closer of this and the interval without surgery holds."""
    surgeries = [s for s in facts.lines if s.modality == Modality.SURGERY and s.started_on is not None]
    if line is not None or not surgeries:
        return None
    last = max(surgeries, key=lambda s: s.started_on or date.min)
    on = last.started_on or facts.today
    if any(seen > on and category == "PD" for seen, category in facts.responses):
        return None
    found = _by_surgery(facts, intervals, last, on)
    plan = last.plan
    if found is not None and isinstance(plan, SurgeryPlan) and plan.residual == "R2":
        return min(found, _by_stability(facts, intervals, line), key=lambda option: option.interval.days)
    return found


def _by_surgery(
    facts: SurveillanceFacts, intervals: Mapping[str, Interval], last: LineFact, on: date
) -> _Running | None:
    after = f"after {last.name} of {day(on)}"
    if _of_liver(last):
        if (facts.judged_on - on).days < intervals["S12.first"].days:
            return _Running("S12", intervals["S12"], f"{after}, first two years", last)
        return _Running("S11", intervals["S11"], after, last)
    if facts.stage != "IV" or last.intent == "curative":
        return _Running("S11", intervals["S11"], after, last)
    return None


def _of_liver(surgery: LineFact) -> bool:
    """Liver metastases were operated on: a plan of the liver, or another operation whose site says so."""
    plan = surgery.plan
    if isinstance(plan, ResectionPlan | TransplantPlan):
        return True
    site = surgery.site.lower()
    return not isinstance(plan, PrimaryPlan) and ("liver" in site or "hepat" in site)


def _by_stability(facts: SurveillanceFacts, intervals: Mapping[str, Interval], line: LineFact | None) -> _Running:
    """S1 in the first year of a new or changed therapy or after progression within the year, else S2."""
    year = intervals["first_year"].days
    since = _changed_on(facts, line)
    if since is not None and (facts.judged_on - since).days <= year:
        name = line.name if line is not None else "therapy"
        return _Running("S1", intervals["S1"], f"first year of {name}", line)
    if _progressed_within(facts.responses, facts.judged_on, year):
        return _Running("S1", intervals["S1"], "progression within a year", line)
    if facts.last_scan_on is None:
        return _Running("S1", intervals["S1"], "no scan known here yet", line)
    return _Running("S2", intervals["S2"], "stable for more than a year", line)


def _changed_on(facts: SurveillanceFacts, line: LineFact | None) -> date | None:
    """The last change of antitumor treatment: the running line's start, or the end of the last one."""
    if line is not None:
        return line.started_on
    days = [
        on
        for other in facts.lines
        if other.role == LineRole.ANTITUMOR and other.modality not in SUPPORTIVE
        for on in (other.started_on, other.ended_on)
        if on is not None and on <= facts.today
    ]
    return max(days) if days else facts.diagnosed_on


def _progressed_within(responses: Sequence[tuple[date, str]], judged_on: date, days: int) -> bool:
    """Progression not longer ago than that; also one seen after the day that is judged."""
    return any(category == "PD" and (judged_on - on).days <= days for on, category in responses)


def anchor_of(facts: SurveillanceFacts, line: LineFact | None, chosen: date | None) -> tuple[AnchorKind, date | None]:
    if chosen is not None:
        return AnchorKind.MANUAL, chosen
    if facts.last_scan_on is not None:
        return AnchorKind.SCAN, facts.last_scan_on
    if line is not None and line.started_on is not None:
        return AnchorKind.LINE, line.started_on
    return AnchorKind.DIAGNOSIS, facts.diagnosed_on


_SHORT = {Grade.NET_G1: "G1", Grade.NET_G2: "G2"}


def said(facts: SurveillanceFacts, reason: str) -> str:
    """Who the patient is as far as the situation asks, and what decides: "stage IV G2, first year of L2 Everolimus"."""
    unknown = facts.grade in {Grade.UNCLASSIFIED, Grade.UNGRADED}
    grade = "" if unknown else _SHORT.get(facts.grade, facts.grade.label)
    disease = " ".join(part for part in (f"stage {facts.stage}" if facts.stage else "", grade) if part)
    return ", ".join(part for part in (disease, reason) if part)


def why_of(days: int, kind: AnchorKind, on: date, facts: SurveillanceFacts, code: str, reason: str) -> str:
    what = {
        AnchorKind.SCAN: f"{facts.last_scan} of {day(on)}",
        AnchorKind.LINE: f"the start of treatment on {day(on)}",
        AnchorKind.DIAGNOSIS: f"the diagnosis of {day(on)}",
        AnchorKind.MANUAL: f"{day(on)}, chosen",
    }[kind]
    return f"{days} days after {what}, {code}: {said(facts, reason)}"


# Situations whose date may rest on a number beside their own: what is compared with it (the shortest holds), and what
# says how long a situation lasts.
_BESIDE: dict[str, frozenset[str]] = {
    "S1": frozenset({"S2", "S3", "S4"}),
    "S2": frozenset({"S1", "S3", "S4"}),
    "S3": frozenset({"S1", "S2", "S4", "S5", "S6"}),
    "S5": frozenset({"S3", "S4", "S6"}),
    "S6": frozenset({"S3", "S4", "S5"}),
    "L4.heart": frozenset({"L4"}),
    "S7.second": frozenset({"S7"}),
    "S7.next": frozenset({"S7"}),
    "first_year": frozenset({"S1", "S2", "S8", "S9", "S10a", "S10b"}),
    "S12": frozenset({"S1", "S2"}),
    "S12.first": frozenset({"S11", "S12"}),
    "S13.routine": frozenset({"S13"}),
    "imaging.window": frozenset({"S7", "L6"}),
    **{code: frozenset({"L6"}) for code in ("L6.second", "L6.third", "L6.fourth", "L6.next")},
}


def touched(codes: Iterable[str]) -> frozenset[str] | None:
    """In which situations plans are to be computed again after these numbers were signed; None: in every one (no
    situation is later than S4 for a NEC)."""
    wanted = set(codes)
    if "S4" in wanted:
        return None
    return frozenset(wanted.union(*(_BESIDE.get(code, frozenset()) for code in wanted)))
