"""What is published about survival of groups, and response in trials (`clinical.md` 1.1, 7). Never about a person.

Left out on purpose: medians that mix lung, carcinoma and well-differentiated tumors (all distant disease, "G3–4"), and
a survival gain from somatostatin analogs, which no trial showed. A figure tagged P is shown once a lead has signed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from patients.protocol.rules.base import ProtocolNumber, Tag

CAPTION = (
    "These figures describe groups of past patients, often treated before current therapies. They cannot predict what "
    "will happen to one person. Half lived longer, half shorter than a median."
)
WORDING = "If numbers are wanted: best, typical and worst, beginning with “most people in your situation …” (S)."
NOT_STATED = "years not stated in what was read"
_WELL = frozenset({"NET G1", "NET G2", "NET G3"})
_LOW = frozenset({"NET G1", "NET G2"})
_NEC = frozenset({"NEC", "NEC small cell", "NEC large cell"})


@dataclass(frozen=True)
class GroupFigure:
    """One published figure: a range with population, years, source, tag. The sets say which stratum it belongs to; an
    empty set asks nothing. `liver`: only with liver metastases."""

    code: str
    group: str
    figure: str
    population: str
    years: str
    source: str
    tag: Tag
    grades: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset({"IV"})
    sites: frozenset[str] = frozenset()
    netpet: frozenset[str] = frozenset()
    liver: bool = False
    note: str = ""
    medians: tuple[int, int] | None = None  # months, lowest and highest median of the figure, for the spoken words


FIGURES: tuple[GroupFigure, ...] = (
    GroupFigure(
        "prognosis.liver",
        "Well-differentiated, liver metastases",
        "median 3 to more than 10 years; 70–130 months in cohorts",
        "cohorts of patients with liver metastases",
        NOT_STATED,
        "founding article",
        Tag.S,
        grades=_LOW,
        liver=True,
        medians=(36, 120),
    ),
    GroupFigure(
        "prognosis.us",
        "Neuroendocrine tumor by extent",
        "5-year survival about 57 % distant, 85 % regional, 90 % localized",
        "registry, United States",
        "2000–2021",
        "Mayo Clinic",
        Tag.V2,
        grades=_WELL,
        stages=frozenset(),
    ),
    GroupFigure(
        "prognosis.seer_trend",
        "Distant gastrointestinal and pancreatic NET",
        "survival improved over the years",
        "SEER registry, United States, n = 64,971",
        "1973–2012",
        "Dasari 2017",
        Tag.V,
        grades=_WELL,
        sites=frozenset(
            {"pancreas", "jejunum_ileum", "duodenum_ampulla", "stomach", "appendix", "cecum_colon", "rectum"}
        ),
    ),
    GroupFigure(
        "prognosis.seer_grade",
        "By grade, all sites and stages",
        "median 16.2 years G1, 8.3 years G2",
        "SEER registry, United States",
        "1973–2012",
        "Dasari 2017",
        Tag.P,
        grades=_LOW,
        stages=frozenset(),
    ),
    GroupFigure(
        "prognosis.seer_site",
        "Distant G1–2 by primary",
        "median about 60 months pancreas, about 103 months small bowel",
        "SEER registry, United States",
        "1973–2012",
        "Dasari 2017",
        Tag.P,
        grades=_LOW,
        sites=frozenset({"pancreas", "jejunum_ileum"}),
        note="low confidence",
    ),
    GroupFigure(
        "prognosis.g3",
        "NET G3, metastatic",
        "median 21.8 months; 31–41 months in earlier series",
        "patients given palliative chemotherapy",
        NOT_STATED,
        "British Journal of Cancer 2025, s41416-025-03054-w",
        Tag.V,
        grades=frozenset({"NET G3"}),
        medians=(22, 41),
    ),
    GroupFigure(
        "prognosis.nec",
        "NEC, metastatic",
        "median 11–12 months",
        "guideline",
        NOT_STATED,
        "ENETS 2023",
        Tag.V,
        grades=_NEC,
        medians=(11, 12),
    ),
    GroupFigure(
        "prognosis.nec_population",
        "NEC, metastatic",
        "median 7.4 months, population-based; 12.5 months in a trial (TOPIC-NEC, V2)",
        "427 patients given palliative chemotherapy",
        NOT_STATED,
        "British Journal of Cancer 2025, s41416-025-03054-w",
        Tag.V,
        grades=_NEC,
        medians=(7, 13),
    ),
    GroupFigure(
        "prognosis.nec_article",
        "High-grade NEC",
        "less than 12 to 18 months; 12 to 24 months in its questions and answers",
        "not stated",
        NOT_STATED,
        "founding article",
        Tag.S,
        grades=_NEC,
    ),
    GroupFigure(
        "prognosis.netpet",
        "By FDG and SSTR PET together (NETPET)",
        "median 101.8 months P1, 46.5 months P2–P4, 11.5 months P5",
        "n = 319",
        NOT_STATED,
        "NETPET validation, PMC9938218",
        Tag.V,
        netpet=frozenset({"P1", "P2", "P3", "P4", "P5"}),
    ),
)


@dataclass(frozen=True)
class TrialFigure:
    """Response in a trial; beside criteria, never as what one person may expect."""

    treatment: str
    figure: str
    source: str
    tag: Tag


TRIALS: tuple[TrialFigure, ...] = (
    TrialFigure("prrt", "response 18 %", "NETTER-1", Tag.V),
    TrialFigure("prrt", "response 43 % (first line, Ki-67 10–55 %)", "NETTER-2", Tag.V),
    TrialFigure("tare", "response 16 %, disease control 91 % after PRRT", "late toxicity series", Tag.V),
)

# Each figure as something that is signed: what is signed is that it may be shown here.
PROGNOSIS: tuple[ProtocolNumber, ...] = tuple(
    ProtocolNumber(each.code, f"Shown: {each.group}, {each.source}", Decimal(1), "version", each.source, each.tag)
    for each in FIGURES
)
