"""The pages a newcomer reads say only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps

from careteam.cohort.cast import CAST, DEMO_PASSWORD, FIRST_TEAM
from careteam.cohort.histories.stars import STARS
from patients.record.models import ClinicalRow

BASE = Path(__file__).resolve().parents[2]
DOCS = BASE / "docs"
PAGES = sorted([BASE / "README.md", *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))
ABSTRACT = {ClinicalRow.__name__}  # no table of its own
MOST_WORDS = 400
MOST_BYTES = 250_000


def _name(path: Path) -> str:
    return path.relative_to(BASE).as_posix()


def _prose(text: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """The anchors that a page offers, as repository hosts spell them."""
    titles = re.findall(r"^#+ (.+)$", _prose(page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (BASE / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_page_names_only_make_commands_that_exist(page: Path) -> None:
    named = set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z]+)", page.read_text()))
    assert named - _targets() == set()


def test_readme_names_the_commands_a_newcomer_needs() -> None:
    named = set(re.findall(r"`make ([a-z]+)`", (BASE / "README.md").read_text()))
    assert named == {"up", "test", "check", "backup", "restore"}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_page_links_lead_somewhere(page: Path) -> None:
    dead = []
    text = _prose(page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text):
        if target.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        if not found.is_relative_to(BASE) or not found.exists() or (anchor and anchor not in _anchors(found)):
            dead.append(target)
    assert dead == []


def test_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", (BASE / "README.md").read_text()))
    assert {page.name for page in DOCS.glob("*.md")} == linked


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_page_names_only_management_commands_that_exist(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", page.read_text()))
    ours = {path.stem for path in (BASE / "careteam" / "management" / "commands").glob("[a-z]*.py")}
    assert named - ours - {"migrate", "makemigrations", "createsuperuser", "check"} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_page_names_only_files_that_exist(page: Path) -> None:
    """Paths in code marks that begin with one of our folders."""
    folders = "careteam|patients|tumorboard|templates|static|tests|docs"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*)`", _prose(page.read_text())))
    assert [path for path in sorted(named) if not (BASE / path).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=_name)
def test_decision_is_short_and_complete(page: Path) -> None:
    text = page.read_text()
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert len(text.split()) <= MOST_WORDS
    assert headings == ["Context", "Decision", "Consequences", "Rejected"]
    assert text.startswith(f"# {page.name[:4]} ")


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    assert [page.name[:4] for page in DECISIONS] == [f"{number:04d}" for number in range(1, len(DECISIONS) + 1)]
    listed = re.findall(r"\]\((\d{4}[^)]*)\)", (DOCS / "adr" / "README.md").read_text())
    assert listed == [page.name for page in DECISIONS]


def test_glossary_names_models_that_exist() -> None:
    rows = [row.split("|") for row in (DOCS / "glossary.md").read_text().splitlines() if row.startswith("|")]
    named = {name for row in rows for name in re.findall(r"`([A-Za-z]+)`", row[-2])}
    models = {
        model.__name__
        for app in ("careteam", "patients", "tumorboard")
        for model in apps.get_app_config(app).get_models()
    }
    assert named - models - ABSTRACT == set()
    assert len(named) >= 45


def test_glossary_has_one_row_for_each_word() -> None:
    rows = [row.split("|")[1].strip() for row in (DOCS / "glossary.md").read_text().splitlines() if row.startswith("|")]
    words = [word for word in rows if word != "word" and not word.startswith("---")]
    assert len(words) == len(set(words))


def test_readme_names_sign_ins_that_exist() -> None:
    text = (BASE / "README.md").read_text()
    ours = {character.email(FIRST_TEAM).partition("@")[0] for character in CAST[FIRST_TEAM]}
    named = set(re.findall(r"\(`([a-z]+\.[a-z]+)`\)", text))
    assert named - ours == set()
    assert len(named) == 6
    everybody = {character.email(slug) for slug, cast in CAST.items() for character in cast}
    assert set(re.findall(r"`([a-z]+\.[a-z]+@[a-z.]+)`", text)) - everybody == set()
    assert f"`{DEMO_PASSWORD}`" in text


def test_readme_shows_patients_that_the_demo_has() -> None:
    text = (BASE / "README.md").read_text()
    table = text.partition("| patient | shows |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| ([^|-][^|]*?) \|", table, flags=re.MULTILINE)
    assert set(named) - {" ".join(star.wish.name) for star in STARS} == set()
    assert len(named) == 11


def test_pictures_are_small() -> None:
    pictures = sorted((DOCS / "images").glob("*.png"))
    assert [_name(path) for path in pictures if path.stat().st_size > MOST_BYTES] == []
    shown = {name for page in PAGES for name in re.findall(r"images/([\w-]+\.png)", page.read_text())}
    assert {path.name for path in pictures} == shown


def test_architecture_page_can_be_read_at_once() -> None:
    assert len((DOCS / "architecture.md").read_text().splitlines()) <= 250
