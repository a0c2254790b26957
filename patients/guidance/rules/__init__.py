"""The catalog of rules: one module each, all applied to the same snapshot. Pure."""

from __future__ import annotations

from importlib import import_module

from patients.guidance.rules.base import Finding, Hit, Matched, Prompt, Rule
from patients.guidance.rules.facts import DrugFact, FlagFact, LabFact, LineFact, LiverFact, NumberFact, Snapshot

_IDS = tuple(f"r{number:02d}" for number in range(1, 25))
RULES: tuple[Rule, ...] = tuple(import_module(f"{__name__}.{each}").RULE for each in _IDS)
BY_ID: dict[str, Rule] = {rule.rule: rule for rule in RULES}


def evaluate(snapshot: Snapshot) -> tuple[Prompt, ...]:
    """Every prompt for this patient, in the order of the catalog (no ranking), those included that are not raised
    because nobody signed what they rest on. None for another cancer."""
    if snapshot.net_status == "not_net":
        return ()
    prompts = (rule.apply(snapshot) for rule in RULES)
    return tuple(prompt for prompt in prompts if prompt is not None)


__all__ = [
    "BY_ID",
    "RULES",
    "DrugFact",
    "Finding",
    "FlagFact",
    "Hit",
    "LabFact",
    "LineFact",
    "LiverFact",
    "Matched",
    "NumberFact",
    "Prompt",
    "Rule",
    "Snapshot",
    "evaluate",
]
