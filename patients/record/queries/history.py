"""Who saved a row, when, what it said before and after: from the history that the database's triggers write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from careteam.people.models import User
from careteam.web import words
from careteam.web.stale import Saved

# Columns that say nothing a reader looks for: keys of search and sorting, bookkeeping.
_HIDDEN = frozenset(
    {"id", "patient", "version", "created_at", "created_by", "sort_key", "search_key", "team", "error_by"}
)
_WORDS = {
    "ki67": "Ki-67",
    "sstr_rads": "SSTR-RADS",
    "netpet": "NETPET",
    "icd10": "ICD-10",
    "mrn": "MRN",
    "error_at": "Entered in error",
    "error_reason": "What was wrong",
    "is_main": "Main diagnosis",
    "is_metastasis": "From a metastasis",
    "is_mixed": "Mixed (MiNEN)",
    "is_lung": "Lung primary",
    "is_responsible": "Responsible",
    "is_proxy": "Health care proxy",
    "mixed_share": "Neuroendocrine component",
    "on_ppi": "On a PPI",
    "dpyd": "DPYD",
}


@dataclass(frozen=True)
class FieldChange:
    field: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Version:
    """One save of a row. `who` is empty for what came from an import or the system."""

    at: datetime
    who: str
    label: str
    number: int
    changes: tuple[FieldChange, ...]
    event: Any


def _said(field: models.Field[Any, Any], value: Any, people: Mapping[int, str]) -> str:
    if value is None or value in ("", []):
        return ""
    if isinstance(field, models.ForeignKey):
        return people.get(value, str(value)) if field.related_model is User else str(value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return words.moment(value)
    if isinstance(field, models.DateField):
        return words.day(value)
    if isinstance(field, models.DecimalField):
        return words.num(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _label(field: models.Field[Any, Any]) -> str:
    name = str(field.verbose_name)
    return _WORDS.get(field.name, name[:1].upper() + name[1:])


def _actor(event: Any) -> int | None:
    metadata = event.pgh_context.metadata if event.pgh_context_id else {}
    found: int | None = metadata.get("user") or getattr(event, "error_by_id", None)
    if found is None and event.pgh_label == "insert":
        found = getattr(event, "created_by_id", None)
    return found


def versions_of(row: models.Model, only: str = "") -> list[Version]:
    """Every save of the row, newest first, with what it changed; with `only` the saves that changed that field.
    Three queries. Rows that were loaded without a history have none."""
    events = list(row.events.select_related("pgh_context").order_by("pgh_id"))  # type: ignore[attr-defined]
    fields = [f for f in row._meta.concrete_fields if f.name not in _HIDDEN]
    links = [f for f in row._meta.concrete_fields if isinstance(f, models.ForeignKey) and f.related_model is User]
    ids = {getattr(event, f.attname) for event in events for f in links} | {_actor(event) for event in events}
    known = [pk for pk in ids if pk is not None]
    people = {person.pk: str(person) for person in User.objects.filter(pk__in=known)}
    found: list[Version] = []
    before: Any = None
    for event in events:
        changes = tuple(
            FieldChange(f.name, _label(f), _said(f, getattr(before, f.attname, None), people), after)
            for f in fields
            if (after := _said(f, getattr(event, f.attname), people))
            != (_said(f, getattr(before, f.attname), people) if before is not None else "")
        )
        if only:
            changes = tuple(change for change in changes if change.field == only)
        if changes:
            actor = _actor(event)
            number = getattr(event, "version", 0)
            found.append(
                Version(event.pgh_created_at, people.get(actor or 0, ""), event.pgh_label, number, changes, event)
            )
        before = event
    return found[::-1]


def saved_meanwhile(row: Any, opened_version: int) -> Saved:
    """For a stale save: who saved the present row, and the version this person saw (None when not known)."""
    events = row.events.select_related("pgh_context")
    opened = events.filter(version=opened_version).order_by("-pgh_id").first()
    last = events.order_by("-pgh_id").first()
    actor = _actor(last) if last is not None else None
    person = User.objects.filter(pk=actor).first() if actor else None
    return Saved(str(person) if person else "", last.pgh_created_at if last else None, opened)
