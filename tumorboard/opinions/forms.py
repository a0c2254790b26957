"""Asking another team, saying who answers, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms

from careteam.people.models import Team, User
from careteam.web.signing import PasswordForm
from careteam.web.words import day
from tumorboard.decisions.queries import decided_on
from tumorboard.decisions.rules import option_choices

if TYPE_CHECKING:
    from tumorboard.decisions.models import Decision
    from tumorboard.referrals.models import Referral


class AskForm(forms.Form):
    team = forms.ModelChoiceField(queryset=Team.objects.none(), label="Team", empty_label=None)
    question = forms.CharField(label="What is asked", widget=forms.Textarea, max_length=2000)
    about = forms.ChoiceField(label="About", required=False, widget=forms.RadioSelect)
    until_on = forms.DateField(label="Chart open until", help_text="The end of that day. You can extend it, or end it.")
    agreed = forms.BooleanField(label="The patient agrees that a clinician of that team reads the chart")

    def __init__(
        self,
        *args: Any,
        teams: Sequence[Team],
        referrals: Sequence[Referral],
        decisions: Sequence[Decision],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101  # declared above
        team.queryset = Team.objects.filter(pk__in=[row.pk for row in teams]).order_by("name", "pk")
        self._cases: dict[str, Referral | Decision] = {f"r{row.pk}": row for row in referrals}
        self._cases |= {f"d{row.pk}": row for row in decisions}
        choices = [(f"r{row.pk}", f"Open question: {row.question[:90]}") for row in referrals]
        choices += [(f"d{row.pk}", f"Decision of {day(decided_on(row))}: {row.text[:90]}") for row in decisions]
        if choices:
            self.fields["about"].choices = [*choices, ("", "No case of the board")]  # type: ignore[attr-defined]
        else:
            del self.fields["about"]

    def case(self) -> Referral | Decision | None:
        """What it is about; only after `is_valid()`."""
        return self._cases.get(self.cleaned_data.get("about", ""))


class AssignForm(forms.Form):
    person = forms.ModelChoiceField(queryset=User.objects.none(), label="Who answers", empty_label=None)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # declared above
        field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")


class AnswerForm(PasswordForm):
    text = forms.CharField(label="Your opinion", widget=forms.Textarea, max_length=8000)
    options = forms.MultipleChoiceField(
        choices=option_choices, label="What you would recommend", widget=forms.CheckboxSelectMultiple, required=False
    )

    field_order = ("text", "options", "password")


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=300)


class UntilForm(forms.Form):
    until_on = forms.DateField(label="Chart open until", help_text="The end of that day.")
