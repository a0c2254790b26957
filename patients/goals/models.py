"""Goals conversations, their drafts, addenda and trade-offs; prompts."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from careteam.audit.models import tracked
from patients.goals.rules import (
    LAST_RANK,
    Acceptance,
    Burden,
    CloseReason,
    CodeStatus,
    ConversationStatus,
    EventOutcome,
    FoundReason,
    InformationPreference,
    Matter,
    Place,
    ProcedureCodeStatus,
    PromptReason,
    PromptStatus,
    StepChoice,
    SurpriseAnswer,
    Voice,
    quoted,
    trade_off_words,
)
from patients.goals.rules.said import (
    Ability,
    Capacity,
    FamilyKnows,
    Framing,
    Hope,
    InterpreterKind,
    PermissionGiven,
    PlaceKind,
    QuotableText,
    Strength,
    Understanding,
    Worry,
)
from patients.record.models import ClinicalQuerySet, ClinicalRow
from patients.wishes.rules import TreatmentLimit


class GoalsDraft(models.Model):
    """What one author has typed so far, saved while typing. Untracked, purged at signing; nobody else reads it.

    `content` holds the fields as typed, valid or not. `tab` is the page that saved last: it may save again without
    knowing the newest version (its own saves overtake each other); any other page has to.
    """

    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="goals_drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="goals_drafts")
    content = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    tab = models.UUIDField(default=uuid4)
    submission = models.UUIDField(default=uuid4, help_text="becomes the conversation's: signed once")
    started_at = models.DateTimeField(db_default=Now())
    saved_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["patient", "author"], name="draft_one_per_author"),)

    def __str__(self) -> str:
        return f"draft by {self.author_id}"


def _codes(choices: type[models.TextChoices]) -> ArrayField[Any, Any]:
    """Several quick choices."""
    return ArrayField(models.CharField(max_length=16, choices=choices), default=list, blank=True)


# What may still change in a signed conversation: that it was superseded or retracted.
_CHANGEABLE = "ARRAY['status', 'version', 'retracted_at', 'retracted_by_id', 'retract_reason']"


def _unchangeable(what: str) -> pgtrigger.Protect:
    """The database's own refusal to change or delete what was signed, whoever asks."""
    return pgtrigger.Protect(name=f"{what}_is_signed", operation=pgtrigger.Update | pgtrigger.Delete)


