"""The form of one dose: what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from patients.treatment import policies
from patients.treatment.forms.acts import VersionForm
from patients.treatment.forms.asking import AS_TYPED
from patients.treatment.models import Administration
from patients.treatment.rules import UNITS, Amount, DoseReason, LabCheck, usual_for, weigh

DOSE_ACTS = [
    ("give", "Given"),
    ("delay", "Moved to another day"),
    ("hold", "Held"),
    ("skip", "Left out"),
    ("cancel", "Canceled"),
]


class DoseForm(VersionForm):
    """Asks for a sentence where a lab speaks against giving. `labs` gives the checks for a day; none are asked of a
    dose given elsewhere."""

    act = forms.ChoiceField(label="What happened", choices=DOSE_ACTS, widget=forms.RadioSelect, initial="give")
    on = forms.DateField(label="Day", required=False, widget=forms.DateInput, help_text="Given on, or moved to")
    amount = forms.DecimalField(
        label="Amount", required=False, min_value=0, max_digits=10, decimal_places=3, help_text="Only if it matters"
    )
    unit = forms.ChoiceField(required=False, choices=[("", "–"), *[(unit, unit) for unit in UNITS]])
    reduced = forms.BooleanField(label="Reduced dose", required=False)
    code = forms.ChoiceField(
        label="Why",
        required=False,
        choices=[("", "Nothing special"), *DoseReason.choices],
        help_text="Needed unless it was given as planned",
    )
    reason = forms.CharField(label="In words", required=False, max_length=250)
    given_elsewhere = forms.CharField(
        label="Given elsewhere, confirmed by", required=False, max_length=160, help_text="Leave empty if given here"
    )
    despite = forms.CharField(
        label="Given in spite of the labs, because",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    field_order = (
        "act",
        "on",
        "amount",
        "unit",
        "amount_confirmed",
        "reduced",
        "code",
        "reason",
        "despite",
        "given_elsewhere",
        "version",
    )

    def __init__(
        self,
        *args: Any,
        dose: Administration,
        today: date,
        labs: Callable[[date], Sequence[LabCheck]] = lambda _on: (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.dose, self.today, self.labs = dose, today, labs
        if self.data.get("amount_confirmed"):
            self._ask_as_typed()
        if not self.is_bound and not any(check.against for check in labs(max(today, dose.planned_on))):
            del self.fields["despite"]

    def _ask_as_typed(self) -> None:
        self.fields.setdefault("amount_confirmed", forms.BooleanField(label=AS_TYPED, required=False))
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        act, on = cleaned.get("act"), cleaned.get("on")
        if act in {"give", "delay"} and not on and "on" not in self.errors:
            self.add_error("on", "Choose the day.")
        if act and act != "give" and not cleaned.get("reason") and not cleaned.get("code"):
            self.add_error("code", "Say why.")
        if act == "give" and cleaned.get("reduced") and not cleaned.get("code"):
            self.add_error("code", "Say why it was reduced.")
        if act == "give" and on:
            for sentence in policies.day_problems(self.dose, on=on, today=self.today):
                self.add_error("on", sentence)
            checks = self.labs(on) if not cleaned.get("given_elsewhere") else ()
            for sentence in policies.why_not_despite(checks, cleaned.get("despite") or ""):
                self.add_error("despite", sentence)
        if act == "delay" and on:
            for sentence in policies.moved_day_problems(self.dose, to=on):
                self.add_error("on", sentence)
        self._weigh(cleaned)
        return cleaned

    def _weigh(self, cleaned: dict[str, Any]) -> None:
        """The amount in the drug's unit; a wrong unit is asked about with the conversion beside it."""
        amount: Decimal | None = cleaned.get("amount")
        if amount is None:
            return
        usual = usual_for(self.dose.line.modality, self.dose.line.agent)
        unit = cleaned.get("unit") or ""
        if not unit and usual is None:
            self.add_error("unit", "Choose the unit of the amount.")
            return
        weight = weigh(str(Amount(amount, unit)), usual)
        if weight.question and (weight.final or not cleaned.get("amount_confirmed")):
            self.add_error("amount", weight.question)
            if not weight.final:
                self._ask_as_typed()
            return
        own = Amount(amount, unit or (usual.unit if usual else "")).in_unit(usual.unit) if usual else None
        if own is not None:
            cleaned["amount"], cleaned["unit"] = own.value, own.unit

    @property
    def why(self) -> str:
        """The reason in words, from the code where nothing was typed."""
        return str(self.cleaned_data["reason"] or dict(DoseReason.choices).get(self.cleaned_data["code"], ""))
