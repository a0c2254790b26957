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
    LCNEC = "LCNEC", "LCNEC"
    SCLC = "SCLC", "SCLC"
    TYPICAL = "typical carcinoid", "Typical carcinoid"
    ATYPICAL = "atypical carcinoid", "Atypical carcinoid"
    UNGRADED = "ungraded", "Not graded"
    UNCLASSIFIED = "unclassified", "Unclassified"


NEC_GRADES = frozenset({Grade.NEC, Grade.NEC_SC, Grade.NEC_LC, Grade.LCNEC, Grade.SCLC})
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
    Grade.LCNEC: 6,
    Grade.SCLC: 6,
}
# A MiNEN has two components, each of at least this share (`clinical.md` 1.1, P: named, never a prompt).
LEAST_COMPONENT_PERCENT = 30


@dataclass(frozen=True)
class GradeResult:
    """`conflicts` are sentences for the pathologist; `missing` names what would complete the grade. `component`: what
    the neuroendocrine part of a MiNEN amounts to by itself; `notes` say what is ours and unsigned."""

    grade: Grade
    conflicts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    component: Grade | None = None
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """ "NET G2", "MiNEN (NEC, large cell)"."""
        return f"{self.grade.label} ({self.component.label})" if self.component else str(self.grade.label)

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
    """Typical below 2 mitoses without necrosis, atypical 2 to 10 or with necrosis; above 10 it is LCNEC or SCLC (V2),
    which only a pathologist may say."""
    if mitoses is None:
        return GradeResult(Grade.ATYPICAL if necrosis else Grade.UNGRADED, missing=("mitoses",))
    if mitoses > 10:
        return GradeResult(
            Grade.ATYPICAL,
            conflicts=("More than 10 mitoses per 2 mm² in a well-differentiated lung tumor: LCNEC or SCLC?",),
        )
    if mitoses >= 2 or necrosis:
        return GradeResult(Grade.ATYPICAL)
    return GradeResult(Grade.TYPICAL, missing=() if necrosis is not None else ("necrosis",))


def _poor(ki67: Decimal | None, cell_type: str, *, lung: bool) -> GradeResult:
    if lung:
        grade = {"small": Grade.SCLC, "large": Grade.LCNEC}.get(cell_type, Grade.NEC)
    else:
        grade = {"small": Grade.NEC_SC, "large": Grade.NEC_LC}.get(cell_type, Grade.NEC)
    conflicts: tuple[str, ...] = ()
    if ki67 is not None and ki67 <= 20:
        conflicts = (f"Poorly differentiated with Ki-67 {ki67.normalize():f} %: pathology review.",)
    missing = [name for name, absent in (("Ki-67", ki67 is None), ("cell type", not cell_type)) if absent]
    return GradeResult(grade, conflicts=conflicts, missing=tuple(missing))


def _mixed(part: GradeResult, share: int | None, other: str) -> GradeResult:
    missing = [f"neuroendocrine component: {name}" for name in part.missing]
    missing += [
        name for name, absent in (("share of each component", share is None), ("other component", not other)) if absent
    ]
    small = share is not None and min(share, 100 - share) < LEAST_COMPONENT_PERCENT
    notes = (f"A component below {LEAST_COMPONENT_PERCENT} %: not a MiNEN by definition (local, unsigned).",)
    component = None if part.is_provisional else part.grade
    return GradeResult(Grade.MINEN, part.conflicts, tuple(missing), component, notes if small else ())


def grade_of(
    *,
    differentiation: str,
    ki67: Decimal | None,
    mitoses: Decimal | None,
    mixed: bool = False,
    cell_type: str = "",
    lung: bool = False,
    necrosis: bool | None = None,
    share: int | None = None,
    other: str = "",
) -> GradeResult:
    """Grade of one specimen, `clinical.md` 1.1 (V2). Cutoffs with decimals: 2.9 is G1, 20.0 is G2, 20.1 is G3.

    `ki67` in percent, `mitoses` per 2 mm². NEC comes from poor differentiation only, never from Ki-67. The final grade
    is the higher of the two indices. In a MiNEN these describe the neuroendocrine component, whose `share` is in
    percent; `other` names the other component.
    """
    if mixed:
        part = grade_of(
            differentiation=differentiation,
            ki67=ki67,
            mitoses=mitoses,
            cell_type=cell_type,
            lung=lung,
            necrosis=necrosis,
        )
        return _mixed(part, share, other)
    if not differentiation:
        return GradeResult(Grade.UNCLASSIFIED, missing=("differentiation",))
    if differentiation == Differentiation.POOR:
        return _poor(ki67, cell_type, lung=lung)
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
    conflicts: tuple[str, ...] = ()
    if cell_type:
        conflicts = ("Well differentiated, yet small or large cell is stated: pathology review.",)
    return GradeResult(max(found, key=lambda g: _SEVERITY[g]), conflicts=conflicts, missing=tuple(missing))


def burden_bin(percent: int | None) -> str:
    """Share of the liver replaced, in the bins of CLARINET (`clinical.md` 1.3, P); empty when not estimated."""
    if percent is None:
        return ""
    for limit, words in ((0, "0 %"), (10, "≤ 10 %"), (25, "> 10–25 %"), (50, "> 25–50 %")):
        if percent <= limit:
            return words
    return "> 50 %"
