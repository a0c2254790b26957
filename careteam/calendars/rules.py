"""What a calendar feed is, and how it is written (RFC 5545). It never carries data of a patient. Pure."""

from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.db.models import TextChoices
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText

LIFETIME = timedelta(days=365)
WARNED_BEFORE = timedelta(days=14)
BACK = timedelta(days=31)  # how far a feed looks back
AHEAD = timedelta(days=366)
CANCELLED_KEPT = timedelta(days=30)  # programs that ask rarely still learn that it is off
MOST_LINKS = 20  # of one person, at a time


class FeedKind(TextChoices):
    PERSON = "person", "What is yours"
    TEAM = "team", "Slots and meetings of a team"
    BOARD = "board", "Meetings of a board"


def digest_of(token: str) -> str:
    """What is stored of a token: its SHA-256, so that neither the database nor a backup of it opens a calendar. The
    token has 256 random bits; looking its digest up in an index tells nothing about other tokens."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class Entry:
    """One thing in a calendar. Moments for what has an hour, dates (the end excluded) for what fills days.

    `key` names it for ever (`study-17`); `zone` is the time zone it is shown in; `path` leads to its page here, which
    asks for a sign-in. `title` and `place` hold words of the product or its settings, nothing typed about a patient.
    """

    key: str
    title: str
    starts: datetime | date
    ends: datetime | date
    zone: str
    path: str
    place: str = ""
    is_cancelled: bool = False

    def is_over(self, now: datetime, *, since: timedelta = timedelta(0)) -> bool:
        """Whether it ended longer ago than `since`."""
        return _moment(self.ends, self.zone) <= now - since

    def has_begun(self, now: datetime) -> bool:
        return _moment(self.starts, self.zone) <= now


@dataclass(frozen=True)
class Stated:
    """An entry as a feed says it: `sequence` rises with every change, a cancelled one stays for a while."""

    entry: Entry
    sequence: int
    changed_at: datetime
    is_cancelled: bool


def _moment(value: datetime | date, zone: str) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), tzinfo=zoneinfo.ZoneInfo(zone))


def packed(entry: Entry) -> dict[str, object]:
    """An entry as JSON, in UTC where it has hours."""
    return {
        "title": entry.title,
        "starts": _iso(entry.starts),
        "ends": _iso(entry.ends),
        "zone": entry.zone,
        "path": entry.path,
        "place": entry.place,
        "is_cancelled": entry.is_cancelled,
    }


def unpacked(key: str, said: dict[str, str]) -> Entry:
    return Entry(
        key=key,
        title=said["title"],
        starts=_read(said["starts"]),
        ends=_read(said["ends"]),
        zone=said["zone"],
        path=said["path"],
        place=said["place"],
        is_cancelled=bool(said["is_cancelled"]),
    )


def _iso(value: datetime | date) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()


def _read(text: str) -> datetime | date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def calendar_text(name: str, stated: Iterable[Stated], *, site: str) -> bytes:
    """The feed as iCalendar. `site` is the address of this installation; with it the UIDs are the same for ever, and
    others' are different. Times stand in the zone of the team, with the rules of that zone beside them."""
    calendar = Calendar()
    calendar.add("prodid", "-//NET care team//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar["REFRESH-INTERVAL"] = vText("PT1H", params={"VALUE": "DURATION"})
    calendar["X-PUBLISHED-TTL"] = "PT1H"
    rows = sorted(stated, key=lambda row: row.entry.key)
    for zone, (first, last) in sorted(_spans(rows).items()):
        calendar.add_component(vtimezone(zone, first, last))
    host = urlsplit(site).netloc
    for row in rows:
        calendar.add_component(_event(row, site.rstrip("/"), host))
    return bytes(calendar.to_ical(sorted=False))


def invitation_text(
    entry: Entry, *, sequence: int, at: datetime, method: str, site: str, organizer: str, attendee: str
) -> bytes:
    """One entry as an invitation (RFC 5546): `method` is REQUEST, CANCEL, or PUBLISH for a file to download. Its UID is
    that of the feeds: a program that reads both shows one event. `organizer` and `attendee` are addresses."""
    calendar = Calendar()
    calendar.add("prodid", "-//NET care team//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    row = Stated(entry, sequence, at, entry.is_cancelled)
    for zone, (first, last) in _spans([row]).items():
        calendar.add_component(vtimezone(zone, first, last))
    event = _event(row, site.rstrip("/"), urlsplit(site).netloc)
    event.add("organizer", vCalAddress(f"mailto:{parseaddr(organizer)[1]}"))
    if attendee:
        person = vCalAddress(f"mailto:{attendee}")
        person.params["PARTSTAT"] = "NEEDS-ACTION"
        person.params["ROLE"] = "REQ-PARTICIPANT"
        event.add("attendee", person)
    calendar.add_component(event)
    return bytes(calendar.to_ical(sorted=False))


def _event(row: Stated, site: str, host: str) -> Event:
    entry, event = row.entry, Event()
    zone = zoneinfo.ZoneInfo(entry.zone)
    event.add("uid", f"{entry.key}@{host}")
    event.add("dtstamp", row.changed_at.astimezone(UTC))
    event.add("last-modified", row.changed_at.astimezone(UTC))
    for name, value in (("dtstart", entry.starts), ("dtend", entry.ends)):
        event.add(name, value.astimezone(zone) if isinstance(value, datetime) else value)
    event.add("sequence", row.sequence)
    event.add("status", "CANCELLED" if row.is_cancelled else "CONFIRMED")
    event.add("summary", entry.title)
    if entry.place:
        event.add("location", entry.place)
    event.add("url", f"{site}{entry.path}")
    if not isinstance(entry.starts, datetime):
        event.add("transp", "TRANSPARENT")  # a day with something due is not a day that is taken
    return event


def _spans(rows: Iterable[Stated]) -> dict[str, tuple[date, date]]:
    """By zone: the first and last local day that anything with an hour stands on."""
    spans: dict[str, tuple[date, date]] = {}
    for row in rows:
        entry = row.entry
        if isinstance(entry.starts, datetime) and isinstance(entry.ends, datetime):
            zone = zoneinfo.ZoneInfo(entry.zone)
            first, last = entry.starts.astimezone(zone).date(), entry.ends.astimezone(zone).date()
            low, high = spans.get(entry.zone, (first, last))
            spans[entry.zone] = (min(low, first), max(high, last))
    return spans


def vtimezone(name: str, first: date, last: date) -> Timezone:
    """The rules of a zone from the first day to the last: what holds at first, then every change of the clocks, each
    at the wall time that it happened at."""
    zone = zoneinfo.ZoneInfo(name)
    start = datetime.combine(first - timedelta(days=1), time(), tzinfo=UTC)
    end = datetime.combine(last + timedelta(days=2), time(), tzinfo=UTC)
    rules = Timezone()
    rules.add("tzid", name)
    rules.add_component(_observance(start, zone, before=start))
    for moment in _changes(zone, start, end):
        rules.add_component(_observance(moment, zone, before=moment - timedelta(seconds=1)))
    return rules


def _observance(moment: datetime, zone: zoneinfo.ZoneInfo, *, before: datetime) -> TimezoneStandard | TimezoneDaylight:
    local, earlier = moment.astimezone(zone), before.astimezone(zone)
    part = TimezoneDaylight() if local.dst() else TimezoneStandard()
    offset_from = earlier.utcoffset() or timedelta(0)
    part.add("dtstart", (moment + offset_from).replace(tzinfo=None))
    part.add("tzoffsetfrom", offset_from)
    part.add("tzoffsetto", local.utcoffset() or timedelta(0))
    part.add("tzname", local.tzname() or "")
    return part


def _changes(zone: zoneinfo.ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The moments at which the offset changes, to the minute."""
    moment = start
    while moment < end:
        later = min(moment + timedelta(days=1), end)
        if moment.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            low, high = moment, later
            while high - low > timedelta(minutes=1):
                middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        moment = later
