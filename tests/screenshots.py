"""Takes the pictures of the documentation again, from a demo that runs: `make up` in one terminal, here

    .venv/bin/python -m tests.screenshots [http://127.0.0.1:8000]

Best on a demo of its own (an empty `.local/`): the meeting of the board is started. The patients of the timelines are
found by name. Pictures have 128 colors, which keeps each below 150 kB.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from careteam import browser as installed

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LONG, SHORT, DIED = "Rosalind Achterberg", "Tuuli Vasilescu", "Alistair Yannick Marchetti"
CARD = "#timeline-card"
DEMO_PASSWORD = "Demo-sign-in-2026"  # of every demo account; `make up` prints it


def save(name: str, png: bytes) -> None:
    path = IMAGES / f"{name}.png"
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1000} kB\n")


def signed_in(browser: Browser, base: str, who: str, *, dark: bool = False, width: int = 1440) -> Page:
    size = {"width": width, "height": 1080}
    page = browser.new_context(viewport=size, color_scheme="dark" if dark else "light").new_page()
    page.goto(f"{base}/accounts/login/")
    page.fill("input[type=email]", f"{who}@net.example.org")
    page.fill("input[type=password]", DEMO_PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")
    return page


def settle(page: Page) -> None:
    """A live page listens for ever: what it fetches is waited for, not silence."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)
    page.wait_for_selector("body:not(:has(main .htmx-request))")
    page.wait_for_timeout(700)


def patient(page: Page, name: str) -> str:
    """The address of a patient, found as anybody finds one."""
    page.fill("input[type=search]", name)
    page.press("input[type=search]", "Enter")
    settle(page)
    if not page.url.rstrip("/").rpartition("/")[2].isdigit():
        page.locator("main a.nm", has_text=name.rsplit(maxsplit=1)[-1]).first.click()
        settle(page)
    return page.url.split("?")[0]


def screen(page: Page, name: str, url: str, height: int) -> None:
    page.set_viewport_size({"width": 1440, "height": height})
    page.goto(url)
    settle(page)
    save(name, page.screenshot())


def live_case(page: Page, base: str) -> str:
    """The live meeting of the next board, started if it is not."""
    page.goto(f"{base}/boards/")
    page.get_by_role("link", name="Agenda").first.click()
    settle(page)
    start = page.get_by_role("button", name="Start meeting")
    if start.count():
        start.click()
        settle(page)
    if not page.url.rstrip("/").endswith("live"):
        page.goto(f"{page.url.rstrip('/')}/live/")
        settle(page)
    if page.get_by_text("No case on").count():
        page.get_by_role("button", name="Next").click()
        settle(page)
    return page.url


def timelines(browser: Browser, base: str) -> None:
    """Three very different patients in the four presentations."""
    for name, who in (("long", LONG), ("short", SHORT), ("died", DIED)):
        for theme in ("light", "dark", "projector", "print"):
            width = {"projector": 1920, "print": 1060}.get(theme, 1440)
            page = signed_in(browser, base, "ines.okafor", dark=theme == "dark", width=width)
            url = patient(page, who)
            page.goto(f"{url}?view=projector" if theme == "projector" else url)
            settle(page)
            page.emulate_media(media="print" if theme == "print" else "screen")
            save(f"timeline-{name}-{theme}", page.locator(CARD).screenshot())
            page.context.close()


def main(base: str) -> None:
    with sync_playwright() as playwright:
        path = installed.find()
        browser = playwright.chromium.launch(
            executable_path=str(path) if path else None, args=installed.launch_arguments()
        )
        timelines(browser, base)
        page = signed_in(browser, base, "miriam.feld")
        meeting = live_case(page, base)
        for dark in (False, True):
            suffix = "-dark" if dark else ""
            page = signed_in(browser, base, "dana.whitcomb", dark=dark)
            screen(page, f"workspace{suffix}", f"{base}/", 960)
            screen(page, f"imaging{suffix}", f"{base}/imaging/", 1040)
            page = signed_in(browser, base, "ines.okafor", dark=dark)
            screen(page, f"patient{suffix}", patient(page, LONG), 1040)
            screen(page, f"board{suffix}", meeting, 1130)
            page = signed_in(browser, base, "lena.brandt", dark=dark)
            screen(page, f"goals{suffix}", f"{patient(page, LONG)}goals/new/", 1040)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000")
