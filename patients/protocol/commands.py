"""Signing configured numbers for a team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.events.commands import announce
from careteam.events.rules import EventKind
from careteam.people.models import Team
from patients.protocol import policies
from patients.protocol.models import ProtocolRevision, ProtocolSignature
from patients.protocol.queries import number
from patients.protocol.rules import NUMBERS
from patients.record.models import StaleEdit

if TYPE_CHECKING:
    from careteam.people.models import User


@dataclass(frozen=True)
class Choice:
    """What a team signs for one number: its value in the number's unit, and which scan ("" where it says none)."""

    value: Decimal
    scan: str = ""


@transaction.atomic
def sign_numbers(
    team: Team, choices: Mapping[str, Choice], *, reason: str, by: User, now: datetime, version: int | None = None
) -> ProtocolRevision:
    """Signs these numbers for the team together, as the next version of its protocol; earlier versions stay readable.
    The password was checked before. Announces `PROTOCOL_SIGNED`: what rests on the numbers is computed again.

    `version` is that of the protocol the form was opened with. Raises `StaleEdit` (with the newer version) when
    somebody signed meanwhile, `ValidationError` with every reason it cannot be signed.
    """
    team = Team.objects.select_for_update().get(pk=team.pk)  # two leads at once get two versions
    last = ProtocolRevision.objects.filter(team=team).order_by("-number").first()
    if version is not None and last is not None and last.number != version:
        raise StaleEdit(last)
    insist(policies.why_not_sign(team, by))
    problems = {
        code: [*policies.why_not_value(code, choice.value), *policies.why_not_scan(code, choice.scan)]
        for code, choice in choices.items()
    }
    if any(problems.values()):
        raise ValidationError([sentence for sentences in problems.values() for sentence in sentences])
    insist([] if choices else ["Nothing to sign: change a value, or tick what is to be signed as it stands."])
    insist([] if reason.strip() else ["Say why."])
    revision = ProtocolRevision.objects.create(
        team=team, number=last.number + 1 if last else 1, reason=reason.strip()[:1000], signed_by=by, signed_at=now
    )
    before = {
        row.code: row for row in ProtocolSignature.objects.filter(team=team, code__in=choices).order_by("version")
    }
    ProtocolSignature.objects.bulk_create(
        ProtocolSignature(
            team=team,
            code=code,
            version=before[code].version + 1 if code in before else 1,
            value=choice.value,
            scan=choice.scan,
            revision=revision,
            note=revision.reason,
            signed_by=by,
            signed_at=now,
        )
        for code, choice in choices.items()
    )
    record(
        "protocol.sign_numbers",
        by=by,
        now=now,
        subject=revision,
        team_id=team.pk,
        reason=revision.reason,
        details={
            code: {"value": str(choice.value), "before": str(before[code].value) if code in before else None}
            for code, choice in choices.items()
        },
    )
    announce(
        EventKind.PROTOCOL_SIGNED, now=now, team_id=team.pk, subject_id=revision.pk, payload={"codes": sorted(choices)}
    )
    return revision


def sign_number(team: Team, code: str, *, value: Decimal, by: User, now: datetime, note: str = "") -> ProtocolSignature:
    """Signs one number; the scan it asks for stays as it is."""
    scan = number(team.pk, code).chosen_scan if code in NUMBERS else ""
    reason = note.strip() or f"{code} signed"
    revision = sign_numbers(team, {code: Choice(value, scan)}, reason=reason, by=by, now=now)
    return revision.signatures.get()


@transaction.atomic
def withdraw_signature(signature: ProtocolSignature, *, reason: str, by: User, now: datetime) -> ProtocolSignature:
    """Takes the signature back: the version before it counts again, or none. Twice changes nothing."""
    signature = ProtocolSignature.objects.select_for_update(of=("self",)).select_related("team").get(pk=signature.pk)
    insist([*policies.why_not_sign(signature.team, by), *([] if reason.strip() else ["Say why."])])
    if signature.withdrawn_at is None:
        signature.withdrawn_at = now
        signature.save(update_fields=["withdrawn_at"])
        record(
            "protocol.withdraw_signature",
            by=by,
            now=now,
            subject=signature,
            team_id=signature.team_id,
            reason=reason,
            details={"code": signature.code, "version": signature.version},
        )
    return signature
