"""R10: SSTR-positive GEP-NET with Ki-67 10–55 %, high G2 and G3 (`model.md` 7)."""

from patients.guidance.rules.base import Finding, Matched, Rule
from patients.guidance.rules.facts import GEP, Snapshot

_GRADES = frozenset({"NET G2", "NET G3"})
LABELS = {
    "eu": "EU: adults, unresectable or metastatic, progressive, G1–G2 only",
    "us": "US: from 12 years, SSTR-positive GEP-NET, no limit of grade stated",
}


def check(s: Snapshot) -> Finding | None:
    low, high = s.numbers["netter2.low"].value, s.numbers["netter2.high"].value
    if s.grade not in _GRADES or s.ki67 is None or not low <= s.ki67 <= high:
        return None
    if s.primary_site not in GEP or s.stage != "IV" or s.sstr_positive is not True:
        return None
    if any(line.modality in {"prrt", "chemotherapy"} and (line.is_open or line.was_given) for line in s.lines):
        return None
    missing = []
    if s.discordant is None:
        missing.append("FDG PET: discordant lesions")
    if s.jurisdiction == "eu" and s.response != "PD":
        missing.append("progression: the EU label asks for it")
    matched = (
        Matched("Grade", f"{s.grade}, Ki-67 {s.ki67.normalize():f} %", s.grade_on),
        Matched("Primary", s.primary_site.replace("_", " / ")),
        Matched("SSTR", "positive", s.uptake_on),
        *([Matched("Label", LABELS[s.jurisdiction])] if s.jurisdiction in LABELS else []),
    )
    text = ""
    if s.jurisdiction == "eu" and s.grade == "NET G3":
        text = f"{RULE.text} NET G3 lies outside the EU label of PRRT."
    return Finding(matched, tuple(missing), text)


RULE = Rule(
    rule="R10",
    version=1,
    title="High G2 and G3",
    condition="SSTR-positive GEP-NET, stage IV, G2 or G3, Ki-67 in the range of NETTER-2, no PRRT or chemotherapy yet",
    text="PRRT or chemotherapy? NETTER-2 studied PRRT as first line here; check the label of your jurisdiction.",
    source="NETTER-2",
    tag="V",
    limits="NETTER-2 compared with high-dose octreotide, not with chemotherapy.",
    check=check,
    alternatives=("Chemotherapy", "Clinical trial", "PRRT", "Somatostatin analog"),
    numbers=("netter2.low", "netter2.high"),
)
