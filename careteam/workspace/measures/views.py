"""Measures of goals and the last weeks of life: numbers, their course, groups beside each other; each with the patients
behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.rules import Permission
from careteam.web.keeping import Keeper
from careteam.web.parts import Tab
from careteam.web.responses import render_page
from careteam.web.sheets import csv_response
from careteam.workspace.measures import queries
from careteam.workspace.measures.forms import MeasuresForm
from careteam.workspace.measures.queries import Group, Scope
from careteam.workspace.measures.rules import By, Measure, Took, definitions, group_label
from tumorboard.reports.forms import RangeForm
from tumorboard.reports.rules import DEFAULT, RANGE, Period, period_of, trend_of

if TYPE_CHECKING:
    from datetime import date

LIST = "goals-measure-list"
SLOW = 0.25  # seconds of a count that no single center reaches; above, the lists behind are counted anew all the same
KEPT = 5 * 60  # seconds


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `query` is the same as text, for links. `board` is none: the filters of the boards'
    figures ask for it."""

    scope: Scope
    period: Period
    today: date
    form: MeasuresForm
    range_form: RangeForm | None
    board: None = None

    @property
    def query(self) -> str:
        params = {"period": self.period.code}
        if self.period.code == RANGE:
            params |= {"since": self.period.since.isoformat(), "until": self.period.until.isoformat()}
        return urlencode(params)


def _asked(request: SignedInRequest) -> Asked:
    now = timezone.now()
    home = request.access.home
    today = home.local_date(now) if home else now.date()
    form = MeasuresForm(request.GET, today=today)
    form.is_valid()
    code = form.cleaned_data.get("period") or DEFAULT
    ranged = RangeForm(request.GET, today=today) if code == RANGE else None
    period = (ranged.period if ranged else period_of(code, today)) or period_of(DEFAULT, today)
    if period is None:
        raise Http404("No such period.")
    limits = queries.limits_of(home.pk if home else None)
    scope = Scope.of(request.user, since=period.since, until=period.until, today=today, limits=limits)
    return Asked(scope, period, today, form, ranged)


def _keeper() -> Keeper:
    return Keeper(slow=SLOW, seconds=KEPT, now=timezone.now())


def _context(request: SignedInRequest, asked: Asked, current: str) -> dict[str, Any]:
    pages = (
        ("goals-measures", "Figures"),
        ("goals-measure-months", "Course by month"),
        ("goals-measure-groups", "By language and sex"),
    )
    return {
        "asked": asked,
        "tabs": [Tab(label, f"{reverse(name)}?{asked.query}", name == current) for name, label in pages],
        "query": asked.query,
        "today": asked.today,
        "may_list": request.access.may(Permission.PATIENT_VIEW),
        "list_name": LIST,
    }


@requires(Permission.REPORT_VIEW)
@require_safe
def goals_measures(request: SignedInRequest) -> HttpResponse:
    """The measures of a period, each with its definition."""
    asked, keep = _asked(request), _keeper()
    context = _context(request, asked, "goals-measures") | {
        "figures": queries.figures(asked.scope, keep=keep),
        "counted_at": keep.oldest,
    }
    return render_page(request, "workspace/measures/figures.html", context)


@requires(Permission.REPORT_VIEW)
@require_safe
def goals_measure_months(request: SignedInRequest) -> HttpResponse:
    """The same by month, as control charts."""
    asked, keep = _asked(request), _keeper()
    since, until = trend_of(asked.period)
    context = _context(request, asked, "goals-measure-months") | {
        "trends": queries.trends_of(asked.scope.over(since, until), keep=keep),
        "counted_at": keep.oldest,
        "since": since,
        "until": until,
        "month_query": "",
    }
    return render_page(request, "workspace/measures/months.html", context)


@requires(Permission.REPORT_VIEW)
@require_safe
def goals_measure_groups(request: SignedInRequest) -> HttpResponse:
    """The same by language, interpreter and sex; shares of small groups are not shown."""
    asked, keep = _asked(request), _keeper()
    context = _context(request, asked, "goals-measure-groups") | {
        "comparisons": list(queries.compare(asked.scope, keep=keep).values()),
        "counted_at": keep.oldest,
        "few": asked.scope.limits.small,
    }
    return render_page(request, "workspace/measures/groups.html", context)


@requires(Permission.REPORT_VIEW)
@require_safe
def goals_measures_csv(request: SignedInRequest) -> HttpResponse:
    """Measures, months and groups as CSV: codes, words of ours, languages and numbers; no patient."""
    asked = _asked(request)
    since, until = trend_of(asked.period)
    rows = queries.sheet_rows(
        asked.period,
        queries.figures(asked.scope),
        queries.trends_of(asked.scope.over(since, until)),
        tuple(queries.compare(asked.scope).values()),
    )
    return csv_response(f"goals-measures-{asked.period.since.isoformat()}-{asked.period.until.isoformat()}", rows)


@requires(Permission.PATIENT_VIEW)
@require_safe
def goals_measure_list(request: SignedInRequest, measure: str) -> HttpResponse:
    """The patients behind a measure. `side=rest`: those of its whole that it does not count; `by` and `group`: those
    of one language or sex."""
    asked = _asked(request)
    rest = request.GET.get("side") == "rest"
    context = _context(request, asked, "") | {"tabs": [], "may_report": request.access.may(Permission.REPORT_VIEW)}
    if measure in Took.values:
        took = Took(measure)
        found = queries.took_behind(request.user, took, asked.scope)
        context |= {"title": took.label}
    elif measure in Measure.values:
        key, group = Measure(measure), _group(request)
        found = queries.patients_behind(request.user, key, asked.scope, rest=rest, group=group)
        context |= {
            "title": key.label,
            "definition": definitions(asked.scope.limits).get(key),
            "group": group_label(group.by, group.code) if group else "",
            "tabs": _sides(key, asked, request, rest=rest) if key.whole else [],
            "rest": rest,
        }
    else:
        raise Http404("No such measure.")
    note_read(request, [row.patient_id for row in found.rows])
    return render_page(request, "workspace/measures/list.html", context | {"found": found})


def _group(request: SignedInRequest) -> Group | None:
    by = request.GET.get("by", "")
    if not by:
        return None
    if by not in By.values:
        raise Http404("No such groups.")
    return Group(By(by), request.GET.get("group", ""))


def _sides(key: Measure, asked: Asked, request: SignedInRequest, *, rest: bool) -> list[Tab]:
    query = asked.query
    if request.GET.get("by"):
        query += "&" + urlencode({"by": request.GET["by"], "group": request.GET.get("group", "")})
    url = reverse(LIST, args=[key])
    return [
        Tab(str(key.label), f"{url}?{query}", not rest),
        Tab("The others", f"{url}?{query}&side=rest", rest),
        Tab(str(key.whole.label), f"{reverse(LIST, args=[key.whole])}?{query}") if key.whole else Tab("", ""),
    ]
