"""Codes and states of requests, decisions and actions. Our own codes stand beside those of the German tumor conference
(MII core data set, oncology module; oBDS 18 and 19): names of systems and codes were read there (V), which of ours is
which of theirs is our reading (P)."""

from __future__ import annotations

from collections.abc import Iterable

from patients.fhir.rules.codes.own import BASE, BOARD_REQUEST
from patients.treatment.rules import Modality
from tumorboard.actions.rules import ActionStatus
from tumorboard.decisions.rules import DeviationReason, Option, RecommendationStatus
from tumorboard.referrals.rules import ReferralStatus, Urgency

__all__ = ["BOARD_REQUEST"]

OPTION = f"{BASE}/CodeSystem/board-option"
OUTCOME = f"{BASE}/CodeSystem/board-outcome"
DEVIATION = f"{BASE}/CodeSystem/deviation-reason"
QUESTION = f"{BASE}/CodeSystem/board-question"
DECISION = f"{BASE}/decision"  # identifiers of decisions
TUMOR_BOARD = "tumor-board"

_MII = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko"
CONFERENCE = f"{_MII}/StructureDefinition/mii-pr-onko-tumorkonferenz"
MII_PLANNING = f"{_MII}/CodeSystem/mii-cs-onko-therapieplanung-typ"
MII_THERAPY = f"{_MII}/CodeSystem/mii-cs-onko-therapie-typ"
MII_WISH = f"{_MII}/CodeSystem/mii-cs-onko-therapieabweichung"

REFERRAL_STATUS: dict[ReferralStatus, str] = {
    ReferralStatus.DRAFT: "draft",
    ReferralStatus.SUBMITTED: "active",
    ReferralStatus.LISTED: "active",
    ReferralStatus.DISCUSSED: "completed",
    ReferralStatus.CLOSED: "completed",
    ReferralStatus.WITHDRAWN: "revoked",
}
REQUEST_STATUS: dict[RecommendationStatus, str] = {
    RecommendationStatus.OPEN: "active",
    RecommendationStatus.IMPLEMENTED: "completed",
    RecommendationStatus.PARTLY: "active",
    RecommendationStatus.NOT_IMPLEMENTED: "revoked",
    RecommendationStatus.SUPERSEDED: "revoked",
}
# Of the plan's activities: what has become of it, as the German profile asks.
ACTIVITY_STATUS: dict[RecommendationStatus, str] = {
    RecommendationStatus.OPEN: "not-started",
    RecommendationStatus.IMPLEMENTED: "completed",
    RecommendationStatus.PARTLY: "in-progress",
    RecommendationStatus.NOT_IMPLEMENTED: "cancelled",
    RecommendationStatus.SUPERSEDED: "stopped",
}
TASK_STATUS: dict[ActionStatus, str] = {
    ActionStatus.OPEN: "accepted",
    ActionStatus.DONE: "completed",
    ActionStatus.DECLINED: "rejected",
    ActionStatus.CANCELLED: "cancelled",
}
PRIORITY: dict[Urgency, str] = {Urgency.ROUTINE: "routine", Urgency.SOON: "asap", Urgency.URGENT: "urgent"}
URGENCY: dict[str, Urgency] = {**{code: urgency for urgency, code in PRIORITY.items()}, "stat": Urgency.URGENT}
# oBDS 19.1; P: a radioactive drug and radioembolization are radiotherapy there, a somatostatin analog is hormones.
THERAPY: dict[Option, tuple[str, str]] = {
    Option.SURGERY: ("OP", "Operation"),
    Option.CHEMOTHERAPY: ("CH", "Chemotherapie"),
    Option.TARGETED: ("ZS", "zielgerichtete Substanzen"),
    Option.SSA: ("HO", "Hormontherapie"),
    Option.PRRT: ("ST", "Strahlentherapie"),
    Option.TARE: ("ST", "Strahlentherapie"),
    Option.RADIOTHERAPY: ("ST", "Strahlentherapie"),
    Option.OBSERVATION: ("AS", "Active Surveillance"),
    Option.BEST_SUPPORTIVE_CARE: ("KW", "keine weitere tumorspezifische Therapie empfohlen"),
}
OTHER_THERAPY = ("SO", "Sonstiges")
REASON_CODES: dict[str, str] = {str(reason.label): str(reason) for reason in DeviationReason}
_PLANNING = {
    "praeth": "prätherapeutische Tumorkonferenz",
    "postop": "postoperative Tumorkonferenz",
    "postth": "posttherapeutische Tumorkonferenz",
}


def planning_of(modalities_before: Iterable[str]) -> tuple[str, str]:
    """Code and words of oBDS 18.2 by the antitumor lines that had begun, oldest first: none, an operation last, or
    another treatment."""
    last = [*modalities_before][-1:]
    code = "praeth" if not last else "postop" if last[0] == Modality.SURGERY else "postth"
    return code, _PLANNING[code]
