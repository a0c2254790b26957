"""Notes of the disciplines. The text of a confidential one leaves this module for those who may read it, and for nobody
else: pages, summaries, exports and searches get what is returned here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from careteam.access.queries import access_of
from careteam.people.rules import Role
from patients.palliative.models import CareNote

if TYPE_CHECKING:
    from careteam.people.models import User

# Who reads what was marked confidential, beside its author.
CONFIDENTIAL_TO = frozenset({Role.PALLIATIVE, Role.PSYCHO_ONCOLOGIST})


@dataclass(frozen=True)
class NoteSeen:
    """A note as one person may read it; `readable` False: who and when, neither text nor reason."""

    pk: int
    discipline: str
    author: str
    author_id: int
    written_at: datetime
    said_by: str
    text: str
    is_confidential: bool
    readable: bool
    error_at: datetime | None
    error_reason: str
    version: int
    supplements: tuple[NoteSeen, ...] = ()


def reads_confidential(user: User, team_id: int) -> bool:
    """Whether one of the person's roles in the patient's team reads confidential notes. Grants give no such role."""
    held = access_of(user).roles.get(team_id, ())
    return any(role in held for role in CONFIDENTIAL_TO)


def _seen(row: CareNote, user: User, privileged: bool, supplements: tuple[NoteSeen, ...] = ()) -> NoteSeen:
    readable = not row.is_confidential or privileged or row.author_id == user.pk
    return NoteSeen(
        pk=row.pk,
        discipline=str(Role(row.discipline).label) if row.discipline in Role.values else row.discipline,
        author=str(row.author),
        author_id=row.author_id,
        written_at=row.written_at,
        said_by=row.said_by if readable else "",
        text=row.text if readable else "",
        is_confidential=row.is_confidential,
        readable=readable,
        error_at=row.error_at,
        error_reason=row.error_reason if readable else "",
        version=row.version,
        supplements=supplements,
    )


def notes_of(patient_id: int, team_id: int, user: User) -> list[NoteSeen]:
    """Every note of the patient and of records merged into theirs, newest first, each with its supplements. One
    query."""
    rows = list(
        CareNote.objects.filter(Q(patient_id=patient_id) | Q(patient__merged_into_id=patient_id))
        .select_related("author")
        .order_by("written_at", "pk")
    )
    privileged = reads_confidential(user, team_id)
    below: dict[int, list[NoteSeen]] = defaultdict(list)
    for row in rows:
        if row.supplements_id is not None:
            below[row.supplements_id].append(_seen(row, user, privileged))
    first = [row for row in rows if row.supplements_id is None]
    return [_seen(row, user, privileged, tuple(below[row.pk])) for row in reversed(first)]
