"""Figures of the boards: numbers, their course, the year of a board; each with the patients behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission, Specialty
from careteam.web.parts import Tab
from careteam.web.pdf import PdfUnavailable, pdf_of
from careteam.web.responses import render_page
from careteam.web.sheets import csv_response
from tumorboard.reports import queries
from tumorboard.reports.forms import PeriodForm, RangeForm, YearForm
from tumorboard.reports.queries import Scope
from tumorboard.reports.rules import DEFAULT, RANGE, FigureKey, Period, SpanKey, period_of, trend_of

if TYPE_CHECKING:
    from datetime import date

    from tumorboard.boards.models import Board


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `query` is the same as text, for links."""

    scope: Scope
    period: Period
    boards: list[Board]
    board: Board | None
    today: date
    form: PeriodForm
    range_form: RangeForm | None

    @property
    def query(self) -> str:
        return urlencode(self.params)

    @property
    def params(self) -> dict[str, str]:
        params = {"period": self.period.code}
        if self.period.code == RANGE:
            params |= {"since": self.period.since.isoformat(), "until": self.period.until.isoformat()}
        if self.board:
            params["board"] = str(self.board.pk)
        return params

    @property
    def where(self) -> str:
        """`NET board`, or that it is about all of them."""
        if self.board:
            return str(self.board)
        return "All boards" if len(self.boards) != 1 else str(self.boards[0])


def _asked(request: SignedInRequest) -> Asked:
    now = timezone.now()
    today = request.access.home.local_date(now) if request.access.home else now.date()
    boards = queries.reported_boards(request.user)
    form = PeriodForm(request.GET, boards=boards, today=today)
    form.is_valid()
    code = form.cleaned_data.get("period") or DEFAULT
    chosen = form.cleaned_data.get("board") or ""
    board = next((each for each in boards if str(each.pk) == chosen), None)
    ranged = RangeForm(request.GET, today=today) if code == RANGE else None
    period = ranged.period if ranged else period_of(code, today)
    if period is None:
        period = period_of(DEFAULT, today)
    if period is None:
        raise Http404("No such period.")
    scope = Scope.of(
        request.user, since=period.since, until=period.until, today=today, board_id=board.pk if board else None
    )
    return Asked(scope, period, boards, board, today, form, ranged)


def _tabs(asked: Asked, current: str) -> list[Tab]:
    board = asked.board or next(iter(asked.boards), None)
    year = urlencode({"board": board.pk if board else "", "year": asked.period.until.year})
    pages = (
        ("board-reports", "Figures", asked.query),
        ("board-trends", "Course by month", asked.query),
        ("board-year", "Year sheet", year),
    )
    return [Tab(label, f"{reverse(name)}?{query}", name == current) for name, label, query in pages]


def _context(request: SignedInRequest, asked: Asked, current: str) -> dict[str, Any]:
    return {
        "asked": asked,
        "tabs": _tabs(asked, current),
        "query": asked.query,
        "today": asked.today,
        "may_list": request.access.may(Permission.PATIENT_VIEW),
    }


def _protocol_of(request: SignedInRequest, asked: Asked) -> int | None:
    """The team whose benchmarks are shown: the board's, else the reader's."""
    if asked.board:
        return asked.board.team_id
    return request.access.home.pk if request.access.home else None


@requires(Permission.REPORT_VIEW)
@require_safe
def board_reports(request: SignedInRequest) -> HttpResponse:
    """Figures of a board, or of all, over a period."""
    asked = _asked(request)
    context = _context(request, asked, "board-reports") | {
        "figures": queries.figures(asked.scope, protocol_of=_protocol_of(request, asked)),
        "presence": queries.presence_of(asked.scope),
    }
    return render_page(request, "tumorboard/reports/figures.html", context)


@requires(Permission.REPORT_VIEW)
@require_safe
def board_trends(request: SignedInRequest) -> HttpResponse:
    """The same by month, as run and control charts."""
    asked = _asked(request)
    since, until = trend_of(asked.period)
    context = _context(request, asked, "board-trends") | {
        "trends": queries.trends_of(asked.scope.over(since, until)),
        "since": since,
        "until": until,
        "month_query": urlencode({"board": asked.board.pk}) if asked.board else "",
    }
    return render_page(request, "tumorboard/reports/trends.html", context)


@requires(Permission.REPORT_VIEW)
@require_safe
def board_reports_csv(request: SignedInRequest) -> HttpResponse:
    """Figures and their months as CSV: codes, names of ours and numbers; no patient, no free text."""
    asked = _asked(request)
    since, until = trend_of(asked.period)
    rows = queries.sheet_rows(
        asked.period,
        queries.figures(asked.scope),
        queries.presence_of(asked.scope),
        queries.trends_of(asked.scope.over(since, until)),
    )
    return csv_response(f"board-figures-{asked.period.since.isoformat()}-{asked.period.until.isoformat()}", rows)


