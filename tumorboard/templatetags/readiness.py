"""`{% readiness_badge readiness row.referral_id today %}`: one line on the agenda."""

from __future__ import annotations

from datetime import date

from django import template

from tumorboard.meetings.queries.readiness import MeetingReadiness

register = template.Library()


@register.inclusion_tag("tumorboard/readiness/_badge.html")
def readiness_badge(readiness: MeetingReadiness | None, referral_id: int, today: date) -> dict[str, object]:
    """Of a case of the meeting; nothing for one that is not open."""
    return {"case": readiness.of(referral_id) if readiness else None, "today": today}
