"""The emergency sheet: one page for whoever meets the patient at night. No prognosis, and nobody to call who must not
be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.audit.rules import Kind
from careteam.people.rules import Permission
from careteam.web.pdf import PdfUnavailable, pages_of
from careteam.web.responses import render_page
from careteam.web.words import day, language_name
from careteam.workspace.banner import Banner, banner_for
from patients.letters.models import LetterHead
from patients.letters.queries import excluded_gp
from patients.record.models import Allergy, CareTeamMember, Diagnosis, Medication, Patient, PatientContact
from patients.record.queries import readable_patient
from patients.record.rules import Syndrome
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import in_order
from patients.treatment.rules import RUNNING_STATUSES
from patients.wishes.models import CodeStatusReview, WishDocument
from patients.wishes.queries import People, WishNow, conflicts_of, documents_of, holding, people_of, shown_limits
from patients.wishes.rules import WishKind, mark_of

_PLACES = (WishKind.PLACE_OF_CARE, WishKind.PLACE_OF_DEATH)


@dataclass(frozen=True)
class Sheet:
    """Everything on the page. `unknown` names what nobody has asked or entered: a gap is said, never left blank."""

    clinic: LetterHead | None
    members: tuple[CareTeamMember, ...]
    facts: tuple[tuple[str, str, str], ...]
    alerts: tuple[tuple[str, str, str], ...]
    is_carcinoid: bool
    drugs: tuple[Medication, ...]
    lines: tuple[TreatmentLine, ...]
    code_status: WishNow | None
    limits: tuple[WishNow, ...]
    procedure: WishNow | None
    orders: tuple[WishDocument, ...]
    order_words: WishNow | None
    places: tuple[WishNow, ...]
    reviews: tuple[CodeStatusReview, ...]
    contradictions: tuple[str, ...]
    people: People
    gp: str
    language: str
    unknown: tuple[str, ...]

    @property
    def few(self) -> tuple[CareTeamMember, ...]:
        """Of the team, whom a sheet without room for all names: who is responsible, else the first two."""
        return tuple(member for member in self.members if member.is_responsible) or self.members[:2]

    @property
    def to_call(self) -> tuple[PatientContact, ...]:
        """Proxies first, then emergency contacts; nobody who must not be told."""
        return tuple(dict.fromkeys((*self.people.proxies, *self.people.emergency)))


def _reviews(patient_id: int, mark: str) -> tuple[CodeStatusReview, ...]:
    """What was agreed for procedures that lie ahead or go on, and is still what is on record."""
    rows = CodeStatusReview.objects.valid().filter(patient_id=patient_id, reviewed=mark).select_related("line")
    return tuple(row for row in rows.order_by("line_id", "-pk").distinct("line_id") if row.line.is_open)


def _language(patient: Patient) -> str:
    spoken = language_name(patient.language) if patient.language else ""
    needed = {True: "interpreter needed", False: "no interpreter needed", None: ""}[patient.interpreter]
    return ", ".join(part for part in (spoken, needed) if part)


def sheet_of(patient: Patient, banner: Banner, today: date) -> Sheet:
    """The sheet of one patient as of a day, in a fixed number of queries."""
    wishes = holding(patient.pk, today)
    by_kind = {wish.kind: wish for wish in wishes}
    drugs = tuple(Medication.objects.valid().filter(patient=patient, ended_on__isnull=True).order_by("name", "pk"))
    lines = in_order(TreatmentLine.objects.valid().filter(patient=patient, status__in=RUNNING_STATUSES))
    people = people_of(patient.pk)
    documents = documents_of(patient.pk)
    main = Diagnosis.objects.valid().filter(patient=patient, is_main=True).first()
    allergies = Allergy.objects.valid().filter(patient=patient).exists()
    members = CareTeamMember.objects.valid().filter(patient=patient, ended_on__isnull=True).select_related("person")
    language = _language(patient)
    gaps = {
        "code status": WishKind.CODE_STATUS not in by_kind,
        "treatment limits": WishKind.LIMIT not in by_kind,
        "orders (POLST …)": not documents and WishKind.ORDER not in by_kind,
        "proxy": not people.proxies,
        "emergency contact": not people.emergency,
        "allergies": not allergies,
        "medication": not drugs,
        "language": not language,
        "where to be cared for": WishKind.PLACE_OF_CARE not in by_kind,
    }
    return Sheet(
        clinic=LetterHead.objects.filter(team=patient.team).first(),
        members=tuple(members.order_by("-is_responsible", "role", "pk")[:6]),
        facts=tuple(fact[:3] for fact in banner.facts[:4]),
        alerts=banner.alerts,
        is_carcinoid=main is not None and main.syndrome == Syndrome.CARCINOID,
        drugs=drugs,
        lines=tuple(lines),
        code_status=by_kind.get(WishKind.CODE_STATUS),
        limits=tuple(wish for wish in wishes if wish.kind == WishKind.LIMIT),
        procedure=by_kind.get(WishKind.PROCEDURE),
        orders=tuple(each for each in documents if _holds(each, today)),
        order_words=by_kind.get(WishKind.ORDER),
        places=tuple(wish for wish in wishes if wish.kind in _PLACES),
        reviews=_reviews(patient.pk, mark_of(shown_limits(wishes))),
        contradictions=tuple(row.conflict.words for row in conflicts_of(patient.pk, today) if row.is_open),
        people=people,
        gp="" if excluded_gp([patient]) else patient.general_practitioner,
        language=language,
        unknown=tuple(name for name, missing in gaps.items() if missing),
    )


def _holds(document: WishDocument, today: date) -> bool:
    return document.state == "current" and (document.valid_until is None or document.valid_until >= today)


def paper_of(context: dict[str, Any]) -> tuple[str, Any]:
    """The sheet as HTML and laid out, on one page.

    Where a full record does not fit even in small type, the list of medicines and the wider team are left out whole,
    and the sheet says so: half a list of drugs would pass for all of them. Drugs that matter in an emergency stand
    under alerts and stay. Raises `PdfUnavailable`.
    """
    for brief in (False, True):
        html = render_to_string("workspace/emergency_paper.html", {**context, "brief": brief})
        document = pages_of(html, fit=1)
        if len(document.pages) == 1:
            break
    return html, document


@requires(Permission.PATIENT_VIEW)
@require_safe
def emergency_sheet(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The page; `?format=pdf` as a file on one sheet of paper. Both leave the house: audited as an export."""
    patient = readable_patient(request, patient_id)
    note_read(request, [patient.pk], team_id=patient.team_id, kind=Kind.EXPORT)
    now = timezone.now()
    today = patient.team.local_date(now)
    context: dict[str, Any] = {
        "patient": patient,
        "today": today,
        "now": now,
        "by": request.user,
        "sheet": sheet_of(patient, banner_for(patient, today), today),
        "died": day(patient.deceased_on) if patient.deceased_on else "",
    }
    if request.GET.get("format") != "pdf":
        return render_page(request, "workspace/emergency.html", context)
    try:
        _, laid_out = paper_of(context)
        document = laid_out.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    except PdfUnavailable as missing:
        return render_page(request, "workspace/emergency.html", {**context, "problem": str(missing)}, status=503)
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="emergency-{patient.pk}-{today.isoformat()}.pdf"'
    return response
