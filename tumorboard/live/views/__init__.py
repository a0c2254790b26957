"""The meeting as it runs, the case in it, a decision and its signature."""

from tumorboard.live.views.decision import decision, decision_record, decision_sign, meeting_sign
from tumorboard.live.views.meeting import live, live_go, live_poll

__all__ = ["decision", "decision_record", "decision_sign", "live", "live_go", "live_poll", "meeting_sign"]
