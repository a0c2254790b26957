"""One act from a suggestion to the agenda."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from patients.record.queries import responsible_clinician
from tumorboard.meetings import policies
from tumorboard.meetings.commands.agenda import list_referral
from tumorboard.meetings.models import AgendaItem, Meeting
from tumorboard.meetings.queries import next_open_meeting
from tumorboard.referrals.commands import AlreadyReferred, refer
from tumorboard.referrals.rules import QuestionKind, ReferralKind, ReferralStatus, Urgency
from tumorboard.suggestions import commands as suggestions
from tumorboard.suggestions.models import AgendaSuggestion
from tumorboard.suggestions.policies import why_not_accept
from tumorboard.suggestions.rules import QUESTION_KIND, REFERRAL_KIND, SuggestionKind, joined

if TYPE_CHECKING:
    from careteam.people.models import User
    from tumorboard.referrals.models import Referral


@dataclass(frozen=True)
class Accepted:
    """The referral that was filed, and its place; `item` None: it waits for whoever prepares the agenda."""

    referral: Referral
    item: AgendaItem | None


@transaction.atomic
def accept_suggestion(
    suggestion: AgendaSuggestion,
    *,
    by: User,
    now: datetime,
    meeting: Meeting | None = None,
    after_cutoff_reason: str = "",
) -> Accepted:
    """Files the referral with everything filled in and lists it: on `meeting`, if its cut-off has not passed or a
    reason is given, else on the next meeting of the board that still takes cases. Who may not prepare an agenda files
    it only. Everything that is suggested for this patient and board is answered with it."""
    target = _target(suggestion, meeting, reason=after_cutoff_reason, now=now)
    if target is not None:
        target = Meeting.objects.lock(target.pk)
    suggested = AgendaSuggestion.objects.open().filter(patient_id=suggestion.patient_id, board_id=suggestion.board_id)
    rows = list(suggested.select_for_update(of=("self",)).order_by("raised_at", "pk"))
    suggestion = AgendaSuggestion.objects.select_related("patient__team", "board__team", "answered_by").get(
        pk=suggestion.pk
    )
    insist(why_not_accept(suggestion, by))
    kinds = [SuggestionKind(row.kind) for row in rows]
    again = any(REFERRAL_KIND[kind] is ReferralKind.REDISCUSSION for kind in kinds)
    try:
        referral = refer(
            suggestion.patient,
            suggestion.board,
            question_kind=QuestionKind(suggestion.question_kind or QUESTION_KIND[SuggestionKind(suggestion.kind)]),
            question=joined([row.question for row in rows]),
            urgency=Urgency(suggestion.urgency or Urgency.SOON),
            external_referrer=next((row.referrer for row in rows if row.referrer), ""),
            kind=ReferralKind.REDISCUSSION if again else ReferralKind.FULL,
            presenter=responsible_clinician(suggestion.patient_id) or by,
            by=by,
            now=now,
        )
    except AlreadyReferred as already:
        referral = already.existing
    for row in rows:
        suggestions.mark_accepted(row, referral, by=by, now=now)
    if target is None or referral.status != ReferralStatus.SUBMITTED or policies.why_not_prepare(target, by):
        return Accepted(referral, AgendaItem.objects.open().filter(referral=referral).first())
    late = after_cutoff_reason if policies.is_late(target, now) else ""
    return Accepted(referral, list_referral(referral, target, by=by, now=now, after_cutoff_reason=late))


def _target(suggestion: AgendaSuggestion, meeting: Meeting | None, *, reason: str, now: datetime) -> Meeting | None:
    wanted = meeting if meeting is not None and meeting.board_id == suggestion.board_id else None
    if wanted is not None and (reason.strip() or not policies.is_late(wanted, now)):
        return wanted
    return next_open_meeting(suggestion.board_id, now)
