"""Forms of a line: starting and correcting one. They ask what the modality needs and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms

from patients.protocol.queries import TeamNumber
from patients.treatment.commands.lines import CORRECTABLE
from patients.treatment.forms.acts import despite_field
from patients.treatment.forms.asking import AS_TYPED, PREFIX, Suggesting, answers_in, plan_fields
from patients.treatment.models import TreatmentLine, TreatmentSite
from patients.treatment.policies import date_problems
from patients.treatment.rules import (
    SUPPORTIVE,
    EndReason,
    Intent,
    LineDraft,
    LineRole,
    Modality,
    StartReason,
    draft_problems,
    plan_class,
)

ROLE_CHOICES = [(LineRole.ANTITUMOR.value, "Against the tumor"), (LineRole.SYMPTOM_CONTROL.value, "Symptom control")]
INTENT_CHOICES = [("", "Not stated"), *[(value, label) for value, label in Intent.choices if value]]
GO_ON = "go_on"
SYMPTOMS = "symptoms"
STOP_CHOICES = [(value, f"Stops: {label.lower()}") for value, label in EndReason.choices if value != EndReason.DEATH]
# The columns of a line that a plan may use, in the order in which they are asked.
COLUMNS = (
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
# Another agent may have another plan: its fields are fetched when the field is left.
AGENT_REFRESH = {
    "hx-vals": '{"refresh": "agent"}',
    "hx-trigger": "change",
    "hx-target": "#line-rest",
    "hx-select": "#line-rest",
    "hx-swap": "outerMorph",
    "hx-include": "closest form",
}


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
    planned_count = forms.IntegerField(label="Doses planned", required=False, help_text="Empty: open-ended")
    interval_days = forms.IntegerField(
        label="Days between doses",
        required=False,
        max_value=400,
        widget=forms.NumberInput(attrs={"data-unit": "days"}),
    )
    site = forms.CharField(label="Where", max_length=160, required=False)
    trial_number = forms.CharField(label="NCT number", max_length=20, required=False)
    notes = forms.CharField(required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))

    def _fit(
        self,
        modality: str,
        agent: str,
        *,
        keep: Sequence[str] = (),
        protocol: Mapping[str, TeamNumber] | None = None,
        refresh_url: str = "",
        places: Sequence[TreatmentSite] = (),
    ) -> None:
        """Leaves the fields that this treatment needs, in its words, with its suggestions, and adds its plan's."""
        plan = self.plan = plan_class(modality, agent)
        stays = {*plan.columns, *keep}
        if "role" in plan.columns or modality not in SUPPORTIVE:
            stays.add("start_reason")
        for name in COLUMNS:
            if name in self.fields and name not in stays:
                del self.fields[name]
        for name, label in plan.labels.items():
            if name in self.fields:
                self.fields[name].label = label
        if "agent" in self.fields:
            attrs = AGENT_REFRESH | {"hx-post": refresh_url} if refresh_url else {}
            self.fields["agent"].widget = Suggesting(plan.agents, attrs)
        if "dose" in self.fields:
            self.fields["dose"].widget = Suggesting(plan.doses)
        self.fields.update(plan_fields(plan, protocol or {}))
        if "place" in plan.columns and places:
            choices = [("", "Not decided"), *[(site.pk, site.name) for site in places]]
            self.fields["plan_place"] = forms.TypedChoiceField(
                label=plan.labels["place"], choices=choices, coerce=int, required=False, empty_value=None
            )
        if self.data.get("dose_confirmed"):
            self._ask_as_typed()

    def _ask_as_typed(self) -> None:
        self.fields.setdefault("dose_confirmed", forms.BooleanField(label=AS_TYPED, required=False))

    def _judge(self, draft: LineDraft, only: set[str] | None = None) -> None:
        """Says beside each field what the rules say about it; `only` limits it to fields that were changed."""
        for name, sentence in draft_problems(draft).items():
            if only is not None and name not in only:
                continue
            self.add_error(name if name in self.fields else None, sentence)
            if name == "dose":
                self._ask_as_typed()

    def answers(self) -> dict[str, Any]:
        found = answers_in(self.cleaned_data)
        if self.cleaned_data.get("dose_confirmed"):
            found["dose_confirmed"] = True
        return found


