"""The tumorboard app; `consumers.py` of its slices are registered when Django is ready."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

SLICES_WITH_CONSUMERS = ("referrals", "suggestions", "meetings", "decisions", "actions", "ballots", "fhir")


class TumorboardConfig(AppConfig):
    name = "tumorboard"

    def ready(self) -> None:
        for slice_name in SLICES_WITH_CONSUMERS:
            if find_spec(f"tumorboard.{slice_name}.consumers"):
                import_module(f"tumorboard.{slice_name}.consumers")
