"""Weight, honesty and completeness of what the browser loads."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (STATIC / "img/icons.svg").read_text()))


def test_stylesheet_is_small() -> None:
    assert sum(len(path.read_bytes()) for path in (STATIC / "css").glob("*.css")) <= 25_000


def test_stylesheet_has_the_six_layers_in_order() -> None:
    first = (STATIC / "css/tokens.css").read_text().splitlines()[0]
    assert first == "@layer tokens,base,layout,components,slices,print;"


def test_everything_a_first_page_loads_weighs_less_than_100_kb_compressed() -> None:
    """The budget of a whole first page is 120 kB; this leaves 20 for its HTML."""
    files = re.findall(r"static '([^']+)'", (ROOT / "templates/base.html").read_text())
    files.append("img/icons.svg")
    assert sum(len(gzip.compress((STATIC / name).read_bytes())) for name in files) < 100_000


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_obeys_the_content_security_policy(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"\sstyle=", text) == []
    assert re.findall(r"\son[a-z]+=|hx-on|js:", text) == []
    assert re.findall(r"<script(?![^>]*(?:\bsrc=|application/json))", text) == []
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_names_icons_that_exist(path: Path) -> None:
    assert set(re.findall(r'{% icon "([^"]+)"', path.read_text())) - ICONS == set()


def test_own_scripts_use_no_browser_storage_and_no_eval() -> None:
    for path in (STATIC / "js").glob("*.js"):
        assert re.findall(r"localStorage|sessionStorage|indexedDB|\beval\(|innerHTML", path.read_text()) == [], (
            path.name
        )
