"""Which board, which period: coded filters in the address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from tumorboard.boards.models import Board
from tumorboard.reports.rules import DEFAULT, MOST_YEARS, RANGE, Period, period_choices, period_of


class PeriodForm(forms.Form):
    """A code that is not among the choices but means a period (an old month, from a link) is taken, too."""

    board = forms.ChoiceField(required=False, label="Board")
    period = forms.ChoiceField(required=False, label="Period")

    def __init__(self, data: Any, *, boards: Sequence[Board], today: date) -> None:
        asked = str(data.get("period") or "")
        choices: list[Any] = list(period_choices(today))
        offered = {code for _, group in choices for code, _ in group}
        other = period_of(asked, today) if asked not in offered else None
        if other is not None:
            choices.append(("Asked for", [(other.code, other.label)]))
        super().__init__({"board": data.get("board") or "", "period": asked or DEFAULT})
        self.fields["board"].choices = [("", "All boards"), *((str(board.pk), str(board)) for board in boards)]  # type: ignore[attr-defined]
        self.fields["period"].choices = choices  # type: ignore[attr-defined]


class RangeForm(forms.Form):
    """A range of two days. The days have a form of their own: while one types a date, nothing is sent."""

    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any, *, today: date) -> None:
        self.today = today
        super().__init__(
            {
                "since": data.get("since") or today.replace(month=1, day=1).isoformat(),
                "until": data.get("until") or today.isoformat(),
            }
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and period_of(RANGE, self.today, since=since, until=until) is None:
            message = (
                "The first day lies after the last one." if since > until else f"Choose {MOST_YEARS} years at most."
            )
            self.add_error(None, message)
        return cleaned

    @property
    def period(self) -> Period | None:
        """None while the days cannot be used."""
        if not self.is_valid():
            return None
        return period_of(RANGE, self.today, since=self.cleaned_data["since"], until=self.cleaned_data["until"])


class YearForm(forms.Form):
    board = forms.ChoiceField(required=False, label="Board")
    year = forms.ChoiceField(required=False, label="Year")

    def __init__(self, data: Any, *, boards: Sequence[Board], today: date) -> None:
        first = str(boards[0].pk) if boards else ""
        super().__init__({"board": data.get("board") or first, "year": data.get("year") or str(today.year)})
        self.fields["board"].choices = [(str(board.pk), str(board)) for board in boards]  # type: ignore[attr-defined]
        years = [str(today.year - back) for back in range(MOST_YEARS)]
        self.fields["year"].choices = [(year, year) for year in years]  # type: ignore[attr-defined]
