"""The safety net: who has no next step, what was not reviewed, not ended, not minuted. Zero is the goal."""
