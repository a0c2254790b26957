"""What every source of the calendar is asked for, and what it answers with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Concat

from careteam.web.keeping import Keeper
from careteam.workspace.coming.rules import Entry, Kind, Window
from patients.record.models import Diagnosis, NextStep, among, in_care

if TYPE_CHECKING:
    from careteam.people.models import User

LIMIT = 300  # rows of one source on one page, which no single center reaches in two weeks
FEW = 60  # rows of a source that has more: the days are counted, the list says so and leads to "who comes"
NOBODY = "nobody"
# The rows that are named are always of this moment.
_keep = Keeper(slow=0.02, seconds=30)  # 0.02 s for one count, which no single center reaches


@dataclass(frozen=True)
class Scope:
    """Whose weeks (teams, their zone), which ones, and the coded filters; an empty filter filters nothing.

    `owner` is the id of a person as text, or `NOBODY`. `patient_ids` narrows to these patients.
    """

    user: User
    team_ids: frozenset[int]
    zone: ZoneInfo
    today: date
    window: Window
    kind: str = ""
    owner: str = ""
    modality: str = ""
    site: str = ""
    limit: int = LIMIT
    patient_ids: frozenset[int] | None = None

    def wants(self, *kinds: Kind) -> bool:
        return not self.kind or self.kind in kinds

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The window as moments: from its first midnight to the one after its last day, where the team is."""
        start = datetime.combine(self.window.since, time.min, self.zone)
        return start, datetime.combine(self.window.until + timedelta(days=1), time.min, self.zone)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)


@dataclass(frozen=True)
class Found:
    """What a source has: at most `Scope.limit` entries, and how many there are by (day, kind)."""

    entries: tuple[Entry, ...] = ()
    counts: Counter[tuple[date, str]] = field(default_factory=Counter)
    is_cut: bool = False


def of_scope(scope: Scope) -> Q:
    """Rows of patients in the care of the teams; narrowed to a primary site."""
    condition = in_care() & Q(patient__team_id__in=scope.team_ids)
    if scope.patient_ids is not None:
        condition &= Q(patient_id__in=among(scope.patient_ids))
    if scope.site:
        condition &= Q(
            Exists(
                Diagnosis.objects.valid().filter(
                    patient_id=OuterRef("patient_id"), is_main=True, primary_site=scope.site
                )
            )
        )
    return condition


def owned(scope: Scope, key: str, id_path: str) -> Q:
    """Rows whose next step (source key `key:id`) belongs to the chosen owner."""
    if not scope.owner:
        return Q()
    steps = NextStep.objects.filter(
        patient_id=OuterRef("patient_id"),
        closed_at__isnull=True,
        source_key=Concat(Value(f"{key}:"), Cast(OuterRef(id_path), CharField())),
    )
    if scope.owner == NOBODY:
        return ~Q(Exists(steps.filter(owner__isnull=False)))
    return Q(Exists(steps.filter(owner_id=int(scope.owner))))


def owners_of(patient_ids: Iterable[int], keys: Iterable[str]) -> dict[str, str]:
    """By source key: who owns the open step, or in whose queue it lies. One query."""
    steps = NextStep.objects.filter(
        patient_id__in=set(patient_ids), source_key__in=set(keys), closed_at__isnull=True
    ).select_related("owner")
    return {step.source_key: str(step.owner or step.get_owner_role_display()) for step in steps}


def gather(
    rows: QuerySet[Any],
    scope: Scope,
    entries: Callable[[list[Any]], list[Entry]],
    counted: Callable[[QuerySet[Any]], Iterable[tuple[date, str, int]]],
) -> Found:
    """All rows as entries, or the first `FEW` where there are more than the limit; the counts are complete."""
    first, is_cut = _first(rows, scope)
    found = entries(first)
    counts: Counter[tuple[date, str]] = Counter()
    if is_cut:
        ordered = rows.order_by()
        for on, kind, number in _keep("coming", ordered.query.sql_with_params(), lambda: list(counted(ordered))):
            counts[on, kind] += number
    else:
        counts.update((entry.on, str(entry.kind)) for entry in found)
    return Found(tuple(found), counts, is_cut)


def oldest(rows: QuerySet[Any], scope: Scope, entries: Callable[[list[Any]], list[Entry]]) -> Found:
    """The same for what is listed without days."""
    first, is_cut = _first(rows, scope)
    return Found(tuple(entries(first)), is_cut=is_cut)


def _first(rows: QuerySet[Any], scope: Scope) -> tuple[list[Any], bool]:
    """All rows up to the limit, else the first few. One query for few rows, three at most."""
    few = min(FEW, scope.limit)
    first = list(rows[: few + 1])
    if len(first) <= few:
        return first, False
    if rows.order_by()[scope.limit : scope.limit + 1].exists():
        return first[:few], True
    return list(rows), False
