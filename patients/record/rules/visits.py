"""A booked visit and what became of it: the words of FHIR's Appointment, since that is how bookings arrive. Pure."""

from __future__ import annotations

from django.db.models import TextChoices


class VisitKind(TextChoices):
    VISIT = "visit", "Visit"
    PHONE = "phone", "Phone call"
    VIDEO = "video", "Video call"
    HOME = "home visit", "Home visit"


class VisitStatus(TextChoices):
    BOOKED = "booked", "Booked"
    CAME = "fulfilled", "Came"
    NO_SHOW = "noshow", "Did not come"
    CANCELLED = "cancelled", "Canceled"


# A visit nobody booked: to an emergency department. Figures of the last weeks of life count these.
EMERGENCY = "emergency"
# What an entry of the record may be, beside what it was called elsewhere.
ENTERED_KINDS: tuple[tuple[str, str], ...] = (*VisitKind.choices, (EMERGENCY, "Emergency department"))

V = VisitStatus
VISIT_TRANSITIONS: dict[VisitStatus, frozenset[VisitStatus]] = {
    V.BOOKED: frozenset({V.CAME, V.NO_SHOW, V.CANCELLED}),
    V.CAME: frozenset({V.BOOKED}),  # undo
    V.NO_SHOW: frozenset({V.BOOKED}),
    V.CANCELLED: frozenset({V.BOOKED}),
}
# Statuses of imported appointments and encounters that are still ahead, as `VisitStatus.BOOKED` is.
AHEAD = frozenset({V.BOOKED, "planned", "pending", "proposed", "arrived", "checked-in", ""})
NOT_COMING = frozenset({V.NO_SHOW, V.CANCELLED, "entered-in-error", "waitlist"})


def visit_key(encounter_id: int) -> str:
    """Under which a visit stands among the patient's next steps."""
    return f"visit:{encounter_id}"


def visit_status(stored: str) -> VisitStatus:
    """What a stored status means: an imported appointment that is still ahead counts as booked, whatever else is over
    as come."""
    if stored in AHEAD:
        return VisitStatus.BOOKED
    return VisitStatus(stored) if stored in VisitStatus.values else VisitStatus.CAME
