"""What a mapping may ask beyond its resource: the day, and the resources it refers to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from patients.fhir.rules.codes.own import LINE, LINE_FIELDS
from patients.fhir.rules.dates import DateError, PartialDate, parse, period
from patients.fhir.rules.facts import LineHint
from patients.fhir.rules.report import JsonObject
from patients.fhir.rules.values import choice, concept, extensions, obj, objects, text, texts


def _nothing(_reference: Any) -> JsonObject | None:
    return None


@dataclass
class Context:
    """One per resource. ``follow`` gives the resource behind a reference, contained or in the files, else None."""

    today: date
    follow: Callable[[Any], JsonObject | None] = _nothing
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        """A line for the report; the resource is mapped all the same."""
        self.warnings.append(message)

    def date(self, value: Any, what: str, *, future: bool = True) -> PartialDate | None:
        """The date, or None with a warning that names the element."""
        try:
            return parse(value, today=self.today, future=future)
        except DateError as problem:
            self.warn(f"{what} {problem}; left out")
            return None

    def period(self, value: Any, what: str) -> tuple[PartialDate | None, PartialDate | None]:
        """Start and end, each left out with a warning when it cannot be."""
        raw = obj(value)
        try:
            return period(raw, today=self.today)
        except DateError:
            start, end = self.date(raw.get("start"), f"{what}.start"), self.date(raw.get("end"), f"{what}.end")
            if start and end and end.last_day < start.day:
                self.warn(f"{what} ends ({end}) before it starts ({start}); the end is left out, correct it")
                end = None
            return start, end

    def span(self, resource: JsonObject, *names: str) -> tuple[PartialDate | None, PartialDate | None]:
        """When something happened, from the first of these choice elements that is there (dateTime, Period, Timing)."""
        for name in names:
            for suffix in ("DateTime", "Date", "Instant", ""):
                value = resource.get(name + suffix)
                if isinstance(value, str):
                    found = self.date(value, name)
                    return found, None
            for suffix in ("Period", ""):
                if isinstance(resource.get(name + suffix), dict):
                    return self.period(resource[name + suffix], name)
            timing = obj(resource.get(name + "Timing"))
            moments = [m for m in (self.date(value, name) for value in texts(timing.get("event"))) if m]
            if moments:
                return min(moments), max(moments)
            bounds = obj(obj(timing.get("repeat")).get("boundsPeriod"))
            if bounds:
                return self.period(bounds, name)
        return None, None

    def name_of(self, reference: Any) -> str:
        """A person's, place's or thing's name behind a reference: its display, else what the resource says."""
        raw = obj(reference)
        if text(raw.get("display")):
            return text(raw.get("display"), 200)
        found = self.follow(reference)
        return name_in(found) if found else ""


def name_in(resource: JsonObject) -> str:
    """The name of a resource: HumanName, plain name, or code."""
    raw = resource.get("name")
    if isinstance(raw, str):
        return raw.strip()[:200]
    names = [human_name(name) for name in objects(raw)]
    return next((name for name in names if name), "") or concept(resource.get("code")).label[:200]


def human_name(name: JsonObject) -> str:
    """“Given Family”, with prefix; the text when the parts are missing."""
    parts = [
        *texts(name.get("prefix")),
        *texts(name.get("given")),
        *texts(name.get("family")),
        *texts(name.get("suffix")),
    ]
    return (" ".join(parts) or text(name.get("text")))[:200]


def line_hint(resource: JsonObject) -> LineHint | None:
    """The treatment line named by one of our own exports."""
    found = next(extensions(resource, LINE), None)
    if found is None:
        return None
    said = {text(part.get("url")): text(choice(part, "value")[1], 500) for part in objects(found.get("extension"))}
    key = said.pop("key", "")
    return LineHint(key, tuple((name, said[name]) for name in LINE_FIELDS if name in said)) if key else None


def notes(resource: JsonObject) -> str:
    """All annotations as one text."""
    found = [text(note.get("text")) for note in objects(resource.get("note"))]
    found += texts(
        [
            item
            for item in [resource.get("note"), resource.get("notes"), resource.get("comment")]
            if isinstance(item, str)
        ]
    )
    return "\n".join(part for part in found if part)[:4000]
