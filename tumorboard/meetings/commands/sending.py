"""The agenda goes to whoever sits at the board or presents: by link, into inbox and mail, without a patient's data."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.notifications.commands import notify
from careteam.people.models import User
from careteam.web.words import day
from tumorboard.boards.models import BoardMember
from tumorboard.meetings import policies
from tumorboard.meetings.models import AgendaChange, AgendaItem, Meeting


@transaction.atomic
def send_agenda(meeting: Meeting, *, by: User, now: datetime) -> int:
    """Tells standing members, chair, scribe and presenters where the agenda is; returns how many were told. Sent again
    without a change in between, nobody is told twice; after one, everybody is."""
    meeting = Meeting.objects.lock(meeting.pk)
    insist(policies.why_not_send(meeting, by))
    presenters = AgendaItem.objects.open().filter(meeting=meeting).values("referral__presenter_id")
    members = BoardMember.objects.filter(board_id=meeting.board_id).values("user_id")
    people = User.objects.filter(Q(pk__in=presenters) | Q(pk__in=members), is_active=True)
    chosen = {person.pk: person for person in people}
    chosen |= {person.pk: person for person in (meeting.chair, meeting.scribe) if person is not None}
    last = AgendaChange.objects.filter(meeting=meeting).order_by("-pk").values_list("pk", flat=True).first() or 0
    on = meeting.board.team.local_date(meeting.starts_at)
    told = notify(
        [person for person in chosen.values() if person.pk != by.pk],
        key=f"agenda:{meeting.pk}:{on.isoformat()}:{last}",
        kind="agenda",
        title=f"Agenda of {meeting.board}, {day(on)}",
        url=reverse("meeting", args=[meeting.pk]),
        now=now,
        due_on=on,
    )
    if told:
        meeting.invited_at = now
        meeting.save_version("invited_at")
    record(
        "meetings.send_agenda",
        by=by,
        now=now,
        subject=meeting,
        team_id=meeting.board.team_id,
        details={"people": told},
    )
    return told
