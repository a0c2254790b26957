"""The course of a disease: which treatment when, why it began and ended, which scan showed what. Pure.

Nothing is written here: `Course` says what happened, `treatment.py` and `imaging.py` turn it into rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from careteam.cohort.histories.profile import Profile, Wish
from careteam.cohort.histories.regimens import REGIMENS, Regimen, first_treatments, next_treatment, surveillance
from careteam.cohort.histories.rows import Dice, working_day

WASHOUT_DAYS = 28  # from the last long-acting analog to a PRRT dose


@dataclass
class Scan:
    """One cross-sectional scan that was done; `total` is the sum of the target diameters in mm."""

    on: date
    response: str
    total: float
    baseline: float
    nadir: float
    treatment: int = -1
    interval: int = 0


@dataclass
class Treatment:
    """One line. `doses` are those given; `planned` those still to come."""

    regimen: Regimen
    start: date
    reason: str
    role: str = "antitumor"
    end: date | None = None
    end_reason: str = ""
    best: str = ""
    last: str = ""
    doses: list[date] = field(default_factory=list)
    planned: list[date] = field(default_factory=list)
    first_number: int = 1
    note: str = ""
    ahead: bool = False  # planned or proposed, not begun

    @property
    def running(self) -> bool:
        return self.end is None and not self.ahead


@dataclass
class Course:
    """`due` is when the next scan is due (None: no plan running), with the situation and interval behind it."""

    treatments: list[Treatment] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    due: date | None = None
    situation: str = ""
    interval: int = 0
    anchor: date | None = None
    anchored_on_scan: bool = False

    @property
    def present(self) -> Treatment:
        """The treatment that decides: the latest antitumor one that has begun."""
        begun = [t for t in self.treatments if t.role == "antitumor" and not t.ahead]
        return begun[-1]

    @property
    def coming(self) -> Treatment | None:
        """What is to begin after the last one ended."""
        return next((t for t in self.treatments if t.ahead), None)

    @property
    def progressions(self) -> list[Scan]:
        return [scan for scan in self.scans if scan.response == "PD"]


@dataclass
class _Leg:
    """A treatment and the time until the next one: `until` is the end of its effect, None at the horizon."""

    treatment: Treatment
    until: date | None


def course_of(dice: Dice, profile: Profile, today: date, wish: Wish | None = None) -> Course:
    """From diagnosis to today (or death)."""
    horizon = profile.died or today
    if wish and wish.treatments:
        legs = _directed(dice, profile, horizon, wish)
    else:
        legs = _free(dice, profile, horizon)
        _let_die(dice, profile, legs[-1], today)
        horizon = profile.died or today
    course = Course()
    for leg in legs:
        course.treatments.append(leg.treatment)
    _scan(dice, profile, course, legs, horizon, wish)
    if legs[-1].until is not None and profile.died is None and not (wish and wish.no_plan):
        _look_ahead(dice, profile, course, today)
    _keep_symptoms_down(profile, course, horizon)
    for treatment in course.treatments:
        _dose(treatment, horizon, today, alive=profile.died is None)
    _keep_washout(course)
    if wish and wish.no_plan:
        course.due = None
    if profile.died is not None:
        _end_by_death(course, profile.died)
    return course


def _free(dice: Dice, profile: Profile, horizon: date) -> list[_Leg]:
    codes = first_treatments(dice, profile)
    legs: list[_Leg] = []
    used: list[str] = []
    start = profile.diagnosed + timedelta(days=dice.randint(14, 60))
    reason = "first"
    while start < horizon - timedelta(days=5):
        code = codes.pop(0) if codes else next_treatment(dice, profile, used, start)
        used.append(code)
        leg = _leg(dice, REGIMENS[code], start, reason, horizon)
        legs.append(leg)
        if leg.until is None:
            break
        if code == "prrt" and profile.receptor and dice.chance(0.45):
            codes.insert(0, "lanreotide")
            reason = "planned"
            gap = WASHOUT_DAYS
            leg.until = min(leg.until, (leg.treatment.end or start) + timedelta(days=30))
        elif code == "surgery":
            reason = "first" if profile.stage == "IV" else "relapse"
            gap = dice.randint(10, 40)
        else:
            reason = "intolerance" if leg.treatment.end_reason == "toxicity" else "progression"
            gap = dice.randint(12, 35)
        following = codes[0] if codes else ""
        start = leg.until + timedelta(days=gap if following != "prrt" else gap + WASHOUT_DAYS)
        if not codes:
            codes = [next_treatment(dice, profile, used, start)]
            if codes[0] == "prrt":
                start += timedelta(days=WASHOUT_DAYS)
    if not legs:
        legs.append(_leg(dice, REGIMENS[codes[0]], horizon - timedelta(days=4), "first", horizon))
    return legs


def _let_die(dice: Dice, profile: Profile, last: _Leg, today: date) -> None:
    """Nobody is in hospice, or has only supportive care, for years."""
    usual = {"hospice": 60, "bsc": 240}.get(last.treatment.regimen.code)
    if usual is None or profile.died is not None or profile.enrollment != "active":
        return
    died = last.treatment.start + timedelta(days=dice.span(usual, 4, usual * 3))
    if died < today:
        profile.died, profile.enrollment = died, "deceased"


def _leg(dice: Dice, regimen: Regimen, start: date, reason: str, horizon: date, lasts: int = 0) -> _Leg:
    """`lasts` fixes the days until the next treatment; 0 draws them."""
    start = working_day(start)
    treatment = Treatment(regimen, start, reason)
    effect = lasts or regimen.treatment_days + 40 + dice.span(regimen.mean, 60, regimen.mean * 3)
    if not regimen.finite and not lasts:
        effect = dice.span(regimen.mean, 84, regimen.mean * 3)
    until = start + timedelta(days=effect)
    treatment.best = dice.pick(regimen.best)
    toxic = dice.chance(regimen.toxic)
    if regimen.code in {"bsc", "hospice"}:
        treatment.best = ""
        return _Leg(treatment, None)
    if regimen.finite:
        days = regimen.treatment_days
        if toxic and regimen.count > 2:
            days = regimen.cycle * (regimen.count - 2)
        if start + timedelta(days=days) < horizon - timedelta(days=3):
            treatment.end = start + timedelta(days=days)
            treatment.end_reason = "toxicity" if toxic and regimen.count > 2 else "completed"
    elif until < horizon - timedelta(days=10):
        treatment.end = until
        treatment.end_reason = "toxicity" if toxic else "progression"
        if not toxic and dice.chance(0.04):
            treatment.end_reason = "patient_choice"
    return _Leg(treatment, until if until < horizon - timedelta(days=10) else None)


def _directed(dice: Dice, profile: Profile, horizon: date, wish: Wish) -> list[_Leg]:
    """The wished treatments, laid out backward from the present one; moves the diagnosis when they need more time."""
    regimens = [REGIMENS[code] for code in wish.treatments]
    starts = [horizon - timedelta(days=wish.last_days)]
    available = max(120, (starts[0] - profile.diagnosed).days - 45)
    drawn = [r.treatment_days + 60 + dice.span(r.mean, 100, r.mean * 2) for r in regimens[:-1]]
    for regimen, days in zip(reversed(regimens[:-1]), reversed(drawn), strict=True):
        scaled = max(regimen.treatment_days + 75, 130, days * available // max(1, sum(drawn)))
        starts.insert(0, working_day(starts[0] - timedelta(days=scaled)))
    profile.diagnosed = min(profile.diagnosed, starts[0] - timedelta(days=dice.randint(18, 50)))
    legs: list[_Leg] = []
    reason = "first"
    for n, (regimen, start) in enumerate(zip(regimens, starts, strict=True)):
        final = n == len(regimens) - 1
        lasts = (horizon - start).days + 400 if final else (starts[n + 1] - start).days - 35
        if n and regimen.modality == "ssa" and regimens[n - 1].modality == "prrt":
            reason = "planned"
        leg = _leg(dice, regimen, start, reason, horizon, lasts)
        if final and leg.treatment.end_reason == "toxicity":
            leg.treatment.end_reason = "completed"
        if regimen.finite and leg.treatment.end_reason == "toxicity" and not final:
            leg.treatment.end_reason = "completed"
        legs.append(leg)
        surgical = regimen.modality == "surgery"
        reason = (
            "first"
            if surgical and n == 0
            else "intolerance"
            if leg.treatment.end_reason == "toxicity"
            else "progression"
        )
    return legs


def _look_ahead(dice: Dice, profile: Profile, course: Course, today: date) -> None:
    """The last treatment failed and the next has not begun: it is planned, and the next scan with it."""
    last = course.treatments[-1]
    reason = "intolerance" if last.end_reason == "toxicity" else "progression"
    start = today + timedelta(days=dice.randint(4, 24))
    code = next_treatment(dice, profile, [t.regimen.code for t in course.treatments], start)
    if code == "prrt":
        start += timedelta(days=WASHOUT_DAYS)
    if code not in {"bsc", "hospice"}:
        course.treatments.append(Treatment(REGIMENS[code], working_day(start), reason, ahead=True))
    if course.scans:
        course.anchor, course.anchored_on_scan = course.scans[-1].on, True
        course.situation, course.interval = ("S4", 60) if profile.grade == "NEC" else ("S1", 90)
        course.due = max(course.anchor + timedelta(days=course.interval), today - timedelta(days=20))


def _scan(dice: Dice, profile: Profile, course: Course, legs: list[_Leg], horizon: date, wish: Wish | None) -> None:
    total = float(dice.randint(38, 150))
    for n, leg in enumerate(legs):
        treatment = leg.treatment
        start = treatment.start
        last = course.scans[-1].on if course.scans else None
        if last is None or (start - last).days > 42:
            when = max(profile.diagnosed, start - timedelta(days=dice.randint(4, 14)))
            course.scans.append(Scan(when, "", total, total, total, n))
        total = baseline = nadir = course.scans[-1].total
        days = _scan_days(dice, profile, course, leg, horizon, wish if n == len(legs) - 1 else None)
        for position, on in enumerate(days):
            progressed = leg.until is not None and position == len(days) - 1 and treatment.end_reason != "toxicity"
            if progressed and treatment.regimen.modality == "prrt" and _planned_after(legs, n):
                progressed = False
            total, response = _measure(
                dice, treatment, total, baseline, nadir, progressed=progressed, first=position == 0
            )
            nadir = min(nadir, total)
            course.scans.append(Scan(on, response, total, baseline, nadir, n))
        _note_responses(course, treatment, n)


def _planned_after(legs: list[_Leg], n: int) -> bool:
    return n + 1 < len(legs) and legs[n + 1].treatment.reason == "planned"


def _note_responses(course: Course, treatment: Treatment, n: int) -> None:
    found = [scan.response for scan in course.scans if scan.treatment == n and scan.response]
    order = ["CR", "PR", "SD", "PD"]
    treatment.best = min(found, key=order.index) if found else ""
    treatment.last = found[-1] if found else ""
    if treatment.end is not None and treatment.end_reason == "progression" and treatment.last != "PD":
        treatment.end_reason = "clinician_choice"


def _scan_days(dice: Dice, profile: Profile, course: Course, leg: _Leg, horizon: date, wish: Wish | None) -> list[date]:
    """When scans were done under this treatment; sets what is due next when it is the present one."""
    treatment, regimen = leg.treatment, leg.treatment.regimen
    end = leg.until or horizon
    days: list[date] = []
    previous = treatment.start
    while True:
        finished = treatment.end is not None and previous >= treatment.end
        since = (previous - (treatment.end if finished and treatment.end else treatment.start)).days
        situation, interval = surveillance(regimen, profile, since, finished=finished)
        following = previous + timedelta(days=interval)
        if leg.until is not None and following > end - timedelta(days=interval // 3):
            days.append(working_day(end - timedelta(days=dice.randint(5, 12))))
            return sorted(set(days))
        if leg.until is None and following >= horizon:
            break
        previous = working_day(following + timedelta(days=dice.randint(-4, 6)))
        if previous >= horizon:
            break
        days.append(previous)
    if regimen.code in {"bsc", "hospice"}:
        return []
    course.situation, course.interval = situation, interval
    overdue = dice.chance(0.1)
    if wish is not None and wish.scan_due_in is not None:
        anchor = horizon + timedelta(days=wish.scan_due_in - interval)
        days = [day for day in days if day <= anchor - timedelta(days=45)]
        if anchor > treatment.start + timedelta(days=20):
            days.append(anchor)
            course.anchored_on_scan = True
        course.anchor = anchor
    elif days:
        if overdue and (horizon - days[-1]).days < 64 and len(days) > 1:
            days.pop()
        course.anchor, course.anchored_on_scan = days[-1], True
    else:
        course.anchor = treatment.start
    course.due = course.anchor + timedelta(days=interval)
    return days


def _measure(
    dice: Dice, treatment: Treatment, total: float, baseline: float, nadir: float, *, progressed: bool, first: bool
) -> tuple[float, str]:
    """The next sum and what RECIST 1.1 makes of it (20 % and 5 mm over nadir; 30 % under baseline)."""
    if progressed or (first and treatment.best == "PD" and treatment.end_reason == "progression"):
        return round(max(nadir * dice.between(1.21, 1.45, 3), nadir + 5.5), 1), "PD"
    if treatment.best in {"PR", "CR"} and not (first and dice.chance(0.4)):
        value = min(total, baseline * dice.between(0.52, 0.68, 3))
    else:
        value = min(nadir * 1.17, max(baseline * 0.74, total * dice.between(0.93, 1.05, 3)))
    value = round(max(value, 8.0), 1)
    if value - nadir >= 5 and (value - nadir) * 100 >= 20 * nadir:
        return round(nadir * 1.1, 1), "SD" if nadir * 1.1 > baseline * 0.7 else "PR"
    return value, "PR" if (baseline - value) * 100 >= 30 * baseline else "SD"


def _keep_symptoms_down(profile: Profile, course: Course, horizon: date) -> None:
    """A functional tumor keeps its analog beside later lines, for symptoms: no line number of its own."""
    if profile.syndrome not in {"carcinoid", "vipoma", "glucagonoma"}:
        return
    analogs = [t for t in course.treatments if t.regimen.modality == "ssa" and t.end is not None]
    running = [t for t in course.treatments if t.regimen.modality == "ssa" and t.running]
    if not analogs or running:
        return
    last = analogs[-1]
    start = working_day((last.end or last.start) + timedelta(days=28))
    later = [
        t
        for t in course.treatments
        if t.regimen.modality == "prrt" and not t.ahead and t.start >= (last.end or last.start)
    ]
    if later:
        start = later[-1].start
    if start < horizon - timedelta(days=7):
        course.treatments.append(Treatment(last.regimen, start, "symptom_control", role="symptom_control"))


def _keep_washout(course: Course) -> None:
    """An analog beside PRRT is given with the dose, never in the weeks before one."""
    activity = [day for t in course.treatments if t.regimen.modality == "prrt" for day in (*t.doses, *t.planned)]
    for treatment in course.treatments:
        if treatment.role == "symptom_control" and activity:
            clear = [d for d in treatment.doses if not any(0 < (q - d).days <= WASHOUT_DAYS + 2 for q in activity)]
            treatment.doses = clear
            treatment.planned = [
                d for d in treatment.planned if not any(0 < (q - d).days <= WASHOUT_DAYS + 2 for q in activity)
            ]


def _dose(treatment: Treatment, horizon: date, today: date, *, alive: bool) -> None:
    """Given and planned doses. Of analogs only the last months are listed; the numbers go on counting."""
    regimen = treatment.regimen
    if treatment.ahead:
        return
    if not regimen.cycle:
        if regimen.finite:
            treatment.doses = [treatment.start]
        return
    late = timedelta(days=4 if regimen.finite else 0)  # the last dose of a course may be moved off a weekend
    stop = min((treatment.end or horizon) + late, horizon)
    due = treatment.start
    listed_from = horizon - timedelta(days=240) if regimen.modality == "ssa" else date.min
    number = 0
    while due <= stop and (not regimen.finite or number < regimen.count):
        number += 1
        if due >= listed_from and due < today:
            if not treatment.doses:
                treatment.first_number = number
            treatment.doses.append(due)
        elif due >= today:
            number -= 1
            break
        due = working_day(due + timedelta(days=regimen.cycle))
    if regimen.finite and treatment.end is not None and treatment.doses:
        treatment.end = max(treatment.end, treatment.doses[-1])
    if treatment.end is None and alive:
        ahead = min(2, regimen.count - number) if regimen.finite else 2
        if not treatment.doses:
            treatment.first_number = number + 1
        for _ in range(max(0, ahead)):
            treatment.planned.append(due)
            due = working_day(due + timedelta(days=regimen.cycle))


def _end_by_death(course: Course, died: date) -> None:
    course.due = None
    for treatment in course.treatments:
        if treatment.end is None:
            treatment.end, treatment.end_reason = max(died, treatment.start), "death"
