"""`{% patient_banner patient %}`: the roof's banner for templates of every slice."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from careteam.workspace.banner import banner_for
from patients.record.models import Patient

register = template.Library()


@register.simple_tag(takes_context=True)
def patient_banner(context: dict[str, Any], patient: Patient, actions: str = "") -> SafeString:
    """The banner of the patient as of today, where the team is; `actions` names a template with the buttons."""
    today = patient.team.local_date(timezone.now())
    return render_to_string(
        "components/patient_banner.html",
        {
            "banner": banner_for(patient, today),
            "actions": actions,
            "patient": patient,
            "today": today,
            "access": getattr(context.get("request"), "access", None),
        },
        request=context.get("request"),
    )
