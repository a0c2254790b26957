"""Rules of palliative care."""

from __future__ import annotations

from patients.palliative import rules


def test_every_state_of_a_referral_has_its_row_and_leads_to_states() -> None:
    table = rules.PALLIATIVE_REFERRAL_TRANSITIONS
    assert set(table) == set(rules.PalliativeReferralStatus)
    assert all(targets <= set(table) for targets in table.values())
