"""Links to calendars under one's preferences, and the one address that calendar programs read."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django import forms
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, public, signed_in
from careteam.access.queries import access_of
from careteam.calendars.commands import make_feed, renew_feed, revoke_feed, state
from careteam.calendars.models import CalendarFeed
from careteam.calendars.queries import feed_of, feeds_of
from careteam.calendars.rules import WARNED_BEFORE, FeedKind, calendar_text
from careteam.web.responses import add_errors, invalid, redirect_or_refresh, render_page, toast
from careteam.workspace.calendar.sources import choices_of, entries_of
from tumorboard.boards.queries import visible_board

_PAGE = "workspace/calendar/links.html"
MINUTE = 60
WRONG_A_MINUTE = 20  # of one address: more is no typing error
READS_A_MINUTE = 30  # of one link: a program asks a few times an hour


def _too_many(key: str, most: int) -> bool:
    """Counts in Redis, a minute at a time."""
    cache.add(key, 0, MINUTE)
    try:
        return cache.incr(key) > most
    except ValueError:  # it ran out between the two
        return False


def _plain(status: int, text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
    if status == 429:
        response["Retry-After"] = str(MINUTE)
    return response


@public("calendar programs cannot sign in; the token names one person's link, and no patient is in it")
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed as iCalendar. Wrong, revoked, expired and no longer allowed look the same: 404."""
    now = timezone.now()
    address = request.META.get("REMOTE_ADDR", "")
    feed = feed_of(token, now)
    if feed is None:
        if _too_many(f"calendar:wrong:{address}", WRONG_A_MINUTE):
            return _plain(429, "Too many wrong addresses. Wait a minute.")
        return _plain(404, "No such calendar.")
    if _too_many(f"calendar:read:{feed.pk}", READS_A_MINUTE):
        return _plain(429, "Read too often. Wait a minute.")
    stated = state(feed, entries_of(feed, now), now=now)
    body = calendar_text(feed.name, stated, site=settings.SITE_URL)
    etag = quote_etag(sha256(body).hexdigest()[:32])
    unchanged = get_conditional_response(request, etag=etag)
    response = unchanged if isinstance(unchanged, HttpResponseNotModified) else HttpResponse(body)
    response["Content-Type"] = "text/calendar; charset=utf-8"
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = etag
    return response


class LinkForm(forms.Form):
    """Which calendar a new link is for."""

    of = forms.ChoiceField(label="Calendar")

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["of"].choices = choices  # type: ignore[attr-defined]


def _context(request: SignedInRequest, form: LinkForm, **more: Any) -> dict[str, Any]:
    now, home = timezone.now(), request.access.home
    return {
        "form": form,
        "today": home.local_date(now) if home else now.date(),
        "feeds": [
            (feed, feed.expires_at <= now, feed.expires_at <= now + WARNED_BEFORE) for feed in feeds_of(request.user)
        ],
        **more,
    }


@signed_in("one's own links to calendars")
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_links(request: SignedInRequest) -> HttpResponse:
    """One's links, and making one. The answer to making one is the only page that ever shows it."""
    choices = choices_of(request.user)
    if request.method != "POST":
        form = LinkForm(choices=choices, initial={"of": request.GET.get("of", "person-0")})
        return render_page(request, _PAGE, _context(request, form))
    form = LinkForm(request.POST, choices=choices)
    if not form.is_valid():
        return invalid(request, _PAGE, _context(request, form))
    try:
        feed, token = _make(request, form.cleaned_data["of"])
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, _PAGE, _context(request, form))
    return _shown_once(request, feed, token)


def _make(request: SignedInRequest, of: str) -> tuple[CalendarFeed, str]:
    kind, _, number = of.partition("-")
    now, user = timezone.now(), request.user
    if kind == FeedKind.BOARD:
        board = visible_board(user, int(number))
        return make_feed(FeedKind.BOARD, name=board.name, team=board.team, board_id=board.pk, by=user, now=now)
    if kind == FeedKind.TEAM:
        team = next(team for team in access_of(user).teams if team.pk == int(number))
        return make_feed(FeedKind.TEAM, name=team.name, team=team, by=user, now=now)
    return make_feed(FeedKind.PERSON, name=str(user), by=user, now=now)


def _shown_once(request: SignedInRequest, feed: CalendarFeed, token: str) -> HttpResponse:
    address = settings.SITE_URL.rstrip("/") + reverse("calendar", args=[token])
    form = LinkForm(choices=choices_of(request.user))
    return render_page(request, _PAGE, _context(request, form, made=feed, address=address))


def _own(request: SignedInRequest, feed_id: int) -> CalendarFeed:
    feed = CalendarFeed.objects.filter(pk=feed_id, user=request.user).first()
    if feed is None:
        raise Http404("No such link, or not yours.")
    return feed


@signed_in("one's own links to calendars")
@require_POST
def calendar_renew(request: SignedInRequest, feed_id: int) -> HttpResponse:
    """A new address for another year; the old one opens nothing any more."""
    feed = _own(request, feed_id)
    try:
        feed, token = renew_feed(feed, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), kind="red")
        return redirect_or_refresh(request, reverse("calendar-links"))
    return _shown_once(request, feed, token)


@signed_in("one's own links to calendars")
@require_POST
def calendar_revoke(request: SignedInRequest, feed_id: int) -> HttpResponse:
    feed = _own(request, feed_id)
    try:
        revoke_feed(feed, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), kind="red")
    else:
        toast(request, f"Revoked: {feed.name}")
    return redirect_or_refresh(request, reverse("calendar-links"))
