"""What a directed patient is made with: everything known so far, and the ways to change it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from careteam.cohort.histories import boards, goals, imaging
from careteam.cohort.histories.course import Course
from careteam.cohort.histories.findings import LABS, measure
from careteam.cohort.histories.profile import Profile
from careteam.cohort.histories.rows import Dice, History, Key, Ref


@dataclass
class Story:
    """One patient in the making. `study` is the scan that is outstanding."""

    dice: Dice
    history: History
    today: date
    index: int
    profile: Profile = field(init=False)
    course: Course = field(init=False)
    lines: list[Ref] = field(default_factory=list)
    study: Ref | None = None

    def day(self, offset: int) -> date:
        return self.today + timedelta(days=offset)

    def drop(self, table: str, **match: object) -> None:
        """Takes rows out that nothing refers to."""
        kept = [row for row in self.history.of(table) if any(row.get(key) != value for key, value in match.items())]
        self.history.rows[table] = kept

    def restate_study(self, **wanted: object) -> None:
        """The outstanding scan once more, in a state that is wished for, with its step and reminder."""
        assert self.study is not None  # noqa: S101
        row = self.history.row(self.study)
        assert self.study.n == len(self.history.of("study")) - 1  # noqa: S101
        self.drop("step", source_key=Key("study", *self.study))
        self.drop("reminder", study=self.study)
        self.drop("inbox", kind="imaging.reminder")
        self.history.rows["study"].pop()
        self.study = imaging.outstanding(
            self.dice, self.history, self.profile, row["plan"], row["modality"], row["due_on"], self.today, **wanted
        )

    def lab(self, code: str, value: float | Decimal, on: date, **more: object) -> None:
        """One laboratory value that stands out from what chance gave."""
        label, unit, low, high = LABS[code][:4]
        measure(self.history, code, label, value, unit, on, **({"reference_low": low, "reference_high": high} | more))

    def labs_not_after(self, last: date) -> None:
        """Moves the laboratory values back so that the latest are of that day."""
        rows = [row for row in self.history.of("measurement") if row["code"] in LABS]
        late = max(row["taken_at"].date() for row in rows) - last
        for row in rows:
            row["taken_at"] -= late

    def ecog(self, value: int, on: date) -> None:
        """The performance status of that day, and none after it."""
        kept = [r for r in self.history.of("measurement") if r["code"] != "89247-1" or r["taken_at"].date() < on]
        self.history.rows["measurement"] = kept
        measure(self.history, "89247-1", "ECOG performance status", value, "", on, category="survey")

    def clear(self, table: str) -> None:
        self.history.rows.pop(table, None)

    def talk(self, held: date, **wanted: object) -> Ref:
        return goals.talk(self.dice, self.history, held, **wanted)

    def prompt(self, state: str) -> None:
        goals.write_prompt(self.dice, self.history, self.profile, self.lines, self.today, state=state)

    def list_case(self, question: str, kind: str, **more: object) -> Ref:
        """On the next meeting's agenda."""
        values: dict[str, Any] = {"question": question, "kind": kind} | more
        return boards.waiting(
            self.dice, self.history, listed=True, position=self.index * 10 + 10, today=self.today, **values
        )

    def decision(self, week: int, question: str, option: str, **more: Any) -> Ref:
        """A past meeting's decision, told to everybody unless said otherwise."""
        values: dict[str, Any] = {
            "detail": "",
            "line": None,
            "status": "open",
            "told_patient": True,
            "told_gp": True,
            "in_care": self.profile.in_care,
        } | more
        return boards.decide(
            self.dice,
            self.history,
            week=week,
            position=self.index * 10 + 10,
            today=self.today,
            question=question,
            option=option,
            **values,
        )
