"""Pages of goals of care; imported by `patients.urls` only."""

from patients.goals.views.conversation import discard, draft, new, sign_page
from patients.goals.views.pages import addendum, conversation, panel, retract_page, summary
from patients.goals.views.prompts import answer

__all__ = [
    "addendum",
    "answer",
    "conversation",
    "discard",
    "draft",
    "new",
    "panel",
    "retract_page",
    "sign_page",
    "summary",
]