@requires(Permission.PATIENT_VIEW)
@require_safe
def board_report_list(request: SignedInRequest, figure: str) -> HttpResponse:
    """The patients behind one figure. `why`: those of one coded reason; `side=rest`: those of its whole that it does
    not count."""
    asked = _asked(request)
    why, rest = request.GET.get("why", ""), request.GET.get("side") == "rest"
    context = _context(request, asked, "") | {"tabs": [], "may_report": request.access.may(Permission.REPORT_VIEW)}
    if figure in SpanKey.values:
        span = SpanKey(figure)
        found = queries.span_behind(request.user, span, asked.scope)
        context |= {"title": span.label, "means": span.means}
    elif figure in FigureKey.values:
        key = FigureKey(figure)
        reason = queries.reason_label(key, why)
        if why and not reason:
            raise Http404("No such reason.")
        found = queries.patients_behind(request.user, key, asked.scope, why=why, rest=rest)
        context |= {"title": f"{key.label}: {reason}" if reason else key.label, "means": key.means}
        if key.whole and not why:
            context |= {"tabs": _sides(key, asked, rest=rest), "rest": rest}
    else:
        raise Http404("No such figure.")
    note_read(request, [row.patient_id for row in found.rows])
    return render_page(request, "tumorboard/reports/figure.html", context | {"found": found})


def _sides(key: FigureKey, asked: Asked, *, rest: bool) -> list[Tab]:
    url = reverse("board-report-list", args=[key])
    whole = reverse("board-report-list", args=[key.whole])
    return [
        Tab(key.label, f"{url}?{asked.query}", not rest),
        Tab("The others", f"{url}?{asked.query}&side=rest", rest),
        Tab(key.whole.label if key.whole else "", f"{whole}?{asked.query}"),
    ]


@requires(Permission.REPORT_VIEW)
@require_safe
def board_report_meetings(request: SignedInRequest) -> HttpResponse:
    """The meetings behind an attendance: of a specialty, of a person, or all that were held."""
    asked = _asked(request)
    specialty, person, rest = (request.GET.get(name, "") for name in ("specialty", "person", "side"))
    if (specialty and specialty not in Specialty.values) or (person and not person.isdecimal()):
        raise Http404("No such specialty or person.")
    who = queries.who_of(asked.scope, specialty=specialty, person_id=int(person) if person else None)
    if who is None:
        raise Http404("No such person at these boards.")
    rows = queries.meetings_behind(
        asked.scope, specialty=specialty, person_id=int(person) if person else None, rest=rest == "rest"
    )
    one = {"specialty": specialty} if specialty else {"person": person} if person else {}
    base = f"{reverse('board-report-meetings')}?{urlencode(asked.params | one)}"
    sides = [Tab("There", base, rest != "rest"), Tab("Not there", f"{base}&side=rest", rest == "rest")]
    context = _context(request, asked, "") | {"who": who, "rows": rows, "tabs": sides if one else []}
    return render_page(request, "tumorboard/reports/meetings.html", context)


def _sheet(request: SignedInRequest) -> dict[str, Any]:
    now = timezone.now()
    today = request.access.home.local_date(now) if request.access.home else now.date()
    boards = queries.reported_boards(request.user)
    form = YearForm(request.GET, boards=boards, today=today)
    context: dict[str, Any] = {"form": form, "today": today, "sheet": None, "now": now, "boards": boards}
    if not form.is_valid():
        if boards:
            raise Http404("No such board or year.")
        return context
    board = next((each for each in boards if str(each.pk) == form.cleaned_data["board"]), None)
    period = period_of(form.cleaned_data["year"], today)
    if board is None or period is None:
        return context
    scope = Scope.of(request.user, since=period.since, until=period.until, today=today, board_id=board.pk)
    query = urlencode({"board": board.pk, "period": period.code})
    return context | {
        "sheet": queries.year_sheet(board, period, scope),
        "query": query,
        "month_query": urlencode({"board": board.pk}),
        "tabs": [
            Tab("Figures", f"{reverse('board-reports')}?{query}"),
            Tab("Course by month", f"{reverse('board-trends')}?{query}"),
            Tab("Year sheet", f"{reverse('board-year')}?{urlencode(form.cleaned_data)}", current=True),
        ],
        "pdf_url": f"{reverse('board-year-pdf')}?{urlencode(form.cleaned_data)}",
        "may_list": request.access.may(Permission.PATIENT_VIEW),
    }


@requires(Permission.REPORT_VIEW)
@require_safe
def board_year(request: SignedInRequest) -> HttpResponse:
    """The year of a board as an accreditation asks for it."""
    return render_page(request, "tumorboard/reports/year.html", _sheet(request))


@requires(Permission.REPORT_VIEW)
@require_safe
def board_year_pdf(request: SignedInRequest) -> HttpResponse:
    """The same on paper; a clear sentence where the machine cannot make it."""
    context = _sheet(request)
    sheet = context["sheet"]
    if sheet is None:
        raise Http404("There is no board to report on.")
    try:
        paper = pdf_of(
            render_to_string("tumorboard/reports/year_paper.html", context | {"on_paper": True, "may_list": False})
        )
    except PdfUnavailable as missing:
        back = f"{reverse('board-year')}?{urlencode(context['form'].cleaned_data)}"
        return render(request, "tumorboard/refused.html", {"reasons": [str(missing)], "back": back}, status=503)
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="board-year-{sheet.period.code}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
