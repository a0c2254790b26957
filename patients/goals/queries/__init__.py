"""Reading goals: state (for everybody), history (of one patient) and facts (for the reasons)."""

from patients.goals.queries.facts import facts_for, facts_of, limits, line_facts
from patients.goals.queries.history import (
    MarkOnTimeline,
    conversations_of,
    live_prompt,
    own_draft,
    timeline_marks,
)
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

__all__ = [
    "DraftBy",
    "GoalsNow",
    "MarkOnTimeline",
    "PromptNow",
    "ReasonNow",
    "TradeOffNow",
    "conversations_of",
    "current_conversations",
    "facts_for",
    "facts_of",
    "goals_of",
    "goals_summary",
    "limits",
    "line_facts",
    "live_prompt",
    "own_draft",
    "timeline_marks",
]
