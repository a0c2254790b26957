"""RECIST 1.1: which lesions are measured, their sum, what the change means. Pure; lengths are Decimal millimeters.

What is computed here is arithmetic on diameters that a reader entered; the reader confirms the response. The limits are
definitions of RECIST 1.1 (Eisenhauer 2009, tag V2), kept in the protocol so that they are seen there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import TextChoices

from patients.protocol.rules import NUMBERS
from patients.record.rules import ResponseCategory

C = ResponseCategory


def _limit(code: str) -> Decimal:
    return NUMBERS[f"recist.{code}"].value


MEASURABLE = _limit("measurable")  # longest diameter of what is no node
NODE_MEASURABLE = _limit("node.measurable")  # short axis
NODE_NORMAL = _limit("node.normal")
MOST_TARGETS = int(_limit("targets"))
MOST_PER_ORGAN = int(_limit("targets.organ"))
SHRINKING = _limit("shrinking")  # percent below the baseline
GROWING = _limit("growing")  # percent above the nadir …
GROWING_MM = _limit("growing.mm")  # … and millimeters
TOO_SMALL = _limit("too_small")  # what a lesion counts that is seen but too small to measure
ABSENT = Decimal(0)


class LesionRole(TextChoices):
    TARGET = "target", "Target"
    NON_TARGET = "non_target", "Non-target"
    NEW = "new", "New"


class Seen(TextChoices):
    """How a lesion was found on one study."""

    MEASURED = "measured", "Measured"
    TOO_SMALL = "too_small", "Too small to measure"
    ABSENT = "absent", "Gone"
    PRESENT = "present", "Still there"
    WORSE = "worse", "Clearly worse"
    NOT_EVALUABLE = "ne", "Not evaluable"


TARGET_STATES = (Seen.MEASURED, Seen.TOO_SMALL, Seen.ABSENT, Seen.NOT_EVALUABLE)
OTHER_STATES = (Seen.PRESENT, Seen.ABSENT, Seen.WORSE, Seen.NOT_EVALUABLE)


class Caveat(TextChoices):
    """What the reader should weigh before confirming; never changes the arithmetic (clinical note, tag P)."""

    MODALITY = "modality", "Other modality than the scan before: diameters may differ for that reason alone."
    RADIONUCLIDE = "prrt", "Radionuclide therapy since the scan before: early growth may be pseudoprogression."
    LOCAL = "local", "Treated through the liver since the scan before: a treated lesion counts only if it grew since."
    FIRST_PET = "first_pet", "New only on the first SSTR PET: not by itself progression. The reader decides."
    REAPPEARED = "reappeared", "A target is there again after all were gone. The reader decides."
    SLOW = "slow", "Stable from scan to scan, but growing: look at the change since baseline."
    NOT_MEASURED = "not_measured", "A target could not be evaluated: no sum, and no nadir from this scan."


class NonTargetState(TextChoices):
    """All non-target lesions together."""

    CR = "CR", "All gone, nodes below 10 mm"
    NON_CR_NON_PD = "NN", "Still there, no clear progression"
    PD = "PD", "Unequivocal progression"
    NE = "NE", "Not evaluated"


@dataclass(frozen=True)
class Lesion:
    """`organ` counts towards two per organ; all nodes are one organ. A node is measured by its short axis."""

    key: str
    organ: str = ""
    is_node: bool = False


def role_of(mm: Decimal, *, is_node: bool) -> LesionRole | None:
    """What a lesion of this size can be at baseline: target, non-target, or None for a node of normal size."""
    if is_node:
        if mm < NODE_NORMAL:
            return None
        return LesionRole.TARGET if mm >= NODE_MEASURABLE else LesionRole.NON_TARGET
    return LesionRole.TARGET if mm >= MEASURABLE else LesionRole.NON_TARGET


def why_not_targets(lesions: Sequence[tuple[Lesion, Decimal]]) -> dict[str, str]:
    """What forbids these (lesion, baseline mm) as targets, by lesion key; "" holds what concerns all of them."""
    reasons: dict[str, str] = {}
    if len(lesions) > MOST_TARGETS:
        reasons[""] = f"{len(lesions)} targets: at most {MOST_TARGETS}. Follow the others as non-targets."
    seen: Counter[str] = Counter()
    for lesion, mm in lesions:
        organ = "node" if lesion.is_node else lesion.organ.strip().lower()
        seen[organ] += 1
        if role_of(mm, is_node=lesion.is_node) != LesionRole.TARGET:
            least = NODE_MEASURABLE if lesion.is_node else MEASURABLE
            axis = "short axis" if lesion.is_node else "longest diameter"
            reasons[lesion.key] = f"Too small for a target: {axis} of at least {least} mm."
        elif seen[organ] > MOST_PER_ORGAN:
            reasons[lesion.key] = f"At most {MOST_PER_ORGAN} targets per organ. Follow this one as non-target."
    return reasons


def total(sizes: Iterable[Decimal]) -> Decimal:
    """The sum of longest diameters and node short axes."""
    return sum(sizes, Decimal(0))


def percent(value: Decimal, of: Decimal) -> Decimal | None:
    """The change from `of` to `value` in percent, one decimal; None when there is nothing to compare with."""
    if of == 0:
        return None
    return ((value - of) * 100 / of).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True)
class TargetResponse:
    """`category` None: the reader decides (`reappeared`). `total` None: a target was not measured."""

    category: ResponseCategory | None
    total: Decimal | None
    baseline: Decimal
    nadir: Decimal
    reappeared: bool = False

    @property
    def from_baseline(self) -> Decimal | None:
        """Cumulative change in percent: what shows a slow grower that stays SD from scan to scan."""
        return None if self.total is None else percent(self.total, self.baseline)

    @property
    def from_nadir(self) -> Decimal | None:
        return None if self.total is None else percent(self.total, self.nadir)


def by_sums(baseline: Decimal, nadir: Decimal, current: Decimal) -> ResponseCategory | None:
    """The response of measured targets by their sums, CR aside. `nadir` is the smallest sum before this one, baseline
    included. None when everything was gone and something is there again: the reader decides.

    Raises ValueError when `nadir` is above `baseline` or a sum is negative.
    """
    if min(baseline, nadir, current) < 0 or nadir > baseline:
        raise ValueError("Sums are not negative, and the nadir is never above the baseline.")
    if nadir == 0 and current > 0:
        return None
    if _progressed(nadir, current):
        return C.PD  # outranks PR
    if (baseline - current) * 100 >= SHRINKING * baseline and current < baseline:
        return C.PR
    return C.SD


def _progressed(nadir: Decimal, current: Decimal) -> bool:
    grown = current - nadir
    return grown >= GROWING_MM and grown * 100 >= GROWING * nadir


def target_response(
    lesions: Mapping[str, Lesion],
    baseline: Mapping[str, Decimal],
    before: Sequence[Mapping[str, Decimal | None]],
    current: Mapping[str, Decimal | None],
) -> TargetResponse:
    """The targets' response today. Sizes by lesion key; `before` are the assessments since baseline, oldest first. None
    is "not evaluable", 0 absent. A scan on which a target was not measured gives no nadir.

    Raises ValueError without targets.
    """
    if not baseline:
        raise ValueError("No targets: use the non-target lesions.")
    start = total(baseline.values())
    sums = [
        total(size for size in sizes.values() if size is not None)
        for sizes in before
        if all(sizes.get(key) is not None for key in baseline)
    ]
    nadir = min([start, *sums])
    known = {key: size for key in baseline if (size := current.get(key)) is not None}
    measured = total(known.values())
    if len(known) < len(baseline):
        progressed = nadir > 0 and _progressed(nadir, measured)
        return TargetResponse(C.PD if progressed else C.NE, None, start, nadir)
    gone = all(size < NODE_NORMAL if lesions[key].is_node else size == ABSENT for key, size in known.items())
    if gone:
        return TargetResponse(C.CR, measured, start, nadir)
    category = by_sums(start, nadir, measured)
    return TargetResponse(category, measured, start, nadir, reappeared=category is None)


def overall(
    target: ResponseCategory | None, non_target: NonTargetState | None, *, has_new_lesion: bool
) -> ResponseCategory:
    """The overall response by the table of RECIST 1.1. `target` None: no targets are followed; `non_target` None: no
    non-targets are followed. Raises ValueError when neither is followed and nothing is new."""
    if has_new_lesion or target == C.PD or non_target == NonTargetState.PD:
        return C.PD
    if target is None:
        if non_target is None:
            raise ValueError("Nothing is followed.")
        return {NonTargetState.CR: C.CR, NonTargetState.NE: C.NE}.get(non_target, C.NON_CR_NON_PD)
    if target == C.CR and non_target not in {None, NonTargetState.CR}:
        return C.PR
    return target


@dataclass(frozen=True)
class Reading:
    """One lesion on one study; `mm` (millimeters, as measured) with `MEASURED`, or for any lesion for the record."""

    seen: Seen
    mm: Decimal | None = None

    @property
    def size(self) -> Decimal | None:
        """What it counts in the sum, mm; None: not evaluable."""
        return {Seen.MEASURED: self.mm, Seen.TOO_SMALL: TOO_SMALL, Seen.ABSENT: ABSENT}.get(self.seen)


@dataclass(frozen=True)
class Followed:
    """A lesion of a series with its role."""

    role: LesionRole
    lesion: Lesion


def non_targets_together(seen: Iterable[Seen]) -> NonTargetState | None:
    """The state of all non-target lesions; None when none is followed."""
    states = set(seen)
    if not states:
        return None
    if Seen.WORSE in states:
        return NonTargetState.PD
    if states & {Seen.PRESENT, Seen.MEASURED, Seen.TOO_SMALL}:
        return NonTargetState.NON_CR_NON_PD
    return NonTargetState.NE if Seen.NOT_EVALUABLE in states else NonTargetState.CR


def is_growing(sums: Sequence[Decimal]) -> bool:
    """Whether the last three sums rise: a slow grower that each single comparison calls stable (design choice)."""
    return len(sums) >= 3 and sums[-3] < sums[-2] < sums[-1]


@dataclass(frozen=True)
class Judgment:
    """What follows from the readings of one study. `category` None: the reader decides, the caveats say why."""

    category: ResponseCategory | None
    target: TargetResponse | None
    non_target: NonTargetState | None
    has_new: bool
    caveats: tuple[Caveat, ...]


Readings = Mapping[str, Reading]


def judge(
    lesions: Sequence[Followed], baseline: Readings, before: Sequence[Readings], today: Readings, *, first_pet: bool
) -> Judgment:
    """The overall response of a study after baseline. Readings by lesion key; `before` are the assessments between
    baseline and today, oldest first. `first_pet`: the first SSTR PET of the series, whose new lesions are no
    progression by themselves. Raises ValueError when nothing is followed."""
    targets = {each.lesion.key: each.lesion for each in lesions if each.role == LesionRole.TARGET}
    others = [each.lesion.key for each in lesions if each.role == LesionRole.NON_TARGET]
    new = [each.lesion.key for each in lesions if each.role == LesionRole.NEW]
    has_new = any(today[key].seen not in {Seen.ABSENT, Seen.NOT_EVALUABLE} for key in new if key in today)
    caveats: list[Caveat] = []
    target = _targets(targets, baseline, before, today)
    if target is not None:
        sums = [target.baseline, *(_sum(targets, each) for each in before), target.total]
        known = [each for each in sums if each is not None]
        if target.total is None:
            caveats.append(Caveat.NOT_MEASURED)
        elif target.category == C.SD and is_growing(known):
            caveats.append(Caveat.SLOW)
        if target.reappeared:
            caveats.append(Caveat.REAPPEARED)
    non_target = non_targets_together(today[key].seen for key in others if key in today)
    if target is None and non_target is None and not has_new:
        raise ValueError("Nothing is followed.")
    unsure = has_new and first_pet
    if unsure:
        caveats.append(Caveat.FIRST_PET)
    certain = (has_new and not unsure) or non_target == NonTargetState.PD
    open_question = unsure or (target is not None and target.reappeared)
    if open_question and not certain and (target is None or target.category != C.PD):
        return Judgment(None, target, non_target, has_new, tuple(caveats))
    found = overall(target.category if target else None, non_target, has_new_lesion=has_new and not unsure)
    return Judgment(found, target, non_target, has_new, tuple(caveats))


def _sum(targets: Mapping[str, Lesion], readings: Readings) -> Decimal | None:
    sizes = [readings[key].size if key in readings else None for key in targets]
    return total(size for size in sizes if size is not None) if None not in sizes else None


def _targets(
    targets: Mapping[str, Lesion], baseline: Readings, before: Sequence[Readings], today: Readings
) -> TargetResponse | None:
    if not targets:
        return None
    start = {key: size for key in targets if (size := baseline[key].size) is not None}
    return target_response(
        targets,
        start,
        [{key: each[key].size for key in targets if key in each} for each in before],
        {key: today[key].size for key in targets if key in today},
    )
