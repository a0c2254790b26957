"""The catalog of configured numbers, and signing one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.models import Team
from careteam.people.rules import Permission
from careteam.web.responses import add_errors, conflict, invalid, redirect_or_refresh, render_page, toast
from careteam.web.signing import password_status
from patients.protocol import commands, policies, rules
from patients.protocol.forms import BurdensForm, SignForm
from patients.protocol.queries import TeamNumber, last_revision, numbers, revisions, signing_team
from patients.record.models import StaleEdit

GROUPS = (
    ("Scans", "events that ask for a PET, reports", tuple(row for row in rules.SERIES if row not in rules.SITUATIONS)),
    ("Escalation ladder", "days after the due date, strictly greater", rules.LADDER),
    ("Imaging worklist", "what a day over counts, when a letter comes next", rules.WORKLIST),
    ("Limits", "windows and deadlines", rules.LIMITS),
    ("Repeated tests", "how long a result counts as new, what is drawn together", rules.REPEATS),
    ("Preparation of scans", "what is asked before a slot, and how fresh", rules.PREPARATION),
    ("Board meetings", "what fits a meeting, what sends a case back, what figures are held against", rules.BOARD),
    ("Goals and the last weeks of life", "what figures are counted by", rules.MEASURES),
    ("Palliative care", "whom to see next, hospice, the families", rules.PALLIATIVE),
    ("Safety net", "after how long something has fallen through", rules.SAFETY),
    ("Doses", "how a line is laid out", rules.TREATMENT),
    ("Usual doses", "beyond the range a dose is questioned", rules.DOSES),
    ("Labs before a dose", "thresholds and age", rules.LABS),
    ("CTCAE", "grades that a lab alone gives", rules.CTCAE),
    ("PRRT", "modification and washout", rules.COURSE),
    ("RECIST", "definitions of the criteria", rules.RECIST),
    ("Guidance: PRRT", "thresholds of decision support", rules.PRRT),
    ("Guidance: liver-directed", "thresholds of decision support", rules.LIVER),
    ("Guidance: single rules", "thresholds and cautions of decision support", rules.THRESHOLDS),
    ("Prognosis", "figures about groups, for clinicians", rules.PROGNOSIS),
    ("Guidance: the rules", "signed by version", rules.RULES),
    ("Readiness for the board", "how old a value may be, and when it is chased", rules.READINESS),
    ("Care around treatment", "when somebody is asked to look", rules.CARE),
)

# One row per option, one column per burden.
_BURDENS = {
    name: [rules.burden_code(option, burden) for burden in rules.BURDEN_WORDS]
    for option, name in rules.PROFILED.items()
}

READS = (Permission.PATIENT_VIEW, Permission.PROTOCOL_SIGN, Permission.REPORT_VIEW)


def _team(request: SignedInRequest) -> Team:
    team = signing_team(request.access)
    if team is None:
        raise Http404("You belong to no team.")
    return team


@requires(*READS)
def protocol_list(request: SignedInRequest) -> HttpResponse:
    """Every number with its source, tag and signature."""
    team = _team(request)
    known = numbers(team.pk)
    groups = [(name, note, [known[definition.code] for definition in rows]) for name, note, rows in GROUPS]
    context = {
        "team": team,
        "situations": [known[definition.code] for definition in rules.SITUATIONS],
        "last": last_revision(team.pk),
        "groups": groups,
        "burdens": [(name, [known[code] for code in codes]) for name, codes in _BURDENS.items()],
        "burden_words": rules.BURDEN_WORDS.values(),
        "unsettled": _unsettled(known.values()),
        "may_sign": not policies.why_not_sign(team, request.user),
        "why_not_sign": policies.why_not_sign(team, request.user),
    }
    return render_page(request, "patients/protocol/list.html", context)


def _unsettled(found: Iterable[TeamNumber]) -> int:
    return sum(not number.is_settled for number in found)


@requires(*READS)
def protocol_versions(request: SignedInRequest) -> HttpResponse:
    """Every version the team signed: what it changed, by whom, why."""
    team = _team(request)
    return render_page(request, "patients/protocol/versions.html", {"team": team, "revisions": revisions(team.pk)})


@requires(Permission.PROTOCOL_SIGN)
def protocol_sign(request: SignedInRequest, code: str) -> HttpResponse:
    """Signs one number for the team."""
    team = _team(request)
    number = numbers(team.pk).get(code)
    if number is None:
        raise Http404("No such number.")
    form = SignForm(request.POST or None, number=number, user=request.user)
    context = {"team": team, "number": number, "form": form}
    if request.method != "POST":
        return render_page(request, "patients/protocol/sign.html", context)
    status = password_status(request, form)
    if status != 200:
        return render_page(request, "patients/protocol/sign.html", context, status=status)
    commands.sign_number(
        team,
        code,
        value=form.cleaned_data["value"],
        note=form.cleaned_data["note"],
        by=request.user,
        now=timezone.now(),
    )
    response = redirect_or_refresh(request, reverse("protocol-list"))
    toast(request, f"{code} signed for {team}", response=response)
    return response


@requires(Permission.PROTOCOL_SIGN)
@require_http_methods(["GET", "POST"])
def burdens_sign(request: SignedInRequest) -> HttpResponse:
    """The table of what each option asks of a patient, changed and signed as one."""
    team = _team(request)
    held, last = numbers(team.pk), last_revision(team.pk)
    form = BurdensForm(request.POST or None, held=held, version=last.number if last else 0, user=request.user)
    template = "patients/protocol/burdens.html"
    context = {"team": team, "form": form, "words": rules.BURDEN_WORDS.values()}
    if request.method != "POST":
        return render_page(request, template, context)
    status = password_status(request, form)
    if status != 200:
        return render_page(request, template, context, status=status)
    try:
        commands.sign_numbers(
            team,
            form.choices,
            reason=form.cleaned_data["reason"],
            version=form.cleaned_data["version"],
            by=request.user,
            now=timezone.now(),
        )
    except StaleEdit as stale:
        theirs: Any = stale.current
        data = request.POST.copy()
        data["version"] = str(theirs.number)
        form.data = data
        return conflict(request, template, context | {"stale": theirs})
    except ValidationError as error:
        add_errors(form, error)
        return invalid(request, template, context)
    response = redirect_or_refresh(request, reverse("protocol-list"))
    toast(request, f"Burdens signed for {team}", response=response)
    return response
