"""The safety net reads: the lists, their rows in words, what stands behind a next step."""
