"""The disease: diagnosis, spread, specimens, receptor status, response."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from careteam.audit.models import tracked
from patients.record.models.base import ClinicalRow
from patients.record.rules import (
    Ascites,
    CellType,
    DatePrecision,
    Differentiation,
    Encephalopathy,
    GradeResult,
    LiverScheme,
    MetastaticSiteCode,
    Netpet,
    NetStatus,
    PrimarySite,
    ResponseCategory,
    Significance,
    SpecimenKind,
    SstrRads,
    Stage,
    StatusMethod,
    Syndrome,
    Tracer,
    UptakeModality,
    burden_bin,
    grade_of,
)


def percent_check(field: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__isnull": True}) | models.Q(**{f"{field}__range": (0, 100)}), name=name
    )


@tracked
class Diagnosis(ClinicalRow):
    """One cancer of the patient. `is_main` is the one the team treats; the banner reads it.

    T, N, M and stage are entered, never derived (AJCC content needs a license), each with its edition.
    """

    net_status = models.CharField(max_length=8, choices=NetStatus, default=NetStatus.UNCLEAR)
    is_main = models.BooleanField(default=True)
    label = models.CharField(max_length=250, blank=True, help_text="as the source says it")
    primary_site = models.CharField(max_length=20, choices=PrimarySite, blank=True)
    site_detail = models.CharField(max_length=120, blank=True, help_text="tail, terminal ileum, gastric type 1 …")
    icd10 = models.CharField(max_length=10, blank=True)
    morphology = models.CharField(max_length=10, blank=True, help_text="ICD-O-3")
    snomed = models.CharField(max_length=20, blank=True)
    diagnosed_on = models.DateField(null=True, blank=True)
    diagnosed_precision = models.CharField(max_length=5, choices=DatePrecision, default=DatePrecision.DAY)
    syndrome = models.CharField(max_length=16, choices=Syndrome, blank=True)
    syndrome_on = models.DateField(null=True, blank=True)
    stage = models.CharField(max_length=4, choices=Stage, blank=True)
    stage_detail = models.CharField(max_length=20, blank=True, help_text="M1a, IIIB …")
    stage_t = models.CharField(max_length=10, blank=True)
    stage_n = models.CharField(max_length=10, blank=True)
    stage_m = models.CharField(max_length=10, blank=True)
    stage_edition = models.CharField(max_length=30, blank=True, help_text="AJCC 8, ENETS …")
    staged_on = models.DateField(null=True, blank=True)
    resolved_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["patient"],
                condition=models.Q(is_main=True, error_at__isnull=True),
                name="diagnosis_one_main",
            ),
        )
        indexes = (models.Index(fields=["primary_site", "patient"], name="diagnosis_site"),)

    def __str__(self) -> str:
        return self.get_primary_site_display() or self.label or "Diagnosis"


@tracked
class Metastasis(ClinicalRow):
    site = models.CharField(max_length=12, choices=MetastaticSiteCode)
    detail = models.CharField(max_length=160, blank=True)
    found_on = models.DateField(null=True, blank=True)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return self.get_site_display()


@tracked
class LiverAssessment(ClinicalRow):
    """Pattern and burden of liver metastases at a date; the pattern number means nothing without its scheme."""

    assessed_on = models.DateField()
    scheme = models.CharField(max_length=14, choices=LiverScheme, blank=True)
    pattern = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(3)]
    )
    burden_percent = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(100)])
    lobes = models.CharField(max_length=40, blank=True)
    ascites = models.CharField(max_length=8, choices=Ascites, blank=True)
    encephalopathy = models.CharField(max_length=4, choices=Encephalopathy, blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            percent_check("burden_percent", "liver_burden_is_percent"),
            models.CheckConstraint(
                condition=models.Q(pattern__isnull=True) | ~models.Q(scheme=""), name="liver_pattern_names_scheme"
            ),
        )

    def __str__(self) -> str:
        return f"liver {self.assessed_on}"

    @property
    def burden(self) -> str:
        """The bin of the estimated share, in words."""
        return burden_bin(self.burden_percent)


@tracked
class Specimen(ClinicalRow):
    """One piece of tissue with what pathology read in it. The grade is computed (`grade`), never stored."""

    taken_on = models.DateField(null=True, blank=True)
    kind = models.CharField(max_length=10, choices=SpecimenKind, blank=True)
    site = models.CharField(max_length=120, blank=True, help_text="pancreas tail, liver segment IV …")
    is_metastasis = models.BooleanField(null=True, blank=True)
    differentiation = models.CharField(max_length=4, choices=Differentiation, blank=True)
    ki67 = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, help_text="percent")
    mitoses = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True, help_text="per 2 mm²")
    is_mixed = models.BooleanField(default=False, help_text="MiNEN")
    cell_type = models.CharField(max_length=5, choices=CellType, blank=True)
    is_lung = models.BooleanField(default=False)
    necrosis = models.BooleanField(null=True, blank=True)
    mixed_share = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="MiNEN: share of the neuroendocrine component, percent"
    )
    mixed_with = models.CharField(max_length=80, blank=True, help_text="MiNEN: adenocarcinoma …")
    mixed_grade = models.CharField(max_length=20, blank=True, help_text="MiNEN: as the report grades that component")
    reference = models.CharField(max_length=60, blank=True, help_text="number of the pathology report")
    conclusion = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            percent_check("ki67", "specimen_ki67_is_percent"),
            percent_check("mixed_share", "specimen_mixed_share_is_percent"),
            models.CheckConstraint(
                condition=models.Q(mitoses__isnull=True) | models.Q(mitoses__gte=0), name="specimen_mitoses_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.site or 'specimen'} {self.taken_on or ''}".strip()

    @property
    def grade(self) -> GradeResult:
        return grade_of(
            differentiation=self.differentiation,
            ki67=self.ki67,
            mitoses=self.mitoses,
            mixed=self.is_mixed,
            cell_type=self.cell_type,
            lung=self.is_lung,
            necrosis=self.necrosis,
            share=self.mixed_share,
            other=self.mixed_with,
        )


@tracked
class ReceptorImaging(ClinicalRow):
    """Somatostatin-receptor (and FDG) status from one study: Krenning with its modality, SSTR-RADS, NETPET."""

    imaged_on = models.DateField()
    tracer = models.CharField(max_length=20, choices=Tracer, blank=True)
    modality = models.CharField(max_length=6, choices=UptakeModality, blank=True)
    positive = models.BooleanField(null=True, blank=True)
    krenning = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(4)])
    sstr_rads = models.CharField(max_length=2, choices=SstrRads, blank=True)
    netpet = models.CharField(max_length=3, choices=Netpet, blank=True)
    fdg_avid = models.BooleanField(null=True, blank=True)
    discordant_lesions = models.PositiveSmallIntegerField(null=True, blank=True)
    finding = models.TextField(blank=True)

    class Meta(ClinicalRow.Meta):
        constraints = (
            *ClinicalRow.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(krenning__isnull=True) | models.Q(krenning__range=(0, 4)),
                name="receptor_krenning_0_to_4",
            ),
        )

    def __str__(self) -> str:
        return f"receptor imaging {self.imaged_on}"


@tracked
class DiseaseStatus(ClinicalRow):
    """Response or progression at a date, written by imaging or by a clinician; treatment and guidance read it here."""

    assessed_on = models.DateField()
    category = models.CharField(max_length=2, choices=ResponseCategory)
    method = models.CharField(max_length=12, choices=StatusMethod)
    study_key = models.CharField(max_length=40, blank=True, help_text="imaging study it rests on, e.g. study:17")
    note = models.TextField(blank=True)
    assessed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta(ClinicalRow.Meta):
        indexes = (models.Index(fields=["patient", "-assessed_on"], name="status_latest"),)

    def __str__(self) -> str:
        return f"{self.category} {self.assessed_on}"


@tracked
class GeneticResult(ClinicalRow):
    """Germline (MEN1, VHL …) and molecular findings of the tumor, with what follows for patient and family."""

    origin = models.CharField(max_length=8, choices=[("germline", "Germline"), ("somatic", "Tumor")])
    gene = models.CharField(max_length=60)
    variant = models.CharField(max_length=120, blank=True)
    result = models.CharField(max_length=250)
    pathogenic = models.BooleanField(null=True, blank=True)
    significance = models.CharField(max_length=17, choices=Significance, blank=True)
    consequence = models.CharField(max_length=250, blank=True)
    reference = models.CharField(max_length=60, blank=True, help_text="number of the laboratory's report")
    tested_on = models.DateField(null=True, blank=True)
    codes = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta(ClinicalRow.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.gene}{f' {self.variant}' if self.variant else ''}: {self.result}"
