"""Invented courses for the drawing: twelve treatments in 9½ years, fifteen years with lines side by side and beside the
lines, somebody who died, three weeks, nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from patients.reports.rules import (
    BoardMark,
    CareKind,
    CareMark,
    Carried,
    Course,
    Curve,
    GoalsMark,
    Lane,
    LineMark,
    Point,
    ScanMark,
    StayMark,
    Style,
    Uptake,
)

TODAY = date(2026, 11, 23)
D = date


def every(days: int, start: date, end: date) -> tuple[date, ...]:
    return tuple(start + timedelta(days=n) for n in range(0, (end - start).days + 1, days))


def line(
    n: int, lane: Lane, style: Style, swatch: str, label: str, short: str, start: date, end: date | None, **more: object
) -> LineMark:
    values: dict[str, object] = {
        "lane": lane,
        "style": style,
        "swatch": swatch,
        "number": f"L{n}",
        "label": label,
        "short": short,
        "start": start,
        "end": end,
        "ongoing": end is None,
        "planned": False,
        "title": f"L{n}: {label}",
        "url": f"/line/{n}/",
        "key": n,
    }
    return LineMark(**(values | more))  # type: ignore[arg-type]


def scan(on: date, response: str, **more: object) -> ScanMark:
    values: dict[str, object] = {
        "lane": Lane.SCANS,
        "on": on,
        "response": response,
        "title": f"CT {on}: {response or 'no response recorded'}",
        "url": "/scan/",
    }
    return ScanMark(**(values | more))  # type: ignore[arg-type]


def pet(on: date, uptake: Uptake, note: str) -> ScanMark:
    return ScanMark(Lane.PET, on, "", f"PET {on}: {note}", "/scan/", uptake=uptake, note=note)


LONG = Course(
    name="Rosalind Achterberg",
    url="/record/",
    diagnosed_on=D(2017, 4, 11),
    therapy_line=7,
    lines=(
        line(
            1, Lane.SURGERY, Style.BLOCKS, "surg", "Distal pancreatectomy", "Surgery", D(2017, 5, 23), D(2017, 5, 23)
        ),
        line(
            2, Lane.SSA, Style.TICKS, "ssa", "Lanreotide", "Lan", D(2017, 8, 7), D(2019, 4, 15),
            doses=every(28, D(2017, 8, 7), D(2019, 4, 15)),
        ),
        line(
            3, Lane.LIVER, Style.BLOCKS, "liv", "TAE ×2", "TAE", D(2019, 5, 14), D(2019, 6, 25),
            doses=(D(2019, 5, 14), D(2019, 6, 25)),
        ),
        line(
            4, Lane.TARGETED, Style.DAILY, "tgt", "Everolimus", "Eve", D(2019, 9, 2), D(2020, 10, 19),
            levels=((D(2019, 9, 2), 1.0), (D(2020, 3, 9), 0.5)),
        ),
        line(
            5, Lane.PRRT, Style.LOLLIPOPS, "prrt", "PRRT ×4", "PRRT", D(2020, 12, 8), D(2021, 5, 25),
            doses=(D(2020, 12, 8), D(2021, 2, 2), D(2021, 3, 30), D(2021, 5, 25)),
        ),
        line(
            6, Lane.SSA, Style.TICKS, "ssa", "Lanreotide", "Lan", D(2021, 7, 5), D(2022, 9, 20),
            doses=every(28, D(2021, 7, 5), D(2022, 9, 20)),
        ),
        line(
            7, Lane.CHEMO, Style.TICKS, "chem", "CAPTEM ×9", "CAPTEM", D(2022, 10, 17), D(2023, 7, 5),
            doses=every(28, D(2022, 10, 17), D(2023, 7, 5)),
        ),
        line(8, Lane.LIVER, Style.BLOCKS, "liv", "Ablation", "", D(2023, 9, 12), D(2023, 9, 12)),
        line(9, Lane.TARGETED, Style.DAILY, "tgt", "Sunitinib", "Sun", D(2024, 1, 15), D(2024, 10, 7)),
        line(
            10, Lane.LIVER, Style.BLOCKS, "liv", "TACE ×2", "TACE", D(2024, 11, 19), D(2025, 1, 7),
            doses=(D(2024, 11, 19), D(2025, 1, 7)),
        ),
        line(
            11, Lane.PRRT, Style.LOLLIPOPS, "prrt", "PRRT ×2", "PRRT", D(2025, 3, 18), D(2025, 5, 13),
            doses=(D(2025, 3, 18), D(2025, 5, 13)),
        ),
        line(
            12, Lane.TARGETED, Style.DAILY, "tgt", "Cabozantinib", "Cabo", D(2026, 1, 12), None,
            levels=((D(2026, 1, 12), 1.0), (D(2026, 3, 9), 0.67), (D(2026, 8, 17), 0.33)),
        ),
    ),
    scans=(
        scan(D(2017, 4, 20), "", letters="BL"),
        *(scan(on, "SD") for on in (D(2017, 11, 14), D(2018, 3, 6), D(2018, 8, 21), D(2019, 1, 15))),
        scan(D(2019, 4, 16), "PD"),
        scan(D(2019, 8, 6), "PR"),
        *(scan(on, "SD") for on in (D(2019, 12, 10), D(2020, 4, 14), D(2020, 7, 14))),
        scan(D(2020, 10, 13), "PD"),
        scan(D(2021, 3, 2), "SD"),
        scan(D(2021, 8, 24), "PR"),
        scan(D(2022, 1, 18), "PR"),
        scan(D(2022, 5, 24), "SD"),
        scan(D(2022, 9, 13), "PD"),
        scan(D(2023, 1, 10), "SD"),
        scan(D(2023, 4, 18), "PR"),
        scan(D(2023, 8, 1), "CR"),
        scan(D(2023, 12, 12), "PD"),
        *(scan(on, "SD") for on in (D(2024, 4, 16), D(2024, 8, 6), D(2024, 11, 5), D(2025, 2, 18))),
        scan(D(2025, 8, 12), "NE"),
        scan(D(2025, 12, 9), "PD"),
        scan(D(2026, 4, 7), "SD"),
        scan(D(2026, 7, 14), "", letters="MRI"),
        scan(D(2026, 10, 20), "PD"),
        scan(D(2027, 1, 12), "", planned=True, letters="due", title="12 Jan 2027: CT due"),
        pet(D(2017, 4, 28), Uptake.RECEPTOR, "Kr 4"),
        pet(D(2020, 11, 10), Uptake.RECEPTOR, "Kr 4"),
        pet(D(2022, 10, 3), Uptake.GLUCOSE, "low"),
        pet(D(2025, 1, 28), Uptake.RECEPTOR, "Kr 4"),
        pet(D(2025, 12, 18), Uptake.GLUCOSE, "avid"),
        pet(D(2026, 11, 3), Uptake.RECEPTOR, "Kr 3"),
    ),
    goals=(
        GoalsMark(D(2019, 5, 3), "first conversation", "Goals conversation 3 May 2019", "/goals/1/"),
        GoalsMark(D(2022, 10, 11), "Being at home", "Goals conversation 11 Oct 2022", "/goals/2/"),
        GoalsMark(D(2024, 10, 30), "DNR recorded", "Goals conversation 30 Oct 2024", "/goals/3/"),
        GoalsMark(D(2025, 12, 22), "An event to reach", "Goals conversation 22 Dec 2025", "/goals/4/"),
        GoalsMark(D(2026, 10, 20), "", "Goals prompt open since 20 Oct 2026", "/goals/", prompt=True),
    ),
    board=(
        *(BoardMark(on, str(n), state, f"Board decision {n}, {on}: {state}", f"/decision/{n}/")
        for n, (on, state) in enumerate(
            (
                (D(2017, 5, 9), Carried.DONE),
                (D(2019, 4, 24), Carried.DONE),
                (D(2019, 8, 20), Carried.DONE),
                (D(2020, 10, 28), Carried.DONE),
                (D(2022, 9, 28), Carried.DONE),
                (D(2023, 8, 16), Carried.DONE),
                (D(2023, 12, 20), Carried.OPEN),
                (D(2024, 10, 16), Carried.PARTLY),
                (D(2025, 2, 26), Carried.DONE),
                (D(2025, 12, 17), Carried.DEVIATED),
            ),
            1,
        )),
        BoardMark(D(2026, 11, 26), "", Carried.PLANNED, "26 Nov 2026: listed for the NET board", "/meeting/"),
    ),
    stays=(
        StayMark(D(2024, 9, 18), D(2024, 9, 21), "3 nights", "Unplanned admission 18 Sep 2024", "/stay/"),
        StayMark(D(2026, 9, 28), D(2026, 10, 2), "4 nights", "Unplanned admission 28 Sep 2026", "/stay/"),
    ),
    curves=(
        Curve(
            "CgA", "ng/mL",
            tuple(
                Point(on, value, "A" if on < D(2021, 1, 1) else "B")
                for on, value in zip(
                    every(110, D(2017, 4, 20), D(2026, 10, 19)),
                    (1900, 180, 160, 190, 230, 380, 800, 350, 320, 370, 500, 1000, 690, 230, 210, 340, 900, 540, 320,
                     270, 780, 600, 640, 670, 770, 580, 1300, 830, 920, 2100, 1700, 2140),
                    strict=False,
                )
            ),
            "/record/", limit=100, log=True,
        ),
        Curve(
            "Weight", "kg",
            (*(
                Point(on, value)
                for on, value in zip(
                    every(200, D(2017, 4, 20), D(2026, 11, 16)),
                    (72, 67, 69, 70, 68.5, 67, 65, 65.9, 67.5, 68, 67.2, 66.1, 66.4, 64.8, 61.2, 62.9, 63.5, 60.8),
                    strict=False,
                )
            ), Point(D(2026, 11, 16), 58.4)),
            "/record/",
        ),
    ),
)  # fmt: skip

SHORT = Course(
    name="Emrys Vandoorn",
    url="/record/",
    diagnosed_on=D(2026, 11, 4),
    therapy_line=1,
    lines=(
        line(
            1, Lane.CHEMO, Style.TICKS, "chem", "Carboplatin and etoposide", "Chemo", D(2026, 11, 18), None,
            doses=(D(2026, 11, 18), D(2026, 11, 19), D(2026, 11, 20)),
        ),
    ),
    scans=(
        scan(D(2026, 11, 5), "", letters="BL"),
        scan(D(2027, 1, 4), "", planned=True, letters="due", title="4 Jan 2027: CT due"),
        pet(D(2026, 11, 10), Uptake.GLUCOSE, "avid"),
    ),
    goals=(GoalsMark(D(2026, 11, 13), "first conversation", "Goals conversation 13 Nov 2026", "/goals/1/"),),
    board=(BoardMark(D(2026, 11, 12), "1", Carried.DONE, "Board decision 1", "/decision/1/"),),
    stays=(StayMark(D(2026, 11, 2), D(2026, 11, 6), "4 nights", "Unplanned admission 2 Nov 2026", "/stay/"),),
    curves=(
        Curve("NSE", "ng/mL", (Point(D(2026, 11, 5), 180), Point(D(2026, 11, 18), 260), Point(TODAY, 198)), "/record/",
              limit=16.3),
        Curve("Weight", "kg", (Point(D(2026, 11, 4), 81.4), Point(D(2026, 11, 12), 79.8), Point(TODAY, 78.1)),
              "/record/"),
    ),
)  # fmt: skip

NOTHING = Course(name="Nobody Yet", diagnosed_on=D(2026, 11, 4))


def beside(n: int, lane: Lane, label: str, start: date, end: date | None, **more: object) -> LineMark:
    """A line without an L: symptom control, supportive."""
    return line(n, lane, Style.TICKS, "ssa", label, "", start, end, number="", title=label, **more)


FIFTEEN = Course(
    name="Idris Vandermeer",
    url="/record/",
    diagnosed_on=D(2011, 10, 3),
    therapy_line=6,
    lines=(
        line(1, Lane.SURGERY, Style.BLOCKS, "surg", "Right hemicolectomy", "Surgery", D(2011, 11, 8), D(2011, 11, 8)),
        line(2, Lane.SSA, Style.TICKS, "ssa", "Octreotide LAR", "Oct", D(2012, 1, 9), D(2015, 3, 2),
             doses=every(28, D(2012, 1, 9), D(2015, 3, 2))),
        line(3, Lane.LIVER, Style.BLOCKS, "liv", "TAE ×3", "TAE", D(2013, 2, 5), D(2013, 9, 17),
             doses=(D(2013, 2, 5), D(2013, 5, 21), D(2013, 9, 17))),
        line(4, Lane.SURGERY, Style.BLOCKS, "surg", "Liver debulking", "Surgery", D(2014, 4, 29), D(2014, 4, 29)),
        line(5, Lane.PRRT, Style.LOLLIPOPS, "prrt", "PRRT ×4", "PRRT", D(2015, 5, 12), D(2015, 12, 8),
             doses=every(70, D(2015, 5, 12), D(2015, 12, 8))),
        line(6, Lane.SSA, Style.TICKS, "ssa", "Lanreotide", "Lan", D(2016, 1, 18), D(2018, 10, 1),
             doses=every(28, D(2016, 1, 18), D(2018, 10, 1))),
        line(7, Lane.TARGETED, Style.DAILY, "tgt", "Everolimus", "Eve", D(2018, 10, 22), D(2020, 2, 3),
             levels=((D(2018, 10, 22), 1.0), (D(2019, 4, 8), 0.5))),
        beside(13, Lane.SSA, "Lanreotide, for symptoms", D(2018, 10, 29), None,
               doses=every(28, D(2018, 10, 29), D(2026, 11, 20))),
        line(8, Lane.PRRT, Style.LOLLIPOPS, "prrt", "PRRT ×2", "PRRT", D(2020, 3, 10), D(2020, 5, 5),
             doses=(D(2020, 3, 10), D(2020, 5, 5))),
        beside(14, Lane.BESIDE, "Telotristat", D(2020, 9, 7), D(2023, 1, 30)),
        line(9, Lane.RADIATION, Style.BLOCKS, "surg", "Radiotherapy, T11", "RT", D(2021, 6, 14), D(2021, 6, 25)),
        line(10, Lane.CHEMO, Style.TICKS, "chem", "CAPTEM ×12", "CAPTEM", D(2021, 11, 1), D(2022, 10, 10),
             doses=every(28, D(2021, 11, 1), D(2022, 10, 10))),
        line(11, Lane.LIVER, Style.BLOCKS, "liv", "Y-90 TARE", "TARE", D(2023, 3, 21), D(2023, 3, 21)),
        line(12, Lane.TARGETED, Style.DAILY, "tgt", "Cabozantinib", "Cabo", D(2024, 9, 2), None),
    ),
    scans=(
        scan(D(2011, 10, 5), "", letters="BL"),
        *(
            scan(on, {4: "PD", 9: "PR", 13: "PD", 19: "PR", 28: "PD", 33: "PD", 40: "PR", 44: "PD"}.get(n, "SD"))
            for n, on in enumerate(every(100, D(2012, 3, 6), D(2026, 9, 30)))
        ),
        scan(D(2026, 12, 29), "", planned=True, letters="due", title="29 Dec 2026: MRI due"),
        pet(D(2011, 10, 17), Uptake.RECEPTOR, "Kr 4"),
        pet(D(2015, 4, 14), Uptake.RECEPTOR, "Kr 4"),
        pet(D(2020, 2, 11), Uptake.RECEPTOR, "Kr 3"),
        pet(D(2024, 7, 30), Uptake.GLUCOSE, "avid"),
    ),
    goals=(
        GoalsMark(D(2015, 3, 20), "first conversation", "Goals conversation 20 Mar 2015", "/goals/1/"),
        GoalsMark(D(2020, 1, 28), "Keep working", "Goals conversation 28 Jan 2020", "/goals/2/"),
        GoalsMark(D(2024, 8, 13), "Being at home", "Goals conversation 13 Aug 2024", "/goals/3/"),
    ),
    board=tuple(
        BoardMark(on, str(n), state, f"Board decision {n}, {on}: {state}", f"/decision/{n}/")
        for n, (on, state) in enumerate(
            (
                (D(2011, 10, 19), Carried.DONE),
                (D(2013, 1, 9), Carried.DONE),
                (D(2015, 4, 22), Carried.DONE),
                (D(2018, 10, 3), Carried.PARTLY),
                (D(2020, 2, 19), Carried.DONE),
                (D(2021, 10, 6), Carried.DEVIATED),
                (D(2023, 2, 22), Carried.DONE),
                (D(2024, 8, 7), Carried.DONE),
                (D(2026, 10, 14), Carried.OPEN),
            ),
            1,
        )
    ),
    stays=(
        StayMark(D(2011, 11, 7), D(2011, 11, 19), "12 nights", "Planned admission 7 Nov 2011", "/stay/"),
        StayMark(D(2020, 12, 2), D(2020, 12, 9), "7 nights", "Unplanned admission 2 Dec 2020", "/stay/"),
    ),
    curves=(
        Curve(
            "CgA", "ng/mL",
            tuple(
                Point(on, 90 + (n * 37) % 260 + n * 14, "A" if on < D(2017, 6, 1) else "B", on_ppi=on > D(2023, 1, 1))
                for n, on in enumerate(every(100, D(2011, 10, 5), D(2026, 9, 30)))
            ),
            "/record/", limit=100,
        ),
        Curve(
            "5-HIAA", "mg/24 h",
            tuple(Point(on, 8 + (n * 11) % 30) for n, on in enumerate(every(200, D(2011, 10, 5), D(2026, 9, 30)))),
            "/record/", limit=8,
        ),
        Curve(
            "Weight", "kg",
            tuple(
                Point(on, round(84 - n * 0.3 + n % 4 * 0.6, 1))
                for n, on in enumerate(every(120, D(2011, 10, 5), TODAY))
            ),
            "/record/",
        ),
    ),
)  # fmt: skip

DIED = replace(
    LONG,
    name="Quill Ashdown",
    died_on=D(2024, 2, 3),
    lines=LONG.lines[:9],
    scans=tuple(scan for scan in LONG.scans if scan.on < D(2024, 2, 3)),
    board=LONG.board[:7],
    goals=LONG.goals[:2],
    stays=(),
    care=(
        CareMark(D(2023, 5, 2), CareKind.CALL, "", "Symptom call 2 May 2023: frequent stools", "/call/1"),
        CareMark(D(2023, 9, 19), CareKind.URGENT, "", "Symptom call 19 Sep 2023: jaundice", "/call/2"),
        *(
            CareMark(on, CareKind.DRAINAGE, "4.5 L", f"Ascites drained {on:%d %b %Y}: 4.5 L", "/care/#drainage")
            for on in every(21, D(2023, 10, 10), D(2024, 1, 23))
        ),
    ),
)

CONCURRENT = Course(
    name="Sunniva Thorsby",
    url="/record/",
    diagnosed_on=D(2023, 2, 6),
    therapy_line=3,
    lines=(
        line(1, Lane.SSA, Style.TICKS, "ssa", "Lanreotide", "Lan", D(2023, 3, 6), D(2025, 9, 1),
             doses=every(28, D(2023, 3, 6), D(2025, 9, 1))),
        line(2, Lane.TARGETED, Style.DAILY, "tgt", "Everolimus", "Eve", D(2024, 1, 8), D(2025, 2, 10)),
        line(3, Lane.SSA, Style.TICKS, "ssa", "Octreotide LAR", "Oct", D(2025, 6, 2), None,
             doses=every(28, D(2025, 6, 2), TODAY)),
        line(4, Lane.TARGETED, Style.DAILY, "tgt", "Sunitinib", "Sun", D(2025, 1, 13), None),
        beside(5, Lane.SSA, "Octreotide, short-acting, for symptoms", D(2024, 5, 6), D(2026, 3, 2)),
        line(6, Lane.PRRT, Style.LOLLIPOPS, "prrt", "PRRT", "", D(2027, 1, 11), None, planned=True, ongoing=False),
    ),
    scans=(scan(D(2023, 2, 14), "", letters="BL"), scan(D(2024, 12, 17), "PD"), scan(D(2026, 5, 12), "SD")),
)  # fmt: skip
