"""Pages of palliative care."""

from patients.palliative.views.referrals import answer_referral_page, panel, refer_page
from patients.palliative.views.work import workspace

__all__ = ["answer_referral_page", "panel", "refer_page", "workspace"]
