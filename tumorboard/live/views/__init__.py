"""The meeting as it runs, the case in it, a decision and its signature."""

from tumorboard.live.views.decision import (
    decision,
    decision_draft,
    decision_record,
    decision_sign,
    decision_undo,
    meeting_sign,
)
from tumorboard.live.views.meeting import live, live_go, live_poll
from tumorboard.live.views.projector import (
    projector,
    projector_end,
    projector_poll,
    projector_start,
    projector_stream,
)
from tumorboard.live.views.stream import live_note, live_stream, live_typing

__all__ = [
    "decision",
    "decision_draft",
    "decision_record",
    "decision_sign",
    "decision_undo",
    "live",
    "live_go",
    "live_note",
    "live_poll",
    "live_stream",
    "live_typing",
    "meeting_sign",
    "projector",
    "projector_end",
    "projector_poll",
    "projector_start",
    "projector_stream",
]
