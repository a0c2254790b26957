"""One study: its page and the acts of the coordinator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import User
from careteam.people.queries import team_people
from careteam.people.rules import Permission
from careteam.web.responses import (
    add_errors,
    conflict,
    invalid,
    redirect_or_refresh,
    render_page,
    toast,
    wants_fragment,
)
from patients.imaging import commands
from patients.imaging.forms import (
    CloseForm,
    ContactForm,
    HandOverForm,
    PerformedForm,
    SlotForm,
    VersionForm,
)
from patients.imaging.models import ContactAttempt, ImagingStudy
from patients.imaging.queries import forget_figures, readable_study
from patients.imaging.rules import CloseReason, ContactKind, ContactOutcome
from patients.imaging.views.worklist import one_row
from patients.record.models import StaleEdit

FORM = "patients/imaging/form.html"
WORK = (Permission.IMAGING_SCHEDULE, Permission.IMAGING_PLAN)


def answer(
    request: SignedInRequest,
    study: ImagingStudy,
    said: str,
    *,
    undo_url: str = "",
    kind: str = "",
    opened: str = "",
) -> HttpResponse:
    """After an act: the row itself for the worklist, else a redirect to where the person was."""
    forget_figures(request.access.team_ids)
    if wants_fragment(request) and "row" in request.POST:
        fresh = readable_study(request, study.pk)
        response = render(request, "patients/imaging/_row.html", one_row(request, fresh, opened=opened))
        patch_vary_headers(response, ("HX-Request", "HX-Request-Type"))
    elif "row" in request.POST:
        response = HttpResponseRedirect(f"{reverse('imaging-worklist')}#row-{study.pk}", status=303)
    else:
        response = redirect_or_refresh(request, reverse("study-page", args=[study.pk]), events=())
    toast(request, said, response=response, undo_url=undo_url, kind=kind)
    return response


@requires(*WORK)
@require_safe
def study_row(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The row of the worklist, expanded with `open`; without htmx the worklist with this row open."""
    study = readable_study(request, study_id)
    opened = request.GET.get("open", "")
    opened = opened if opened in {"contact", "snooze"} else "1" * bool(opened)
    if not wants_fragment(request):
        suffix = f"?open={study.pk}#row-{study.pk}" if opened else f"#row-{study.pk}"
        return HttpResponseRedirect(reverse("imaging-worklist") + suffix)
    response = render(request, "patients/imaging/_row.html", one_row(request, study, opened=opened))
    patch_vary_headers(response, ("HX-Request", "HX-Request-Type"))
    return response


def at_once(
    request: SignedInRequest, study_id: int, act: Callable[[ImagingStudy], object], said: str, *, undo_url: str = ""
) -> HttpResponse:
    """A button without a form: does it, or says why not."""
    study = readable_study(request, study_id)
    try:
        act(study)
    except ValidationError as error:
        return answer(request, study, " ".join(error.messages), kind="red")
    return answer(request, study, said, undo_url=undo_url)


