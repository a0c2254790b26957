"""Reading the trail, and proving it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import QuerySet

from careteam.audit.models import AuditEvent, AuditSeal
from careteam.audit.rules import GENESIS, chain_digest

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class Verification:
    """`broken` names the first broken row or seal in words, empty when the whole trail is proved. `head` is the digest
    of the last seal in hexadecimal: whoever notes it elsewhere can tell later that nothing was cut off behind it."""

    seals: int
    sealed_rows: int
    unsealed_rows: int
    broken: str = ""
    head: str = ""


def _broken_row(seal: AuditSeal) -> str:
    digests = bytes(seal.row_digests)
    rows = AuditEvent.objects.in_bulk(seal.row_ids)
    for position, row_id in enumerate(seal.row_ids):
        expected = digests[32 * position : 32 * position + 32]
        row = rows.get(row_id)
        if row is None:
            return f"audit row {row_id} is missing (seal {seal.pk})"
        if row.seal_id != seal.pk:
            return f"audit row {row_id} names seal {row.seal_id} instead of {seal.pk}"
        if bytes(row.digest) != expected or row.computed_digest() != expected:
            return f"audit row {row_id} was changed after it was sealed (seal {seal.pk})"
    return ""


def verify(*, head: str = "") -> Verification:
    """Recomputes every row and every seal in order; stops at the first that does not match. `head` is one noted
    earlier: the trail must still hold that seal.

    All of it is read as of one moment: what is written and sealed meanwhile is not taken for a fault.
    """
    if connection.in_atomic_block:  # somebody else's moment
        return _verify(head)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _verify(head)


def _verify(head: str) -> Verification:
    previous, seals, rows = GENESIS, 0, 0
    held = not head
    for seal in AuditSeal.objects.order_by("pk").iterator(chunk_size=50):
        digests = bytes(seal.row_digests)
        pairs = [(row_id, digests[32 * i : 32 * i + 32]) for i, row_id in enumerate(seal.row_ids)]
        if bytes(seal.previous_digest) != previous:
            return Verification(seals, rows, 0, f"seal {seal.pk} does not follow the seal before it: one is missing")
        if len(digests) != 32 * len(seal.row_ids) or chain_digest(previous, pairs) != bytes(seal.digest):
            return Verification(seals, rows, 0, f"seal {seal.pk} itself was changed")
        if broken := _broken_row(seal):
            return Verification(seals, rows, 0, broken)
        previous, seals, rows = bytes(seal.digest), seals + 1, rows + len(seal.row_ids)
        held = held or previous.hex() == head
    if not held:
        return Verification(seals, rows, 0, f"the seal noted as {head[:16]}… is gone: the trail was cut or rewritten")
    unsealed = 0
    for row in AuditEvent.objects.filter(seal__isnull=True).order_by("pk").iterator(chunk_size=2000):
        if row.computed_digest() != bytes(row.digest):
            return Verification(seals, rows, unsealed, f"audit row {row.pk} was changed before it was sealed")
        unsealed += 1
    if AuditEvent.objects.filter(seal__isnull=False).count() != rows:
        return Verification(seals, rows, unsealed, _slipped_in())
    return Verification(seals, rows, unsealed, head=previous.hex() if seals else "")


def _slipped_in() -> str:
    """The first row that names a seal which does not hold it."""
    for seal in AuditSeal.objects.order_by("pk").iterator(chunk_size=50):
        strange = AuditEvent.objects.filter(seal=seal).exclude(pk__in=seal.row_ids).order_by("pk").first()
        if strange is not None:
            return f"audit row {strange.pk} names seal {seal.pk}, which does not hold it: it was slipped in"
    return "an audit row names a seal that does not exist"


def trail(
    *,
    team_ids: frozenset[int],
    patient_id: int | None = None,
    actor: User | None = None,
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEvent]:
    """Audit rows of the given teams (an auditor sees their own teams' trail), unordered."""
    rows = AuditEvent.objects.filter(team_id__in=team_ids).select_related("actor")
    if patient_id is not None:
        rows = rows.filter(patient_ids__contains=[patient_id])
    if actor is not None:
        rows = rows.filter(actor=actor)
    if kind:
        rows = rows.filter(kind=kind)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    return rows
