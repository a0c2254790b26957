"""The only writers of goals of care."""

from patients.goals.commands.answers import close_prompt, decline, defer, plan_conversation
from patients.goals.commands.asking import answer_surprise, note_wish
from patients.goals.commands.drafts import discard_draft, follow_merged_draft, save_draft
from patients.goals.commands.ending import close_prompts_for_good, drop_reason, follow_merge
from patients.goals.commands.flood import ask_many, tell_of_batch
from patients.goals.commands.prompts import ask_anew, raise_prompts, reopen_due
from patients.goals.commands.reviews import review_once_a_day, review_prompts
from patients.goals.commands.signing import add_addendum, retract, sign
from patients.goals.commands.steps import Chosen, choose_for_line, count_conversation

__all__ = [
    "Chosen",
    "add_addendum",
    "answer_surprise",
    "ask_anew",
    "ask_many",
    "choose_for_line",
    "close_prompt",
    "close_prompts_for_good",
    "count_conversation",
    "decline",
    "defer",
    "discard_draft",
    "drop_reason",
    "follow_merge",
    "follow_merged_draft",
    "note_wish",
    "plan_conversation",
    "raise_prompts",
    "reopen_due",
    "retract",
    "review_once_a_day",
    "review_prompts",
    "save_draft",
    "sign",
    "tell_of_batch",
]
