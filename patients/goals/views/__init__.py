"""Pages of goals of care; imported by `patients.urls` only."""

from patients.goals.views.conversation import discard, draft, new, sign_page
from patients.goals.views.pages import addendum, conversation, panel, retract_page, summary
from patients.goals.views.prompts import answer, refer_page
from patients.goals.views.work import answer_referral_page, workspace

__all__ = [
    "addendum",
    "answer",
    "answer_referral_page",
    "conversation",
    "discard",
    "draft",
    "new",
    "panel",
    "refer_page",
    "retract_page",
    "sign_page",
    "summary",
    "workspace",
]
