"""Signing a configured number for a team."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from careteam.access.policies import insist
from careteam.audit.commands import record
from careteam.people.models import Team
from patients.protocol import policies
from patients.protocol.models import ProtocolSignature

if TYPE_CHECKING:
    from careteam.people.models import User


@transaction.atomic
def sign_number(team: Team, code: str, *, value: Decimal, by: User, now: datetime, note: str = "") -> ProtocolSignature:
    """Signs the number for the team, with this value, as its next version; earlier versions stay readable."""
    team = Team.objects.select_for_update().get(pk=team.pk)  # two leads at once get two versions
    insist([*policies.why_not_sign(team, by), *policies.why_not_value(code, value)])
    last = ProtocolSignature.objects.filter(team=team, code=code).order_by("-version").first()
    signature = ProtocolSignature.objects.create(
        team=team,
        code=code,
        version=last.version + 1 if last else 1,
        value=value,
        note=note,
        signed_by=by,
        signed_at=now,
    )
    record(
        "protocol.sign_number",
        by=by,
        now=now,
        subject=signature,
        team_id=team.pk,
        reason=note,
        details={"code": code, "value": str(value), "before": str(last.value) if last else None},
    )
    return signature


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
