"""Which browser the journeys get."""

import os
from pathlib import Path

import pytest

from careteam import browser


def test_named_browser_overrules_those_that_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "my chrome"
    mine.write_text("#!/bin/sh\n")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert browser.find() is None  # it cannot be run yet
    mine.chmod(0o755)
    assert browser.find() == mine


def test_browsers_on_the_path_are_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in reversed(browser.PROGRAMS):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert browser.find() == tmp_path / name


def test_sandbox_stays_on_unless_root() -> None:
    assert ("--no-sandbox" in browser.launch_arguments()) == (os.geteuid() == 0)


def test_nothing_found_and_nothing_installable_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "not there"))
    monkeypatch.setenv("PATH", str(tmp_path))  # no apt-get
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")  # and nothing to download from
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert browser.main() == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("The tests need: A browser")]
    assert told == [
        "The tests need: A browser. Install Chromium or Chrome, or name one: CHROMIUM=/path/to/chrome make test"
    ]
