"""Referring a patient: everything the record knows is filled in."""

from __future__ import annotations

from typing import Any

from django import forms

from careteam.people.models import User
from tumorboard.boards.models import Board
from tumorboard.referrals.rules import QuestionKind, ReferralKind, Urgency

_CONSENT = (("", "Not asked"), ("yes", "Yes"), ("no", "No"))


class ReferralForm(forms.Form):
    board = forms.ModelChoiceField(queryset=Board.objects.none(), label="Board", empty_label=None)
    question_kind = forms.ChoiceField(choices=QuestionKind, label="About", widget=forms.RadioSelect)
    question = forms.CharField(label="Question for the board", widget=forms.Textarea, max_length=2000)
    urgency = forms.ChoiceField(choices=Urgency, label="Urgency", widget=forms.RadioSelect)
    presenter = forms.ModelChoiceField(queryset=User.objects.none(), label="Presents", empty_label=None)
    kind = forms.ChoiceField(choices=ReferralKind, label="Kind", widget=forms.RadioSelect, initial=ReferralKind.FULL)
    hoped_for = forms.CharField(label="What is hoped for", max_length=250, required=False)
    consent = forms.ChoiceField(
        choices=_CONSENT, label="Patient agrees to the discussion", widget=forms.RadioSelect, required=False
    )
    external_referrer = forms.CharField(label="Referred from outside by", max_length=160, required=False)

    def __init__(self, *args: Any, boards: list[Board], people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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

    def clean_consent(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["consent"])
