"""Meetings and their agendas, as frozen rows. The number of queries does not depend on the number of cases."""

from tumorboard.meetings.queries.agenda import (
    Agenda,
    AgendaRow,
    Seat,
    agenda_of,
    agenda_rows,
    patients_with_open_prompt,
    present_specialties,
    quorum_for,
    seats_of,
    specialty_at,
)
from tumorboard.meetings.queries.lists import (
    BoardRow,
    NextMeeting,
    boards_overview,
    listing_targets,
    meetings_of,
    next_meetings,
    next_open_meeting,
    past_meetings,
    visible_item,
    visible_meeting,
)
from tumorboard.meetings.queries.program import Program, program_of

__all__ = [
    "Agenda",
    "AgendaRow",
    "BoardRow",
    "NextMeeting",
    "Program",
    "Seat",
    "agenda_of",
    "agenda_rows",
    "boards_overview",
    "listing_targets",
    "meetings_of",
    "next_meetings",
    "next_open_meeting",
    "past_meetings",
    "patients_with_open_prompt",
    "present_specialties",
    "program_of",
    "quorum_for",
    "seats_of",
    "specialty_at",
    "visible_item",
    "visible_meeting",
]
