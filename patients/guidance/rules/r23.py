"""R23: a procedure ahead and a drug to be held, or another line chosen while one runs (`model.md` 7)."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, of_line, weighed
from patients.guidance.rules.facts import LineFact, Snapshot

_CONTRAST = frozenset({"embolization", "ablation"})


def _running(s: Snapshot) -> list[LineFact]:
    """Antitumor treatment that runs while another is chosen; a procedure only at its own moment."""
    return [line for line in s.lines if line.is_systemic and line.is_running]


def _vegf(s: Snapshot, running: list[LineFact]) -> list[Hit]:
    hits = []
    names = [(line.agent, line.on) for line in running if line.is_vegf]
    names += [(drug.name, drug.on) for drug in s.drugs if drug.drug_class == "vegf"]
    for name, on in names:
        if "cabozantinib" in name.lower():
            hold = f"{name}: label asks to hold {s.numbers['hold.cabozantinib'].words} before surgery"
            after = f"{s.numbers['hold.cabozantinib_after'].words} after"
            hits.append(Hit(Matched("VEGF inhibitor", f"{hold}, {after}", on), "hold.cabozantinib"))
        else:
            hits.append(Hit(Matched("VEGF inhibitor", name, on), "hold.vegf"))
    return hits


def check(s: Snapshot) -> Finding | None:
    procedures, running = s.procedures_ahead(), _running(s)
    hits: list[Hit] = []
    if procedures:
        hits += _vegf(s, running)
        for drug in s.drugs:
            if drug.drug_class == "anticoagulant":
                hits.append(Hit(Matched("Anticoagulant", drug.name, drug.on), "hold.anticoagulant"))
            if drug.drug_class == "metformin" and any(line.modality in _CONTRAST for line in procedures):
                hits.append(Hit(Matched("Metformin with contrast", drug.name, drug.on), "hold.metformin"))
    chosen = [line for line in s.lines if line.is_ahead and line.is_antitumor]
    if chosen:
        hits += [Hit(of_line(line, "Running")) for line in running]
    ahead = procedures or tuple(chosen)
    return weighed(s, hits, about=[of_line(line, "Ahead") for line in ahead])


RULE = Rule(
    rule="R23",
    version=1,
    title="Drugs and running lines before a procedure",
    condition=(
        "A procedure proposed or planned and a VEGF inhibitor, an anticoagulant, or metformin with contrast; or an "
        "antitumor line proposed or planned while another runs"
    ),
    text="Drug hold or interaction? Stop or continue the running line?",
    source="Cabozantinib label; the rest prior knowledge",
    tag="V",
    limits="Reads the current medication as recorded. How long to hold is for the prescriber and the proceduralist.",
    check=check,
    alternatives=("Continue the running line", "Hold around the procedure", "Stop the running line"),
    numbers=("hold.cabozantinib", "hold.cabozantinib_after", "hold.vegf", "hold.anticoagulant", "hold.metformin"),
)
