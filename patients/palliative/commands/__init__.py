"""The only writers of palliative care."""

from patients.palliative.commands.referrals import answer_referral, refer

__all__ = ["answer_referral", "refer"]