@tracked
class GoalsConversation(ClinicalRow):
    """A signed conversation: immutable (a trigger sees to it); corrected by addendum or by a new version that
    supersedes it. `submission` is the token of the form it was signed from: the same form gives one conversation."""

    number: int  # which version it is, as the pages count them: set by `conversations_of`

    status = models.CharField(max_length=10, choices=ConversationStatus, default=ConversationStatus.SIGNED)
    submission = models.UUIDField(null=True, blank=True, unique=True)
    held_on = models.DateField()
    place_kind = models.CharField(max_length=10, choices=PlaceKind, blank=True)
    place = models.CharField(max_length=120, blank=True)
    present = ArrayField(
        models.CharField(max_length=30),
        default=list,
        blank=True,
        help_text="who was picked from the record: contact:17, user:4; their names of that day stand in participants",
    )
    participants = models.TextField(blank=True)
    interpreter_used = models.BooleanField(null=True, blank=True)
    interpreter_kind = models.CharField(max_length=10, choices=InterpreterKind, blank=True)
    interpreter = models.CharField(max_length=120, blank=True, help_text="language, name or service")
    capacity = models.CharField(max_length=12, choices=Capacity, blank=True)
    capacity_judged_by = models.CharField(max_length=120, blank=True)
    proxy_speaks = models.BooleanField(default=False, help_text="the proxy spoke for the patient")
    permission_given = models.CharField(max_length=10, choices=PermissionGiven, blank=True)
    permission = models.TextField(blank=True)
    understanding_codes = _codes(Understanding)
    understanding = models.TextField(blank=True)
    information_preference = models.CharField(max_length=12, choices=InformationPreference, blank=True)
    prognosis_framing = _codes(Framing)
    prognosis_shared = models.TextField(blank=True)
    matters = ArrayField(models.CharField(max_length=14, choices=Matter), default=list, blank=True)
    quote = models.TextField(blank=True, help_text="the patient's own words; shown first at the board")
    event = models.CharField(max_length=160, blank=True)
    event_on = models.DateField(null=True, blank=True)
    earlier_event = models.CharField(
        max_length=10, choices=EventOutcome, blank=True, help_text="what became of the event named last time"
    )
    worries_codes = _codes(Worry)
    worries = models.TextField(blank=True)
    strength_codes = _codes(Strength)
    strength = models.TextField(blank=True)
    abilities_codes = _codes(Ability)
    abilities = models.TextField(blank=True)
    family_knows_code = models.CharField(max_length=12, choices=FamilyKnows, blank=True)
    family_knows = models.TextField(blank=True)
    hopes_codes = _codes(Hope)
    hopes = models.TextField(blank=True)
    quoted = ArrayField(
        models.CharField(max_length=16, choices=QuotableText),
        default=list,
        blank=True,
        help_text="which of these texts are the patient's own words",
    )
    limits_codes = _codes(TreatmentLimit)
    treatment_limits = models.TextField(blank=True)
    code_status = models.CharField(max_length=14, choices=CodeStatus, default=CodeStatus.NOT_DISCUSSED)
    code_status_on = models.DateField(null=True, blank=True)
    code_status_procedure = models.CharField(max_length=10, choices=ProcedureCodeStatus, blank=True)
    order_location = models.CharField(max_length=200, blank=True, help_text="signed order (POLST …) and where it lies")
    place_of_care = models.CharField(max_length=14, choices=Place, blank=True)
    place_of_death = models.CharField(max_length=14, choices=Place, blank=True)
    spiritual = models.TextField(blank=True)
    surprise = models.BooleanField(null=True, blank=True, help_text="would be surprised by death within a year")
    summary = models.TextField()
    recommendation = models.TextField(blank=True)
    agreed = models.TextField(blank=True, help_text="in words for the patient; printed on their page")
    next_review_on = models.DateField(null=True, blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    supersedes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    retracted_at = models.DateTimeField(null=True, blank=True)
    retracted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    retract_reason = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(fields=["patient"], condition=models.Q(status="signed"), name="goals_one_current"),
            models.CheckConstraint(
                condition=~models.Q(status="retracted")
                | (models.Q(retracted_at__isnull=False, retracted_by__isnull=False) & ~models.Q(retract_reason="")),
                name="goals_retracted_has_who_why",
            ),
            models.CheckConstraint(condition=~models.Q(summary=""), name="goals_has_summary"),
        )
        indexes = (models.Index(fields=["patient", "-held_on"], name="goals_latest"),)
        triggers = (
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="signed_is_immutable",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF to_jsonb(OLD) - {_CHANGEABLE} <> to_jsonb(NEW) - {_CHANGEABLE} THEN
                        RAISE EXCEPTION 'goals conversation % is signed: add an addendum instead', OLD.id;
                    END IF;
                    IF OLD.status = 'retracted' THEN
                        RAISE EXCEPTION 'goals conversation % is retracted', OLD.id;
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"conversation of {self.held_on}"

    @property
    def said(self) -> str:
        """The patient's own words between quotation marks."""
        return quoted(self.quote)

    @property
    def matters_words(self) -> str:
        return "; ".join(str(Matter(code).label) for code in self.matters)

    @property
    def code_status_discussed(self) -> bool:
        return self.code_status != CodeStatus.NOT_DISCUSSED


@tracked
class TradeOff(ClinicalRow):
    """One structured trade-off of a conversation: burden, amount, acceptance, condition."""

    conversation = models.ForeignKey(GoalsConversation, on_delete=models.PROTECT, related_name="trade_offs")
    burden = models.CharField(max_length=16, choices=Burden)
    more_than = models.PositiveSmallIntegerField(help_text="in the burden's unit")
    acceptance = models.CharField(max_length=12, choices=Acceptance)
    condition = models.CharField(max_length=160, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(fields=["conversation", "burden"], name="tradeoff_once"),
        )
        triggers = (_unchangeable("tradeoff"),)

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        return trade_off_words(self.burden, self.more_than, self.acceptance, self.condition)


@tracked
class GoalsAddendum(ClinicalRow):
    conversation = models.ForeignKey(GoalsConversation, on_delete=models.PROTECT, related_name="addenda")
    text = models.TextField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(text=""), name="addendum_says_something"),
        )
        triggers = (_unchangeable("addendum"),)

    def __str__(self) -> str:
        return f"addendum to {self.conversation_id}"


