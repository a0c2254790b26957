"""A decision as FHIR R4: one CarePlan with a ServiceRequest per recommendation and a Task per action. Pure.

Codes are our own (`SYSTEM`) beside the text; the German tumor-conference and mCODE profiles are mapped where the export
of a whole patient is built.
"""

from __future__ import annotations

from tumorboard.actions.rules import ActionStatus
from tumorboard.decisions.rules import RecommendationStatus

SYSTEM = "urn:net-careteam:board-option"
OUTCOME_SYSTEM = "urn:net-careteam:board-outcome"
REASON_SYSTEM = "urn:net-careteam:deviation-reason"

REQUEST_STATUS: dict[RecommendationStatus, str] = {
    RecommendationStatus.OPEN: "active",
    RecommendationStatus.IMPLEMENTED: "completed",
    RecommendationStatus.PARTLY: "active",
    RecommendationStatus.NOT_IMPLEMENTED: "revoked",
    RecommendationStatus.SUPERSEDED: "revoked",
}
TASK_STATUS: dict[ActionStatus, str] = {
    ActionStatus.OPEN: "accepted",
    ActionStatus.DONE: "completed",
    ActionStatus.DECLINED: "rejected",
    ActionStatus.CANCELLED: "cancelled",
}
