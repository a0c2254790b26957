"""Care around the treatment, one table for each part. The crisis plan is a flag of the record: see `ClinicalFlag`."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from careteam.audit.models import tracked
from patients.care.rules import (
    LIVE_PATHWAYS,
    AgeBand,
    Alcohol,
    DrainageKind,
    Handed,
    Instrument,
    Intake,
    Pathway,
    ScreeningTool,
    Supplement,
    Work,
)
from patients.record.models import ClinicalRow, ExternalCenter


class CareRow(ClinicalRow):
    """What every part has: the day it is about, when somebody looks again, a note."""

    noted_on = models.DateField()
    follow_up_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        abstract = True
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(follow_up_on__isnull=True) | models.Q(follow_up_on__gte=models.F("noted_on")),
                name="%(app_label)s_%(class)s_followed_later",
            ),
        )


@tracked
class NutritionReview(CareRow):
    """What a dietitian or nurse found. `tool` and `score` are read off the paper form."""

    weight_loss_percent = models.DecimalField(
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(60)],
    )
    loss_months = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    bmi = models.DecimalField(
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(8), MaxValueValidator(90)],
    )
    intake = models.CharField(max_length=14, choices=Intake, blank=True)
    tool = models.CharField(max_length=8, choices=ScreeningTool, blank=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(40)])
    enzymes = models.CharField(max_length=10, choices=Supplement, blank=True)
    niacin = models.CharField(max_length=10, choices=Supplement, blank=True)
    b12 = models.CharField(max_length=10, choices=Supplement, blank=True)
    carcinoid_diet = models.BooleanField(default=False)
    alcohol = models.CharField(max_length=6, choices=Alcohol, blank=True)

    class Meta(CareRow.Meta):
        indexes = (models.Index(fields=["patient", "-noted_on"], name="nutrition_latest"),)
        constraints = (
            *CareRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(score__isnull=True) | ~models.Q(tool=""), name="nutrition_score_names_tool"
            ),
        )

    def __str__(self) -> str:
        return f"nutrition {self.noted_on}"


@tracked
class Drainage(CareRow):
    """One drainage of ascites or pleural fluid. `volume_ml` in milliliters; `follow_up_on` is when the next is due."""

    kind = models.CharField(max_length=14, choices=DrainageKind, default=DrainageKind.ASCITES)
    volume_ml = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(25_000)])
    site = models.CharField(max_length=120, blank=True)
    permanent_drain = models.BooleanField(default=False)

    class Meta(CareRow.Meta):
        indexes = (models.Index(fields=["patient", "kind", "-noted_on"], name="drainage_series"),)
        constraints = (
            *CareRow.Meta.constraints,
            models.CheckConstraint(condition=models.Q(volume_ml__range=(1, 25_000)), name="drainage_volume_plausible"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.noted_on}"


@tracked
class Questionnaire(CareRow):
    """A quality-of-life questionnaire: which one, which version, the scores by scale (0 to 100)."""

    instrument = models.CharField(max_length=8, choices=Instrument)
    edition = models.CharField(max_length=40, blank=True)
    scores = models.JSONField(default=dict)

    class Meta(CareRow.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.get_instrument_display()} {self.noted_on}"


@tracked
class PsychosocialCare(CareRow):
    """From a distress score (or a wish) to psycho-oncology. One live row per patient."""

    state = models.CharField(max_length=8, choices=Pathway, default=Pathway.TO_OFFER)
    distress = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(10)])
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta(CareRow.Meta):
        constraints = (
            *CareRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient"],
                condition=models.Q(state__in=sorted(LIVE_PATHWAYS), error_at__isnull=True),
                name="psychosocial_one_live",
            ),
            models.CheckConstraint(
                condition=models.Q(distress__isnull=True) | models.Q(distress__lte=10), name="psychosocial_distress_10"
            ),
        )

    def __str__(self) -> str:
        return f"psychosocial care {self.noted_on}"


@tracked
class SocialSituation(CareRow):
    """Work and the roles a person has; asked again when something changes."""

    work = models.CharField(max_length=14, choices=Work, blank=True)
    roles = models.CharField(max_length=250, blank=True)
    sick_leave_until = models.DateField(null=True, blank=True)
    money_worries = models.BooleanField(null=True, blank=True)

    class Meta(CareRow.Meta):
        pass

    def __str__(self) -> str:
        return f"work and roles {self.noted_on}"


@tracked
class FamilyMember(CareRow):
    """Somebody who cares for the patient, or whom the patient cares for; what support was offered to them."""

    name = models.CharField(max_length=120, blank=True)
    relation = models.CharField(max_length=80)
    age_band = models.CharField(max_length=8, choices=AgeBand, blank=True)
    is_caregiver = models.BooleanField(default=False)
    support = models.CharField(max_length=250, blank=True)

    class Meta(CareRow.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.name} ({self.relation})" if self.name else self.relation


@tracked
class InformationGiven(CareRow):
    """A leaflet that was handed out, a group that was named."""

    kind = models.CharField(max_length=8, choices=Handed, default=Handed.LEAFLET)
    title = models.CharField(max_length=160)
    language = models.CharField(max_length=20, blank=True)

    class Meta(CareRow.Meta):
        pass

    def __str__(self) -> str:
        return self.title


@tracked
class SecondOpinion(CareRow):
    """A second opinion asked for elsewhere: `noted_on` is the day it went out, `follow_up_on` when a reply is
    expected."""

    center = models.ForeignKey(ExternalCenter, on_delete=models.PROTECT, related_name="+")
    question = models.CharField(max_length=250)
    sent = models.CharField(max_length=250, blank=True)
    received_on = models.DateField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta(CareRow.Meta):
        constraints = (
            *CareRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(received_on__isnull=True) | models.Q(received_on__gte=models.F("noted_on")),
                name="opinion_received_later",
            ),
        )

    def __str__(self) -> str:
        return f"second opinion {self.noted_on}"
