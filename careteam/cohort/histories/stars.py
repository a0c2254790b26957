"""The first patients of every seed are directed: together they hold every hazard that the screens must show. Pure.

`HAZARDS` names them for tests and tours. In seed 1, the demo's, they also have fixed names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from careteam.cohort.histories import directed as d
from careteam.cohort.histories.profile import Wish
from careteam.cohort.histories.story import Story

NAMED_SEED = 1


@dataclass(frozen=True)
class Star:
    """`shape` changes the course before rows are written, `direct` the rows after."""

    hazard: str
    wish: Wish
    direct: Callable[[Story], None]
    shape: Callable[[Story], None] | None = None


def _g2(site: str, ki67: str = "8", **more: object) -> dict[str, object]:
    return {"site": site, "grade": "G2", "ki67": Decimal(ki67), "stage": "IV", **_LIVER, **_POSITIVE} | more


_LIVER: dict[str, object] = {"metastases": ("liver", "lymph_nodes"), "liver_pattern": 2, "liver_burden": 30}
_POSITIVE: dict[str, object] = {"receptor": True, "krenning": 4, "syndrome": "nonfunctional"}
_G1 = {"grade": "G1", "ki67": Decimal(2), "mitoses": Decimal(1)}

STARS: tuple[Star, ...] = (
    Star(
        "expired_goal",
        Wish(
            ("Rosalind", "Achterberg"),
            age=67,
            years=9.6,
            profile=_g2(
                "pancreas",
                "14",
                sex="female",
                detail="tail",
                mitoses=Decimal(6),
                krenning=3,
                metastases=("liver", "lymph_nodes", "bone"),
            ),
            treatments=(
                "surgery",
                "lanreotide",
                "tae",
                "everolimus",
                "prrt",
                "lanreotide",
                "captem",
                "ablation",
                "sunitinib",
                "tace",
                "prrt2",
                "cabozantinib",
            ),
            last_days=315,
            scan_due_in=50,
        ),
        d.rosalind,
        d.progressing_now,
    ),
    Star(
        "washout",
        Wish(
            ("Henrik", "Solvang"),
            63,
            4.2,
            _g2("pancreas", "12", sex="male", syndrome="vipoma"),
            ("lanreotide", "everolimus", "prrt"),
            32,
        ),
        d.washout,
        d.analog_beside,
    ),
    Star(
        "stale_labs",
        Wish(
            ("Amara", "Delacroix"),
            71,
            5.5,
            _g2("jejunum_ileum", "2", sex="female") | _G1,
            ("lanreotide", "prrt"),
            102,
        ),
        d.stale_labs,
    ),
    Star(
        "failed_criterion",
        Wish(
            ("Stellan", "Aubert"),
            66,
            6.0,
            _g2("jejunum_ileum", "6", sex="male"),
            ("surgery", "octreotide", "everolimus"),
            400,
            scan_due_in=62,
        ),
        d.failed_criterion,
        d.progressing_now,
    ),
    Star(
        "krenning_2",
        Wish(
            ("Mirela", "Costache"),
            61,
            3.1,
            _g2("jejunum_ileum", "5", sex="female", krenning=2),
            ("octreotide",),
            1080,
            scan_due_in=150,
        ),
        d.krenning_2,
        d.progressing_now,
    ),
    Star(
        "unowned_overdue",
        Wish(
            ("Pavel", "Brightwater"),
            64,
            3.4,
            _g2("pancreas", "9", sex="male"),
            ("lanreotide", "prrt"),
            340,
            scan_due_in=-51,
        ),
        d.unowned_overdue,
    ),
    Star(
        "absent_owner",
        Wish(
            ("Ileana", "Drăgan"),
            70,
            4.0,
            _g2("jejunum_ileum", "2", sex="female") | _G1,
            ("lanreotide",),
            1420,
            scan_due_in=-44,
        ),
        d.absent_owner,
    ),
    Star(
        "red_overdue",
        Wish(
            ("Tobias", "Renquist"),
            58,
            5.2,
            _g2("jejunum_ileum", "7", sex="male"),
            ("surgery", "lanreotide", "prrt", "everolimus"),
            170,
            scan_due_in=-43,
        ),
        d.red_overdue,
    ),
    Star(
        "unclassified",
        Wish(
            ("Gideon", "Marchetti"),
            72,
            0.8,
            {
                "sex": "male",
                "site": "cecum_colon",
                "detail": "cecum",
                "grade": "G3",
                "ki67": Decimal(70),
                "mitoses": Decimal(38),
                "stage": "IV",
                "receptor": False,
                "krenning": 1,
                "syndrome": "nonfunctional",
                **_LIVER,
            },
            ("surgery", "folfiri"),
            60,
            scan_due_in=4,
        ),
        d.unclassified,
        d.without_differentiation,
    ),
    Star(
        "poor_low_ki67",
        Wish(
            ("Ezekiel", "Okonjo"),
            59,
            1.0,
            {
                "sex": "male",
                "site": "pancreas",
                "grade": "NEC",
                "ki67": Decimal(15),
                "mitoses": Decimal(12),
                "stage": "IV",
                "receptor": True,
                "krenning": 3,
                "syndrome": "nonfunctional",
                "cell_type": "large",
                **_LIVER,
            },
            ("platin",),
            70,
            scan_due_in=12,
        ),
        d.poor_low_ki67,
    ),
    Star(
        "nadir_progression",
        Wish(
            ("Beatrix", "Halloran"),
            69,
            2.6,
            {
                "sex": "female",
                "site": "pancreas",
                "detail": "body",
                "grade": "G3",
                "ki67": Decimal(28),
                "mitoses": Decimal(14),
                "stage": "IV",
                **_LIVER,
                **_POSITIVE,
            },
            ("captem", "prrt", "everolimus"),
            250,
            scan_due_in=78,
        ),
        d.nadir_progression,
        d.larger_than_nadir,
    ),
    Star(
        "dnr_with_procedure",
        Wish(
            ("Leopold", "Anand"),
            66,
            3.0,
            _g2("stomach", "11", sex="male", syndrome="carcinoid", detail="gastric type 3, corpus"),
            ("octreotide",),
            900,
            scan_due_in=30,
        ),
        d.dnr_with_procedure,
    ),
    Star(
        "excluded_proxy",
        Wish(
            ("Winifred", "Oduya"),
            76,
            2.2,
            _g2("jejunum_ileum", "2", sex="female", syndrome="carcinoid") | _G1,
            ("octreotide",),
            784,
            scan_due_in=70,
        ),
        d.excluded_proxy,
    ),
    Star(
        "none_now",
        Wish(
            ("Yevgenia", "Park"),
            53,
            3.2,
            _g2("jejunum_ileum", "9", sex="female"),
            ("lanreotide", "prrt"),
            260,
            scan_due_in=20,
        ),
        d.none_now,
    ),
    Star(
        "no_next_step",
        Wish(
            ("Ottoline", "Vance"),
            62,
            2.0,
            _g2("pancreas", "4", sex="female"),
            ("lanreotide", "tace"),
            130,
            no_plan=True,
        ),
        d.scans_declined,
    ),
    Star(
        "no_next_step_after_scan",
        Wish(
            ("Ansel", "Quigley"),
            57,
            1.6,
            {"site": "rectum", "sex": "male", "stage": "III", **_G1, **_POSITIVE, "metastases": ("lymph_nodes",)},
            ("surgery",),
            520,
            no_plan=True,
        ),
        d.no_next_step,
    ),
    Star(
        "deceased_outstanding",
        Wish(
            ("Magnus", "Ellingsen"),
            74,
            4.4,
            _g2("jejunum_ileum", "16", sex="male", enrollment="deceased"),
            ("lanreotide", "everolimus", "prrt"),
            90,
        ),
        d.deceased_outstanding,
    ),
    Star(
        "hospice",
        Wish(
            ("Philippa", "Nakamura"),
            79,
            7.0,
            _g2("jejunum_ileum", "12", sex="female", syndrome="carcinoid"),
            ("octreotide", "tae", "everolimus", "hospice"),
            24,
        ),
        d.hospice,
    ),
    Star(
        "not_net",
        Wish(
            ("Cornelia", "Abara"),
            51,
            0.5,
            {
                "sex": "female",
                "site": "other",
                "grade": "G2",
                "stage": "II",
                "enrollment": "under_review",
                "detail": "",
            },
            ("observation",),
            20,
            no_plan=True,
        ),
        d.not_net,
    ),
    Star(
        "implausible_unit",
        Wish(
            ("Finnian", "Auclair"),
            59,
            3.3,
            _g2("lung", "9", sex="male", detail="right lower lobe"),
            ("lanreotide", "everolimus"),
            200,
            scan_due_in=-18,
        ),
        d.implausible_unit,
    ),
    Star(
        "untold",
        Wish(
            ("Caspian", "Thorne"),
            55,
            4.8,
            _g2("lung", "14", sex="male", detail="left upper lobe"),
            ("lanreotide", "everolimus", "prrt"),
            420,
            scan_due_in=64,
        ),
        d.untold,
        d.progressing_now,
    ),
    Star(
        "due_today",
        Wish(
            ("Joaquín", "Ferreira-Lund"),
            49,
            2.3,
            _g2("rectum", "10", sex="male", detail="lower rectum"),
            ("lanreotide", "prrt"),
            300,
            scan_due_in=0,
        ),
        d.due_today,
    ),
    Star(
        "amber_overdue",
        Wish(
            ("Delphine", "Arkwright"),
            47,
            2.1,
            _g2("pancreas", "18", sex="female"),
            ("lanreotide", "captem"),
            120,
            scan_due_in=-15,
        ),
        d.amber_overdue,
    ),
    Star(
        "report_awaited",
        Wish(
            ("Sunniva", "Baptiste"),
            44,
            2.9,
            _g2("pancreas", "2", sex="female") | _G1,
            ("lanreotide",),
            1000,
            scan_due_in=176,
        ),
        d.report_awaited,
    ),
    Star(
        "off_label",
        Wish(
            ("Tobias", "Wrenfield"),
            58,
            3.4,
            _g2("jejunum_ileum", "7", sex="male"),
            ("lanreotide", "sunitinib"),
            150,
            scan_due_in=33,
        ),
        d.settled,
    ),
    Star(
        "no_prior_therapy",
        Wish(
            ("Ingrid", "Valcourt"),
            52,
            0.6,
            _g2("pancreas", "9", sex="female") | {"receptor": False, "krenning": 1},
            ("cabozantinib",),
            95,
            scan_due_in=40,
        ),
        d.decided_against_goals,
    ),
    Star(
        "cumulative_liver_dose",
        Wish(
            ("Anselm", "Ruthven"),
            69,
            5.2,
            _g2("jejunum_ileum", "4", sex="male"),
            ("lanreotide", "prrt", "tare"),
            120,
            scan_due_in=45,
        ),
        d.settled,
    ),
    Star(
        "carcinoma_without_platinum",
        Wish(
            ("Beatrix", "Lindqvist"),
            64,
            0.4,
            {
                "sex": "female",
                "site": "cecum_colon",
                "grade": "NEC",
                "ki67": Decimal(70),
                "mitoses": Decimal(40),
                "stage": "IV",
                "receptor": False,
                "krenning": 0,
                "syndrome": "nonfunctional",
                "cell_type": "small",
                **_LIVER,
            },
            ("captem",),
            40,
            scan_due_in=20,
        ),
        d.settled,
    ),
    Star(
        "frail_before_chemotherapy",
        Wish(
            ("Cosmo", "Hartigan"),
            77,
            1.4,
            _g2("pancreas", "18", sex="male"),
            ("lanreotide",),
            400,
            scan_due_in=50,
        ),
        d.frail_before_chemotherapy,
    ),
)
HAZARDS: dict[str, int] = {star.hazard: index for index, star in enumerate(STARS)}
