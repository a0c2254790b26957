"""Surveillance plans, imaging studies, reminders, contact attempts."""

from patients.imaging.models.plans import PetSuggestion, SurveillancePlan
from patients.imaging.models.reminders import ContactAttempt, Reminder
from patients.imaging.models.saved import SavedView, SavedViewQuerySet
from patients.imaging.models.studies import ImagingStudy, ImagingStudyQuerySet, StudySnooze

__all__ = [
    "ContactAttempt",
    "ImagingStudy",
    "ImagingStudyQuerySet",
    "PetSuggestion",
    "Reminder",
    "SavedView",
    "SavedViewQuerySet",
    "StudySnooze",
    "SurveillancePlan",
]
