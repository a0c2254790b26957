"""Changes of the course before its rows are written. Pure."""

from __future__ import annotations

from datetime import timedelta

from careteam.cohort.histories.course import Treatment
from careteam.cohort.histories.regimens import REGIMENS
from careteam.cohort.histories.story import Story


def progressing_now(story: Story) -> None:
    """The last scan shows progression; the treatment still runs, nothing is decided."""
    scan = story.course.scans[-1]
    scan.response, scan.total = "PD", round(max(scan.nadir * 1.24, scan.nadir + 6), 1)
    story.course.present.last = "PD"


def larger_than_nadir(story: Story) -> None:
    """Half of the baseline, and yet progression: 25 % and 10 mm over the nadir."""
    scans = [scan for scan in story.course.scans if scan.treatment == len(story.course.treatments) - 1]
    for scan, (total, response) in zip(scans[-3:], ((62.0, "PR"), (40.0, "PR"), (50.0, "PD")), strict=False):
        scan.total, scan.response, scan.baseline = total, response, 100.0
    scans[-2].nadir = scans[-1].nadir = 40.0
    story.course.present.best, story.course.present.last = "PR", "PD"


def without_differentiation(story: Story) -> None:
    """Pathology never said how well differentiated it is."""
    story.profile.differentiation = ""
    story.course.situation, story.course.interval = "S4", 60
    story.course.anchor = story.day(4 - 60)
    story.course.due = story.day(4)


def analog_beside(story: Story) -> None:
    """An analog for symptoms beside PRRT, booked too near the next dose."""
    prrt = story.course.present
    second = story.day(24)
    prrt.doses, prrt.planned = [prrt.start], [second, second + timedelta(days=56)]
    story.course.treatments = [t for t in story.course.treatments if t.role == "antitumor"]
    analog = Treatment(REGIMENS["lanreotide"], prrt.start, "symptom_control", role="symptom_control")
    analog.doses, analog.planned = [prrt.start], [second - timedelta(days=18)]
    story.course.treatments.append(analog)
