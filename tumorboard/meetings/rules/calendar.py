"""A calendar feed (RFC 5545) of meetings. It never carries data of a patient. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class CalendarEntry:
    """One meeting; `sequence` rises with every change, so that calendars take the newer one."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    sequence: int
    is_cancelled: bool


def _escaped(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\r\n", "\n").replace("\n", "\\n")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _folded(line: str) -> str:
    """Lines longer than 75 octets continue on the next line after one space; no character is cut in two."""
    parts: list[str] = []
    part = ""
    for character in line:
        if len((part + character).encode()) > (75 if not parts else 74):
            parts.append(part)
            part = ""
        part += character
    return "\r\n ".join([*parts, part])


def calendar_text(name: str, entries: Iterable[CalendarEntry], *, now: datetime) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//NET care team//Boards//EN", f"X-WR-CALNAME:{_escaped(name)}"]
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{entry.uid}",
            f"DTSTAMP:{_stamp(now)}",
            f"DTSTART:{_stamp(entry.starts_at)}",
            f"DTEND:{_stamp(entry.ends_at)}",
            f"SEQUENCE:{entry.sequence}",
            f"SUMMARY:{_escaped(entry.title)}",
            f"STATUS:{'CANCELLED' if entry.is_cancelled else 'CONFIRMED'}",
        ]
        if entry.place:
            lines.append(f"LOCATION:{_escaped(entry.place)}")
        if entry.link:
            lines.append(f"URL:{entry.link}")
        lines.append("END:VEVENT")
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])
