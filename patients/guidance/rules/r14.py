"""R14: carcinoid syndrome and a procedure ahead: crisis plan, echocardiography. Never a dose."""

from patients.guidance.rules.base import Finding, Hit, Matched, Rule, of_line, weighed
from patients.guidance.rules.facts import Snapshot


def check(s: Snapshot) -> Finding | None:
    ahead = s.procedures_ahead()
    if s.syndrome != "carcinoid" or not ahead:
        return None
    about = [Matched("Syndrome", "carcinoid"), *(of_line(line, "Procedure") for line in ahead)]
    missing, hits = [], []
    plan = s.flags.get("crisis_plan")
    if plan is None or plan.state != "present":
        missing.append("crisis plan")
    age = s.days_since(s.echo_on)
    if age is None:
        missing.append("echocardiography")
    elif age > s.numbers["carcinoid.echo"].value:
        hits.append(Hit(Matched("Echocardiography", "old", s.echo_on), "carcinoid.echo"))
    else:
        about.append(Matched("Echocardiography", "done", s.echo_on))
    return weighed(s, hits, about=about, missing=missing, missing_raises=True)


RULE = Rule(
    rule="R14",
    version=2,
    title="Carcinoid and a procedure",
    condition=(
        "Carcinoid syndrome, PRRT, embolization, ablation or surgery proposed or planned, and no crisis plan, no "
        "echocardiography, or the last one older than the limit"
    ),
    text="Crisis plan documented? Echocardiography within the interval? A normal NT-proBNP does not replace it.",
    source="Carcinoid heart disease and crisis literature",
    tag="V",
    limits="No standard of empirical prophylaxis exists; what the plan says is for anesthesia and endocrinology.",
    check=check,
    alternatives=("Anesthesia consultation", "Crisis plan", "Echocardiography"),
    numbers=("carcinoid.echo",),
)
