"""Making, renewing and revoking links; what a feed says, remembered."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.calendars import policies
from careteam.calendars.models import CalendarFeed, FeedEntry
from careteam.calendars.rules import (
    BACK,
    CANCELLED_KEPT,
    LIFETIME,
    WARNED_BEFORE,
    Entry,
    FeedKind,
    Stated,
    digest_of,
    packed,
)
from careteam.notifications.commands import notify
from careteam.people.models import Team
from careteam.web.words import day

if TYPE_CHECKING:
    from careteam.people.models import User

TOKEN_BYTES = 32  # 256 bits
USE_NOTED_AFTER = timedelta(minutes=5)


@transaction.atomic
def make_feed(
    kind: FeedKind, *, name: str, by: User, now: datetime, team: Team | None = None, board_id: int | None = None
) -> tuple[CalendarFeed, str]:
    """A new link of the person's own: the feed and its token, which is told this once and stored nowhere."""
    insist(policies.why_not_make(by, team.pk if team else None, now))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = CalendarFeed.objects.create(
        user=by,
        kind=kind,
        team=team,
        board_id=board_id,
        name=name[:200],
        token_digest=digest_of(token),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    _audit("make_feed", feed, by=by, now=now)
    return feed, token


@transaction.atomic
def renew_feed(feed: CalendarFeed, *, by: User, now: datetime) -> tuple[CalendarFeed, str]:
    """Another year, with another token: the old link opens nothing from now on. What the feed has said stays known,
    so that programs see the same events."""
    feed = CalendarFeed.objects.select_for_update(of=("self",)).get(pk=feed.pk)
    insist(policies.why_not_change(feed, by))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed.token_digest, feed.expires_at = digest_of(token), now + LIFETIME
    feed.save(update_fields=["token_digest", "expires_at"])
    _audit("renew_feed", feed, by=by, now=now)
    return feed, token


@transaction.atomic
def revoke_feed(feed: CalendarFeed, *, by: User, now: datetime) -> CalendarFeed:
    """The link opens nothing any more; what it has said is forgotten."""
    feed = CalendarFeed.objects.select_for_update(of=("self",)).get(pk=feed.pk)
    insist(policies.why_not_change(feed, by))
    feed.revoked_at = now
    feed.save(update_fields=["revoked_at"])
    feed.entries.all().delete()
    _audit("revoke_feed", feed, by=by, now=now)
    return feed


def warn_of_end(*, url: str, now: datetime) -> int:
    """Tells people once, two weeks before, that a link ends. Returns how many messages are new."""
    ending = CalendarFeed.objects.alive(now).filter(expires_at__lte=now + WARNED_BEFORE).select_related("user")
    return sum(
        notify(
            [feed.user],
            key=f"calendar:{feed.pk}:{feed.expires_at.date().isoformat()}",
            kind="calendar",
            title=f"Calendar link “{feed.name}” ends on {day(feed.expires_at.date())}: renew it"[:200],
            url=url,
            now=now,
            due_on=feed.expires_at.date(),
        )
        for feed in ending
    )


@transaction.atomic
def state(feed: CalendarFeed, entries: Iterable[Entry], *, now: datetime) -> list[Stated]:
    """What the feed says now, given what there is: new things, changed ones with a higher sequence, and for a month
    those that disappeared before they began, as cancelled. What has begun is left as it was said. Writes only what
    changed; two programs that ask at once are told the same."""
    locked = CalendarFeed.objects.select_for_update(of=("self",)).get(pk=feed.pk)
    known = {row.key: row for row in locked.entries.all()}
    rows = [_said(known.pop(entry.key, None), entry, locked, now) for entry in entries]
    dropped = []
    for row in known.values():
        kept = CANCELLED_KEPT if row.gone_at is not None else BACK
        if (row.gone_at is not None and row.gone_at <= now - kept) or row.entry.is_over(now, since=kept):
            dropped.append(row.pk)
            continue
        if row.gone_at is None and not row.entry.has_begun(now):
            row.gone_at, row.changed_at, row.sequence = now, now, row.sequence + 1
        rows.append(row)
    _write(locked, rows, dropped, now=now)
    return [
        Stated(row.entry, row.sequence, row.changed_at, row.gone_at is not None or row.entry.is_cancelled)
        for row in rows
    ]


def _said(row: FeedEntry | None, entry: Entry, feed: CalendarFeed, now: datetime) -> FeedEntry:
    said = packed(entry)
    if row is None:
        return FeedEntry(feed=feed, key=entry.key, said=said, changed_at=now)
    if row.said != said or row.gone_at is not None:
        row.said, row.gone_at, row.changed_at, row.sequence = said, None, now, row.sequence + 1
    return row


def _write(feed: CalendarFeed, rows: list[FeedEntry], dropped: list[int], *, now: datetime) -> None:
    fresh = [row for row in rows if row.pk is None]
    changed = [row for row in rows if row.pk is not None and row.changed_at == now]
    FeedEntry.objects.bulk_create(fresh, batch_size=1000)
    FeedEntry.objects.bulk_update(changed, ["said", "gone_at", "changed_at", "sequence"], batch_size=1000)
    if dropped:
        FeedEntry.objects.filter(pk__in=dropped).delete()
    if feed.last_used_at is None or feed.last_used_at < now - USE_NOTED_AFTER:
        feed.last_used_at = now
        feed.save(update_fields=["last_used_at"])


def _audit(verb: str, feed: CalendarFeed, *, by: User, now: datetime) -> None:
    record(f"calendars.{verb}", by=by, now=now, subject=feed, team_id=feed.team_id, details={"kind": feed.kind})
