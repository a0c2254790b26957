"""Fills the arguments of any address with the id of a real row; an argument nobody knows fails loudly."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from careteam.access.matrix import Address
from tests import factories


class Samples:
    def __init__(self) -> None:
        self.team, self.other = factories.team(), factories.team()
        self.patient, self.foreign = factories.patient(self.team), factories.patient(self.other)

    def url(self, address: Address, *, foreign: bool) -> str:
        """A real address; ids of rows that do not exist (999999) where a sample is not needed to pass the gate."""
        values: dict[str, Any] = {}
        for argument in address.arguments:
            if argument == "patient_id":
                values[argument] = (self.foreign if foreign else self.patient).pk
            elif argument in {"kind", "slug", "code", "whom"}:
                values[argument] = "measurement"
            elif argument in {"token", "name", "rule", "day"}:
                values[argument] = "x"
            else:
                values[argument] = 999_999
        return reverse(address.name, kwargs=values)
