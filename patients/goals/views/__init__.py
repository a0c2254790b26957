"""Pages of goals of care; imported by `patients.urls` only."""

from patients.goals.views.conversation import again, discard, draft, new, sign_page
from patients.goals.views.pages import addendum, compare, conversation, panel, retract_page, summary, summary_pdf
from patients.goals.views.prompts import answer
from patients.goals.views.steps import goals_of_lines, line_goals, plan, surprise, wish

__all__ = [
    "addendum",
    "again",
    "answer",
    "compare",
    "conversation",
    "discard",
    "draft",
    "goals_of_lines",
    "line_goals",
    "new",
    "panel",
    "plan",
    "retract_page",
    "sign_page",
    "summary",
    "summary_pdf",
    "surprise",
    "wish",
]
