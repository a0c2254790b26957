"""What the board decided, what it recommends, who was told."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from patients.record.models import ClinicalRow
from patients.treatment.rules import Intent
from tumorboard.decisions.rules import (
    DecisionStatus,
    DeviationReason,
    Option,
    Outcome,
    RecommendationStatus,
    Strength,
    ToldHow,
    ToldWhom,
)
from tumorboard.meetings.models import AgendaItem


@tracked
class Decision(ClinicalRow):
    """One decision per agenda item; immutable once signed."""

    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, related_name="decision")
    status = models.CharField(max_length=6, choices=DecisionStatus, default=DecisionStatus.DRAFT)
    outcome = models.CharField(max_length=11, choices=Outcome, default=Outcome.RECOMMENDED)
    text = models.TextField()
    rationale = models.TextField(blank=True)
    dissent = models.TextField(blank=True)
    goals_seen = models.BooleanField(default=False, help_text="the patient's goals were on the screen")
    goals_conflict_note = models.TextField(blank=True)
    goal_check = models.JSONField(default=dict, blank=True, help_text="as it was when recorded, at last when signed")
    is_inquorate = models.BooleanField(default=False)
    missing_specialties = models.CharField(max_length=250, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(status="draft", signed_by__isnull=True, signed_at__isnull=True)
                | models.Q(status="signed", signed_by__isnull=False, signed_at__isnull=False),
                name="decision_signed_has_who_when",
            ),
            models.CheckConstraint(condition=~models.Q(text=""), name="decision_says_something"),
        )

    def __str__(self) -> str:
        return f"decision {self.pk}"


@tracked
class Recommendation(ClinicalRow):
    """One option the board recommends, followed until it is done or consciously not done."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="recommendations")
    option = models.CharField(max_length=16, choices=Option)
    detail = models.CharField(max_length=200, blank=True)
    intent = models.CharField(max_length=16, choices=Intent, blank=True)
    strength = models.CharField(max_length=11, choices=Strength, blank=True)
    condition = models.CharField(max_length=200, blank=True, help_text="on which it holds: if PET positive")
    evidence = models.CharField(max_length=200, blank=True, help_text="what it rests on, or the rule that says so")
    trial = models.ForeignKey(
        "patients.Trial", on_delete=models.PROTECT, null=True, blank=True, related_name="recommendations"
    )
    status = models.CharField(max_length=16, choices=RecommendationStatus, default=RecommendationStatus.OPEN)
    deviation_reason = models.CharField(max_length=18, choices=DeviationReason, blank=True)
    deviation_note = models.TextField(blank=True)
    line = models.ForeignKey(
        "patients.TreatmentLine", on_delete=models.PROTECT, null=True, blank=True, related_name="recommendations"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, blank=True, related_name="superseded", db_index=False
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["decision", "option"], condition=models.Q(error_at__isnull=True), name="option_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["not_implemented", "partly"]) | ~models.Q(deviation_reason=""),
                name="deviation_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(superseded_by__isnull=True) | models.Q(status="superseded"),
                name="superseded_by_a_decision",
            ),
            models.CheckConstraint(
                condition=models.Q(trial__isnull=True) | models.Q(option="trial"), name="trial_of_trial_option"
            ),
        )

    def __str__(self) -> str:
        return self.get_option_display()


@tracked
class Alternative(ClinicalRow):
    """An option the board considered and did not recommend, because …"""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="alternatives")
    option = models.CharField(max_length=16, choices=Option)
    reason = models.CharField(max_length=250)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["decision", "option"], condition=models.Q(error_at__isnull=True), name="alternative_once"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="alternative_has_reason"),
        )

    def __str__(self) -> str:
        return f"not {self.get_option_display()}: {self.reason}"


@tracked
class DecisionAddendum(ClinicalRow):
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="addenda")
    text = models.TextField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return f"addendum to decision {self.decision_id}"


@tracked
class Told(ClinicalRow):
    """Who told the patient (first) and the GP (then), when, how."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="told")
    whom = models.CharField(max_length=8, choices=ToldWhom)
    how = models.CharField(max_length=8, choices=ToldHow)
    told_on = models.DateField()
    told_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    override_reason = models.CharField(max_length=250, blank=True, help_text="why the GP was told before the patient")

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["decision", "whom"], condition=models.Q(error_at__isnull=True), name="told_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.whom} told {self.told_on}"
