"""Letters about decisions, version by version, and the PDFs made of them."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models

from careteam.audit.models import tracked
from careteam.printing.models import Printout
from patients.record.models import ClinicalRow
from tumorboard.decisions.models import Decision, Told
from tumorboard.decisions.rules import ToldWhom
from tumorboard.letters.rules import SentHow

# What may still change in a letter: that it was sent, and that it was not sent after all.
_CHANGEABLE = (
    "ARRAY['version', 'error_at', 'error_by_id', 'error_reason', 'sent_on', 'sent_how', 'sent_by_id', 'sent_at', "
    "'told_id']"
)


@tracked
class DecisionLetter(ClinicalRow):
    """A letter about a decision as it was written (`created_by`, `written_at`): to whom, in which words. Immutable, a
    trigger sees to it; a correction is the next version with its reason. `told` is what sending it stamped."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="letters")
    whom = models.CharField(max_length=8, choices=ToldWhom)
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=250, blank=True, help_text="why there is another version")
    language = models.CharField(max_length=8)
    wanted_language = models.CharField(max_length=20, blank=True, help_text="the patient's, where another one was used")
    sender = models.TextField(help_text="letterhead, a line each")
    recipient = models.TextField(help_text="address window, a line each")
    subject = models.CharField(max_length=300)
    body = models.TextField()
    own_words = models.TextField(blank=True, help_text="the paragraph that somebody wrote; it stands in the body")
    despite = models.CharField(max_length=250, blank=True, help_text="why the GP first, or why against a wish")
    written_at = models.DateTimeField()
    written_on = models.DateField()
    sent_on = models.DateField(null=True, blank=True)
    sent_how = models.CharField(max_length=8, choices=SentHow, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    told = models.OneToOneField(Told, on_delete=models.PROTECT, null=True, blank=True, related_name="letter")

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(fields=["decision", "whom", "number"], name="decision_letter_version_once"),
            models.CheckConstraint(
                condition=models.Q(number=1) | ~models.Q(reason=""), name="decision_letter_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(sent_on__isnull=True, sent_how="", sent_by__isnull=True, sent_at__isnull=True)
                | (
                    models.Q(sent_on__isnull=False, sent_by__isnull=False, sent_at__isnull=False)
                    & ~models.Q(sent_how="")
                ),
                name="decision_letter_sent_has_who_how",
            ),
            models.CheckConstraint(
                condition=models.Q(created_by__isnull=False)
                & ~models.Q(recipient="")
                & ~models.Q(subject="")
                & ~models.Q(body="")
                & ~models.Q(sender=""),
                name="decision_letter_is_whole",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="written_is_immutable",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF to_jsonb(OLD) - {_CHANGEABLE} <> to_jsonb(NEW) - {_CHANGEABLE} THEN
                        RAISE EXCEPTION 'letter % was written: write the next version', OLD.id;
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"Letter to the {'GP' if self.whom == ToldWhom.GP else 'patient'}, version {self.number}"


class LetterPrint(Printout):
    """The PDF of one version of a letter."""

    letter = models.OneToOneField(DecisionLetter, on_delete=models.PROTECT, related_name="printout")

    class Meta:
        indexes = (
            models.Index(
                fields=["asked_at"], name="letter_print_open", condition=models.Q(state__in=["waiting", "running"])
            ),
        )

    def __str__(self) -> str:
        return f"{self.letter}, {self.get_state_display().lower()}"
