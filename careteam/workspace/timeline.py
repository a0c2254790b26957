"""The timeline of a patient: the course of the lower storeys with the decisions of the board."""

from __future__ import annotations

from datetime import date

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from careteam.web.parts import Tab
from careteam.web.responses import render_page, wants_fragment
from careteam.web.words import day
from patients.record.models import Patient
from patients.record.queries import readable_patient
from patients.reports.queries import timeline_of
from patients.reports.rules import PROJECTOR, SCREEN, BoardMark, Carried, Course, Window, draw, rows_of, values_of
from tumorboard.decisions.queries import DecisionRow, decisions_of_patient
from tumorboard.decisions.rules import RecommendationStatus
from tumorboard.meetings.models import AgendaItem

R = RecommendationStatus
LABELS = {Window.ALL: "Whole course", Window.YEAR: "Last 12 months"}
_STATE_WORDS = {
    Carried.DONE: "carried out",
    Carried.PARTLY: "partly carried out",
    Carried.DEVIATED: "deviated",
    Carried.OPEN: "open",
}


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
    title = f"Board decision {number}, {day(row.held_on)}: {_STATE_WORDS[state]}{why}"
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


@requires(Permission.PATIENT_VIEW)
@require_safe
def timeline_panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """`?range=12m` draws the last twelve months, `?view=projector` larger; unknown values draw the whole course.

    On the patient page the table under the drawing is fetched when it is opened (`?part=table`).
    """
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    asked = request.GET.get("range", "")
    window = {str(each): each for each in Window}.get(asked, Window.ALL)
    view = request.GET.get("view", request.session.get("view", ""))
    projector = view == "projector"
    course = course_of(patient, today)
    drawing = draw(course, today, window=window, size=PROJECTOR if projector else SCREEN, prefix=f"tl{patient.pk}")
    whole = not wants_fragment(request)
    table = request.GET.get("part") == "table"
    here = reverse("timeline-panel", args=[patient.pk])
    kept = "&view=projector" if request.GET.get("view") == "projector" else ""
    choices = [Tab(label, f"{here}?range={choice}{kept}") for choice, label in LABELS.items() if choice != window]
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
            "choices": choices,
            "url": f"{here}?range={window}{kept}",
            "projector_url": f"{here}?range={window}&view=projector",
            "opened": whole or table,
            "table_url": f"{here}?part=table",
        },
        fragment="table" if table else "panel",
    )