@tracked
class GoalsPrompt(ClinicalRow):
    """Something in the work asks for a conversation. One open per patient, carrying all its reasons."""

    status = models.CharField(max_length=10, choices=PromptStatus, default=PromptStatus.OPEN)
    raised_on = models.DateField()
    ask_again_on = models.DateField(null=True, blank=True)
    declined_until = models.DateField(
        null=True, blank=True, help_text="the patient declined until then; holds for the next prompt too"
    )
    rank = models.PositiveSmallIntegerField(default=LAST_RANK, help_text="0 is answered first")
    batch = models.CharField(
        max_length=40, blank=True, help_text="what raised many at once; the list is filtered by it"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="goals_prompts"
    )
    close_reason = models.CharField(max_length=18, choices=CloseReason, blank=True)
    close_note = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        GoalsConversation, on_delete=models.PROTECT, null=True, blank=True, related_name="answers"
    )

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient"],
                condition=models.Q(status__in=["open", "deferred", "declined"]),
                include=["status"],
                name="prompt_one_live",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["deferred", "declined"]) | models.Q(ask_again_on__isnull=False),
                name="prompt_deferred_has_date",
            ),
        )
        indexes = (
            models.Index(fields=["status", "raised_on"], name="prompt_open", condition=models.Q(status="open")),
            models.Index(fields=["rank", "raised_on", "id"], name="prompt_urgent", condition=models.Q(status="open")),
            models.Index(fields=["batch"], name="prompt_batch", condition=~models.Q(batch="")),
        )

    def __str__(self) -> str:
        return f"goals prompt {self.status}"


@tracked
class GoalsPromptReason(models.Model):
    """One reason of a prompt, once per source (a progression is not asked twice)."""

    prompt = models.ForeignKey(GoalsPrompt, on_delete=models.PROTECT, related_name="reasons")
    reason = models.CharField(max_length=18, choices=PromptReason)
    since = models.DateField()
    detail = models.CharField(max_length=200, blank=True)
    source_key = models.CharField(max_length=60)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["prompt", "reason", "source_key"], name="prompt_reason_once"),)

    def __str__(self) -> str:
        return self.get_reason_display()

    @property
    def found(self) -> FoundReason:
        """To ask it once more; whose voice a wish was, the row does not keep."""
        return FoundReason(PromptReason(self.reason), self.since, self.source_key, self.detail)


@tracked
class SurpriseQuestion(ClinicalRow):
    """One clinician's answer to "would I be surprised by this death within a year". Never shown to the patient, on the
    projector or in print. The latest counts."""

    asked_on = models.DateField()
    answer = models.CharField(max_length=6, choices=SurpriseAnswer)

    class Meta(ClinicalRow.Meta):
        indexes = (models.Index(fields=["patient", "-asked_on"], name="surprise_latest"),)

    def __str__(self) -> str:
        return f"{self.get_answer_display()}, {self.asked_on}"


@tracked
class TalkWish(ClinicalRow):
    """The patient, or the family, wishes to talk about goals; noted by anybody of the care team."""

    voice = models.CharField(max_length=7, choices=Voice)
    said_on = models.DateField()
    words = models.TextField()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(words=""), name="wish_has_words"),
        )

    def __str__(self) -> str:
        return f"{self.get_voice_display()} wishes to talk"


@tracked
class LineGoals(ClinicalRow):
    """What is done about goals before a treatment line: one per line, its choice changeable, every choice kept."""

    line = models.ForeignKey("patients.TreatmentLine", on_delete=models.PROTECT, related_name="goals_steps")
    choice = models.CharField(max_length=10, choices=StepChoice)
    conversation = models.ForeignKey(
        GoalsConversation, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    planned_on = models.DateField(null=True, blank=True)
    planned_with = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=18, choices=CloseReason, blank=True)
    ask_again_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    chosen_at = models.DateTimeField()

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["line"], condition=models.Q(error_at__isnull=True), name="linegoals_one_per_line"
            ),
            models.CheckConstraint(
                condition=models.Q(choice="documented", conversation__isnull=False, planned_on=None, reason="")
                | models.Q(choice="planned", planned_on__isnull=False, planned_with__isnull=False, reason="")
                | (
                    models.Q(choice="deferred", ask_again_on__isnull=False, conversation=None, planned_on=None)
                    & ~models.Q(reason="")
                ),
                name="linegoals_says_what",
            ),
        )

    def __str__(self) -> str:
        return self.get_choice_display()
