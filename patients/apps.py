"""The patients app; `consumers.py` of its slices are registered when Django is ready."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

SLICES_WITH_CONSUMERS = ("protocol", "treatment", "care", "wishes", "imaging", "goals", "palliative", "guidance")


class PatientsConfig(AppConfig):
    name = "patients"

    def ready(self) -> None:
        for slice_name in SLICES_WITH_CONSUMERS:
            if find_spec(f"patients.{slice_name}.consumers"):
                import_module(f"patients.{slice_name}.consumers")
