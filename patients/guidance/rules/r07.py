"""R07: progression on a somatostatin analog."""

from patients.guidance.rules.base import Finding, Matched, Rule, Snapshot


def check(s: Snapshot) -> Finding | None:
    if s.response != "PD" or s.response_on is None:
        return None
    running = [
        line
        for line in s.open_lines("ssa")
        if line.is_antitumor and not line.is_ahead and line.started_on and line.started_on < s.response_on
    ]
    if not running:
        return None
    missing = () if s.sstr_positive is not None else ("SSTR imaging",)
    line = running[-1]
    return Finding((Matched("Response", "PD", s.response_on), Matched("Line", line.label, line.started_on)), missing)


RULE = Rule(
    rule="R07",
    version=1,
    title="Progression on a somatostatin analog",
    condition="PD while an antitumor somatostatin analog runs",
    text="List for the tumor board.",
    source="ASCO 2023",
    tag="V",
    check=check,
    alternatives=(
        "Chemotherapy (pancreatic NET)",
        "Everolimus",
        "Liver-directed therapy",
        "PRRT, if SSTR-positive",
        "Sunitinib (pancreatic NET)",
    ),
)
