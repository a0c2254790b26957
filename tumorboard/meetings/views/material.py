"""What is to be shown at a meeting, for those who put it up; two referrals that become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import render_page
from tumorboard.meetings import commands
from tumorboard.meetings.models import AgendaItem
from tumorboard.meetings.queries import day_of, visible_meeting
from tumorboard.meetings.views.answers import act, refused
from tumorboard.referrals.commands import settle_material
from tumorboard.referrals.forms import SettleForm
from tumorboard.referrals.models import Referral, ShownMaterial
from tumorboard.referrals.queries import material_of
from tumorboard.referrals.rules import ShownStatus

if TYPE_CHECKING:
    from tumorboard.meetings.models import Meeting

PUTTING_UP = (Permission.IMAGING_REPORT, Permission.BOARD_AGENDA, Permission.BOARD_REFER)


def material(meeting: Meeting) -> list[ShownMaterial]:
    """What the open and decided cases of the meeting ask to be shown. Two queries."""
    shown = AgendaItem.objects.valid().filter(meeting=meeting, status__in=["listed", "current", "decided"])
    return material_of(shown.values_list("referral_id", flat=True))


@requires(Permission.PATIENT_VIEW)
@require_safe
def meeting_shown(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Studies and specimens of all cases in one list, each with its number, to be put up."""
    row = visible_meeting(request.user, meeting_id)
    rows = material(row)
    note_read(request, sorted({each.patient_id for each in rows}), team_id=row.board.team_id)
    team = row.board.team
    context = {
        "meeting": row,
        "on": day_of(row),
        "today": team.local_date(timezone.now()),
        "rows": rows,
        "ready": sum(1 for each in rows if each.status == ShownStatus.UP),
        "may_settle": any(request.access.may(permission, team.pk) for permission in PUTTING_UP),
    }
    return render_page(request, "tumorboard/meetings/shown.html", context)


@requires(*PUTTING_UP)
@require_POST
def shown_settle(request: SignedInRequest, meeting_id: int, shown_id: int) -> HttpResponse:
    """Ready, or not and why; asked for again is the undo."""
    meeting = visible_meeting(request.user, meeting_id)
    row = next((each for each in material(meeting) if each.pk == shown_id), None)
    if row is None:
        raise Http404("Nothing of this meeting.")
    note_read(request, [row.patient_id], team_id=meeting.board.team_id)
    back, form = reverse("meeting-shown", args=[meeting.pk]), SettleForm(request.POST)
    if not form.is_valid():
        return refused(request, ["Say whether it is ready, and in at most 200 characters why not."], back=back)
    status, note = ShownStatus(form.cleaned_data["status"]), form.cleaned_data["note"]
    return act(
        request,
        lambda: settle_material(row, status, note=note, by=request.user, now=timezone.now()),
        back=back,
        said=status.label,
    )


@requires(Permission.BOARD_REFER, Permission.BOARD_AGENDA)
@require_POST
def referral_merge(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """This referral and `other` become one."""
    asked = request.POST.get("other", "")
    ids = [referral_id, int(asked[:18])] if asked.isdecimal() else [referral_id]
    seen = Referral.objects.valid().visible_to(request.user).select_related("patient", "board__team")
    rows = {row.pk: row for row in seen.filter(pk__in=ids)}
    if referral_id not in rows or len(rows) < 2:
        raise Http404("No such referrals, or not yours to see.")
    first, second = rows[ids[0]], rows[ids[1]]
    if not request.access.may(Permission.PATIENT_VIEW, first.board.team_id):
        raise PermissionDenied("This board is another team's.")
    patient_id = first.patient.merged_into_id or first.patient_id
    note_read(request, sorted({first.patient_id, second.patient_id}), team_id=first.board.team_id)
    return act(
        request,
        lambda: commands.merge(first, second, by=request.user, now=timezone.now()),
        back=f"/patients/{patient_id}/",
        said="One referral now; both questions stand in it",
    )
