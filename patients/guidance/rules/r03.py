"""R03: uptake 0–1."""

from patients.guidance.rules.base import Finding, Matched, Rule
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    if s.krenning is None or s.krenning >= s.numbers["prrt.krenning_review"].value:
        return None
    words = f"Krenning {s.krenning}" + (f" on {s.uptake_modality}" if s.uptake_modality else "")
    missing = () if s.uptake_modality else ("modality of the scan: the same lesion scores higher on PET",)
    return Finding((Matched("Uptake", words, s.uptake_on),), missing)


RULE = Rule(
    rule="R03",
    version=1,
    title="PRRT uptake",
    condition="Krenning 0 or 1 on the latest scored scan",
    text="PRRT uptake criterion not met.",
    source="EU label",
    tag="V",
    limits="One score stands for all lesions; small lesions score too low.",
    check=check,
    alternatives=("Other tracer or FDG PET", "Review by nuclear medicine"),
    numbers=("prrt.krenning_review",),
)
