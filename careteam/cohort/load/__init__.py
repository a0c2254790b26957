"""Writes histories into the tables, by COPY, a batch of patients in a transaction."""

from careteam.cohort.load.cohort import Loaded, load_cohort

__all__ = ["Loaded", "load_cohort"]
