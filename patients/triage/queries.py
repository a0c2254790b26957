"""Reading calls, and what a team's protocol says to each sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patients.protocol.queries import numbers
from patients.protocol.rules import Tag
from patients.triage.models import SiteWording, SymptomCall
from patients.triage.rules import WORDINGS, Limits, Sign

SHOWN = 5


@dataclass(frozen=True)
class TeamWording:
    """The sentence that holds for one team. `version` 0: nobody has signed, the catalog's sentence stands."""

    sign: Sign
    text: str
    source: str
    tag: Tag
    version: int = 0
    signed_by: str = ""
    signed_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        return self.version > 0 or self.tag != Tag.P


def limits(team_id: int) -> Limits:
    """The team's thresholds (one query); an unsigned P threshold raises nothing."""
    found = numbers(team_id)
    many = found["triage.stools_many"]
    return Limits(
        pain=int(found["triage.pain"].value),
        stools=int(found["triage.stools"].value),
        many_stools=int(many.value) if many.is_settled else None,
    )


def wordings(team_id: int) -> dict[Sign, TeamWording]:
    """What the team's protocol says to each sign that has a sentence (one query)."""
    rows = SiteWording.objects.filter(team_id=team_id).select_related("signed_by").order_by("version")
    signed = {row.sign: row for row in rows}
    found = {}
    for sign, wording in WORDINGS.items():
        row = signed.get(sign)
        if row is None:
            found[sign] = TeamWording(sign, wording.text, wording.source, wording.tag)
        else:
            found[sign] = TeamWording(
                sign, row.text, wording.source, wording.tag, row.version, str(row.signed_by), row.signed_at
            )
    return found


def calls_of(patient_id: int, limit: int = SHOWN) -> list[SymptomCall]:
    """The latest calls."""
    rows = SymptomCall.objects.valid().filter(patient_id=patient_id).select_related("created_by", "closed_by")
    return list(rows.order_by("-called_at", "-pk")[:limit])
