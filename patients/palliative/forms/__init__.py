"""Forms of palliative care."""

from patients.palliative.forms.referrals import PromptFilter, ReferForm, ReferralAnswerForm

__all__ = ["PromptFilter", "ReferForm", "ReferralAnswerForm"]
