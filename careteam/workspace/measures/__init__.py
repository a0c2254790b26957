"""Measures of goals of care and of the last weeks of life, each with the patients behind it."""
