"""The guidance panel, its answers, the tables of criteria, and the catalog of rules."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from careteam.access.gate import SignedInRequest, requires
from careteam.audit.commands import note_read
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.paging import Sort, keyset_page
from careteam.web.responses import invalid, redirect_or_refresh, render_page, toast
from careteam.web.words import day
from patients.guidance import commands
from patients.guidance.forms import AnswerForm, AnswersFilter, CatalogFilter
from patients.guidance.models import GuidanceAnswer
from patients.guidance.queries import (
    TABLES,
    Prognosis,
    Use,
    answers_for,
    eligibility_of,
    guidance_of,
    is_enabled,
    not_noted,
    prognosis_of,
    prompt_for,
    use_of_rules,
    why_no_words,
)
from patients.guidance.rules import BY_ID, RULES, Rule
from patients.guidance.rules.answers import Answer
from patients.guidance.rules.talking import CHOICES
from patients.protocol.queries import TeamNumber, numbers
from patients.protocol.rules.prognosis import CAPTION, WORDING
from patients.record.policies import why_not_edit
from patients.record.queries import readable_patient

ANSWER_SORTS = (Sort("at", "Answered", ("answered_at", "id"), descending=True),)


@requires(Permission.PATIENT_VIEW)
@require_GET
def panel(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """The prompts for this patient: a fragment for the patient page, a page of its own otherwise."""
    patient = readable_patient(request, patient_id)
    now = timezone.now()
    today = patient.team.local_date(now)
    guidance = guidance_of(patient, today)
    if fresh := not_noted(patient.pk, guidance.open):
        commands.note_raised(patient, fresh, now=now)
    context = {
        "patient": patient,
        "today": today,
        "guidance": guidance,
        "may_answer": not why_not_edit(patient, request.user, Permission.GUIDANCE_ANSWER),
        "may_read_prognosis": request.access.may(Permission.GUIDANCE_ANSWER) and not patient.is_deceased,
    }
    return render_page(request, "patients/guidance/patient.html", context, fragment="panel")


@requires(Permission.GUIDANCE_ANSWER)
@require_http_methods(["GET", "POST"])
def answer(request: SignedInRequest, patient_id: int, rule: str) -> HttpResponse:
    """Acknowledge, discuss at the board, or not applicable with a reason."""
    patient = readable_patient(request, patient_id)
    if reasons := why_not_edit(patient, request.user, Permission.GUIDANCE_ANSWER):
        raise PermissionDenied(" ".join(reasons))
    if rule not in BY_ID:
        raise Http404("No such rule.")
    now = timezone.now()
    today = patient.team.local_date(now)
    prompt = prompt_for(patient, rule, today)
    if prompt is None:
        toast(request, "This prompt does not apply any more.")
        return redirect("guidance-panel", patient_id=patient.pk)
    form = AnswerForm(request.POST if request.method == "POST" else None, initial={"fingerprint": prompt.fingerprint})
    template = "patients/guidance/answer.html"
    context = {"patient": patient, "today": today, "prompt": prompt, "form": form}
    if request.method == "GET":
        return render_page(request, template, context)
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        given = commands.answer_prompt(
            patient,
            rule=rule,
            fingerprint=form.cleaned_data["fingerprint"],
            answer=form.cleaned_data["answer"],
            reason=form.cleaned_data["reason"],
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        for message in error.messages:
            form.add_error(None, message)
        return invalid(request, template, context)
    toast(request, f"{rule} answered.", undo_url=reverse("guidance-undo", args=[given.pk]))
    if given.answer == Answer.DISCUSS and request.access.may(Permission.BOARD_REFER, patient.team_id):
        # By its address only: the board reads the answer by its number and fills in the question.
        return redirect(f"{reverse('referral-create', args=[patient.pk])}?guidance={given.pk}")
    return redirect("guidance-panel", patient_id=patient.pk)


@requires(Permission.GUIDANCE_ANSWER)
@require_POST
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Takes an answer back: the prompt is open again."""
    given = get_object_or_404(GuidanceAnswer.objects.visible_to(request.user).select_related("patient__team"), pk=pk)
    note_read(request, [given.patient_id], team_id=given.patient.team_id)
    back = reverse("guidance-panel", args=[given.patient_id])
    if why_not_edit(given.patient, request.user, Permission.GUIDANCE_ANSWER):
        raise PermissionDenied("Your roles do not include this change.")
    response = redirect_or_refresh(request, back, events=("recordChanged",))
    try:
        commands.take_back(given, by=request.user, now=timezone.now())
    except ValidationError as error:
        toast(request, " ".join(error.messages), response=response)
        return response
    toast(request, f"Answer to {given.rule} taken back.", response=response)
    return response


@requires(Permission.PATIENT_VIEW)
@require_GET
def eligibility(request: SignedInRequest, patient_id: int, treatment: str) -> HttpResponse:
    """The criteria of PRRT or TARE with the patient's own values: a fragment for any page that plans it."""
    if treatment not in TABLES:
        raise Http404("No table of criteria for this treatment.")
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    context = {
        "patient": patient,
        "today": today,
        "treatment": treatment,
        "enabled": is_enabled(),
        "table": eligibility_of(patient, treatment, today),
    }
    return render_page(request, "patients/guidance/eligibility.html", context, fragment="table")


