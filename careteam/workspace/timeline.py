"""The timeline of a patient: the course of the lower storeys with the decisions of the board."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.responses import render_page, wants_fragment
from careteam.web.words import day
from patients.record.models import Patient
from patients.record.queries import readable_patient
from patients.reports.queries import timeline_of
from patients.reports.rules import (
    PROJECTOR,
    SCREEN,
    BoardMark,
    Carried,
    Course,
    LineMark,
    Window,
    draw,
    rows_of,
    values_of,
)
from tumorboard.decisions.queries import DecisionRow, decisions_of_patient
from tumorboard.decisions.rules import RecommendationStatus
from tumorboard.meetings.models import AgendaItem

R = RecommendationStatus
LABELS = {Window.ALL: "All", Window.YEAR: "12 months"}
_RANGE = re.compile(r"all|12m|line-\d{1,18}")
_STATE_WORDS = {
    Carried.DONE: "carried out",
    Carried.PARTLY: "partly carried out",
    Carried.DEVIATED: "deviated",
    Carried.OPEN: "open",
}


@dataclass(frozen=True)
class Zoom:
    """One way to look at the course. `url` is the page that shows it so, `panel` the card alone."""

    code: str
    label: str
    url: str
    panel: str
    current: bool


def coded_range(asked: str) -> str:
    """What a `range` in a URL may say (`all`, `12m`, `line-17`), else nothing."""
    return asked if _RANGE.fullmatch(asked) else ""


def coded_view(asked: str) -> str:
    """`projector`, or nothing."""
    return asked if asked == "projector" else ""


def _line_of(course: Course, asked: str) -> LineMark | None:
    return course.line(int(asked.removeprefix("line-"))) if asked.startswith("line-") else None


def carried(statuses: list[RecommendationStatus]) -> Carried:
    """What became of a decision, from its recommendations: superseded ones do not count; no recommendation is done."""
    counted = {status for status in statuses if status != R.SUPERSEDED}
    if not counted or counted == {R.IMPLEMENTED}:
        return Carried.DONE
    if R.OPEN in counted:
        return Carried.OPEN if counted <= {R.OPEN} else Carried.PARTLY
    return Carried.DEVIATED if counted == {R.NOT_IMPLEMENTED} else Carried.PARTLY


def _decision(number: int, row: DecisionRow) -> BoardMark:
    state = carried([each.status for each in row.recommendations])
    reasons = sorted({each.deviation.lower() for each in row.recommendations if each.deviation})
    why = f", {', '.join(reasons)}" if reasons else ""
    became = "no change" if row.is_unchanged else _STATE_WORDS[state]
    title = f"Board decision {number}, {day(row.held_on)}: {became}{why}"
    return BoardMark(row.held_on, str(number), state, title, reverse("decision", args=[row.id]))


def board_marks(patient_id: int) -> tuple[BoardMark, ...]:
    """Signed decisions, numbered from the oldest, and the meeting that comes; seven queries."""
    decisions = decisions_of_patient(patient_id)[::-1]
    marks = [_decision(number, row) for number, row in enumerate(decisions, 1)]
    item = (
        AgendaItem.objects.valid()
        .open()
        .filter(patient_id=patient_id)
        .select_related("meeting__board__team")
        .order_by("meeting__starts_at", "pk")
        .first()
    )
    if item is not None:
        meeting = item.meeting
        on: date = meeting.board.team.local_date(meeting.starts_at)
        title = f"Listed for {meeting.board.name}, {day(on)}"
        marks.append(BoardMark(on, "", Carried.PLANNED, title, reverse("meeting", args=[meeting.pk])))
    return tuple(marks)


def course_of(patient: Patient, today: date) -> Course:
    """Everything that is drawn of a patient, with what the board decided."""
    return timeline_of(patient, today, board_marks(patient.pk))


def line_words(line: LineMark) -> str:
    """`L5 PRRT ×4, 2020`: how a line is named in the list of zooms."""
    return f"{line.number} {line.label}, {line.start.year}".strip()


@requires(Permission.PATIENT_VIEW)
@require_safe
def timeline_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """`?range=12m` draws the last twelve months, `?range=line-17` the time around one line, `?view=projector` larger;
    unknown values draw the whole course.

    The zooms are addresses of the page that holds the card (the patient page, or this one), so that the back button and
    a bookmark find them again. There the table under the drawing is fetched when it is opened (`?part=table`).
    """
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    asked = coded_range(request.GET.get("range", ""))
    view = request.GET.get("view", request.session.get("view", ""))
    projector = view == "projector"
    course = course_of(patient, today)
    around = _line_of(course, asked)
    window = Window.YEAR if asked == Window.YEAR else Window.ALL
    now = f"line-{around.key}" if around else str(window)
    size = PROJECTOR if projector else SCREEN
    drawing = draw(course, today, window=window, around=around, size=size, prefix=f"tl{patient.pk}")
    whole = not wants_fragment(request)
    table = request.GET.get("part") == "table"
    here = reverse("timeline-panel", args=[patient.pk])
    kept = "&view=projector" if request.GET.get("view") == "projector" else ""
    elsewhere = not whole and urlsplit(request.headers.get("HX-Current-URL", "")).path != here
    page = reverse("patient", args=[patient.pk]) if elsewhere else here

    def zoom(code: str, label: str) -> Zoom:
        return Zoom(code, label, f"{page}?range={code}{kept}", f"{here}?range={code}{kept}", code == now)

    return render_page(
        request,
        "patients/reports/timeline.html",
        {
            "patient": patient,
            "today": today,
            "drawing": drawing,
            "notes": course.notes,
            "rows": rows_of(course),
            "values": values_of(course),
            "curves": course.curves,
            "zooms": [zoom(code, label) for code, label in LABELS.items()],
            "lines": [zoom(f"line-{line.key}", line_words(line)) for line in reversed(course.lines)],
            "around": around and (around.number or around.label),
            "url": f"{here}?range={now}{kept}",
            "projector_url": f"{here}?range={now}&view=projector",
            "opened": whole or table,
            "table_url": f"{here}?part=table",
        },
        fragment="table" if table else "panel",
    )
