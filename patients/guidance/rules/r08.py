"""R08: sunitinib outside the pancreas."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    lines = [line for line in s.open_lines() if line.is_drug("sunitinib")]
    if not lines or s.primary_site == "pancreas":
        return None
    site = s.primary_site.replace("_", " / ")
    matched = (of_line(lines[0]), Matched("Primary", site or "not recorded"))
    return Finding(matched, () if site else ("primary site",))


RULE = Rule(
    rule="R08",
    version=1,
    title="Sunitinib label",
    condition="Sunitinib proposed, planned or running, primary not pancreas",
    text="Sunitinib is labelled for pancreatic NET only.",
    source="FDA and EU label",
    tag="V",
    limits="Says what the label says, not whether off-label use is right here.",
    check=check,
    alternatives=("Clinical trial", "Everolimus", "Off-label use, reason documented"),
)
