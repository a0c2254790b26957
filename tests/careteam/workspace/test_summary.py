"""The summary on paper: one page, whatever the course; name and number on it; nothing fetched."""

from __future__ import annotations

import struct
import zlib
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

from django.template.loader import render_to_string
from weasyprint import HTML

from careteam.people.models import Team
from careteam.web.pdf import pages_of, pdf_of
from careteam.workspace.banner import Step
from careteam.workspace.summary import LINES
from patients.goals.queries import GoalsNow
from patients.record.models import Patient
from patients.reports.rules import PAPER, draw
from patients.treatment.models import TreatmentLine
from patients.treatment.queries import LineRow, Response
from patients.treatment.rules import LineNumber
from tests.patients.reports.courses import LONG, TODAY

WORDS = "Home first. Treatment as long as it does not cost her hospital nights. "


def longest() -> str:
    """The page of somebody with twelve lines, nine years, many alerts and a long conversation."""
    patient = Patient(
        family_name="Achterberg-O'Brien", given_name="Rosalind <b>", mrn="90-4471-082", sex="female",
        birth_date=date(1959, 2, 14), team=Team(name="NET team"),
    )  # fmt: skip
    row = LineRow(
        line=TreatmentLine(
            modality="chemotherapy", agent="Capecitabine + temozolomide", status="stopped",
            end_reason="clinician_choice",
            dose="750 mg/m² twice daily d1–14, 200 mg/m² d10–14", started_on=date(2022, 4, 20),
            ended_on=date(2022, 11, 2),
        ),
        number=LineNumber(7, 4, 4), duration="7 mo", best=Response("PR"), last=Response("PD"),
        toxicity="Lymphocyte count decreased G3, Nausea G2", given=8, next_dose=None,
    )  # fmt: skip
    facts = tuple((f"Fact {n}", "Being at home; An event to reach", "event passed, ask again", "") for n in range(9))
    alerts = tuple(("amb", "Anticoagulant", "Apixaban 5 mg twice daily") for _ in range(8))
    step = Step("NET board: present the case", TODAY, "today", "Dr Ines Okafor", overdue=False)
    banner = SimpleNamespace(facts=facts, alerts=alerts, next_step=step)
    goals = GoalsNow(
        patient_id=0, exists=True, quote=WORDS * 4, summary=WORDS * 9, held_on=TODAY, treatment_limits=WORDS * 4
    )
    return render_to_string(
        "patients/reports/summary_paper.html",
        {
            "patient": patient, "today": TODAY, "now": datetime(2026, 11, 23, 9, 0), "by": "Dr Ines Okafor",
            "paper": True,
            "banner": banner, "drawing": draw(LONG, TODAY, size=PAPER), "lines": [row] * LINES, "earlier": 3,
            "goals": goals, "excluded": [SimpleNamespace(name="Gerald Amara", relation="husband")],
        },
    )  # fmt: skip


def test_paper_is_one_page_and_says_who_at_its_top() -> None:
    html = longest()
    assert len(pages_of(html, fit=1).pages) == 1
    assert '<p class="who">Rosalind &lt;b&gt; Achterberg-O&#x27;Brien · MRN 90-4471-082' in html
    assert "3 earlier lines: in the drawing." in html
    assert "<b>Must not be told</b> Gerald Amara (husband)" in html


def test_paper_is_one_page_with_a_wide_font_too() -> None:
    """Fonts differ between machines; letters set this far apart need a second page in any."""
    html = longest().replace("body { margin: 0 }", "body { margin: 0; letter-spacing: 0.15em }")
    assert len(pages_of(html).pages) == 2
    assert len(pages_of(html, fit=1).pages) == 1


def pixel(path: Path) -> str:
    """The address of a picture of one pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(4))),
        (b"IEND", b""),
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts))
    return path.as_uri()


def test_document_loads_nothing_from_outside_itself(tmp_path: Path) -> None:
    """An address in what somebody typed is not visited, a file of the server is not read."""
    page = f'<html lang="en"><title>t</title><p>x</p><img alt="p" src="{pixel(tmp_path / "p.png")}"></html>'
    assert b"/Image" in HTML(string=page).write_pdf()
    assert b"/Image" not in pdf_of(page)
