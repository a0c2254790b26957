"""The ground floor: people, access, audit, events, notifications."""

from django.apps import AppConfig


class CareteamConfig(AppConfig):
    name = "careteam"
    verbose_name = "Care team"