@requires(*WORK)
@require_POST
def study_take(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The person owns it now; undo gives it back."""
    before = readable_study(request, study_id).owner_id
    back = reverse("study-release", args=[study_id, before or 0])
    now = timezone.now()
    return at_once(
        request, study_id, lambda study: commands.take(study, by=request.user, now=now), "Yours now", undo_url=back
    )


@requires(*WORK)
@require_POST
def study_release(request: SignedInRequest, study_id: int, owner_id: int) -> HttpResponse:
    """Undo of taking: back to whom it belonged (0: nobody)."""
    study = readable_study(request, study_id)
    before = User.objects.filter(pk=owner_id, memberships__team_id=study.team_id).first()
    now = timezone.now()
    return at_once(
        request, study_id, lambda row: commands.release(row, to=before, by=request.user, now=now), "Given back"
    )


Act = Callable[[ImagingStudy, dict[str, Any]], object]


def form_page(
    request: SignedInRequest,
    study: ImagingStudy,
    *,
    build: Callable[..., VersionForm],
    title: str,
    save: str,
    said: str,
    act: Act,
    initial: dict[str, Any] | None = None,
    template: str = FORM,
    extra: dict[str, Any] | None = None,
    undo_url: str = "",
) -> HttpResponse:
    """One form, one command; `act` may return the sentence that is said instead of `said`. A stale save shows the form
    again with what was typed, and says so."""
    context: dict[str, Any] = {
        "study": study,
        "patient": study.patient,
        "today": study.patient.team.local_date(timezone.now()),
        "title": title,
        "save": save,
        **(extra or {}),
    }
    if request.method == "GET":
        context["form"] = build(initial={"version": study.version, **(initial or {})})
        return render_page(request, template, context)
    data = request.POST.copy()
    if "version" not in data:  # a button of the worklist: acts on the row as it is
        data["version"] = str(study.version)
    form = build(data)
    context["form"] = form
    if not form.is_valid():
        return invalid(request, template, context)
    try:
        done = act(study, form.cleaned_data)
    except StaleEdit as stale:
        current: Any = stale.current
        form = build({**data.dict(), "version": str(current.version)})
        form.is_valid()
        form.add_error(
            None,
            f"Somebody changed this study meanwhile: {current.get_status_display().lower()}. Look again, then save.",
        )
        return conflict(request, template, {**context, "form": form, "study": current})
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    return answer(request, study, done if isinstance(done, str) else said, undo_url=undo_url)


@requires(*WORK)
@require_http_methods(["GET", "POST"])
def study_slot(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The slot fell away: back to ordered, with the reason."""
    study = readable_study(request, study_id)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        command = commands.mark_no_show if data["what"] == "no_show" else commands.cancel_slot
        return command(study, reason=data["reason"], by=request.user, now=timezone.now(), version=data["version"])

    return form_page(
        request, study, build=SlotForm, title=f"Slot of {study}", save="Save", said="Back on the list", act=act
    )


@requires(Permission.IMAGING_SCHEDULE, Permission.IMAGING_PLAN, Permission.IMAGING_REPORT)
@require_http_methods(["GET", "POST"])
def study_performed(request: SignedInRequest, study_id: int) -> HttpResponse:
    """The scan was made."""
    study = readable_study(request, study_id)
    team = study.patient.team
    day = team.local_date(study.scheduled_for) if study.scheduled_for else team.local_date(timezone.now())

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        return commands.record_performed(
            study,
            on=data["on"],
            center=data["center"],
            accession_number=data["accession_number"],
            by=request.user,
            now=timezone.now(),
            version=data["version"],
        )

    return form_page(
        request,
        study,
        build=partial(PerformedForm, is_lab=study.is_lab),
        title=f"{study}: {study.words.made}",
        save="Save",
        said=f"{study.words.thing.capitalize()} recorded",
        act=act,
        initial={
            "on": min(day, team.local_date(timezone.now())),
            "center": study.center,
            "accession_number": study.accession_number,
        },
    )


@requires(*WORK)
@require_http_methods(["GET", "POST"])
def study_close(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Closes the study without a scan, with one coded reason."""
    study = readable_study(request, study_id)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        return commands.close_study(
            study, reason=CloseReason(data["reason"]), by=request.user, now=timezone.now(), version=data["version"]
        )

    return form_page(
        request, study, build=CloseForm, title=f"Close {study}", save="Close study", said="Study closed", act=act
    )


@requires(*WORK)
@require_http_methods(["GET", "POST"])
def study_hand_over(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Gives the study to a colleague."""
    study = readable_study(request, study_id)
    people = team_people(frozenset({study.team_id}))

    def build(*args: Any, **kwargs: Any) -> HandOverForm:
        return HandOverForm(*args, people=people, **kwargs)

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        to = next(person for person in people if person.pk == data["to"])
        return commands.hand_over(study, to=to, by=request.user, now=timezone.now(), version=data["version"])

    return form_page(
        request, study, build=build, title=f"Hand over {study}", save="Hand over", said="Handed over", act=act
    )


@requires(*WORK)
@require_POST
def contact_log(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Logs a contact attempt; undo takes it back."""
    study = readable_study(request, study_id)
    form = ContactForm(request.POST)
    now = timezone.now()
    context = {
        "study": study,
        "patient": study.patient,
        "today": study.patient.team.local_date(now),
        "title": "Log a contact",
        "save": "Save",
        "form": form,
    }
    if not form.is_valid():
        return invalid(request, FORM, context)
    data = form.cleaned_data
    try:
        attempt = commands.log_contact(
            study,
            kind=ContactKind(data["kind"]),
            outcome=ContactOutcome(data["outcome"]),
            note=data["note"],
            next_try_on=data["next_try_on"],
            by=request.user,
            now=now,
        )
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, FORM, context)
    return answer(request, study, "Contact logged", undo_url=reverse("contact-undo", args=[attempt.pk]), opened="1")


@requires(*WORK)
@require_POST
def contact_undo(request: SignedInRequest, contact_id: int) -> HttpResponse:
    """Takes back a contact attempt."""
    attempt = get_object_or_404(
        ContactAttempt.objects.visible_to(request.user).select_related("study"), pk=contact_id, study__isnull=False
    )
    study = readable_study(request, attempt.study_id)
    try:
        commands.undo_contact(attempt, by=request.user, now=timezone.now())
    except ValidationError as error:
        return answer(request, study, " ".join(error.messages), kind="red")
    return answer(request, study, "Contact taken back")
