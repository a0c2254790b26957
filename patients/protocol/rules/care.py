"""Care around the treatment: when somebody is asked to look. Pure."""

from __future__ import annotations

from patients.protocol.rules.base import ProtocolNumber, Tag
from patients.protocol.rules.base import number as _n

# `clinical.md` 5.3, 5.4; D where no source says a number.
CARE: tuple[ProtocolNumber, ...] = (
    _n("care.weight_loss", "Weight loss that asks for a dietitian", "5", "%", "SPICT: 5–10 %", Tag.V, "5", "10"),
    _n("care.bmi", "Body mass index below which nutrition is at risk", "20", "kg/m²", "SPICT", Tag.V, "18.5", "20"),
    _n("care.dietitian", "From the trigger to the dietitian's answer", "7", "d", "design", Tag.D, "2", "14"),
    _n("care.psychosocial", "From the distress to the offer", "7", "d", "design", Tag.D, "2", "14"),
    _n("care.crisis_review", "Carcinoid crisis plan: review every", "365", "d", "design", Tag.D, "90", "730"),
    _n("care.trial", "Trial considered: answer within", "14", "d", "design", Tag.D, "3", "28"),
    _n("triage.pain", "Pain told by phone: severe from", "7", "of 10", "ESAS-r: severe", Tag.V, "5", "8"),
    _n("triage.stools", "Stools a day that ask for a call back", "4", "/d", "telotristat label: ≥ 4", Tag.V, "3", "6"),
    _n("triage.stools_many", "Stools a day, urgent from", "7", "/d", "CTCAE diarrhea grade 3", Tag.P, "5", "10"),
    _n("triage.task", "Severe symptom: nurse calls back within", "1", "working d", "design", Tag.D, "1", "2"),
    _n("triage.follow", "Other symptom: nurse calls back within", "3", "working d", "design", Tag.D, "1", "7"),
    _n("triage.scan", "Early scan asked for: answer within", "2", "working d", "design", Tag.D, "1", "5"),
)
