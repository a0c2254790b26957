"""Synthetic histories: patient i of a seed is the same however many are made. Pure, no clock."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from careteam.cohort.histories.asking import write_asking
from careteam.cohort.histories.boards import write_boards
from careteam.cohort.histories.care import write_care
from careteam.cohort.histories.course import course_of
from careteam.cohort.histories.disease import write_disease
from careteam.cohort.histories.findings import write_findings
from careteam.cohort.histories.goals import write_goals, write_steps
from careteam.cohort.histories.imaging import write_imaging
from careteam.cohort.histories.last_days import write_last_days
from careteam.cohort.histories.markers import write_markers
from careteam.cohort.histories.palliative import write_palliative
from careteam.cohort.histories.person import coordinator, write_person
from careteam.cohort.histories.profile import profile_of
from careteam.cohort.histories.response import write_responses
from careteam.cohort.histories.rows import Dice, History, Key, Text, at, working_day
from careteam.cohort.histories.stars import HAZARDS, NAMED_SEED, STARS, Star
from careteam.cohort.histories.story import Story
from careteam.cohort.histories.symptoms import write_symptoms
from careteam.cohort.histories.treatment import disturb_doses, write_treatment
from careteam.cohort.histories.wishes import write_wishes
from patients.record.rules import WEIGHT

__all__ = ["HAZARDS", "History", "history_of"]


def history_of(seed: int, index: int, today: date) -> History:
    """Everything about patient `index` of `seed` as of `today`. The first ones are directed: see `HAZARDS`."""
    star = STARS[index] if index < len(STARS) else None
    dice = Dice(f"{seed}:{index}")
    story = Story(dice, History(), today, index)
    wish = star.wish if star else None
    story.profile = profile_of(dice, today, wish, named=seed == NAMED_SEED)
    story.course = course_of(dice, story.profile, today, wish)
    if star and star.shape:
        star.shape(story)
    _write(story, seed, star)
    write_responses(
        Dice(f"{seed}:{index}:response"), story.history, story.profile, story.course, story.lines, directed=bool(star)
    )
    write_care(Dice(f"{seed}:{index}:care"), story.history, story.profile, today)
    write_last_days(Dice(f"{seed}:{index}:last_days"), story.history, story.profile)
    write_markers(Dice(f"{seed}:{index}:markers"), story.history, story.profile, today)
    write_wishes(Dice(f"{seed}:{index}:wishes"), story.history, story.profile, today, directed=bool(star))
    write_palliative(story, seed=seed)
    return story.history


def _write(story: Story, seed: int, star: Star | None) -> None:
    dice, history, profile, course, today = story.dice, story.history, story.profile, story.course, story.today
    write_person(dice, history, profile, seed=seed, index=story.index, today=today)
    write_disease(dice, history, profile, course, today)
    story.lines = write_treatment(dice, history, profile, course, today)
    story.study = write_imaging(dice, history, profile, course, story.lines, today)
    write_findings(dice, history, profile, course, today, eventful=star is None)
    write_symptoms(history, profile, seed=seed, index=story.index, today=today, directed=star is not None)
    if star is None:
        write_asking(Dice(f"{seed}:{story.index}:asking"), history, profile, today)
        write_goals(dice, history, profile, course, story.lines, today)
        write_boards(dice, history, profile, course, story.lines, story.index, today)
        if profile.in_care:
            disturb_doses(dice, history, today)
            _comes_today(story)
        if profile.in_care and not history.of("step"):
            _see_again(story)
        return
    generated = [row for row in history.of("measurement") if row["code"] == WEIGHT]
    star.direct(story)
    if profile.in_care:
        write_steps(history, story.lines, today)
    _keep_weight(history, generated)


def _comes_today(story: Story) -> None:
    """Some of those for whom something is open are expected today: what the clinic day is for."""
    history, dice = story.history, story.dice
    waits = any(row["status"] == "open" for row in history.of("prompt")) or any(
        row["status"] == "reported" for row in history.of("study")
    )
    if waits and dice.chance(0.2):
        history.add(
            "encounter",
            kind=dice.choice(("visit", "visit", "visit", "phone", "video")),
            starts_at=at(working_day(story.today), dice.randint(7, 15), dice.choice((0, 20, 30, 40))),
            with_whom="NET clinic",
            reason=dice.choice(("Follow-up", "Results of the scan", "Symptoms")),
            status="booked",
        )


def _keep_weight(history: History, generated: list[dict[str, Any]]) -> None:
    """Directed patients are about something else than weight, unless their story says so: then the weights of their
    scans follow those of the story."""
    told = [row for row in history.of("measurement") if row["code"] == WEIGHT and row not in generated]
    told.sort(key=lambda row: row["taken_at"])
    for row in generated:
        before = [each["value"] for each in told if each["taken_at"] <= row["taken_at"]]
        row["value"] = before[-1] if before else (told or generated)[0]["value"]


def _see_again(story: Story) -> None:
    """A visit for whom nothing else is planned; one in fifty of these is forgotten: what the safety net is for."""
    if story.dice.chance(0.02):
        return
    visit = working_day(story.today + timedelta(days=story.dice.randint(3, 60)))
    booked = story.history.add(
        "encounter", kind="visit", starts_at=at(visit, 10), with_whom="NET clinic", reason="Follow-up", status="booked"
    )
    owner = coordinator(story.history)
    story.history.add(
        "step",
        kind="visit",
        source_key=Key("visit", *booked),
        what="Visit at the NET clinic",
        owner=owner,
        owner_role=owner.role,
        due_on=visit,
        url=Text("/patients/{patient}/"),
        opened_at=at(story.today - timedelta(days=3)),
    )
