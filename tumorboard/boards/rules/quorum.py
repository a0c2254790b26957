"""Who has to be there: the specialties of a board, and those that a case adds. Pure.

Computed here and nowhere else: the agenda, the live case, the decision and the minutes ask the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import TextChoices

from careteam.people.rules import Specialty

# Who has to be there when nothing else is configured (`clinical.md` 6, tag D).
DEFAULT_QUORUM: tuple[Specialty, ...] = (
    Specialty.MEDICAL_ONCOLOGY,
    Specialty.HEPATOBILIARY_SURGERY,
    Specialty.RADIOLOGY,
    Specialty.NUCLEAR_MEDICINE,
    Specialty.PATHOLOGY,
    Specialty.NURSING,
)


class QuorumCondition(TextChoices):
    """What about a case asks for a further specialty. Those named like a kind of question hold when it is asked."""

    LIVER_DIRECTED = "liver_directed", "liver-directed question"
    GOALS_PROMPT = "goals_prompt", "open goals prompt"
    PRRT = "prrt", "PRRT question"
    SURGERY = "surgery", "surgical question"
    PATHOLOGY = "pathology", "pathology question"
    IMAGING = "imaging", "imaging question"
    SYMPTOMS = "symptoms", "symptom question"


def default_quorum_when() -> dict[str, list[str]]:
    """Interventional radiology when a liver-directed question is asked, palliative medicine when a goals prompt is open
    (`clinical.md` 6, tag D)."""
    return {
        str(QuorumCondition.LIVER_DIRECTED): [str(Specialty.INTERVENTIONAL_RADIOLOGY)],
        str(QuorumCondition.GOALS_PROMPT): [str(Specialty.PALLIATIVE)],
    }


@dataclass(frozen=True)
class Need:
    """A specialty that has to be there. `because` is empty for those the board always needs."""

    specialty: Specialty
    because: str = ""

    @property
    def label(self) -> str:
        """`Interventional radiology (liver-directed question)`."""
        return f"{self.specialty.label} ({self.because})" if self.because else self.specialty.label


@dataclass(frozen=True)
class Quorum:
    """Which specialties a decision needs, and which of them nobody in the room stands for. Missing never blocks: it is
    shown, and stands with the decision."""

    required: tuple[Need, ...]
    missing: tuple[Need, ...]

    @property
    def is_quorate(self) -> bool:
        return not self.missing

    @property
    def missing_label(self) -> str:
        """`Palliative medicine (open goals prompt), Pathology`; empty when quorate."""
        return ", ".join(need.label for need in self.missing)

    @property
    def added(self) -> tuple[Need, ...]:
        """What the cases ask for beyond what the board always needs."""
        return tuple(need for need in self.required if need.because)


def conditions_of(question_kind: str, *, goals_prompt_open: bool) -> frozenset[QuorumCondition]:
    """What holds for one case."""
    asked = {QuorumCondition(question_kind)} if question_kind in QuorumCondition.values else set()
    return frozenset(asked | ({QuorumCondition.GOALS_PROMPT} if goals_prompt_open else set()))


def needs_of(
    standing: Iterable[str], when: Mapping[str, Iterable[str]], holding: Iterable[QuorumCondition] = ()
) -> tuple[Need, ...]:
    """The board's quorum, and what its conditions add, each with why, by name. A specialty that the board always needs
    is not named a second time; one that the product no longer knows is left out."""
    needs = {Specialty(value): "" for value in standing if value in Specialty.values}
    for condition in sorted(set(holding)):
        for value in when.get(condition, ()):
            if value in Specialty.values:
                specialty = Specialty(value)
                needs[specialty] = _joined(needs[specialty], condition.label) if specialty in needs else condition.label
    return tuple(Need(specialty, why) for specialty, why in sorted(needs.items(), key=lambda need: need[0].label))


def _joined(before: str, label: str) -> str:
    return f"{before}, {label}" if before else ""


def quorum_of(needs: Iterable[Need], present: Iterable[str]) -> Quorum:
    """What is needed against the specialties of who is there."""
    required, there = tuple(needs), set(present)
    return Quorum(required, tuple(need for need in required if need.specialty not in there))


def together(cases: Iterable[Iterable[Need]]) -> tuple[Need, ...]:
    """What a whole meeting needs: what any of its cases does, each specialty once, by name."""
    needs: dict[Specialty, Need] = {}
    for need in (need for case in cases for need in case):
        known = needs.get(need.specialty)
        if known is None or not need.because:
            needs[need.specialty] = need
        elif known.because and need.because not in known.because:
            needs[need.specialty] = Need(need.specialty, f"{known.because}, {need.because}")
    return tuple(sorted(needs.values(), key=lambda need: need.specialty.label))


def why_not_quorum_when(when: Mapping[str, Iterable[str]]) -> list[str]:
    """What is wrong with conditions; empty when they can be used."""
    return [
        *(f"{condition} is no condition of this product." for condition in when if condition not in QuorumCondition),
        *(
            f"{specialty} is no specialty of this product."
            for specialties in when.values()
            for specialty in specialties
            if specialty not in Specialty.values
        ),
    ]
