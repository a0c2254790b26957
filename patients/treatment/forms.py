"""Forms of treatment. They ask what the modality needs and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from patients.protocol.queries import TeamNumber
from patients.treatment.commands.lines import CORRECTABLE
from patients.treatment.models import TreatmentLine
from patients.treatment.rules import (
    AGENTS,
    ASKED,
    DOSES,
    FIELD_WORDS,
    PLAN_NUMBERS,
    SUPPORTIVE,
    EndReason,
    Intent,
    LineDraft,
    LineRole,
    Modality,
    StartReason,
)

ROLE_CHOICES = [(LineRole.ANTITUMOR.value, "Against the tumor"), (LineRole.SYMPTOM_CONTROL.value, "Symptom control")]
INTENT_CHOICES = [("", "Not stated"), *[(value, label) for value, label in Intent.choices if value]]
GO_ON = "go_on"
SYMPTOMS = "symptoms"
STOP_CHOICES = [(value, f"Stops: {label.lower()}") for value, label in EndReason.choices if value != EndReason.DEATH]


class Suggesting(forms.TextInput):
    """A text field with a list of what is usual; anything else may be typed."""

    def __init__(self, options: Sequence[str] = (), attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.options = tuple(options)

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        attrs = dict(attrs or {})
        if not self.options:
            return super().render(name, value, attrs, renderer)
        list_id = f"{attrs.get('id', name)}-list"
        box = super().render(name, value, {**attrs, "list": list_id, "autocomplete": "off"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((option,) for option in self.options))
        return format_html('{}<datalist id="{}">{}</datalist>', box, list_id, options)


class LineFields(forms.Form):
    """What a line says, whatever is done with it."""

    modality = forms.ChoiceField(label="Kind of treatment", choices=Modality.choices)
    agent = forms.CharField(label="Drug", max_length=120, required=False, widget=Suggesting())
    role = forms.ChoiceField(label="Given", choices=ROLE_CHOICES, widget=forms.RadioSelect, required=False)
    intent = forms.ChoiceField(choices=INTENT_CHOICES, required=False)
    start_reason = forms.ChoiceField(
        label="Why it starts",
        choices=[("", "Choose…"), *StartReason.choices],
        required=False,
        help_text="The therapy line number follows from it.",
    )
    dose = forms.CharField(max_length=120, required=False, widget=Suggesting(), help_text="As prescribed: 120 mg")
    planned_count = forms.IntegerField(
        label="Doses planned", required=False, min_value=1, max_value=60, help_text="Empty: open-ended"
    )
    interval_days = forms.IntegerField(
        label="Days between doses",
        required=False,
        min_value=1,
        max_value=400,
        widget=forms.NumberInput(attrs={"data-unit": "days"}),
    )
    site = forms.CharField(label="Where", max_length=160, required=False)
    trial_number = forms.CharField(label="NCT number", max_length=20, required=False)
    notes = forms.CharField(required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))

    def _fit(self, modality: str, *, keep: Sequence[str] = ()) -> None:
        """Leaves the fields that this modality needs, in its words, with its suggestions."""
        asked = ASKED.get(modality, ())
        if "role" not in asked and modality not in SUPPORTIVE:
            keep = (*keep, "start_reason")
        if "role" in asked:
            keep = (*keep, "start_reason")
        for name in (
            "agent",
            "role",
            "intent",
            "start_reason",
            "dose",
            "planned_count",
            "interval_days",
            "site",
            "trial_number",
            "symptom_led_imaging",
        ):
            if name in self.fields and name not in asked and name not in keep:
                del self.fields[name]
        for name, label in FIELD_WORDS.get(modality, {}).items():
            if name in self.fields:
                self.fields[name].label = label
        for name, options in (("agent", AGENTS), ("dose", DOSES)):
            if name in self.fields:
                self.fields[name].widget = Suggesting(options.get(modality, ()))


class LineForm(LineFields):
    """Starts, plans or proposes a line."""

    symptom_led_imaging = forms.BooleanField(
        label="Imaging only when symptoms ask for it: confirmed with the patient", required=False
    )
    mode = forms.ChoiceField(
        label="This is",
        choices=[("begin", "Decided: starts on that day"), ("propose", "A suggestion, not decided")],
        widget=forms.RadioSelect,
        initial="begin",
    )
    on = forms.DateField(label="Start", widget=forms.DateInput, help_text="A day to come plans the line.")

    field_order = (
        "modality",
        "agent",
        "role",
        "start_reason",
        "intent",
        "trial_number",
        "dose",
        "planned_count",
        "interval_days",
        "site",
        "symptom_led_imaging",
        "mode",
        "on",
        "notes",
    )

    def __init__(
        self,
        *args: Any,
        running: Sequence[TreatmentLine] = (),
        protocol: dict[str, TeamNumber] | None = None,
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.running = [line for line in running if line.role == LineRole.ANTITUMOR]
        chosen = self.data.get("modality") if self.is_bound else self.initial.get("modality")
        self.kind = chosen if chosen in Modality.values else Modality.SSA.value
        self.fields["modality"].initial = self.kind
        self.fields["role"].initial = LineRole.ANTITUMOR
        self._fit(self.kind)
        self._defaults(protocol or {})
        if self.kind not in SUPPORTIVE:
            symptom = self.data.get("role") == LineRole.SYMPTOM_CONTROL if self.is_bound else False
            self._require("agent", "Name the drug, regimen or procedure.")
            if not symptom:
                self._require("start_reason", "Say why it starts: the therapy line number follows from it.")
            for line in self.running:
                self.fields[f"running_{line.pk}"] = self._decision(line, required=not symptom and self._starts_now())

    def _defaults(self, protocol: dict[str, TeamNumber]) -> None:
        interval, count = PLAN_NUMBERS.get(self.kind, ("", ""))
        if interval in protocol and "interval_days" in self.fields:
            self.fields["interval_days"].initial = protocol[interval].days
        if count in protocol and "planned_count" in self.fields:
            self.fields["planned_count"].initial = protocol[count].days

    def _require(self, name: str, sentence: str) -> None:
        if name in self.fields:
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = sentence

    def _starts_now(self) -> bool:
        """Whether saving would start the line (a proposal or a later day asks nothing about running lines yet)."""
        if not self.is_bound:
            return True
        try:
            day = date.fromisoformat(self.data.get("on", ""))
        except ValueError:
            day = self.today
        return self.data.get("mode") != "propose" and day <= self.today

    @staticmethod
    def _decision(line: TreatmentLine, *, required: bool) -> forms.ChoiceField:
        choices = [("", "Choose…"), (GO_ON, "Goes on")]
        if line.modality == Modality.SSA:
            choices.append((SYMPTOMS, "Goes on for symptom control only"))
        return forms.ChoiceField(
            label=f"{line.label}, running",
            choices=[*choices, *STOP_CHOICES],
            required=required,
            help_text="Another line starts: decide about this one.",
            error_messages={"required": "Decide: does it go on, or why does it stop?"},
        )

    def decisions(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("running_")]

    def plain(self) -> list[forms.BoundField]:
        """What depends on the modality, in order."""
        own = {"modality", "mode", "on", "notes"}
        return [self[name] for name in self.fields if name not in own and not name.startswith("running_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("role") == LineRole.SYMPTOM_CONTROL and not cleaned.get("start_reason"):
            cleaned["start_reason"] = StartReason.SYMPTOM_CONTROL
        return cleaned

    @property
    def draft(self) -> LineDraft:
        data = self.cleaned_data
        return LineDraft(
            modality=data["modality"],
            agent=data.get("agent", ""),
            role=data.get("role") or LineRole.ANTITUMOR,
            intent=data.get("intent", ""),
            start_reason=data.get("start_reason", ""),
            dose=data.get("dose", ""),
            interval_days=data.get("interval_days"),
            planned_count=data.get("planned_count"),
            site=data.get("site", ""),
            trial_number=data.get("trial_number", ""),
            notes=data.get("notes", ""),
            symptom_led_imaging=data.get("symptom_led_imaging", False),
        )

    @property
    def ends(self) -> dict[int, str]:
        """What becomes of running lines, without those that go on."""
        chosen = {line.pk: self.cleaned_data.get(f"running_{line.pk}", "") for line in self.running}
        return {pk: what for pk, what in chosen.items() if what and what != GO_ON}


class CorrectForm(LineFields):
    """Corrects a line as it stands; `version` guards against overwriting somebody."""

    planned_on = forms.DateField(label="Planned for", required=False, widget=forms.DateInput)
    started_on = forms.DateField(label="Started", required=False, widget=forms.DateInput)
    ended_on = forms.DateField(label="Ended", required=False, widget=forms.DateInput)
    end_reason = forms.ChoiceField(
        label="Ended because", choices=[("", "Not ended"), *EndReason.choices], required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    field_order = (
        "modality",
        "agent",
        "role",
        "start_reason",
        "intent",
        "trial_number",
        "dose",
        "planned_count",
        "interval_days",
        "site",
        "planned_on",
        "started_on",
        "ended_on",
        "end_reason",
        "notes",
        "version",
    )

    def __init__(self, *args: Any, line: TreatmentLine, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: getattr(line, name) for name in (*CORRECTABLE, "version")})
        super().__init__(*args, **kwargs)
        self.line = line
        has = tuple(
            name
            for name in (
                "agent",
                "role",
                "intent",
                "start_reason",
                "dose",
                "planned_count",
                "interval_days",
                "site",
                "trial_number",
            )
            if getattr(line, name)
        )
        self._fit(line.modality, keep=has)
        if line.is_open:
            del self.fields["ended_on"], self.fields["end_reason"]
        if line.started_on is not None or not line.is_open:
            del self.fields["planned_on"]
        if line.status in {"proposed", "planned"}:
            del self.fields["started_on"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("started_on"), cleaned.get("ended_on")
        if start and end and end < start:
            self.add_error("ended_on", "The end lies before the start.")
        if self.line.started_on and "started_on" in self.fields and not start and "started_on" not in self.errors:
            self.add_error("started_on", "A line that ran has a start.")
        return cleaned

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CORRECTABLE if name in self.cleaned_data}


class VersionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class DateForm(VersionForm):
    """Starts or plans an existing line."""

    on = forms.DateField(label="Day", widget=forms.DateInput)


class ReasonForm(VersionForm):
    reason = forms.CharField(label="Why", max_length=250)


class EndForm(VersionForm):
    on = forms.DateField(label="Last day", widget=forms.DateInput)
    reason = forms.ChoiceField(label="Why it ends", choices=EndReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))


DOSE_ACTS = [
    ("give", "Given"),
    ("delay", "Moved to another day"),
    ("hold", "Held"),
    ("skip", "Left out"),
    ("cancel", "Canceled"),
]


class DoseForm(VersionForm):
    """One dose: what became of it."""

    act = forms.ChoiceField(label="What happened", choices=DOSE_ACTS, widget=forms.RadioSelect, initial="give")
    on = forms.DateField(label="Day", required=False, widget=forms.DateInput, help_text="Given on, or moved to")
    amount = forms.DecimalField(
        label="Amount", required=False, min_value=0, max_digits=10, decimal_places=3, help_text="Only if it matters"
    )
    unit = forms.ChoiceField(
        required=False, choices=[(unit, unit or "–") for unit in ("", "mg", "g", "mg/m²", "GBq", "mCi", "MU", "Gy")]
    )
    reduced = forms.BooleanField(label="Reduced dose", required=False)
    given_elsewhere = forms.CharField(
        label="Given elsewhere, confirmed by", required=False, max_length=160, help_text="Leave empty if given here"
    )
    reason = forms.CharField(label="Reason or note", required=False, max_length=250)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        act = cleaned.get("act")
        if act in {"give", "delay"} and not cleaned.get("on") and "on" not in self.errors:
            self.add_error("on", "Choose the day.")
        if act and act != "give" and not cleaned.get("reason"):
            self.add_error("reason", "Say why.")
        if cleaned.get("amount") is not None and not cleaned.get("unit"):
            self.add_error("unit", "Choose the unit of the amount.")
        return cleaned
