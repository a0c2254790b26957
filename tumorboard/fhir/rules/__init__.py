"""A referral that arrives as FHIR R4, and what leaves: the request, the decision and what becomes of it. Pure."""

from tumorboard.fhir.rules.arriving import Request, request_of
from tumorboard.fhir.rules.codes import ACTIVITY_STATUS, REFERRAL_STATUS, REQUEST_STATUS, TASK_STATUS, planning_of
from tumorboard.fhir.rules.leaving import Asking, Linked, decision_resources, referral_request

__all__ = [
    "ACTIVITY_STATUS",
    "REFERRAL_STATUS",
    "REQUEST_STATUS",
    "TASK_STATUS",
    "Asking",
    "Linked",
    "Request",
    "decision_resources",
    "planning_of",
    "referral_request",
    "request_of",
]
