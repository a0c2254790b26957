"""Referral: states and kinds. Pure."""

from django.db.models import TextChoices


class ReferralStatus(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    LISTED = "listed", "Listed"
    DISCUSSED = "discussed", "Discussed"
    CLOSED = "closed", "Closed"
    WITHDRAWN = "withdrawn", "Withdrawn"


S = ReferralStatus
REFERRAL_TRANSITIONS: dict[ReferralStatus, frozenset[ReferralStatus]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.LISTED, S.WITHDRAWN}),
    S.LISTED: frozenset({S.DISCUSSED, S.SUBMITTED, S.WITHDRAWN}),  # back to submitted = deferred, coded reason
    S.DISCUSSED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
    S.WITHDRAWN: frozenset(),
}
OPEN_REFERRALS = frozenset({S.DRAFT, S.SUBMITTED, S.LISTED})


class ReferralKind(TextChoices):
    FULL = "full", "Full discussion"
    PROTOCOL = "protocol", "Protocol: listed and recorded"
    INFORMATION = "information", "Information"
    REDISCUSSION = "rediscussion", "Re-discussion"


class Urgency(TextChoices):
    ROUTINE = "routine", "Routine"
    SOON = "soon", "Next meeting"
    URGENT = "urgent", "Urgent"


class QuestionKind(TextChoices):
    NEXT_LINE = "next_line", "Next treatment"
    PROGRESSION = "progression", "Progression: what next"
    PRRT = "prrt", "PRRT suitable?"
    LIVER_DIRECTED = "liver_directed", "Liver-directed treatment?"
    SURGERY = "surgery", "Surgery or debulking?"
    PATHOLOGY = "pathology", "Pathology or grade"
    IMAGING = "imaging", "Imaging finding"
    SYMPTOMS = "symptoms", "Symptom control"
    OTHER = "other", "Other"


class DeferReason(TextChoices):
    MISSING_IMAGING = "missing_imaging", "Imaging missing"
    MISSING_PATHOLOGY = "missing_pathology", "Pathology missing"
    MISSING_LABS = "missing_labs", "Labs missing"
    PRESENTER_ABSENT = "presenter_absent", "Presenter absent"
    SPECIALTY_ABSENT = "specialty_absent", "Needed specialty absent"
    NO_TIME = "no_time", "No time left"
    PATIENT_WISH = "patient_wish", "Patient's wish"
    OTHER = "other", "Other"
