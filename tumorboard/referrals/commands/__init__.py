"""The only writers of referrals. What an agenda does to a referral (`mark_…`) is called by the meetings slice."""

from tumorboard.referrals.commands.drafts import discard_draft, keep_draft
from tumorboard.referrals.commands.material import ask_for_material, nothing_to_put_up, settle_material
from tumorboard.referrals.commands.merging import absorb
from tumorboard.referrals.commands.referring import (
    AlreadyReferred,
    close,
    complete,
    mark_deferred,
    mark_discussed,
    mark_listed,
    refer,
    refresh_step,
    withdraw,
)

__all__ = [
    "AlreadyReferred",
    "absorb",
    "ask_for_material",
    "close",
    "complete",
    "discard_draft",
    "keep_draft",
    "mark_deferred",
    "mark_discussed",
    "mark_listed",
    "nothing_to_put_up",
    "refer",
    "refresh_step",
    "settle_material",
    "withdraw",
]
