"""Goals of care: states, reasons to ask, ways to say it (`clinical.md` 5). Pure."""

from django.db.models import TextChoices


class ConversationStatus(TextChoices):
    SIGNED = "signed", "Signed"
    SUPERSEDED = "superseded", "Superseded"
    RETRACTED = "retracted", "Retracted: belongs to another patient"


# A draft is no row here: it lives in GoalsDraft, per author, untracked, and is purged at signing.
CONVERSATION_TRANSITIONS: dict[ConversationStatus, frozenset[ConversationStatus]] = {
    ConversationStatus.SIGNED: frozenset({ConversationStatus.SUPERSEDED, ConversationStatus.RETRACTED}),
    ConversationStatus.SUPERSEDED: frozenset({ConversationStatus.RETRACTED}),
    ConversationStatus.RETRACTED: frozenset(),
}


class PromptStatus(TextChoices):
    OPEN = "open", "Open"
    ANSWERED = "answered", "Answered"
    DEFERRED = "deferred", "Deferred"
    DECLINED = "declined", "Patient declined"
    CLOSED = "closed", "Closed"


P = PromptStatus
PROMPT_TRANSITIONS: dict[PromptStatus, frozenset[PromptStatus]] = {
    P.OPEN: frozenset({P.ANSWERED, P.DEFERRED, P.DECLINED, P.CLOSED}),
    P.DEFERRED: frozenset({P.OPEN, P.ANSWERED, P.DECLINED, P.CLOSED}),
    P.DECLINED: frozenset({P.OPEN, P.ANSWERED, P.CLOSED}),
    P.ANSWERED: frozenset(),
    P.CLOSED: frozenset(),
}
LIVE_PROMPTS = frozenset({P.OPEN, P.DEFERRED, P.DECLINED})


class PromptReason(TextChoices):
    PROGRESSION = "progression", "New progression"
    THERAPY_LINE = "therapy_line", "Therapy line 3 or later"
    ECOG = "ecog", "ECOG 2 or more, or rising"
    NEC = "nec", "Neuroendocrine carcinoma"
    BEFORE_PROCEDURE = "before_procedure", "Before PRRT, embolization or surgery"
    ADMISSION = "admission", "Unplanned admission"
    STAGE_IV = "stage_iv", "Stage IV without a conversation"
    REVIEW_DUE = "review_due", "Review date reached"
    EVENT_PASSED = "event_passed", "Event passed, ask again"
    SURPRISE = "surprise", "Surprise question: no"
    SYMPTOMS = "symptoms", "Severe symptoms"
    WEIGHT = "weight", "Weight loss"
    WISH = "wish", "Wish of the patient or family"


class CloseReason(TextChoices):
    ALREADY_DISCUSSED = "already_discussed", "Already discussed elsewhere"
    TOO_ILL = "too_ill", "Too ill today"
    NO_PRIVACY = "no_privacy", "No privacy or time today"
    INTERPRETER = "interpreter", "Interpreter not available"
    REFERRED = "referred", "Referred to the palliative team"
    PATIENT_DECLINED = "patient_declined", "Patient does not want to talk about it now"
    DECEASED = "deceased", "Patient died"
    OTHER = "other", "Other"


class InformationPreference(TextChoices):
    FULL = "full", "Everything, also numbers"
    BIG_PICTURE = "big_picture", "Big picture, no numbers"
    FAMILY_ONLY = "family_only", "Tell my family"
    NONE_NOW = "none_now", "Not now"


class CodeStatus(TextChoices):
    FULL = "full", "Full"
    DNR = "dnr", "DNR"
    DNI = "dni", "DNI"
    DNR_DNI = "dnr_dni", "DNR and DNI"
    NOT_DISCUSSED = "not_discussed", "Not discussed"


class Matter(TextChoices):
    HOME = "home", "Being at home"
    CLEAR_HEAD = "clear_head", "A clear head"
    LESS_PAIN = "less_pain", "Less pain"
    MORE_TIME = "more_time", "More time"
    EVENT = "event", "An event to reach"
    INDEPENDENCE = "independence", "Independence"
    FAMILY = "family", "Family not burdened"


class Burden(TextChoices):
    """What more time may cost; compared with a modality's burden profile by the board."""

    HOSPITAL_NIGHTS = "hospital_nights", "Hospital nights for treatment"
    WEEKLY_TRAVEL = "weekly_travel", "Weekly travel"
    DAYS_IN_BED = "days_in_bed", "Days in bed from side effects"
    BIOPSIES = "biopsies", "Biopsies"
    INTENSIVE_CARE = "intensive_care", "Intensive care"


BURDEN_UNIT: dict[str, str] = {
    Burden.HOSPITAL_NIGHTS: "nights",
    Burden.WEEKLY_TRAVEL: "min",
    Burden.DAYS_IN_BED: "days",
    Burden.BIOPSIES: "times",
    Burden.INTENSIVE_CARE: "days",
}


class Acceptance(TextChoices):
    ACCEPTS = "accepts", "Accepts"
    GOOD_REASON = "good_reason", "For a good reason"
    NOT_ACCEPTED = "not_accepted", "Not accepted"


class Place(TextChoices):
    HOME = "home", "At home"
    HOSPICE = "hospice", "Hospice"
    HOSPITAL = "hospital", "Hospital"
    NURSING_HOME = "nursing_home", "Nursing home"
    UNDECIDED = "undecided", "Undecided"


class PalliativeReferralStatus(TextChoices):
    REQUESTED = "requested", "Requested"
    ACCEPTED = "accepted", "Accepted"
    SEEN = "seen", "Seen"
    DECLINED = "declined", "Declined"


R = PalliativeReferralStatus
PALLIATIVE_REFERRAL_TRANSITIONS: dict[PalliativeReferralStatus, frozenset[PalliativeReferralStatus]] = {
    R.REQUESTED: frozenset({R.ACCEPTED, R.DECLINED}),
    R.ACCEPTED: frozenset({R.SEEN, R.DECLINED}),
    R.SEEN: frozenset(),
    R.DECLINED: frozenset(),
}
