"""Forms of the care around the treatment: a model form for each part, checked as every fact of the record is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

from patients.care.models import (
    Drainage,
    FamilyMember,
    InformationGiven,
    NutritionReview,
    PsychosocialCare,
    Questionnaire,
    SecondOpinion,
    SocialSituation,
)
from patients.care.queries import measured_nutrition
from patients.care.rules import (
    CRISIS,
    DRAINAGE,
    FAMILY,
    INFORMATION,
    NUTRITION,
    OPINION,
    PATHWAY_TRANSITIONS,
    PSYCHOSOCIAL,
    QUESTIONNAIRE,
    SOCIAL,
    Pathway,
    read_scores,
    score_words,
)
from patients.protocol.queries import number
from patients.record.forms import EntryForm
from patients.record.forms.base import pretty
from patients.record.models import ClinicalFlag, ExternalCenter
from patients.record.rules import FlagState

LICENSE = "Name and scores only: the items belong to their owner and need a license."


class CareForm(EntryForm):
    """Base: the day, and the day somebody looks again, which may lie ahead."""

    future_ok = ("follow_up_on", "sick_leave_until", "review_on")
    words: dict[str, str] = {}
    units: dict[str, str] = {}
    hints: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "noted_on" in self.fields and not self.instance.pk:
            self.fields["noted_on"].initial = self.today
        for name, field in self.fields.items():
            field.label = {"noted_on": "Day", "follow_up_on": "See again on", **self.words}.get(name, field.label)
            field.help_text = self.hints.get(name, field.help_text)
            if name in self.units:
                field.widget.attrs["data-unit"] = self.units[name]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        noted, again = values.get("noted_on"), values.get("follow_up_on")
        if noted and again and again < noted:
            self.add_error("follow_up_on", "This day lies before the entry itself.")
        return values


class NutritionForm(CareForm):
    words = {
        "weight_loss_percent": "Weight loss",
        "loss_months": "Within",
        "bmi": "BMI",
        "tool": "Screening tool",
        "score": "Its score",
        "b12": "Vitamin B12",
        "carcinoid_diet": "Carcinoid diet explained",
    }
    units = {"weight_loss_percent": "%", "loss_months": "months", "bmi": "kg/m²"}
    hints = {"tool": LICENSE}

    class Meta:
        model = NutritionReview
        fields = (
            "noted_on",
            "weight_loss_percent",
            "loss_months",
            "bmi",
            "intake",
            "tool",
            "score",
            "enzymes",
            "niacin",
            "b12",
            "alcohol",
            "carcinoid_diet",
            "note",
            "follow_up_on",
        )
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            for name, value in measured_nutrition(self.patient).items():
                self.fields[name].initial = value

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("score") is not None and not values.get("tool"):
            self.add_error("tool", "Name the tool: a score means nothing without it.")
        return values


class DrainageForm(CareForm):
    words = {"volume_ml": "Volume", "follow_up_on": "Next due on", "site": "Where"}
    units = {"volume_ml": "mL"}

    class Meta:
        model = Drainage
        fields = ("noted_on", "kind", "volume_ml", "site", "permanent_drain", "note", "follow_up_on")
        formfield_callback = staticmethod(pretty)


class QuestionnaireForm(CareForm):
    scores_typed = forms.CharField(
        label="Scores",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One scale a line, 0 to 100: Endocrine symptoms 33",
    )
    words = {"instrument": "Questionnaire", "edition": "Version"}
    hints = {"instrument": LICENSE}
    field_order = ("noted_on", "instrument", "edition", "scores_typed", "note", "follow_up_on")

    class Meta:
        model = Questionnaire
        fields = ("noted_on", "instrument", "edition", "note", "follow_up_on")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["scores_typed"].initial = score_words(self.instance.scores, "\n")

    @classmethod
    def start_of(cls, row: Any) -> dict[str, Any]:
        return super().start_of(row) | {"scores_typed": score_words(row.scores, "\n")}

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if "scores_typed" in values:
            try:
                values["scores"] = read_scores(values["scores_typed"])
            except ValueError as error:
                self.add_error("scores_typed", str(error))
        return values

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name != "scores_typed"}


class PsychosocialForm(CareForm):
    words = {"state": "Where it stands", "distress": "Distress"}
    units = {"distress": "of 10"}
    hints = {"follow_up_on": "Visit, or when to offer it again"}

    class Meta:
        model = PsychosocialCare
        fields = ("noted_on", "state", "distress", "owner", "note", "follow_up_on")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now_is = Pathway(self.instance.state) if self.instance.pk else None
        ways = [way for way in Pathway if now_is is None or way == now_is or way in PATHWAY_TRANSITIONS[now_is]]
        self.fields["state"].choices = [(way.value, way.label) for way in ways]  # type: ignore[attr-defined]


class CrisisPlanForm(CareForm):
    words = {
        "state": "Crisis plan documented",
        "asked_on": "Looked at on",
        "kept_at": "Where it lies",
        "review_on": "Review on",
        "detail": "Remark",
    }
    hints = {"detail": "No doses: the plan itself holds them."}

    class Meta:
        model = ClinicalFlag
        fields = ("state", "asked_on", "documented_on", "documented_by", "kept_at", "review_on", "detail")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.fields["asked_on"].initial = self.today
            days = number(self.patient.team_id, "care.crisis_review").days
            self.fields["review_on"].initial = self.today + timedelta(days=days)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("state") == FlagState.PRESENT:
            for name in ("documented_by", "kept_at"):
                if not values.get(name):
                    self.add_error(name, "Say it: somebody has to find the plan in the night.")
        return values


class SocialForm(CareForm):
    words = {"work": "Work", "roles": "Roles that matter"}
    hints = {"roles": "Parent, volunteer, carer of somebody else …"}

    class Meta:
        model = SocialSituation
        fields = ("noted_on", "work", "sick_leave_until", "roles", "money_worries", "note", "follow_up_on")
        formfield_callback = staticmethod(pretty)


class FamilyForm(CareForm):
    words = {"name": "Who", "age_band": "Age", "is_caregiver": "Cares for the patient", "support": "Support offered"}
    hints = {"relation": "daughter, husband, friend …"}

    class Meta:
        model = FamilyMember
        fields = ("noted_on", "name", "relation", "age_band", "is_caregiver", "support", "note", "follow_up_on")
        formfield_callback = staticmethod(pretty)


class InformationForm(CareForm):
    words = {"title": "Which", "kind": "What"}

    class Meta:
        model = InformationGiven
        fields = ("noted_on", "kind", "title", "language", "note", "follow_up_on")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.fields["language"].initial = self.patient.language


class OpinionForm(CareForm):
    words = {
        "noted_on": "Sent on",
        "center": "To",
        "sent": "With what",
        "follow_up_on": "Reply expected by",
        "received_on": "Reply received on",
        "answer": "What they say",
    }
    hints = {"sent": "Summary as PDF, FHIR export, images on disc …"}

    class Meta:
        model = SecondOpinion
        fields = ("noted_on", "center", "question", "sent", "follow_up_on", "received_on", "answer", "note")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        centers = ExternalCenter.objects.filter(team_id=self.patient.team_id).order_by("name", "pk")
        self.fields["center"].queryset = centers  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        sent, received = values.get("noted_on"), values.get("received_on")
        if sent and received and received < sent:
            self.add_error("received_on", "The reply lies before the request.")
        return values


FORMS: dict[str, type[CareForm]] = {
    NUTRITION: NutritionForm,
    DRAINAGE: DrainageForm,
    PSYCHOSOCIAL: PsychosocialForm,
    CRISIS: CrisisPlanForm,
    QUESTIONNAIRE: QuestionnaireForm,
    SOCIAL: SocialForm,
    FAMILY: FamilyForm,
    INFORMATION: InformationForm,
    OPINION: OpinionForm,
}
