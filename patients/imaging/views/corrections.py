"""What was entered by mistake is taken back, by the state the study is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from careteam.access.gate import SignedInRequest, requires
from careteam.people.rules import Permission
from patients.imaging import commands, policies
from patients.imaging.forms import CorrectForm
from patients.imaging.models import ImagingStudy
from patients.imaging.queries import readable_study
from patients.imaging.rules import StudyStatus
from patients.imaging.views.studies import form_page

REPORT = frozenset({StudyStatus.REPORTED, StudyStatus.REVIEWED, StudyStatus.ACTED_ON})


class Correction(NamedTuple):
    """`label` of the link, `title` and `save` of the form, what the toast says, and the command."""

    label: str
    title: str
    save: str
    said: str
    lead: str
    command: Callable[..., ImagingStudy]
    why_not: Callable[..., list[str]]


REOPEN = Correction(
    "Closed by mistake…",
    "Reopen {}",
    "Reopen",
    "Study reopened",
    "It returns to where it stood; what the plan had made due instead is superseded.",
    commands.reopen_study,
    policies.why_not_reopen,
)
PERFORMED = Correction(
    "Not performed…",
    "{} was not performed",
    "Take back",
    "Scan taken back",
    "The study returns to the list, and the plan counts again from the scan before.",
    commands.take_back_performed,
    policies.why_not_take_back_performed,
)
WRONG_REPORT = Correction(
    "Wrong report…",
    "Take back the report of {}",
    "Take back",
    "Report taken back",
    "Report, review and response leave this study; its own report is outstanding again. A response that a reader "
    "measured is confirmed anew on its page. The history keeps what stood here.",
    commands.take_back_report,
    policies.why_not_take_back_report,
)


def correction_of(study: ImagingStudy) -> Correction | None:
    """What can be taken back about the study as it is now."""
    if study.status == StudyStatus.CLOSED:
        return REOPEN
    if study.status == StudyStatus.PERFORMED:
        return PERFORMED
    return WRONG_REPORT if study.status in REPORT else None


@requires(Permission.IMAGING_SCHEDULE, Permission.IMAGING_PLAN, Permission.IMAGING_REPORT, Permission.IMAGING_REVIEW)
@require_http_methods(["GET", "POST"])
def study_correct(request: SignedInRequest, study_id: int) -> HttpResponse:
    """Takes back the scan or the report, or opens a closed study again; the reason is kept."""
    study = readable_study(request, study_id)
    what = correction_of(study) or PERFORMED  # nothing to take back: the policy says so

    def act(study: ImagingStudy, data: dict[str, Any]) -> object:
        return what.command(study, reason=data["reason"], by=request.user, now=timezone.now(), version=data["version"])

    return form_page(
        request,
        study,
        build=CorrectForm,
        title=what.title.format(study),
        save=what.save,
        said=what.said,
        act=act,
        extra={"lead": what.lead},
    )
