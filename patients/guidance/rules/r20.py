"""R20: chromogranin A high or rising, and something that raises it without tumor. Not insulinoma, not gastrinoma, whose
PPI is never stopped casually (`model.md` 7)."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, weighed
from patients.guidance.rules.facts import EGFR, LabFact, Snapshot

_NOT = frozenset({"insulinoma", "gastrinoma"})


def _is_up(latest: LabFact, before: LabFact | None) -> bool:
    """Above the value before it by the same assay, or above its own upper limit of normal."""
    if latest.value is None:
        return False
    if latest.uln is not None and latest.value > latest.uln:
        return True
    if before is None or before.value is None or before.assay != latest.assay:
        return False
    return latest.value > before.value


def check(s: Snapshot) -> Finding | None:
    if s.syndrome in _NOT or not s.cga or not _is_up(s.cga[0], s.cga[1] if len(s.cga) > 1 else None):
        return None
    latest, hits = s.cga[0], []
    taken = [drug for drug in s.drugs if drug.drug_class == "ppi"]
    if latest.on_ppi:
        hits.append(Hit(Matched("PPI", "taken at the time", latest.on)))
    elif taken and latest.on_ppi is None:
        hits.append(Hit(Matched("PPI", taken[0].name, taken[0].on)))
    kidney = s.labs.get(EGFR)
    if kidney is not None and kidney.value is not None and kidney.value < s.numbers["cga.egfr"].value:
        hits.append(Hit(Matched("eGFR", f"{kidney.words}, below {s.numbers['cga.egfr'].words}", kidney.on), "cga.egfr"))
    missing = []
    if latest.on_ppi is None and not taken:
        missing.append("PPI at the time")
    if not latest.assay:
        missing.append("assay: values of different assays do not compare")
    return weighed(s, hits, about=[Matched("Chromogranin A", latest.words, latest.on)], missing=missing)


RULE = Rule(
    rule="R20",
    version=1,
    title="Chromogranin A",
    condition="Chromogranin A high or rising, and a PPI or an eGFR below the limit; not insulinoma or gastrinoma",
    text="Interpret with caution: never alone a reason to call progression.",
    source="Published confounders",
    tag="V",
    limits="Other causes (gastritis, heart or liver failure, food, steroids) are not read. A PPI may be needed.",
    check=check,
    alternatives=("Imaging instead", "Other marker", "Repeat, off the PPI for two weeks where safe"),
    numbers=("cga.egfr",),
)
