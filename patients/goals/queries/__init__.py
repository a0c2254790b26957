"""Reading goals: state (for everybody), history (of one patient) and facts (for the reasons)."""

from patients.goals.queries.facts import facts_for, facts_of, limits, line_facts
from patients.goals.queries.history import (
    MarkOnTimeline,
    asked_because,
    conversations_of,
    live_prompt,
    other_drafts,
    own_draft,
    silenced_reasons,
    timeline_marks,
)
from patients.goals.queries.leaflets import TakenHome, taken_home
from patients.goals.queries.people import Somebody, people_of
from patients.goals.queries.state import (
    DraftBy,
    GoalsNow,
    PromptNow,
    ReasonNow,
    TradeOffNow,
    current_conversations,
    goals_of,
    goals_summary,
)
from patients.goals.queries.steps import LineStep, latest_surprise, step_of, steps_for, steps_of
from patients.goals.queries.telling import Difference, Line, differences, lines_of

__all__ = [
    "Difference",
    "DraftBy",
    "GoalsNow",
    "Line",
    "LineStep",
    "MarkOnTimeline",
    "PromptNow",
    "ReasonNow",
    "Somebody",
    "TakenHome",
    "TradeOffNow",
    "asked_because",
    "conversations_of",
    "current_conversations",
    "differences",
    "facts_for",
    "facts_of",
    "goals_of",
    "goals_summary",
    "latest_surprise",
    "limits",
    "line_facts",
    "lines_of",
    "live_prompt",
    "other_drafts",
    "own_draft",
    "people_of",
    "silenced_reasons",
    "step_of",
    "steps_for",
    "steps_of",
    "taken_home",
    "timeline_marks",
]
