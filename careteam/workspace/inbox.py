"""Each person's own inbox."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from careteam.access.gate import SignedInRequest, signed_in
from careteam.audit.commands import note_read
from careteam.notifications.commands import mark_done, mark_open
from careteam.notifications.models import InboxItem
from careteam.web.paging import Sort, keyset_page
from careteam.web.parts import Tab
from careteam.web.responses import redirect_or_refresh, render_page, toast

SORTS = (Sort("raised", "Raised", ("raised_at", "id"), descending=True),)


@signed_in("one's own messages")
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    home = request.access.home
    mine = InboxItem.objects.filter(recipient=request.user, withdrawn_at__isnull=True).select_related("patient")
    done = request.GET.get("show") == "done"
    page = keyset_page(mine.filter(done_at__isnull=not done), sorts=SORTS, params=request.GET, size=50)
    note_read(request, [item.patient_id for item in page.rows if item.patient_id])
    return render_page(
        request,
        "workspace/inbox.html",
        {
            "page": page,
            "done": done,
            "today": home.local_date(now) if home else now.date(),
            "tabs": [Tab("Open", "?", current=not done), Tab("Done", "?show=done", current=done)],
        },
        fragment="rows",
    )


def _mine(request: SignedInRequest, pk: int) -> InboxItem:
    item = InboxItem.objects.filter(pk=pk, recipient=request.user).first()
    if item is None:
        raise Http404("No such message, or not yours.")
    return item


@signed_in("one's own messages")
@require_POST
def done(request: SignedInRequest, pk: int) -> HttpResponse:
    item = mark_done(_mine(request, pk), by=request.user, now=timezone.now())
    response = redirect_or_refresh(request, reverse("inbox"), events=("inboxChanged",))
    toast(request, "Message done", undo_url=reverse("inbox-undo", args=[item.pk]), response=response)
    return response


@signed_in("one's own messages")
@require_POST
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    mark_open(_mine(request, pk), by=request.user, now=timezone.now())
    response = redirect_or_refresh(request, reverse("inbox"), events=("inboxChanged",))
    toast(request, "Open again", response=response)
    return response


@signed_in("one's own messages")
@require_safe
def open_item(request: SignedInRequest, pk: int) -> HttpResponse:
    """Marks the message as read and goes where it leads."""
    item = _mine(request, pk)
    if item.read_at is None:
        InboxItem.objects.filter(pk=item.pk).update(read_at=timezone.now())
    return redirect(item.url)
