"""What is recommended, held against the patient's goals as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from patients.goals.queries import GoalsNow, goals_of
from patients.protocol.queries import numbers
from patients.protocol.rules import BURDEN_WORDS, burden_code
from tumorboard.goalcheck.rules import (
    BURDEN_OF_LIMIT,
    OPTION_OF_LIMIT,
    Accepted,
    Figure,
    Finding,
    Profile,
    Verdict,
    findings_for,
    limit_findings,
    limits_finding,
    overall,
)


@dataclass(frozen=True)
class GoalCheck:
    """The answer, what it rests on, and how old that is. `conversation_id` 0: nobody has asked."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    conversation_id: int = 0
    said: str = ""

    @property
    def conflicts(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.verdict is Verdict.CONFLICT)

    @property
    def untold(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.verdict is Verdict.UNKNOWN)

    @property
    def mark(self) -> str:
        """Color of the answer; its word stands beside it."""
        return {Verdict.CONFLICT: "red", Verdict.UNKNOWN: "amb", Verdict.CLEAR: "grn"}[self.verdict]

    @property
    def kept(self) -> dict[str, Any]:
        """As it is kept with the decision: JSON."""
        return {
            "verdict": str(self.verdict),
            "conversation": self.conversation_id,
            "said": self.said,
            "findings": [
                {"option": each.option, "verdict": str(each.verdict), "words": each.words} for each in self.findings
            ],
        }

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> GoalCheck | None:
        """The reverse of `kept`; None for a decision that was recorded before there was a check."""
        if not kept:
            return None
        findings = tuple(Finding(each["option"], Verdict(each["verdict"]), each["words"]) for each in kept["findings"])
        return cls(Verdict(kept["verdict"]), findings, kept["conversation"], kept["said"])


def check_of(
    patient_id: int, options: Mapping[str, str], *, team_id: int, today: date, goals: GoalsNow | None = None
) -> GoalCheck | None:
    """The options (code → label) against the patient's trade-offs and limits, by the figures the board's team signed.
    None where nothing is to be compared. Two queries and those of `goals_of`, or one when the goals are at hand."""
    if not options:
        return None
    now = goals or goals_of(patient_id, today)
    accepted = tuple(Accepted(each.burden, each.more_than, each.acceptance, each.condition) for each in now.trade_offs)
    profiles = _profiles(team_id, options) if accepted or BURDEN_OF_LIMIT.keys() & set(now.limits) else {}
    findings: list[Finding] = []
    for option, label in options.items():
        findings += findings_for(option, label, profiles.get(option, {}), accepted)
        findings += limit_findings(option, label, profiles.get(option, {}), now.limits)
        limit = limits_finding(option, label, _limits(now))
        findings += [limit] if limit else []
    return GoalCheck(
        overall(findings, asked=bool(accepted)),
        tuple(findings),
        now.conversation_id,
        now.age_words if now.exists else "",
    )


def _profiles(team_id: int, options: Mapping[str, str]) -> dict[str, Profile]:
    held = numbers(team_id)
    found: dict[str, Profile] = {}
    for option in options:
        found[option] = {
            burden: Figure(held[code].value, words, held[code].is_signed)
            for burden, (words, _, _) in BURDEN_WORDS.items()
            if (code := burden_code(option, burden)) in held
        }
    return found


def _limits(goals: GoalsNow) -> str:
    if not goals.has_limits:
        return ""
    code_status = goals.code_status_words if goals.code_status not in {"", "full", "not_discussed"} else ""
    return "; ".join(part for part in (code_status, " ".join(goals.limits_beside(_CHECKED).split())[:120]) if part)


# Limits that are held against each option by themselves.
_CHECKED = BURDEN_OF_LIMIT.keys() | OPTION_OF_LIMIT.keys()
