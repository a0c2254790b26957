"""Figures about groups: which belong to a stratum, who may see them, and everything that hides them."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from careteam.audit.models import AuditEvent
from careteam.people.rules import Role
from patients.guidance.queries import prognosis_of
from patients.guidance.rules import Snapshot
from patients.guidance.rules.prognosis import figures_for
from patients.protocol.commands import sign_number
from patients.protocol.rules import NUMBERS, Tag
from patients.protocol.rules.prognosis import CAPTION, FIGURES
from patients.record.models import Metastasis, Patient
from tests.factories import NOW, diagnosis, patient, person, specimen, team
from tests.factories.goals import conversation
from tests.patients.guidance.snapshots import CATALOG, snap

TODAY = NOW.date()
READ = frozenset(figure.code for figure in FIGURES if figure.tag != Tag.P)
EVERY = frozenset(figure.code for figure in FIGURES)
LIVER = {"metastases": frozenset({"liver"})}
US, TREND, LOCAL = "prognosis.us", "prognosis.seer_trend", "prognosis.liver"
GRADE, SITE, G3 = "prognosis.seer_grade", "prognosis.seer_site", "prognosis.g3"
NEC = ["prognosis.nec", "prognosis.nec_population", "prognosis.nec_article"]


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        (LIVER, [LOCAL, US, TREND, GRADE, SITE]),
        ({}, [US, TREND, GRADE, SITE]),
        (LIVER | {"primary_site": "lung"}, [LOCAL, US, GRADE]),
        (LIVER | {"stage": "II"}, [US, GRADE]),
        (LIVER | {"grade": "NET G3"}, [US, TREND, G3]),
        (LIVER | {"grade": "NEC"}, NEC),
        (LIVER | {"grade": "NEC small cell", "netpet": "P5"}, [*NEC, "prognosis.netpet"]),
        (LIVER | {"grade": "NEC", "stage": "II"}, []),
        (LIVER | {"grade": "MiNEN"}, []),
        ({"netpet": "P4a", "grade": "MiNEN"}, ["prognosis.netpet"]),
        ({"netpet": "P0", "grade": "MiNEN"}, []),
    ],
)
def test_figures_are_those_of_the_stratum(fields: dict[str, Any], codes: list[str]) -> None:
    assert [figure.code for figure in figures_for(snap(**fields), EVERY).figures] == codes


def test_figures_of_carcinoma_and_of_tumors_never_stand_together() -> None:
    for grade in ("NET G1", "NET G2", "NET G3", "NEC", "NEC small cell", "NEC large cell"):
        codes = {figure.code for figure in figures_for(snap(**LIVER, grade=grade), EVERY).figures}
        assert bool(codes & set(NEC)) == grade.startswith("NEC")
        assert bool(codes & {US, G3, LOCAL, GRADE}) == grade.startswith("NET")


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"grade": "unclassified", "grade_missing": ("differentiation",)}, ("differentiation",)),
        ({"grade": "ungraded", "grade_missing": ("Ki-67", "mitoses")}, ("Ki-67", "mitoses")),
        ({"stage": ""}, ("stage",)),
    ],
)
def test_nothing_is_shown_without_a_stratum(fields: dict[str, Any], missing: tuple[str, ...]) -> None:
    found = figures_for(snap(**LIVER, **fields), EVERY)
    assert (found.figures, found.missing) == ((), missing)


def test_figures_of_prior_knowledge_wait_for_a_signature() -> None:
    found = figures_for(snap(**LIVER), READ)
    assert ([figure.code for figure in found.figures], found.unsigned) == ([LOCAL, US, TREND], 2)


def test_strata_are_named_with_their_days() -> None:
    found = figures_for(snap(**LIVER), READ)
    assert [(each.label, each.value, each.on) for each in found.strata if each.value] == [
        ("Differentiation and grade", "NET G2", date(2024, 3, 1)),
        ("Stage", "IV", date(2024, 3, 1)),
        ("Primary", "pancreas", None),
        ("Metastases", "liver", None),
    ]


def test_nothing_is_computed_for_a_person() -> None:
    """Age, sex, labs, lines and response change nothing: only the stratum does."""
    plain = figures_for(snap(**LIVER), EVERY)
    other = figures_for(
        snap(**LIVER, age=31, sex="female", labs={}, lines=(), therapy_line=7, response="PD", response_on=TODAY), EVERY
    )
    assert plain == other


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.code)
def test_every_figure_has_population_years_source_and_tag(figure: Any) -> None:
    assert "" not in {figure.group, figure.figure, figure.population, figure.years, figure.source}
    assert NUMBERS[figure.code].tag == figure.tag


def test_survival_gain_of_analogs_and_unstratified_medians_are_not_held() -> None:
    words = " ".join(f"{figure.group} {figure.figure}" for figure in FIGURES)
    assert [each for each in ("analog", "12 mo ", "9.3", "G3–4", "3–5 years") if each in words] == []


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def known(db: None) -> Patient:
    someone = patient(team(), sex="male")
    diagnosis(someone)
    specimen(someone)
    Metastasis.objects.create(patient=someone, site="liver")
    return someone


def get(client: Client, someone: Patient, query: str = "", **headers: str) -> Any:
    client.force_login(person(someone.team))
    return client.get(reverse("guidance-prognosis", args=[someone.pk]) + query, headers=headers)


def shows_figures(page: str) -> bool:
    return any(figure.figure in page for figure in FIGURES) or CAPTION in page


def test_page_shows_figures_with_the_caption_and_is_read_as_an_act_of_its_own(client: Client, known: Patient) -> None:
    page = get(client, known).content.decode()
    assert CAPTION == (
        "These figures describe groups of past patients, often treated before current therapies. They cannot predict "
        "what will happen to one person. Half lived longer, half shorter than a median."
    )
    assert CAPTION in page
    assert "median 3 to more than 10 years; 70–130 months in cohorts" in page
    assert "2 figures local, unsigned" in page
    assert "Not recorded: ask before numbers are shared" in page
    assert AuditEvent.objects.filter(action="guidance.read_prognosis", patient_ids=[known.pk], kind="read").count() == 1


@pytest.mark.parametrize("preference", ["none_now", "family_only", "big_picture"])
def test_information_preference_hides_everything(client: Client, known: Patient, preference: str) -> None:
    conversation(known, person(known.team, Role.PALLIATIVE), information_preference=preference)
    page = get(client, known).content.decode()
    assert "Hidden by the patient’s own wish about information" in page
    assert shows_figures(page) is False
    assert AuditEvent.objects.filter(action="guidance.read_prognosis").count() == 0


def test_patient_who_wants_everything_sees_no_obstacle(client: Client, known: Patient) -> None:
    conversation(known, person(known.team, Role.PALLIATIVE), information_preference="full")
    page = get(client, known).content.decode()
    assert ("Everything, also numbers" in page, shows_figures(page)) == (True, True)


def test_switch_hides_everything(client: Client, known: Patient, settings: Any) -> None:
    settings.DECISION_SUPPORT_ENABLED = False
    page = get(client, known).content.decode()
    assert ("Decision support is switched off" in page, shows_figures(page)) == (True, False)
    panel = client.get(reverse("guidance-panel", args=[known.pk])).content.decode()
    assert reverse("guidance-prognosis", args=[known.pk]) not in panel


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?view=projector", {}),
        ("", {"HX-Request": "true", "HX-Current-URL": "https://x.example.org/patients/1/?view=projector"}),
    ],
)
def test_projector_never_shows_figures(client: Client, known: Patient, query: str, headers: dict[str, str]) -> None:
    page = get(client, known, query, **headers).content.decode()
    assert ("Not shown on a projector." in page, shows_figures(page)) == (True, False)
    assert AuditEvent.objects.filter(action="guidance.read_prognosis").count() == 0


def test_session_of_a_projector_never_shows_figures(client: Client, known: Patient) -> None:
    client.force_login(person(known.team))
    client.post(reverse("preferences"), {"view": "projector"})
    page = client.get(reverse("guidance-prognosis", args=[known.pk])).content.decode()
    assert shows_figures(page) is False


def test_paper_and_files_hold_no_figures(client: Client, known: Patient) -> None:
    """The section is taken out of print by the style sheet; summary, patient page and panel never hold it."""
    page = get(client, known).content.decode()
    sections = re.findall(r'<section class="card np"[^>]*aria-labelledby="pr-h".*?</section>', page, flags=re.DOTALL)
    assert len(sections) == 1
    assert shows_figures(page.replace(sections[0], "")) is False
    style = (Path(__file__).resolve().parents[3] / "static" / "css" / "app.css").read_text()
    printed = style[style.index("@media print") :]
    assert re.search(r"\.np,[^{]*\{display:none!important\}", printed)
    for name in ("patient", "patient-summary", "guidance-panel"):
        assert shows_figures(client.get(reverse(name, args=[known.pk])).content.decode()) is False


def test_page_is_for_clinicians(client: Client, known: Patient) -> None:
    for role in (Role.BOARD_COORDINATOR, Role.CHAPLAIN, Role.NURSE_COORDINATOR, Role.AUDITOR):
        client.force_login(person(known.team, role))
        assert client.get(reverse("guidance-prognosis", args=[known.pk])).status_code == 403
    client.force_login(person(team()))
    assert client.get(reverse("guidance-prognosis", args=[known.pk])).status_code == 404


def test_patient_page_offers_it_by_one_click_and_does_not_load_it(client: Client, known: Patient) -> None:
    client.force_login(person(known.team))
    url = reverse("guidance-prognosis", args=[known.pk])
    assert f'hx-get="{url}"' not in client.get(reverse("patient", args=[known.pk])).content.decode()
    assert f'href="{url}"' in client.get(reverse("guidance-panel", args=[known.pk])).content.decode()


@pytest.mark.parametrize(
    "fields", [{"deceased_on": date(2026, 11, 1)}, {"enrollment_status": "under_review"}], ids=["deceased", "review"]
)
def test_nothing_is_shown_of_somebody_not_in_care(known: Patient, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(known, name, value)
    assert prognosis_of(known, TODAY).groups is None


def test_another_cancer_has_no_figures(db: None) -> None:
    someone = patient(team())
    diagnosis(someone, net_status="not_net")
    assert prognosis_of(someone, TODAY).hidden == "No figures are shown: no neuroendocrine tumor is recorded."


def test_signature_shows_a_figure_of_prior_knowledge(known: Patient, now: datetime) -> None:
    def codes() -> list[str]:
        groups = prognosis_of(known, TODAY).groups
        return [figure.code for figure in groups.figures] if groups else []

    assert GRADE not in codes()
    sign_number(known.team, GRADE, value=NUMBERS[GRADE].value, by=person(known.team, Role.TEAM_LEAD), now=now)
    assert GRADE in codes()


def test_snapshot_of_nothing_has_no_stratum() -> None:
    assert figures_for(Snapshot(on=TODAY, numbers=CATALOG), EVERY).missing == ("grade", "stage")
