"""The catalog of rules: one module each, all applied to the same snapshot. Pure."""

from __future__ import annotations

from patients.guidance.rules import r03, r05, r06, r07, r08, r09, r14, r17, r18, r21, r24
from patients.guidance.rules.base import (
    Finding,
    FlagFact,
    LabFact,
    LineFact,
    Matched,
    NumberFact,
    Prompt,
    Rule,
    Snapshot,
)

RULES: tuple[Rule, ...] = tuple(module.RULE for module in (r03, r05, r06, r07, r08, r09, r14, r17, r18, r21, r24))
BY_ID: dict[str, Rule] = {rule.rule: rule for rule in RULES}


def evaluate(snapshot: Snapshot) -> tuple[Prompt, ...]:
    """Every prompt for this patient, in the order of the catalog (no ranking). None for another cancer."""
    if snapshot.net_status == "not_net":
        return ()
    prompts = (rule.apply(snapshot) for rule in RULES)
    return tuple(prompt for prompt in prompts if prompt is not None)


__all__ = [
    "BY_ID",
    "RULES",
    "Finding",
    "FlagFact",
    "LabFact",
    "LineFact",
    "Matched",
    "NumberFact",
    "Prompt",
    "Rule",
    "Snapshot",
    "evaluate",
]
