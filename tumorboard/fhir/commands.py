"""Imported requests become drafts of referrals: offered to the board's coordinators, never filed by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from patients.fhir.models import SourceRecord
from patients.fhir.rules.mapping.context import name_in
from patients.fhir.rules.states import RecordStatus
from patients.fhir.rules.values import text
from tumorboard.fhir.rules import Request, request_of
from tumorboard.suggestions import commands as suggestions
from tumorboard.suggestions.models import AgendaSuggestion
from tumorboard.suggestions.queries import open_for_source
from tumorboard.suggestions.rules import SuggestionKind, request_key


@transaction.atomic
def take_requests(record_ids: Iterable[int], *, now: datetime) -> list[AgendaSuggestion]:
    """Offers each of these imported resources to a board, follows one that changed, takes back one that no longer asks.
    Returns what is open now. May be called any number of times."""
    offered = []
    rows = SourceRecord.objects.filter(pk__in=list(record_ids), patient__isnull=False).select_related("patient__team")
    for record in rows.order_by("pk"):
        row = _take(record, now=now)
        if row is not None:
            offered.append(row)
    return offered


def _take(record: SourceRecord, *, now: datetime) -> AgendaSuggestion | None:
    request = request_of(record.resource)
    key = request_key(record.pk)
    over = request.over or ("The source withdrew it" if record.status == RecordStatus.WITHDRAWN else "")
    if over:
        suggestions.take_back_source(key, because=over, now=now)
        return None
    asked = replace(request.asked, referrer=request.asked.referrer or _name_of(request, record))
    existing = open_for_source(key)
    if existing is not None:
        return suggestions.follow_source(existing, asked, now=now)
    if record.patient is None:
        return None
    return suggestions.suggest(
        record.patient,
        kind=SuggestionKind.REQUEST,
        source_key=key,
        question=asked.question,
        url=reverse("import-source", args=[record.pk]),
        asked=asked,
        now=now,
    )


def _name_of(request: Request, record: SourceRecord) -> str:
    """Who asks, by the resource that the request names; empty when it did not come."""
    kind, _, resource_id = text(request.by.get("reference"), 1000).rpartition("/")
    resource_id = resource_id.removeprefix("urn:uuid:")
    if not resource_id:
        return ""
    named = SourceRecord.objects.filter(
        team_id=record.team_id, namespace=record.namespace, resource_id=resource_id[:400]
    )
    kind = kind.rpartition("/")[2]
    found = (named.filter(resource_type=kind) if kind else named).first()
    return name_in(found.resource)[:160] if found else ""
