"""Wishes, documents and PDFs for tests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from careteam.people.models import User
from patients.record.models import Patient
from patients.wishes import commands
from patients.wishes.models import Wish, WishDocument
from patients.wishes.rules import Said, WishKind
from tests.factories import NOW

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def wish(
    patient: Patient,
    author: User,
    kind: str = "code_status",
    code: str = "dnr",
    *,
    words: str = "",
    since: date = date(2026, 11, 20),
    now: datetime = NOW,
    version: int = 0,
    **more: Any,
) -> Wish:
    said = Said(WishKind(kind), code, words)
    return commands.say(patient, said, since=since, version=version, by=author, now=now, **more)


def document(
    patient: Patient, author: User, kind: str = "polst", *, now: datetime = NOW, **values: Any
) -> WishDocument:
    return commands.add_document(patient, {"kind": kind, "limits": [], **values}, by=author, now=now)
