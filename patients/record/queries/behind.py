"""The patients behind a number of a report, as far as its reader may see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from patients.record.models import Patient, visible_patients

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from careteam.people.models import User

MOST = 500  # rows of one page; the number says how many there are


@dataclass(frozen=True)
class Behind:
    """One patient behind a number. `what` it is about, `url_name` and `url_id` where it stands, `detail` what decided
    whether it counts, or how long it took."""

    patient_id: int
    name: str
    birth_date: date | None
    deceased_on: date | None
    sex: str
    what: str
    on: date | None
    url_name: str
    url_id: int
    detail: str = ""

    @classmethod
    def of(cls, patient: Patient, what: str, on: date | None, url_name: str, url_id: int, detail: str = "") -> Behind:
        who = (patient.pk, patient.name, patient.birth_date, patient.deceased_on, str(patient.get_sex_display()))
        return cls(*who, what, on, url_name, url_id, detail)


@dataclass(frozen=True)
class Listed:
    """`counted`: what the number counts; `hidden`: of these, how many the person may not see."""

    rows: tuple[Behind, ...]
    counted: int
    hidden: int

    @property
    def is_cut(self) -> bool:
        return len(self.rows) < self.counted - self.hidden


def listed_for(
    user: User, rows: QuerySet[Any], told: Callable[[Any], Behind], *, path: str, beside: tuple[str, ...] = ()
) -> Listed:
    """The first rows that this person may see, each as `told`; `path` leads to the patient ("" for a patient, else
    with two underscores), `beside` is fetched with it. Two or three queries."""
    counted = rows.count()
    seen = rows.filter(visible_patients(user, path))
    if beside:
        seen = seen.select_related(*beside)
    found = list(seen[:MOST])
    visible = len(found) if len(found) < MOST else seen.count()
    return Listed(tuple(told(row) for row in found), counted, counted - visible)
