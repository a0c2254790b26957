"""What the action after a decision is, before anybody typed it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tumorboard.actions.rules import ActionKind
from tumorboard.decisions.rules import TREATMENT_OPTIONS, Option, option_choices

# What the blood, the liver and the kidneys say when a treatment is chosen; LOINC, in the order of the table.
LABS: tuple[str, ...] = (
    "718-7",  # hemoglobin
    "6690-2",  # WBC
    "751-8",  # neutrophils
    "777-3",  # platelets
    "2160-0",  # creatinine
    "1975-2",  # bilirubin
    "1751-7",  # albumin
    "6301-6",  # INR
    "9811-1",  # chromogranin A
    "1695-6",  # 5-HIAA
)

_KIND_OF_OPTION: dict[str, ActionKind] = {
    Option.IMAGING: ActionKind.ORDER_IMAGING,
    Option.BIOPSY: ActionKind.BIOPSY,
    Option.WITH_PALLIATIVE: ActionKind.REFER,
}
_NO_LINE = frozenset({Option.OBSERVATION, Option.BEST_SUPPORTIVE_CARE})


def first_action(options: Iterable[str]) -> tuple[ActionKind, str, Option | None]:
    """Kind, words and option of the action that these options ask for: treatment before tests before palliative
    care. Without options: `(OTHER, "", None)`."""
    chosen = set(options)
    ordered = [(Option(value), label) for value, label in option_choices() if value in chosen]
    for option, label in ordered:
        if option in TREATMENT_OPTIONS and option not in _NO_LINE:
            return ActionKind.START_TREATMENT, f"Start {label}", option
    for option, label in ordered:
        if option in {Option.IMAGING, Option.BIOPSY}:
            return _KIND_OF_OPTION[option], f"Arrange: {label.lower()}", option
    if Option.WITH_PALLIATIVE in chosen and len(chosen) == 1:
        return ActionKind.REFER, "Refer to palliative care", Option.WITH_PALLIATIVE
    if ordered:
        option, label = ordered[0]
        return ActionKind.OTHER, f"Carry out: {label.lower()}", option
    return ActionKind.OTHER, "", None
