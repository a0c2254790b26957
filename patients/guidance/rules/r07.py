"""R07: progression on a somatostatin analog."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    if s.response != "PD" or s.response_on is None:
        return None
    running = [
        line
        for line in s.lines
        if line.modality == "ssa"
        and line.is_antitumor
        and line.is_running
        and line.started_on
        and line.started_on < s.response_on
    ]
    if not running:
        return None
    missing = () if s.sstr_positive is not None else ("SSTR imaging",)
    return Finding((Matched("Response", "PD", s.response_on), of_line(running[-1])), missing)


RULE = Rule(
    rule="R07",
    version=1,
    title="Progression on a somatostatin analog",
    condition="The latest response is progression, while an antitumor somatostatin analog runs",
    text="List for the tumor board.",
    source="ASCO 2023",
    tag="V",
    limits="ASCO found too little evidence to recommend a sequence: the options are not ranked.",
    check=check,
    alternatives=(
        "Chemotherapy (pancreatic NET)",
        "Everolimus",
        "Liver-directed therapy",
        "PRRT, if SSTR-positive",
        "Sunitinib (pancreatic NET)",
    ),
)
