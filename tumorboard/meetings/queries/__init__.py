"""Meetings and their agendas, as frozen rows. The number of queries does not depend on the number of cases."""

from tumorboard.meetings.queries.agenda import Agenda, AgendaRow, agenda_of, agenda_rows
from tumorboard.meetings.queries.calendar import entry_of, invited, local_words
from tumorboard.meetings.queries.lists import (
    PAST_SORTS,
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
from tumorboard.meetings.queries.planning import (
    NEW_RHYTHM,
    Change,
    DateRow,
    as_ahead,
    change_of,
    dates_of,
    open_cases,
    preview_of,
    wanted_of,
)
from tumorboard.meetings.queries.program import Program, program_of
from tumorboard.meetings.queries.quorum import (
    patients_with_open_prompt,
    present_specialties,
    quorum_for,
    quorum_of_meeting,
)
from tumorboard.meetings.queries.seats import Seat, day_of, expected_people, seats_of, specialty_at

__all__ = [
    "NEW_RHYTHM",
    "PAST_SORTS",
    "Agenda",
    "AgendaRow",
    "BoardRow",
    "Change",
    "DateRow",
    "NextMeeting",
    "Program",
    "Seat",
    "agenda_of",
    "agenda_rows",
    "as_ahead",
    "boards_overview",
    "change_of",
    "dates_of",
    "day_of",
    "entry_of",
    "expected_people",
    "invited",
    "listing_targets",
    "local_words",
    "meetings_of",
    "next_meetings",
    "next_open_meeting",
    "open_cases",
    "past_meetings",
    "patients_with_open_prompt",
    "present_specialties",
    "preview_of",
    "program_of",
    "quorum_for",
    "quorum_of_meeting",
    "seats_of",
    "specialty_at",
    "visible_item",
    "visible_meeting",
    "wanted_of",
]