class LineForm(LineFields):
    """Starts, plans or proposes a line."""

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
        refresh_url: str = "",
        places: Sequence[TreatmentSite] = (),
        untold: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        if untold:
            self.fields["despite"] = despite_field(untold)
        self.running = [line for line in running if line.role == LineRole.ANTITUMOR]
        said = self.data if self.is_bound else self.initial
        chosen = said.get("modality")
        self.kind = chosen if chosen in Modality.values else Modality.SSA.value
        self.fields["modality"].initial = self.kind
        self.fields["role"].initial = LineRole.ANTITUMOR
        self._fit(self.kind, said.get("agent") or "", protocol=protocol, refresh_url=refresh_url, places=places)
        self._defaults(protocol or {})
        if self.kind not in SUPPORTIVE:
            symptom = self.data.get("role") == LineRole.SYMPTOM_CONTROL if self.is_bound else False
            self._require("agent", "Name the drug, regimen or procedure.")
            if not symptom:
                self._require("start_reason", "Say why it starts: the therapy line number follows from it.")
            for line in self.running:
                self.fields[f"running_{line.pk}"] = self._decision(line, required=not symptom and self._starts_now())

    def _defaults(self, protocol: dict[str, TeamNumber]) -> None:
        if self.plan.interval in protocol and "interval_days" in self.fields:
            self.fields["interval_days"].initial = protocol[self.plan.interval].days
        if self.plan.count in protocol and "planned_count" in self.fields:
            self.fields["planned_count"].initial = protocol[self.plan.count].days

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

    @property
    def criteria(self) -> str:
        """Which table of eligibility belongs to this treatment; "" for none."""
        return self.plan.criteria

    def decisions(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("running_")]

    def plain(self) -> list[forms.BoundField]:
        """What depends on the modality, in order."""
        own = {"modality", "mode", "on", "notes", "agent", "despite"}
        return [self[name] for name in self.fields if name not in own and not name.startswith("running_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("role") == LineRole.SYMPTOM_CONTROL and not cleaned.get("start_reason"):
            cleaned["start_reason"] = StartReason.SYMPTOM_CONTROL
        if cleaned.get("modality"):
            self._judge(self.draft)
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
            plan=self.answers(),
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

    def __init__(
        self, *args: Any, line: TreatmentLine, today: date, places: Sequence[TreatmentSite] = (), **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", self.start_of(line))
        super().__init__(*args, **kwargs)
        self.line, self.today = line, today
        has = tuple(name for name in COLUMNS if getattr(line, name, None))
        self._fit(line.modality, line.agent, keep=has, places=places)
        if line.is_open:
            del self.fields["ended_on"], self.fields["end_reason"]
        if line.started_on is not None or not line.is_open:
            del self.fields["planned_on"]
        if line.status in {"proposed", "planned"}:
            del self.fields["started_on"]

    @staticmethod
    def start_of(row: Any) -> dict[str, Any]:
        """What the form starts with for a line, or for one version of it in its history."""
        plan = plan_class(row.modality, row.agent).read(row.plan)
        answers = {f"{PREFIX}{name}": getattr(plan, name) for name in plan.asks()}
        answers[f"{PREFIX}place"] = row.plan.get("place")
        columns = {name: getattr(row, name) for name in (*CORRECTABLE, "version") if name != "plan"}
        return columns | answers

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("started_on"), cleaned.get("ended_on")
        found = date_problems(self.line.patient, started_on=start, ended_on=end, today=self.today)
        for name, sentence in found.items():
            self.add_error(name if name in self.fields else None, sentence)
        if self.line.started_on and "started_on" in self.fields and not start and "started_on" not in self.errors:
            self.add_error("started_on", "A line that ran has a start.")
        draft = (
            LineDraft(
                **{
                    name: cleaned[name] if name in cleaned else getattr(self.line, name)
                    for name in ("modality", "agent", "dose", "interval_days", "planned_count", "trial_number")
                    if name not in self.errors
                },
                plan=self.answers(),
            )
            if "modality" in cleaned
            else None
        )
        if draft is not None:
            self._judge(draft, only=set(self.changed_data))
        return cleaned

    @property
    def changes(self) -> dict[str, Any]:
        """The corrected columns; of the plan what the form asked, beside what it did not."""
        found = {name: self.cleaned_data[name] for name in CORRECTABLE if name in self.cleaned_data}
        asked = self.line.answers.asks()
        kept = {name: value for name, value in self.line.plan.items() if name not in asked}
        answers = type(self.line.answers).read(self.answers()).written()
        confirmed = {"dose_confirmed": True} if self.cleaned_data.get("dose_confirmed") else {}
        plan = {**kept, **answers, **confirmed}
        if f"{PREFIX}place" in self.fields:
            plan = {name: value for name, value in plan.items() if name != "place"}
            if place := self.cleaned_data[f"{PREFIX}place"]:
                plan["place"] = place
        return {**found, "plan": plan}
