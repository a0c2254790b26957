"""Kinds of wishes, their coded answers, documents and files (`clinical.md` 5.2). Pure."""

from __future__ import annotations

from django.db.models import TextChoices


class CodeStatus(TextChoices):
    FULL = "full", "Full"
    DNR = "dnr", "DNR"
    DNI = "dni", "DNI"
    DNR_DNI = "dnr_dni", "DNR and DNI"
    NOT_DISCUSSED = "not_discussed", "Not discussed"


# Something is not wanted: to be reviewed before a procedure.
LIMITING = frozenset({CodeStatus.DNR, CodeStatus.DNI, CodeStatus.DNR_DNI})


class ProcedureCodeStatus(TextChoices):
    """What holds during a procedure; the team asks again before each one."""

    STAYS = "stays", "DNR stays"
    SUSPENDED = "suspended", "Suspended until recovery"
    EACH_TIME = "each_time", "Decide each time"


class TreatmentLimit(TextChoices):
    """What is not wanted; no resuscitation is the code status."""

    NO_INTENSIVE_CARE = "no_icu", "No intensive care"
    NO_VENTILATION = "no_ventilation", "No intubation or ventilation"
    NO_DIALYSIS = "no_dialysis", "No dialysis"
    NO_FEEDING_TUBE = "no_feeding_tube", "No feeding tube"
    NO_TRANSFUSION = "no_transfusion", "No transfusion"
    NO_OPERATION = "no_operation", "No more operations"
    NO_CHEMOTHERAPY = "no_chemotherapy", "No chemotherapy"
    NO_ADMISSION = "no_admission", "No hospital admission"
    NO_ANTIBIOTICS = "no_antibiotics", "No antibiotics"
    OTHER = "other", "Other, in words"


class Place(TextChoices):
    HOME = "home", "At home"
    HOSPICE = "hospice", "Hospice"
    HOSPITAL = "hospital", "Hospital"
    NURSING_HOME = "nursing_home", "Nursing home"
    UNDECIDED = "undecided", "Undecided"


class InformationPreference(TextChoices):
    FULL = "full", "Everything, also numbers"
    BIG_PICTURE = "big_picture", "Big picture, no numbers"
    FAMILY_ONLY = "family_only", "Tell my family"
    NONE_NOW = "none_now", "Not now"


class WishKind(TextChoices):
    CODE_STATUS = "code_status", "Code status"
    PROCEDURE = "procedure", "Code status during a procedure"
    LIMIT = "limit", "Treatment limits"
    PLACE_OF_CARE = "place_of_care", "Preferred place of care"
    PLACE_OF_DEATH = "place_of_death", "Preferred place of death"
    INFORMATION = "information", "How much they want to know"
    ORDER = "order", "Signed order, where it lies"
    SPIRITUAL = "spiritual", "Spiritual needs"


# The coded answers of a kind; the others are in words only.
CODES: dict[str, type[TextChoices]] = {
    WishKind.CODE_STATUS: CodeStatus,
    WishKind.PROCEDURE: ProcedureCodeStatus,
    WishKind.LIMIT: TreatmentLimit,
    WishKind.PLACE_OF_CARE: Place,
    WishKind.PLACE_OF_DEATH: Place,
    WishKind.INFORMATION: InformationPreference,
}
# Of these several hold beside each other; of every other kind one, and a newer one ends it.
MANY = frozenset({WishKind.LIMIT})


class SaidBy(TextChoices):
    PATIENT = "patient", "The patient"
    PROXY = "proxy", "The proxy"
    DOCUMENT = "document", "A document"
    OTHER = "other", "Somebody else"


class EndReason(TextChoices):
    REPLACED = "replaced", "Replaced by a newer one"
    CHANGED_MIND = "changed_mind", "The patient changed their mind"
    NO_LONGER = "no_longer", "No longer applies"
    NEVER_SAID = "never_said", "Misunderstood, never meant so"
    DOCUMENT = "document", "The document was revoked"
    OTHER = "other", "Other"


class DocumentKind(TextChoices):
    POLST = "polst", "POLST"
    MOLST = "molst", "MOLST"
    RESPECT = "respect", "ReSPECT"
    DNACPR = "dnacpr", "DNACPR"
    DIRECTIVE = "directive", "Advance directive or living will"
    PROXY = "proxy", "Health care proxy or power of attorney"
    OTHER = "other", "Other"


# Medical orders: what an ambulance crew follows.
ORDERS = frozenset({DocumentKind.POLST, DocumentKind.MOLST, DocumentKind.RESPECT, DocumentKind.DNACPR})


class DocumentState(TextChoices):
    CURRENT = "current", "Current"
    REVOKED = "revoked", "Revoked"
    REPLACED = "replaced", "Replaced"


# Back to current: it was marked so by mistake.
DOCUMENT_TRANSITIONS: dict[DocumentState, frozenset[DocumentState]] = {
    DocumentState.CURRENT: frozenset({DocumentState.REVOKED, DocumentState.REPLACED}),
    DocumentState.REVOKED: frozenset({DocumentState.CURRENT}),
    DocumentState.REPLACED: frozenset({DocumentState.CURRENT}),
}


class ScanState(TextChoices):
    """What the virus scanner said of a stored file."""

    UNSCANNED = "unscanned", "Not scanned, no scanner is set up"
    WAITING = "waiting", "Waiting for the virus scan"
    CLEAN = "clean", "Scanned, nothing found"
    INFECTED = "infected", "Infected"
    FAILED = "failed", "The virus scan failed"


S = ScanState
SCAN_TRANSITIONS: dict[ScanState, frozenset[ScanState]] = {
    S.UNSCANNED: frozenset({S.CLEAN, S.INFECTED, S.FAILED}),
    S.WAITING: frozenset({S.CLEAN, S.INFECTED, S.FAILED}),
    S.FAILED: frozenset({S.CLEAN, S.INFECTED}),
    S.CLEAN: frozenset(),
    S.INFECTED: frozenset(),
}
# Before a treatment line of these, code status and limits are reviewed with the patient.
PROCEDURES = frozenset({"prrt", "embolization", "surgery", "ablation"})
# A file in one of these is handed out.
SERVED = frozenset({S.UNSCANNED, S.CLEAN})

# What is said instead of handing out the others.
NOT_SERVED: dict[str, str] = {
    S.WAITING: "The file is waiting for the virus scan. Try again in a minute.",
    S.FAILED: "The virus scan of this file failed. It is tried again by itself.",
    S.INFECTED: "The virus scanner says that this file is infected. Nobody gets it; scan the paper anew.",
}


def label_of(kind: str, code: str) -> str:
    """What the code of that kind means in words; empty for none."""
    return str(CODES[kind](code).label) if code else ""
