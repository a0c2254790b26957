"""Contact attempts of a page of studies, so that nobody is called five times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from careteam.web.words import clock, day
from patients.imaging.models import ContactAttempt, ImagingStudy

if TYPE_CHECKING:
    from patients.imaging.queries.scope import Scope


@dataclass(frozen=True)
class Attempts:
    """What was tried about one study, in words; `today` is about the patient: any study of theirs counts."""

    count: int = 0
    last: str = ""
    next_try_on: date | None = None
    today: str = ""
    is_letter_next: bool = False

    @property
    def words(self) -> str:
        """ "2 attempts, last: no answer (23 Nov by Dana Whitcomb)"; empty when nobody has tried."""
        if not self.count:
            return ""
        return f"{self.count} {'attempt' if self.count == 1 else 'attempts'}, last: {self.last}"


NO_ATTEMPTS = Attempts()


def attempts_of(studies: Sequence[ImagingStudy], scope: Scope) -> Mapping[int, Attempts]:
    """Of each of these studies (one query)."""
    ids = [study.pk for study in studies]
    lately = scope.now - timedelta(days=1)
    by_study: dict[int, list[ContactAttempt]] = defaultdict(list)
    today: dict[int, ContactAttempt] = {}
    rows = (
        ContactAttempt.objects.valid()
        .filter(Q(study_id__in=ids) | Q(patient_id__in=[study.patient_id for study in studies], at__gte=lately))
        .select_related("created_by")
        .order_by("-at", "-pk")
    )
    for row in rows:
        if row.study_id in ids:
            by_study[row.study_id].append(row)
        if _on(row.at, scope) == scope.today:
            today.setdefault(row.patient_id, row)
    return {study.pk: _attempts(study, by_study[study.pk], today.get(study.patient_id), scope) for study in studies}


def _on(at: datetime, scope: Scope) -> date:
    return at.astimezone(scope.zone).date()


def _attempts(
    study: ImagingStudy, rows: Sequence[ContactAttempt], tried: ContactAttempt | None, scope: Scope
) -> Attempts:
    last = ""
    if rows:
        on = _on(rows[0].at, scope)
        who = f" by {rows[0].created_by}" if rows[0].created_by else ""
        last = (
            f"{rows[0].get_outcome_display().lower()} ({'today' if on == scope.today else day(on, scope.today)}{who})"
        )
    said = ""
    if tried is not None:
        who = str(tried.created_by) if tried.created_by else "Somebody"
        said = f"{who} tried today at {clock(tried.at.astimezone(scope.zone))}: {tried.get_outcome_display().lower()}"
    return Attempts(
        count=len(rows),
        last=last,
        next_try_on=study.next_try_on,
        today=said,
        is_letter_next=study.unanswered >= scope.letter_after,
    )
