"""The shell in a real browser: accessibility, keyboard, toasts, and a content security policy that holds."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parents[2] / "journeys/vendor/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Requests are not news."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with override_settings(ROOT_URLCONF="tests.careteam.web.pages"):
        server = make_server("127.0.0.1", 0, StaticFilesHandler(WSGIHandler()), handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(chromium: Browser, site: str) -> Iterator[Page]:
    """A page that fails its test on any script error or any breach of the policy."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, base_url=site)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    page.on("request", lambda request: None if request.url.startswith(site) else complaints.append(request.url))
    yield page
    context.close()
    assert complaints == []


def open_states(page: Page, query: str = "") -> None:
    page.goto(f"/{query}")
    page.evaluate("document.activeElement.blur()")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


@pytest.mark.parametrize(
    ("query", "width"),
    [("?theme=light", 1280), ("?theme=dark", 1280), ("?view=projector", 1920), ("?theme=light", 320)],
)
def test_no_axe_violation_and_no_sideways_scrolling(page: Page, query: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_states(page, query)
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert [(problem["id"], problem["nodes"][0]["html"]) for problem in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_projector_text_is_large(page: Page) -> None:
    open_states(page, "?view=projector")
    sizes = page.evaluate(
        """[...document.querySelectorAll("main *")].filter(e => e.childNodes.length && e.checkVisibility()
           && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
           .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert min(sizes) >= 24


def test_slash_finds_a_patient_by_keyboard_alone(page: Page) -> None:
    open_states(page)
    page.keyboard.press("/")
    assert focused(page) == "find-q"
    page.keyboard.type("achterb")
    expect(page.locator("#find-results a")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hit/1/")


def test_escape_leaves_the_search_empty(page: Page) -> None:
    open_states(page)
    page.keyboard.press("/")
    page.keyboard.type("ro")
    expect(page.locator("#find-results a")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#find-results a")).to_have_count(0)
    assert page.input_value("#find-q") == ""


def test_help_lists_the_keys_of_the_page(page: Page) -> None:
    open_states(page)
    page.keyboard.press("?")
    help_text = page.locator("#shortcuts[open] dl")
    expect(help_text).to_contain_text("Find a patient")
    expect(help_text).to_contain_text("Imaging")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).not_to_be_visible()


def test_g_and_a_letter_go_to_a_page(page: Page) -> None:
    open_states(page)
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url("**/inbox/")


def test_single_keys_can_be_switched_off(page: Page) -> None:
    open_states(page, "?quiet")
    for key in ("/", "?", "j"):
        page.keyboard.press(key)
    assert focused(page) == ""
    expect(page.locator("#shortcuts")).not_to_be_visible()


def test_keys_are_letters_while_typing(page: Page) -> None:
    open_states(page)
    page.focus("#id_note")
    page.keyboard.type("j? g n/")
    assert page.input_value("#id_note") == "j? g n/"


def test_rows_are_walked_and_acted_on(page: Page) -> None:
    open_states(page)
    page.evaluate(
        """document.querySelectorAll("[data-primary]").forEach(button => {
             button.onclick = () => { window.acted = button.closest("tr").rowIndex };
           })"""
    )
    for key in ("j", "j", "j", "k", "e"):
        page.keyboard.press(key)
    assert page.evaluate("window.acted") == 2
    page.keyboard.press("Enter")
    page.wait_for_url("**/#row")


def test_error_summary_takes_focus_and_leads_to_the_field(page: Page) -> None:
    page.goto("/")
    assert page.evaluate("document.activeElement.hasAttribute('data-autofocus')")
    page.click("text=Date taken: The date lies in the future.")
    assert page.url.endswith("#e_taken_on")


def test_toast_of_a_fragment_stays_eight_seconds_and_waits_under_the_focus(page: Page) -> None:
    page.clock.install()
    open_states(page)
    close_a_row(page)
    toasts = page.locator("#toasts .toast")
    expect(toasts).to_have_count(1)
    expect(toasts.locator("[data-text]")).to_have_text("Row closed")
    page.clock.run_for(7000)
    toasts.locator("[data-undo] button").focus()
    page.clock.run_for(9000)
    expect(toasts).to_have_count(1)
    page.evaluate("document.activeElement.blur()")
    page.clock.run_for(9000)
    expect(toasts).to_have_count(0)


def test_undo_of_a_toast_is_a_post(page: Page) -> None:
    open_states(page)
    close_a_row(page)
    page.click("#toasts [data-undo] button")
    expect(page.locator("#toasts [data-text]")).to_have_text("Row open again")
    expect(page.locator("#toasts [data-undo]")).to_have_count(0)


def close_a_row(page: Page) -> None:
    """An htmx form made on the spot, as the worklists have them in each row."""
    page.evaluate(
        """() => {
          const form = document.createElement("form");
          form.setAttribute("hx-post", "/done/");
          form.append(document.createElement("button"));
          document.querySelector("main").append(form);
          htmx.process(form);
          form.requestSubmit();
        }"""
    )


def test_dialog_opens_and_closes(page: Page) -> None:
    open_states(page)
    page.click("[data-opens=sign]")
    expect(page.locator("#sign")).to_be_visible()
    page.click("#sign [data-closes]")
    expect(page.locator("#sign")).not_to_be_visible()


def test_a_disabled_action_is_reachable_and_does_nothing(page: Page) -> None:
    open_states(page)
    page.focus("[aria-disabled=true]")
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "whyn"


def test_rail_is_a_menu_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    open_states(page)
    expect(page.locator("#rail")).not_to_be_visible()
    page.click("[popovertarget=rail]")
    expect(page.locator("#rail")).to_be_visible()


def test_everything_can_be_clicked_with_a_thumb(page: Page) -> None:
    """WCAG 2.2: targets of 24 px, or with that much room."""
    page.set_viewport_size({"width": 360, "height": 700})
    open_states(page)
    small = page.evaluate(
        """[...document.querySelectorAll("main :is(button, .btn, select, .opts label, .tabs a)")]
           .filter(e => e.checkVisibility() && (e.offsetHeight < 24 || e.offsetWidth < 24)).map(e => e.outerHTML)"""
    )
    assert small == []
