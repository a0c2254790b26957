"""Synthetic histories: patient i of a seed is the same however many are made. Pure, no clock (`today` is an argument)."""

from __future__ import annotations

from datetime import date

from careteam.cohort.histories.boards import write_boards
from careteam.cohort.histories.course import course_of
from careteam.cohort.histories.disease import write_disease
from careteam.cohort.histories.findings import write_findings
from careteam.cohort.histories.goals import write_goals
from careteam.cohort.histories.imaging import write_imaging
from careteam.cohort.histories.person import write_person
from careteam.cohort.histories.profile import profile_of
from careteam.cohort.histories.rows import Dice, History
from careteam.cohort.histories.treatment import write_treatment

__all__ = ["History", "history_of"]


def history_of(seed: int, index: int, today: date) -> History:
    """Everything about patient `index` of `seed` as of `today`."""
    dice = Dice(f"{seed}:{index}")
    history = History()
    profile = profile_of(dice, today)
    course = course_of(dice, profile, today)
    write_person(dice, history, profile, seed=seed, index=index, today=today)
    write_disease(dice, history, profile, course, today)
    lines = write_treatment(dice, history, profile, course, today)
    write_imaging(dice, history, profile, course, lines, today)
    write_findings(dice, history, profile, course, today)
    write_goals(dice, history, profile, course, lines, today)
    write_boards(dice, history, profile, course, lines, index, today)
    return history
