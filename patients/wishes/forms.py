"""Forms of wishes: one wish, a document, its scan, an end, an answer, a review."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from careteam.web.uploads import was_too_large
from patients.record.forms import EntryForm
from patients.record.forms.base import date_input, pretty
from patients.record.models import PatientContact
from patients.wishes.commands import too_large
from patients.wishes.models import Wish, WishDocument
from patients.wishes.rules import (
    CODES,
    CodeStatus,
    DocumentState,
    EndReason,
    ProcedureCodeStatus,
    Said,
    SaidBy,
    TreatmentLimit,
    WishKind,
)

_CHOICE_WORDS = {"required": "Choose one."}


class WishForm(EntryForm):
    """One wish of a kind. Its `version` is that of the wish that held when the form was opened."""

    future_ok = ("valid_until",)

    class Meta:
        model = Wish
        fields = ("code", "words", "since", "valid_until", "said_by", "document", "origin")
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, kind: WishKind, **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(*args, **kwargs)
        codes = CODES.get(kind)
        if codes is None:
            del self.fields["code"]
        else:
            choices = [(value, label) for value, label in codes.choices if value != CodeStatus.NOT_DISCUSSED]
            self.fields["code"] = forms.ChoiceField(
                label=str(kind.label), choices=choices, widget=forms.RadioSelect, error_messages=_CHOICE_WORDS
            )
            self.order_fields(["code"])
        self.fields["words"].label = "In words" if codes is None else "In their own words"
        self.fields["words"].required = codes is None
        self.fields["since"].label, self.fields["since"].help_text = "Said on", ""
        self.fields["valid_until"].label = "Valid until"
        self.fields["valid_until"].help_text = "Empty: until it is changed."
        self.fields["said_by"].label = "Said by"
        self.fields["origin"].label = "How it came to us"
        self.fields["origin"].help_text = "By phone, letter of the GP …"
        self.fields["document"].queryset = WishDocument.objects.valid().filter(  # type: ignore[attr-defined]
            patient=self.patient, state=DocumentState.CURRENT
        )
        self.fields["document"].label = "Rests on a document"
        if not self.is_bound:  # another wish, not the old one once more
            self.initial.update({"code": "", "words": "", "origin": "", "valid_until": None, "since": self.today})

    def said(self) -> Said:
        return Said(self.kind, self.cleaned_data.get("code", ""), self.cleaned_data["words"].strip())


class DocumentForm(EntryForm):
    """A document and what it says."""

    future_ok = ("valid_until",)

    class Meta:
        model = WishDocument
        fields = (
            "kind",
            "title",
            "signed_on",
            "signed_by",
            "valid_until",
            "original_at",
            "seen_on",
            "proxy",
            "code_status",
            "limits",
            "says",
        )
        formfield_callback = staticmethod(pretty)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {
            "title": ("Title", "When the kind does not say what it is."),
            "signed_on": ("Signed on", ""),
            "signed_by": ("Signed by", "Patient, proxy, Dr …"),
            "valid_until": ("Valid until", "Empty: no end is written on it."),
            "original_at": ("Where the original lies", "On the refrigerator door, with the daughter …"),
            "seen_on": ("We read it on", "Empty: nobody of the team has seen it."),
            "proxy": ("Names as proxy", "People are entered in the record, under contacts."),
            "says": ("What else it says", ""),
        }
        for name, (label, hint) in words.items():
            self.fields[name].label, self.fields[name].help_text = label, hint
        people = PatientContact.objects.valid().filter(patient=self.patient)
        self.fields["proxy"].queryset = people  # type: ignore[attr-defined]
        choices = [(value, label) for value, label in TreatmentLimit.choices if value != TreatmentLimit.OTHER]
        self.fields["limits"] = forms.MultipleChoiceField(
            label="Limits it says", choices=choices, required=False, widget=forms.CheckboxSelectMultiple
        )
        codes = [(value, label) for value, label in CodeStatus.choices if value != CodeStatus.NOT_DISCUSSED]
        self.fields["code_status"] = forms.ChoiceField(
            label="Code status it says", choices=[("", "Does not say"), *codes], required=False
        )
        self.order_fields(self._meta.fields)


class EndForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label="Why",
        choices=[choice for choice in EndReason.choices if choice[0] != EndReason.REPLACED],
        widget=forms.RadioSelect,
        error_messages=_CHOICE_WORDS,
    )
    on = forms.DateField(label="From", widget=date_input())
    note = forms.CharField(label="Note", required=False, max_length=250)


class StateForm(forms.Form):
    """What became of a document."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    to = forms.ChoiceField(label="It is", widget=forms.RadioSelect, error_messages=_CHOICE_WORDS)
    on = forms.DateField(label="Since", widget=date_input(), required=False)
    note = forms.CharField(label="Why, and who said so", max_length=250)

    def __init__(self, *args: Any, choices: list[DocumentState], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(str(each), each.label) for each in choices]  # type: ignore[attr-defined]


class FileForm(forms.Form):
    """The scan. What grew too large was given up while it was read and did not arrive."""

    scan = forms.FileField(
        label="PDF",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,.pdf"}),
        help_text="A scan of the paper, as PDF. It is checked before it is kept.",
    )

    def __init__(self, *args: Any, request: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_scan(self) -> Any:
        given = self.cleaned_data.get("scan")
        if was_too_large(self.request, "scan"):
            raise forms.ValidationError(too_large())
        if given is None:
            raise forms.ValidationError("Choose the file.")
        return given


class BothHoldForm(forms.Form):
    because = forms.CharField(
        label="Both hold, because",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Asked again when one of the two changes.",
    )


class ReviewForm(forms.Form):
    """What holds of code status and limits during one procedure."""

    outcome = forms.ChoiceField(
        label="During this procedure",
        choices=ProcedureCodeStatus.choices,
        widget=forms.RadioSelect,
        error_messages=_CHOICE_WORDS,
    )
    on = forms.DateField(label="Talked about on", widget=date_input())
    said_by = forms.ChoiceField(label="Said by", choices=SaidBy.choices)
    words = forms.CharField(
        label="In words",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Until when it is suspended, who decides …",
    )

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on.year < 1900:
            raise forms.ValidationError("This date lies before 1900. Check the year.")
        return on
