"""What each case lacked when its agenda was frozen: kept then, since the record goes on changing."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from careteam.web.rounds import stopping_no_other
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries.readiness import meeting_readiness

log = logging.getLogger(__name__)


def keep_lacks(meeting: Meeting, *, now: datetime) -> None:
    """Writes down for every open case of the meeting (locked by the caller, with board and team) what it lacks now.

    An agenda freezes also when this cannot be said: then the cases stay without it, and no figure counts them.
    """
    with stopping_no_other(log, f"readiness at the cut-off of meeting {meeting.pk} is not known"), transaction.atomic():
        _keep(meeting, now=now)


def _keep(meeting: Meeting, *, now: datetime) -> None:
    found = meeting_readiness(meeting, meeting.board.team.local_date(now))
    items = {item.referral_id: item for item in AgendaItem.objects.valid().open().filter(meeting=meeting)}
    for case in found.cases:
        item = items[case.referral.pk]
        item.lacked_at_cutoff = [str(red.item) for red in case.completeness.reds]
        item.save(update_fields=["lacked_at_cutoff"])  # no new version: whoever edits the case loses nothing to this
