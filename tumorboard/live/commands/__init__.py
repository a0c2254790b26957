"""The only writers of the live meeting: a case and its decision, drafts of one person, screens."""

from tumorboard.live.commands.drafts import discard_decision_draft, keep_decision_draft
from tumorboard.live.commands.recording import (
    ActionAsked,
    put_back_case,
    record_case,
    sign_case,
    sign_meeting,
    take_back_case,
)
from tumorboard.live.commands.screens import (
    end_projectors,
    purge_notes,
    save_note,
    start_projector,
)

__all__ = [
    "ActionAsked",
    "discard_decision_draft",
    "end_projectors",
    "keep_decision_draft",
    "purge_notes",
    "put_back_case",
    "record_case",
    "save_note",
    "sign_case",
    "sign_meeting",
    "start_projector",
    "take_back_case",
]
