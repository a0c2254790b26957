"""Minutes on page and paper; figures with the patients behind them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import forms
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.responses import render_page
from tumorboard.reports.queries import figures, patients_behind
from tumorboard.reports.rules import FigureKey, Period

if TYPE_CHECKING:
    from datetime import date


class PeriodForm(forms.Form):
    period = forms.ChoiceField(choices=Period, required=False, label="Period")


def _period(request: SignedInRequest) -> tuple[str, date, date]:
    now = timezone.now()
    today = request.access.home.local_date(now) if request.access.home else now.date()
    asked = PeriodForm(request.GET)
    period = (asked.cleaned_data.get("period") if asked.is_valid() else "") or str(Period.QUARTER)
    return period, today - timedelta(days=int(period)), today


@requires(Permission.REPORT_VIEW)
@require_safe
def board_reports(request: SignedInRequest) -> HttpResponse:
    """Figures of the boards over a period."""
    period, since, today = _period(request)
    context = {
        "figures": figures(request.user, since=since, until=today, today=today),
        "filter": PeriodForm(initial={"period": period}),
        "period": period,
        "may_list": request.access.may(Permission.PATIENT_VIEW),
        "today": today,
    }
    return render_page(request, "tumorboard/reports/figures.html", context)


@requires(Permission.PATIENT_VIEW)
@require_safe
def board_report_list(request: SignedInRequest, figure: str) -> HttpResponse:
    """The patients behind one figure."""
    if figure not in FigureKey.values:
        raise Http404("No such figure.")
    key = FigureKey(figure)
    period, since, today = _period(request)
    rows = patients_behind(request.user, key, since=since, until=today, today=today)
    note_read(request, [row.patient_id for row in rows])
    context = {"figure": key, "rows": rows, "period": period, "since": since, "today": today}
    return render_page(request, "tumorboard/reports/figure.html", context)