def _is_projected(request: SignedInRequest) -> bool:
    """The page, the session, or the page that asks for this part is a projector's."""
    if "projector" in (request.GET.get("view"), request.session.get("view")):
        return True
    asking = urlsplit(request.headers.get("HX-Current-URL", ""))
    return "projector" in parse_qs(asking.query).get("view", [])


@requires(Permission.GUIDANCE_ANSWER)
@require_GET
def prognosis(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """Figures about groups, for clinicians: a page of its own, opened on purpose, never projected, printed or put into
    a file. Reading figures is an act of its own in the audit trail."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    projected = _is_projected(request)
    found = Prognosis("Not shown on a projector.") if projected else prognosis_of(patient, today, request.user)
    if found.groups is not None:
        note_read(request, [patient.pk], team_id=patient.team_id, what="guidance.read_prognosis")
    context = {
        "patient": patient,
        "today": today,
        "prognosis": found,
        "caption": CAPTION,
        "wording": WORDING,
        "choices": () if found.hidden else CHOICES,
    }
    return render_page(request, "patients/guidance/prognosis.html", context)


@requires(Permission.GUIDANCE_ANSWER)
@require_GET
def words(request: SignedInRequest, patient_id: int) -> HttpResponse:
    """In the conversation form: the way to figures and words, or the sentence why there is none now. Shows no figure
    itself."""
    patient = readable_patient(request, patient_id)
    today = patient.team.local_date(timezone.now())
    hidden = "Not on a projector." if _is_projected(request) else why_no_words(patient, today, request.user)
    context = {"patient": patient, "today": today, "hidden": hidden, "choices": () if hidden else CHOICES}
    return render_page(request, "patients/guidance/words.html", context, fragment="words")


@dataclass(frozen=True)
class CatalogRow:
    """A rule with the numbers it compares with, its own signature, and what the team made of it."""

    rule: Rule
    own: TeamNumber | None
    numbers: tuple[TeamNumber, ...]
    use: Use

    @property
    def signatures(self) -> str:
        """Who signed its numbers, each name and day once: most teams sign them together."""
        by_day = {(number.signed_by, number.signed_at.date()) for number in self.numbers if number.signed_at}
        return "; ".join(f"{name}, {day(on)}" for name, on in sorted(by_day, key=lambda each: each[1]))

    @property
    def is_settled(self) -> bool:
        own = self.own is None or self.rule.tag != "P" or self.own.is_signed
        return own and all(number.is_settled for number in self.numbers)


def _catalog(team: Team | None) -> list[CatalogRow]:
    found = numbers(team.pk) if team else {}
    use = use_of_rules(team.pk) if team else {}
    return [
        CatalogRow(
            rule,
            found.get(rule.rule),
            tuple(found[code] for code in rule.numbers if code in found),
            use.get(rule.rule, Use()),
        )
        for rule in RULES
    ]


@requires(Permission.PATIENT_VIEW, Permission.REPORT_VIEW)
@require_GET
def catalog(request: SignedInRequest) -> HttpResponse:
    """Every rule: what it looks at, what it says, its source, who signed it, how often it spoke to this team."""
    team = request.access.home
    chosen = CatalogFilter(request.GET)
    chosen.is_valid()
    values = chosen.cleaned_data
    rows = _catalog(team)
    if values.get("tag"):
        rows = [row for row in rows if row.rule.tag == values["tag"]]
    if values.get("signed"):
        rows = [row for row in rows if row.is_settled == (values["signed"] == "settled")]
    if values.get("used"):
        rows = [row for row in rows if (row.use.raised if values["used"] == "raised" else row.use.not_applicable)]
    context = {
        "rows": rows,
        "total": len(RULES),
        "team": team,
        "filter": chosen,
        "enabled": is_enabled(),
        "may_read_answers": bool(request.access.teams_where(Permission.PATIENT_VIEW)),
    }
    return render_page(request, "patients/guidance/catalog.html", context, fragment="rows")


@requires(Permission.PATIENT_VIEW)
@require_GET
def answers(request: SignedInRequest) -> HttpResponse:
    """What this person's teams answered, newest first: the patients behind the figures of the catalog."""
    chosen = AnswersFilter(request.GET)
    chosen.is_valid()
    values = chosen.cleaned_data
    rows = answers_for(request.access.teams_where(Permission.PATIENT_VIEW))
    if values.get("rule"):
        rows = rows.filter(rule=values["rule"])
    if values.get("answer"):
        rows = rows.filter(answer=values["answer"])
    page = keyset_page(rows, sorts=ANSWER_SORTS, params=request.GET, size=50)
    note_read(request, [row.patient_id for row in page.rows])
    context = {"page": page, "filter": chosen}
    return render_page(request, "patients/guidance/answers.html", context, fragment="rows")
