"""R24: a procedure ahead and limits recorded."""

from patients.guidance.rules.base import Finding, Matched, Rule, of_line
from patients.guidance.rules.facts import Snapshot

_LIMITED = {"dnr": "DNR", "dni": "DNI", "dnr_dni": "DNR and DNI"}


def check(s: Snapshot) -> Finding | None:
    ahead = [line for line in s.procedures_ahead() if line.line_id not in s.reviewed_lines]
    if not ahead or (s.code_status not in _LIMITED and not s.treatment_limits):
        return None
    matched = [of_line(line, "Procedure") for line in ahead]
    if s.code_status in _LIMITED:
        matched.append(Matched("Code status", _LIMITED[s.code_status], s.code_status_on))
    if s.treatment_limits:
        matched.append(Matched("Limits", s.treatment_limits[:200]))
    return Finding(tuple(matched))


RULE = Rule(
    rule="R24",
    version=3,
    title="Code status before a procedure",
    condition="PRRT, embolization, ablation or surgery proposed or planned, DNR, DNI or treatment limits recorded, "
    "and not reviewed for this procedure since they were said",
    text="Review the code status for this procedure with the patient.",
    source="design",
    tag="D",
    limits="Reads the wishes that hold; orders kept elsewhere may differ.",
    check=check,
    alternatives=("DNR stays", "Decide with the patient each time", "Suspended until recovery"),
)
