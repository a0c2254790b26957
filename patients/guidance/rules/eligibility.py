"""What a table of criteria is made of: one row each, and its verdict. Unknown never passes; a stale lab is not met
either; an unsigned number judges, but is shown as such and raises nothing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patients.guidance.rules.facts import Snapshot
from patients.protocol.rules.prognosis import TRIALS

MET, REVIEW, NOT_MET, MISSING, STALE, NO_LIMIT = "met", "review", "not_met", "missing", "stale", "no_limit"
# (color of the badge, word) of each verdict.
VERDICTS: dict[str, tuple[str, str]] = {
    MET: ("grn", "Meets"),
    REVIEW: ("amb", "Review"),
    NOT_MET: ("red", "Not met"),
    MISSING: ("amb", "Missing"),
    STALE: ("amb", "Stale"),
    NO_LIMIT: ("plain", "No limit set"),
}


@dataclass(frozen=True)
class Criterion:
    """One row: what was found, when, against which threshold. `unsigned`: judged by an unsigned P number, shown as
    "local, unsigned", and never raises a prompt; `code` names that number."""

    name: str
    state: str
    value: str
    on: date | None
    threshold: str
    unsigned: bool = False
    code: str = ""

    @property
    def fails(self) -> bool:
        return self.state in {REVIEW, NOT_MET, STALE} and not self.unsigned

    @property
    def badge(self) -> str:
        return VERDICTS[self.state][0]

    @property
    def word(self) -> str:
        return VERDICTS[self.state][1]


@dataclass(frozen=True)
class Eligibility:
    """The table of one treatment. `label` is what the label of the team's jurisdiction says, `unread` what the record
    does not hold and somebody has to ask."""

    kind: str
    title: str
    rows: tuple[Criterion, ...]
    label: str = ""
    unread: tuple[str, ...] = ()
    note: str = ""

    @property
    def trials(self) -> str:
        """What trials found, each with source and tag."""
        found = (f"{each.figure}, {each.source} ({each.tag})" for each in TRIALS if each.treatment == self.kind)
        return "; ".join(found)

    @property
    def met(self) -> int:
        return sum(row.state == MET for row in self.rows)

    @property
    def open(self) -> int:
        """Rows that somebody has to look at: everything with a limit that is not met."""
        return sum(row.state not in {MET, NO_LIMIT} for row in self.rows)


def threshold(s: Snapshot, code: str, sign: str) -> str:
    return f"{sign} {s.numbers[code].words}"


def is_stale(s: Snapshot, on: date, limit: str) -> bool:
    return (s.on - on).days > int(s.numbers[limit].value)


def judged(s: Snapshot, code: str, state: str) -> tuple[bool, str]:
    """(unsigned, code) of a verdict that rests on the number."""
    return not s.numbers[code].settled and state != MISSING, code


def lab_row(
    s: Snapshot, name: str, code: str, limit: str, *, stale: str, at_most: bool = False, times_uln: bool = False
) -> Criterion:
    """At least the number; `at_most` the other way, and with `times_uln` the number times the upper limit of normal."""
    needed = threshold(s, limit, "≤" if at_most else "≥")
    lab = s.labs.get(code)
    if lab is None or lab.value is None:
        return Criterion(name, MISSING, lab.problem if lab else "", lab.on if lab else None, needed, code=limit)
    if times_uln and not lab.uln:
        return Criterion(name, MISSING, f"{lab.words}, upper limit of normal not known", lab.on, needed, code=limit)
    if is_stale(s, lab.on, stale):
        return Criterion(name, STALE, lab.words, lab.on, needed, code=limit)
    bound = s.numbers[limit].value * (lab.uln if times_uln and lab.uln else Decimal(1))
    met = lab.value <= bound if at_most else lab.value >= bound
    state = MET if met else NOT_MET
    unsigned, _ = judged(s, limit, state)
    return Criterion(name, state, lab.words, lab.on, needed, unsigned, limit)


def value_row(s: Snapshot, name: str, code: str, *, stale: str) -> Criterion:
    """A value that is asked for, without a number to compare it with; too old a one is stale all the same."""
    lab = s.labs.get(code)
    if lab is None or lab.value is None:
        return Criterion(name, MISSING, lab.problem if lab else "", lab.on if lab else None, "to be known")
    if is_stale(s, lab.on, stale):
        return Criterion(name, STALE, lab.words, lab.on, "to be known")
    return Criterion(name, NO_LIMIT, lab.words, lab.on, "to be known")


def flag_row(s: Snapshot, name: str, kind: str, caution: str) -> Criterion:
    """A yes-or-no fact that is a caution: asked and no is met, yes is for review, not asked is missing."""
    flag = s.flag(kind)
    if flag is None or flag.state == "unknown":
        return Criterion(name, MISSING, "", flag.on if flag else None, "no", code=caution)
    if flag.state == "absent":
        return Criterion(name, MET, "no", flag.on, "no", code=caution)
    unsigned = bool(caution) and not s.numbers[caution].settled
    return Criterion(name, REVIEW, flag.detail or "yes", flag.on, "no", unsigned, caution)
