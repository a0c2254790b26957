"""Writing the trail. Every command of every slice calls `record` inside its own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction

from careteam.audit.models import AuditEvent, AuditSeal
from careteam.audit.rules import GENESIS, Kind, chain_digest

if TYPE_CHECKING:
    from django.http import HttpRequest

    from careteam.people.models import User

SEAL_BATCH = 5000
_SEAL_LOCK = 7_301_552  # advisory lock: one sealer at a time


def record(
    action: str,
    *,
    by: User | None,
    now: datetime,
    subject: models.Model | None = None,
    patient_ids: Iterable[int] = (),
    team_id: int | None = None,
    reason: str = "",
    kind: Kind = Kind.WRITE,
    details: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Adds one audit row. `by=None` is the system (a sweep, an import by command).

    `details` must be JSON: ids, codes, before and after of fields. Rolled back with the caller's transaction.
    """
    event = AuditEvent(
        at=now,
        kind=str(kind),
        action=action,
        actor=by,
        team_id=team_id,
        patient_ids=sorted(set(patient_ids)),
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        reason=reason,
        details=dict(details or {}),
    )
    event.digest = event.computed_digest()
    event.save(force_insert=True)
    return event


def note_read(
    request: HttpRequest,
    patient_ids: Iterable[int],
    *,
    team_id: int | None = None,
    what: str = "",
    kind: Kind = Kind.READ,
) -> None:
    """Says that this request shows data of these patients; one audit row per request is written before the answer
    leaves (`careteam.audit.middleware`). `what` names the page when the URL name is not enough; `team_id` is the
    team that owns the patients (default: the reader's home team)."""
    noted: set[int] = getattr(request, "patients_read", set())
    noted.update(patient_ids)
    request.patients_read = noted  # type: ignore[attr-defined]
    request.read_kind = kind  # type: ignore[attr-defined]
    if team_id is not None:
        request.read_team_id = team_id  # type: ignore[attr-defined]
    if what:
        request.read_what = what  # type: ignore[attr-defined]


def seal(*, now: datetime, limit: int = SEAL_BATCH) -> int:
    """Seals up to `limit` unsealed rows in one batch and returns how many; 0 when there is nothing to seal or
    another process is sealing. Rows of transactions that commit later are simply in a later batch."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEAL_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        rows = list(AuditEvent.objects.filter(seal__isnull=True).order_by("pk").values_list("pk", "digest")[:limit])
        if not rows:
            return 0
        pairs = [(row_id, bytes(digest)) for row_id, digest in rows]
        last = AuditSeal.objects.order_by("-pk").values_list("digest", flat=True).first()
        previous = bytes(last) if last is not None else GENESIS
        new = AuditSeal.objects.create(
            sealed_at=now,
            row_ids=[row_id for row_id, _ in pairs],
            row_digests=b"".join(digest for _, digest in pairs),
            previous_digest=previous,
            digest=chain_digest(previous, pairs),
        )
        AuditEvent.objects.filter(pk__in=new.row_ids).update(seal=new)
        return len(pairs)
