"""The only writers of guidance: an answer to a prompt, taking it back, and that a prompt was shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.guidance import policies
from patients.guidance.models import GuidanceAnswer, GuidanceRaised
from patients.guidance.queries import prompt_for
from patients.guidance.rules import Prompt
from patients.guidance.rules.answers import Answer
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def answer_prompt(
    patient: Patient, *, rule: str, fingerprint: str, answer: str, by: User, now: datetime, reason: str = ""
) -> GuidanceAnswer:
    """Keeps the answer with the rule's version and the inputs that were shown. The same prompt is answered once: the
    first answer stays until it is taken back. Raises `ValidationError` when the inputs changed after the page was
    opened."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    standing = GuidanceAnswer.objects.standing().filter(patient=patient, rule=rule, fingerprint=fingerprint)
    before = standing.select_related("patient__team").first()
    if before is not None:
        found: GuidanceAnswer = before
        return found
    prompt = prompt_for(patient, rule, patient.team.local_date(now))
    insist(policies.why_not_answer(patient, by, prompt, fingerprint=fingerprint, answer=answer, reason=reason))
    assert prompt is not None  # noqa: S101  # the policy has refused everything else
    given: GuidanceAnswer = GuidanceAnswer.objects.create(
        patient=patient,
        rule=prompt.rule,
        rule_version=prompt.version,
        title=prompt.title,
        matched={
            "inputs": [[m.label, m.value, m.on.isoformat() if m.on else ""] for m in prompt.matched],
            "missing": list(prompt.missing),
        },
        fingerprint=fingerprint,
        answer=answer,
        reason=reason.strip(),
        answered_by=by,
        answered_at=now,
        created_by=by,
    )
    record(
        "guidance.answer_prompt",
        by=by,
        now=now,
        subject=given,
        patient_ids=[patient.pk],
        team_id=patient.team_id,
        reason=reason,
        details={
            "rule": rule,
            "version": prompt.version,
            "answer": answer,
            "after": {f"{rule} {prompt.title}": str(Answer(answer).label)},
        },
    )
    return given


@transaction.atomic
def take_back(answer: GuidanceAnswer, *, by: User, now: datetime) -> GuidanceAnswer:
    """Takes the answer back: it stays in the history, and the prompt is open again if it still applies."""
    answer = GuidanceAnswer.objects.select_related("patient__team").lock(answer.pk)
    insist(policies.why_not_take_back(answer, by))
    answer.withdrawn_by, answer.withdrawn_at = by, now
    answer.save_version("withdrawn_by", "withdrawn_at")
    record(
        "guidance.take_back",
        by=by,
        now=now,
        subject=answer,
        patient_ids=[answer.patient_id],
        team_id=answer.patient.team_id,
        details={
            "rule": answer.rule,
            "answer": answer.answer,
            "after": {f"{answer.rule} {answer.title}": "answer taken back"},
        },
    )
    return answer


def note_raised(patient: Patient, prompts: Iterable[Prompt], *, now: datetime) -> None:
    """Notes that these prompts were shown for the patient; the same again changes nothing. No audit row of its own:
    the page that shows them is audited as a read."""
    GuidanceRaised.objects.bulk_create(
        [
            GuidanceRaised(
                patient=patient,
                rule=prompt.rule,
                rule_version=prompt.version,
                fingerprint=prompt.fingerprint,
                raised_at=now,
            )
            for prompt in prompts
        ],
        ignore_conflicts=True,
    )
