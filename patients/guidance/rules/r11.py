"""R11: metastases in the liver only, and most of them removable."""

from patients.guidance.rules.base import Finding, Matched, Rule
from patients.guidance.rules.facts import LiverFact, Snapshot

_SCHEME = {"frilling": "Frilling", "city_of_hope": "City of Hope 2023"}


def _removable(s: Snapshot, liver: LiverFact) -> bool:
    if liver.pattern == 1:
        return bool(liver.scheme)
    # Type 2 of the City of Hope scheme says of itself how much is removable.
    enough = s.numbers["surgery.debulking"].value <= s.numbers["surgery.type2"].value
    return liver.scheme == "city_of_hope" and liver.pattern == 2 and enough


def check(s: Snapshot) -> Finding | None:
    liver = s.liver
    if liver is None or s.is_nec or s.stage != "IV" or "liver" not in s.metastases or not _removable(s, liver):
        return None
    if s.metastases - {"liver", "lymph_nodes"} or s.open_lines("surgery"):
        return None
    if any(line.modality == "surgery" and line.was_given and line.on and line.on >= liver.on for line in s.lines):
        return None
    missing = ["whether the lymph nodes are regional"] if "lymph_nodes" in s.metastases else []
    missing += [f"grade: {each}" for each in s.grade_missing if s.grade in {"unclassified", "ungraded"}]
    matched = (
        Matched("Liver", f"{_SCHEME.get(liver.scheme, liver.scheme)} type {liver.pattern}", liver.on),
        Matched("Metastases", ", ".join(sorted(site.replace("_", " ") for site in s.metastases))),
        Matched("Grade", s.grade, s.grade_on),
    )
    return Finding(matched, tuple(missing))


RULE = Rule(
    rule="R11",
    version=1,
    title="Surgical review",
    condition="Stage IV, liver only (nodes apart), type I or debulkable beyond the limit, no surgery open, not NEC",
    text="Surgical review: resection or debulking?",
    source="ASCO 2023; founding article",
    tag="V",
    limits="Reads a type, not the images: reserve, growth rate and heart disease are for the surgeon.",
    check=check,
    alternatives=("Ablation", "Liver-directed therapy", "Observation", "Surgical review", "Systemic therapy"),
    numbers=("surgery.debulking", "surgery.type2"),
)
