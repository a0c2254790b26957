"""Diameters behind the sums of a course: lesions, readings and confirmed responses by RECIST 1.1. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from careteam.cohort.histories.course import Course, Scan
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Person, Ref, at
from patients.response.rules import Followed, Judgment, Lesion, LesionRole, Reading, Readings, Seen, judge

SHARE = 0.12  # of the patients have diameters typed in; directed ones all, of those who respond now every second
_SEGMENTS = ("seg. VII", "seg. IVb", "seg. II", "seg. VIII")
_SPLIT = {1: ("1",), 2: ("0.6", "0.4"), 3: ("0.45", "0.3", "0.25")}
_ONE_DECIMAL = Decimal("0.1")


def write_responses(
    dice: Dice, history: History, profile: Profile, course: Course, lines: list[Ref], *, directed: bool
) -> None:
    """For each line with a baseline and a later scan: targets that add up to the sums of the course, on each scan that
    has a report. Runs last, since directed stories change reports."""
    responds = bool(course.scans) and course.scans[-1].response == "PR"
    if not directed and not dice.chance(0.5 if responds else SHARE):
        return
    studies = {
        row["performed_on"]: Ref("study", n)
        for n, row in enumerate(history.of("study"))
        if row["modality"] in {"ct", "mri"} and row.get("performed_on") and row.get("reported_at")
    }
    for n, line in enumerate(lines[: len(history.of("line"))]):  # a directed story may have taken all of them away
        scans = [scan for scan in course.scans if scan.treatment == n and scan.response and scan.on in studies]
        started = history.row(line).get("started_on")
        before = [scan for scan in course.scans if started and scan.on <= started and scan.on in studies]
        scans = [scan for scan in scans if history.row(studies[scan.on]).get("response") == scan.response]
        if not before or not scans or before[-1].total != scans[0].baseline or scans[0].baseline < 12:
            continue
        if len(scans) > 2 and not directed and dice.chance(0.3):
            study = history.row(studies[scans[1].on])  # a scan in the middle was made the other way
            study["modality"] = "mri" if study["modality"] == "ct" else "ct"
        if not directed and n == len(lines) - 1 and dice.chance(0.7):
            _complete(history, studies[scans[-1].on], scans[-1], line)
        _Series(dice, history, profile, line, studies).write(before[-1], scans)


def _complete(history: History, study: Ref, scan: Scan, line: Ref) -> None:
    """A partial response that became a complete one, where no board has spoken of it."""
    if scan.response != "PR" or history.of("referral"):
        return
    scan.total, scan.response = 0.0, "CR"
    words = "All target lesions gone. No new lesion. Complete response."
    history.row(study).update(response="CR", report=words, conclusion=words)
    for status in history.of("status"):
        if status["assessed_on"] == scan.on:
            status["category"] = "CR"
    history.row(line).update(best_response="CR", last_response="CR")


class _Series:
    """The rows of one line."""

    def __init__(
        self, dice: Dice, history: History, profile: Profile, line: Ref, studies: Mapping[object, Ref]
    ) -> None:
        self.dice, self.history, self.profile, self.line, self.studies = dice, history, profile, line, studies
        self.lesions: list[tuple[Ref, Followed]] = []
        self.read: list[Readings] = []

    def write(self, start: Scan, scans: list[Scan]) -> None:
        total = _mm(start.total)
        count = 3 if total >= 70 else 2 if total >= 30 else 1
        self.shares = [Decimal(share) for share in _SPLIT[count]]
        first = self._assessment(start, is_baseline=True, sum_mm=total, baseline_mm=total, nadir_mm=total)
        for n in range(count):
            self._name(first, LesionRole.TARGET, n + 1)
        if self.dice.chance(0.5):
            self._name(first, LesionRole.NON_TARGET, 1)
        self._put(first, self._readings(start))
        for scan in scans:
            self._follow(scan, is_last=scan is scans[-1])

    def _follow(self, scan: Scan, *, is_last: bool) -> None:
        here = Ref("assessment", len(self.history.of("assessment")))
        readings = self._readings(scan)
        judgment = self._judge(readings)
        unsaid = scan.response == "PD" and judgment.category != "PD"  # the story knows of a new lesion
        may_be = scan.response == "PD" and is_last and self.dice.chance(0.3)
        if (unsaid or may_be) and not any(each.role == LesionRole.NEW for _, each in self.lesions):
            self._name(here, LesionRole.NEW, 1)
            readings = self._readings(scan)
            judgment = self._judge(readings)
        target = judgment.target
        computed = str(judgment.category or "")
        differs = computed not in {"", scan.response}
        self._assessment(
            scan,
            confirmed=scan.response,
            computed=computed,
            reason="Read with the earlier scans beside it" if differs else "",
            sum_mm=target.total if target else None,
            baseline_mm=target.baseline if target else None,
            nadir_mm=target.nadir if target else None,
            caveats=[str(caveat) for caveat in judgment.caveats],
        )
        self._put(here, readings)

    def _judge(self, readings: Readings) -> Judgment:
        return judge([each for _, each in self.lesions], self.read[0], self.read[1:], readings, first_pet=False)

    def _assessment(self, scan: Scan, **values: Any) -> Ref:
        study = self.studies[scan.on]
        row = self.history.row(study)
        return self.history.add(
            "assessment",
            study=study,
            line=self.line,
            read_at=row.get("reported_at") or at(scan.on, 15),
            reader=Person("radiologist"),
            **values,
        )

    def _name(self, found_in: Ref, role: LesionRole, number: int) -> None:
        organ, site, is_node = self._place(role, number)
        row = self.history.add(
            "lesion", found_in=found_in, role=str(role), number=number, organ=organ, site=site, is_node=is_node
        )
        self.lesions.append((row, Followed(role, Lesion(str(row.n), organ, is_node))))

    def _place(self, role: LesionRole, number: int) -> tuple[str, str, bool]:
        if role != LesionRole.TARGET:
            return ("bone", "L2", False) if role == LesionRole.NON_TARGET else ("liver", "seg. VI", False)
        if number <= 2 and "liver" in self.profile.metastases:
            return ("liver", _SEGMENTS[(number + len(self.studies)) % len(_SEGMENTS)], False)
        if number == 3 and "liver" in self.profile.metastases:
            return ("lymph node", "mesenteric", True)
        return (("mesentery", "root", False), ("lung", "right lower lobe", False), ("lymph node", "mesenteric", True))[
            number - 1
        ]

    def _readings(self, scan: Scan) -> dict[str, Reading]:
        """Each target keeps its share; the last one takes what rounding left."""
        left, readings = _mm(scan.total), {}
        targets = [each for _, each in self.lesions if each.role == LesionRole.TARGET]
        for each, share in zip(targets, self.shares, strict=True):
            size = (_mm(scan.total) * share).quantize(_ONE_DECIMAL) if each is not targets[-1] else left
            left -= size
            readings[each.lesion.key] = Reading(Seen.MEASURED, size) if size > 0 else Reading(Seen.ABSENT)
        gone = scan.response == "CR"
        for _, each in self.lesions:
            if each.role != LesionRole.TARGET:
                readings[each.lesion.key] = Reading(Seen.ABSENT if gone else Seen.PRESENT)
        return readings

    def _put(self, assessment: Ref, readings: Readings) -> None:
        self.read.append(readings)
        for lesion, each in self.lesions:
            reading = readings[each.lesion.key]
            self.history.add("reading", assessment=assessment, lesion=lesion, seen=str(reading.seen), mm=reading.mm)


def _mm(value: float) -> Decimal:
    return Decimal(str(value)).quantize(_ONE_DECIMAL)
