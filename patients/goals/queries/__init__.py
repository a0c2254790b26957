"""Reading goals: state (for everybody), history (of one patient), facts (for the reasons), work (lists)."""

from patients.goals.queries.facts import facts_of, limits
from patients.goals.queries.history import (
    MarkOnTimeline,
    conversations_of,
    live_prompt,
    own_draft,
    palliative_contact,
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
from patients.goals.queries.work import (
    PromptRow,
    ReferralRow,
    WorkCounts,
    prompt_rows,
    prompts_for,
    referral_rows,
    referrals_for,
    work_counts,
)

__all__ = [
    "DraftBy",
    "GoalsNow",
    "MarkOnTimeline",
    "PromptNow",
    "PromptRow",
    "ReasonNow",
    "ReferralRow",
    "TradeOffNow",
    "WorkCounts",
    "conversations_of",
    "current_conversations",
    "facts_of",
    "goals_of",
    "goals_summary",
    "limits",
    "live_prompt",
    "own_draft",
    "palliative_contact",
    "prompt_rows",
    "prompts_for",
    "referral_rows",
    "referrals_for",
    "timeline_marks",
    "work_counts",
]
