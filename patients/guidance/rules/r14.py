"""R14: carcinoid syndrome and a procedure ahead: crisis plan, echocardiography."""

from patients.guidance.rules.base import Finding, Matched, Rule, Snapshot


def check(s: Snapshot) -> Finding | None:
    ahead = s.procedures_ahead()
    if s.syndrome != "carcinoid" or not ahead:
        return None
    plan, echo = s.flags.get("crisis_plan"), s.numbers["carcinoid.echo"]
    missing = []
    if plan is None or plan.state != "present":
        missing.append("crisis plan")
    old = s.echo_on is None or (s.on - s.echo_on).days > echo.value
    # The echo interval is tagged P: it raises nothing by itself until the team has signed it.
    if old and (echo.settled or missing):
        missing.append("echocardiography" + ("" if echo.settled else " (interval local, unsigned)"))
    if not missing:
        return None
    matched = (
        Matched("Syndrome", "carcinoid"),
        Matched("Procedure", ahead[0].label, ahead[0].on),
        Matched("Echocardiography", "done" if s.echo_on else "none recorded", s.echo_on),
    )
    return Finding(matched, tuple(missing))


RULE = Rule(
    rule="R14",
    version=1,
    title="Carcinoid and a procedure",
    condition="Carcinoid syndrome, and PRRT, embolization, ablation or surgery proposed or planned",
    text="Crisis plan documented? Echocardiography within the interval? A normal NT-proBNP does not replace it.",
    source="Carcinoid heart disease and crisis literature",
    tag="V",
    check=check,
    alternatives=("Anesthesia consultation", "Crisis plan", "Echocardiography"),
    numbers=("carcinoid.echo",),
)
