"""Grade of a specimen (`clinical.md` 1.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from patients.record.rules.codes import Differentiation


class Grade(TextChoices):
    """WHO 2019 / 2022, GEP (`clinical.md` 1.1, V2). NEC is not formally graded: high grade by definition."""

    NET_G1 = "NET G1", "NET G1"
    NET_G2 = "NET G2", "NET G2"
    NET_G3 = "NET G3", "NET G3"
    NEC_SC = "NEC small cell", "NEC, small cell"
    NEC_LC = "NEC large cell", "NEC, large cell"
    NEC = "NEC", "NEC"
    MINEN = "MiNEN", "MiNEN"
    TYPICAL = "typical carcinoid", "Typical carcinoid"
    ATYPICAL = "atypical carcinoid", "Atypical carcinoid"
    UNGRADED = "ungraded", "Not graded"
    UNCLASSIFIED = "unclassified", "Unclassified"


NEC_GRADES = frozenset({Grade.NEC, Grade.NEC_SC, Grade.NEC_LC})
# For "highest": position is severity. Unclassified sorts high because it is scheduled at the strictest interval.
_SEVERITY = {
    Grade.UNGRADED: 0,
    Grade.TYPICAL: 1,
    Grade.NET_G1: 1,
    Grade.ATYPICAL: 2,
    Grade.NET_G2: 2,
    Grade.NET_G3: 3,
    Grade.MINEN: 4,
    Grade.UNCLASSIFIED: 5,
    Grade.NEC: 6,
    Grade.NEC_LC: 6,
    Grade.NEC_SC: 6,
}


@dataclass(frozen=True)
class GradeResult:
    """`conflicts` are sentences for the pathologist; `missing` names what would complete the grade."""

    grade: Grade
    conflicts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def severity(self) -> int:
        return _SEVERITY[self.grade]

    @property
    def is_provisional(self) -> bool:
        return self.grade in {Grade.UNCLASSIFIED, Grade.UNGRADED}


def _by_ki67(ki67: Decimal) -> Grade:
    if ki67 < 3:
        return Grade.NET_G1
    return Grade.NET_G2 if ki67 <= 20 else Grade.NET_G3


def _by_mitoses(mitoses: Decimal) -> Grade:
    if mitoses < 2:
        return Grade.NET_G1
    return Grade.NET_G2 if mitoses <= 20 else Grade.NET_G3


def _lung(mitoses: Decimal | None, *, necrosis: bool | None) -> GradeResult:
    if mitoses is None:
        return GradeResult(Grade.UNGRADED, missing=("mitoses",))
    if mitoses > 10:
        return GradeResult(
            Grade.ATYPICAL,
            conflicts=("More than 10 mitoses per 2 mm² in a well-differentiated lung tumor: LCNEC or SCLC?",),
        )
    if mitoses >= 2 or necrosis:
        return GradeResult(Grade.ATYPICAL)
    return GradeResult(Grade.TYPICAL, missing=() if necrosis is not None else ("necrosis",))


def grade_of(
    *,
    differentiation: str,
    ki67: Decimal | None,
    mitoses: Decimal | None,
    mixed: bool = False,
    cell_type: str = "",
    lung: bool = False,
    necrosis: bool | None = None,
) -> GradeResult:
    """Grade of one specimen, `clinical.md` 1.1 (V2). Cutoffs with decimals: 2.9 is G1, 20.0 is G2, 20.1 is G3.

    `ki67` in percent, `mitoses` per 2 mm². NEC comes from poor differentiation only, never from Ki-67. The final grade
    is the higher of the two indices.
    """
    if mixed:
        return GradeResult(Grade.MINEN, missing=("grade of each component",))
    if not differentiation:
        return GradeResult(Grade.UNCLASSIFIED, missing=("differentiation",))
    if differentiation == Differentiation.POOR:
        grade = {"small": Grade.NEC_SC, "large": Grade.NEC_LC}.get(cell_type, Grade.NEC)
        conflicts: tuple[str, ...] = ()
        if ki67 is not None and ki67 <= 20:
            conflicts = (f"Poorly differentiated with Ki-67 {ki67.normalize():f} %: pathology review.",)
        return GradeResult(grade, conflicts=conflicts, missing=() if ki67 is not None else ("Ki-67",))
    if lung:
        return _lung(mitoses, necrosis=necrosis)
    found = []
    missing = []
    if ki67 is None:
        missing.append("Ki-67")
    else:
        found.append(_by_ki67(ki67))
    if mitoses is None:
        missing.append("mitoses")
    else:
        found.append(_by_mitoses(mitoses))
    if not found:
        return GradeResult(Grade.UNGRADED, missing=tuple(missing))
    return GradeResult(max(found, key=lambda g: _SEVERITY[g]), missing=tuple(missing))
