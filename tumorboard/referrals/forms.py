"""Referring a patient: everything the record knows is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from careteam.people.models import User
from careteam.web.words import day
from tumorboard.boards.models import Board
from tumorboard.referrals.rules import QuestionKind, ReferralKind, ShownStatus, Urgency

if TYPE_CHECKING:
    from patients.imaging.models import ImagingStudy
    from patients.record.models import Specimen

_CONSENT = (("", "Not asked"), ("yes", "Yes"), ("no", "No"))


class ReferralForm(forms.Form):
    board = forms.ModelChoiceField(queryset=Board.objects.none(), label="Board", empty_label=None)
    question_kind = forms.ChoiceField(choices=QuestionKind, label="About", widget=forms.RadioSelect)
    question = forms.CharField(label="Question for the board", widget=forms.Textarea, max_length=2000)
    urgency = forms.ChoiceField(choices=Urgency, label="Urgency", widget=forms.RadioSelect)
    presenter = forms.ModelChoiceField(queryset=User.objects.none(), label="Presents", empty_label=None)
    studies = forms.MultipleChoiceField(
        label="Imaging to be shown", required=False, widget=forms.CheckboxSelectMultiple
    )
    specimens = forms.MultipleChoiceField(
        label="Pathology to be shown", required=False, widget=forms.CheckboxSelectMultiple
    )
    kind = forms.ChoiceField(choices=ReferralKind, label="Kind", widget=forms.RadioSelect, initial=ReferralKind.FULL)
    earlier = forms.ChoiceField(label="Decision to discuss again", required=False, widget=forms.RadioSelect)
    hoped_for = forms.CharField(label="What is hoped for", max_length=250, required=False)
    consent = forms.ChoiceField(
        choices=_CONSENT, label="Patient agrees to the discussion", widget=forms.RadioSelect, required=False
    )
    external_referrer = forms.CharField(label="Referred from outside by", max_length=160, required=False)
    late_reason = forms.CharField(
        label="Why it cannot wait",
        max_length=200,
        required=False,
        help_text="Only if it cannot: the chair is asked to take the case after the cut-off.",
    )

    def __init__(
        self,
        *args: Any,
        boards: list[Board],
        people: list[User],
        studies: Sequence[ImagingStudy] = (),
        specimens: Sequence[Specimen] = (),
        before: Sequence[Any] = (),
        centers: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._studies = {str(row.pk): row for row in studies}
        self._specimens = {str(row.pk): row for row in specimens}
        self._before = {str(row.pk): row for row in before}
        self.centers = list(centers)
        board, presenter = self.fields["board"], self.fields["presenter"]
        assert isinstance(board, forms.ModelChoiceField)  # noqa: S101  # declared above
        assert isinstance(presenter, forms.ModelChoiceField)  # noqa: S101
        board.queryset = Board.objects.filter(pk__in=[row.pk for row in boards]).order_by("name", "pk")
        if len(boards) == 1:
            board.widget = forms.HiddenInput()
        else:
            board.widget = forms.RadioSelect()
            board.widget.choices = board.choices
        presenter.queryset = User.objects.filter(pk__in=[row.pk for row in people]).order_by("name", "pk")
        self.fields["external_referrer"].widget.attrs["list"] = "centers"
        for name, choices in (
            ("studies", [(key, f"{row}, {day(row.performed_on)}") for key, row in self._studies.items()]),
            ("specimens", [(key, _specimen(row)) for key, row in self._specimens.items()]),
            (
                "earlier",
                [(key, f"{day(row.said_at)}: {(row.said or row.question)[:90]}") for key, row in self._before.items()],
            ),
        ):
            if choices:
                self.fields[name].choices = choices  # type: ignore[attr-defined]
            else:
                del self.fields[name]

    def clean_consent(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["consent"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == ReferralKind.REDISCUSSION and not self._before:
            self.add_error("kind", "No board has decided about this patient yet: there is nothing to discuss again.")
        return cleaned

    def material(self) -> dict[str, Any]:
        """The rows that were chosen; only after `is_valid()`."""
        values = self.cleaned_data
        again = values["kind"] == ReferralKind.REDISCUSSION
        return {
            "studies": [self._studies[key] for key in values.get("studies", [])],
            "specimens": [self._specimens[key] for key in values.get("specimens", [])],
            "earlier": self._before.get(values.get("earlier", "")) if again else None,
        }


def _specimen(row: Specimen) -> str:
    ki67 = f", Ki-67 {row.ki67.normalize():f} %" if row.ki67 is not None else ""
    return f"{row.site or 'Specimen'}{', ' + day(row.taken_on) if row.taken_on else ''}{ki67}"


class SettleForm(forms.Form):
    """Ready to show, or not and why."""

    status = forms.ChoiceField(choices=ShownStatus)
    note = forms.CharField(max_length=200, required=False)
