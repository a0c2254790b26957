"""R04: PRRT ahead and the SSTR imaging is missing or old."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, of_line, weighed
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    ahead = s.ahead("prrt")
    if not ahead:
        return None
    about = [of_line(line) for line in ahead]
    age = s.days_since(s.sstr_on)
    if age is None:
        return Finding((*about, Matched("SSTR imaging", "none recorded")), ("SSTR imaging",))
    if age <= s.numbers["sstr.age"].value:
        return None
    return weighed(s, [Hit(Matched("SSTR imaging", "old", s.sstr_on), "sstr.age")], about=about)


RULE = Rule(
    rule="R04",
    version=1,
    title="SSTR imaging before PRRT",
    condition="PRRT proposed or planned, and no SSTR imaging recorded or the last one older than the limit",
    text="SSTR imaging missing or old.",
    source="ASCO 2023",
    tag="V",
    limits="Knows scans that are recorded here; images from elsewhere may exist.",
    check=check,
    alternatives=("Images from elsewhere", "SSTR PET", "SSTR SPECT where PET is not available"),
    numbers=("sstr.age",),
)
