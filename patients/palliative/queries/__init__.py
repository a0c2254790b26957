"""Reading palliative care: work (lists), patient (one person)."""

from patients.palliative.queries.patient import palliative_contact, referrals_of
from patients.palliative.queries.work import (
    PromptRow,
    ReferralRow,
    WorkCounts,
    prompt_rows,
    prompts_for,
    referral_rows,
    referrals_for,
    work_counts,
)

__all__ = [
    "PromptRow",
    "ReferralRow",
    "WorkCounts",
    "palliative_contact",
    "prompt_rows",
    "prompts_for",
    "referral_rows",
    "referrals_for",
    "referrals_of",
    "work_counts",
]
