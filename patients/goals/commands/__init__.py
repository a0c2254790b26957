"""The only writers of goals of care."""

from patients.goals.commands.drafts import discard_draft, save_draft
from patients.goals.commands.prompts import (
    close_prompt,
    close_prompts_for_good,
    decline,
    defer,
    drop_reason,
    raise_prompts,
    reopen_due,
)
from patients.goals.commands.reviews import review_once_a_day, review_prompts
from patients.goals.commands.signing import add_addendum, retract, sign

__all__ = [
    "add_addendum",
    "close_prompt",
    "close_prompts_for_good",
    "decline",
    "defer",
    "discard_draft",
    "drop_reason",
    "raise_prompts",
    "reopen_due",
    "retract",
    "review_once_a_day",
    "review_prompts",
    "save_draft",
    "sign",
]
