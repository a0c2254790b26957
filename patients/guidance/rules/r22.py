"""R22: TARE and PRRT, both given, or one given and the other ahead."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import ALBUMIN, ALT, BILIRUBIN, Snapshot

_LIVER = ((ALBUMIN, "Albumin"), (ALT, "ALT"), (BILIRUBIN, "Bilirubin"))


def check(s: Snapshot) -> Finding | None:
    tare = [line for line in s.lines if line.is_tare and (line.was_given or line.is_ahead)]
    prrt = [line for line in s.lines if line.modality == "prrt" and (line.was_given or line.is_ahead)]
    if not tare or not prrt or not any(line.was_given for line in (*tare, *prrt)):
        return None
    if all(line.is_ahead for line in tare) and all(line.is_ahead for line in prrt):
        return None
    known = [(name, s.labs.get(code)) for code, name in _LIVER]
    missing = [name for name, lab in known if lab is None or lab.value is None]
    if not s.was_asked("ascites"):
        missing.append("ascites")
    matched = [of_line(line) for line in (*tare, *prrt)]
    matched += [Matched(name, lab.words, lab.on) for name, lab in known if lab is not None and lab.value is not None]
    return Finding(tuple(matched), tuple(missing))


RULE = Rule(
    rule="R22",
    version=1,
    title="TARE and PRRT",
    condition="TARE and PRRT both given, or one given and the other proposed or planned",
    text="Cumulative liver dose: check liver function and ascites.",
    source="Late hepatotoxicity after both",
    tag="V",
    limits="Absorbed doses are not computed. Late toxicity may come years after.",
    check=check,
    alternatives=("Hepatology review", "Liver function more often", "TAE instead of TARE"),
)
