"""Palliative care beside every treatment: states of a referral (`model.md` 4: concurrent, never a line). Pure."""

from __future__ import annotations

from django.db.models import TextChoices


class PalliativeReferralStatus(TextChoices):
    REQUESTED = "requested", "Requested"
    ACCEPTED = "accepted", "Accepted"
    SEEN = "seen", "Seen"
    DECLINED = "declined", "Declined"


R = PalliativeReferralStatus
PALLIATIVE_REFERRAL_TRANSITIONS: dict[PalliativeReferralStatus, frozenset[PalliativeReferralStatus]] = {
    R.REQUESTED: frozenset({R.ACCEPTED, R.DECLINED}),
    R.ACCEPTED: frozenset({R.SEEN, R.DECLINED}),
    R.SEEN: frozenset(),
    R.DECLINED: frozenset(),
}
