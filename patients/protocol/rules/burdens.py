"""What a treatment usually asks of the patient, per dose or procedure: the board holds it against the trade-offs of the
goals conversation (`model.md` 8). Nobody's exact course: a site knows its own nights and visits, so every figure is
prior knowledge (P) that a team signs, and an unsigned one decides nothing. Pure.
"""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n

# The burdens of the conversation, in short: words, unit, the most that can be signed.
BURDEN_WORDS: dict[str, tuple[str, str, str]] = {
    "nights": ("nights in hospital", "nights", "30"),
    "bed": ("days in bed", "d", "60"),
    "icu": ("days of intensive care", "d", "14"),
    "biopsies": ("biopsies", "times", "5"),
    "visits": ("visits a week", "visits", "7"),
}
# Options as the board names them; figures in the order of the burdens above. An option that is not here cannot be
# told: every trial asks something else.
_PROFILES: dict[str, tuple[str, tuple[int, int, int, int, int]]] = {
    "ablation": ("Ablation", (1, 2, 0, 0, 1)),
    "biopsy": ("Biopsy or pathology review", (0, 1, 0, 1, 1)),
    "bsc": ("Best supportive care", (0, 0, 0, 0, 0)),
    "chemotherapy": ("Chemotherapy", (0, 3, 0, 0, 1)),
    "embolization": ("Embolization (TAE / TACE)", (3, 5, 0, 0, 1)),
    "imaging": ("Further imaging", (0, 0, 0, 0, 1)),
    "observation": ("Observation", (0, 0, 0, 0, 0)),
    "prrt": ("PRRT", (1, 2, 0, 0, 1)),
    "radiotherapy": ("Radiotherapy", (0, 2, 0, 0, 5)),
    "ssa": ("Somatostatin analog", (0, 0, 0, 0, 1)),
    "surgery": ("Surgery", (8, 14, 1, 0, 1)),
    "tare": ("Radioembolization (TARE)", (2, 3, 0, 0, 1)),
    "targeted": ("Targeted drug", (0, 1, 0, 0, 1)),
}
PROFILED: dict[str, str] = {option: name for option, (name, _) in _PROFILES.items()}


def burden_code(option: str, burden: str) -> str:
    """Under which a burden (`BURDEN_WORDS`) of an option stands in the protocol; not every option has one."""
    return f"burden.{option}.{burden}"


BURDENS: tuple[ProtocolNumber, ...] = tuple(
    _n(burden_code(option, burden), f"{name}: {words}", str(figure), unit, "prior knowledge", Tag.P, "0", most)
    for option, (name, figures) in _PROFILES.items()
    for (burden, (words, unit, most)), figure in zip(BURDEN_WORDS.items(), figures, strict=True)
)
