"""The only writer of guidance: an answer to a prompt."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from patients.guidance import policies
from patients.guidance.models import GuidanceAnswer
from patients.guidance.queries import prompt_for
from patients.record.models import Patient

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def answer_prompt(
    patient: Patient, *, rule: str, fingerprint: str, answer: str, by: User, now: datetime, reason: str = ""
) -> GuidanceAnswer:
    """Keeps the answer with the rule's version and the inputs that were shown. The same prompt is answered once: the
    first answer stays. Raises `ValidationError` when the inputs changed after the page was opened."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=patient.pk)
    before = GuidanceAnswer.objects.filter(patient=patient, rule=rule, fingerprint=fingerprint).first()
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
        details={"rule": rule, "version": prompt.version, "answer": answer},
    )
    return given
