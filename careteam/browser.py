"""The browser of the journey tests, and the text libraries of the PDF tests: found, or installed by `make test`.

Order: a Chromium or Chrome that is there, Debian's package (as root), Playwright's own download, a message that says
what to install. `CHROMIUM=/path` overrules.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# What WeasyPrint loads; the product lives without them and says so on the print button, its tests do not.
PRINT_LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
APT_BROWSER = ("chromium",)
APT_PRINT = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")


def find() -> Path | None:
    """The browser to drive, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    for program in PROGRAMS:
        if path := shutil.which(program):
            return Path(path)
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    return mac if mac.exists() else _playwrights_own()


def launch_arguments() -> list[str]:
    """Arguments for Chromium: as root its sandbox cannot start; a container's /dev/shm is too small."""
    return ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def prints() -> bool:
    """Whether the libraries for PDFs are there."""
    return all(map(ctypes.util.find_library, PRINT_LIBRARIES))


def _playwrights_own() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _apt(packages: tuple[str, ...]) -> bool:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    print(f"Installing {', '.join(packages)} ...", flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    update = subprocess.run([apt, "-qq", "update"], env=env, check=False)
    install = [apt, "-qq", "install", "-y", "--no-install-recommends", *packages]
    return update.returncode == 0 and subprocess.run(install, env=env, check=False).returncode == 0


def _install_playwrights_own() -> bool:
    print("Downloading Playwright's Chromium ...", flush=True)
    line = [sys.executable, "-m", "playwright", "install", *(["--with-deps"] if os.geteuid() == 0 else []), "chromium"]
    return subprocess.run(line, check=False).returncode == 0


def main() -> int:
    """Make sure that the tests find a browser and the print libraries; the exit status tells."""
    missing = []
    if not prints() and not (_apt(APT_PRINT) and prints()):
        missing.append(f"Text libraries for PDFs. On Debian or Ubuntu: sudo apt-get install {' '.join(APT_PRINT)}")
    if find() is None and not ((_apt(APT_BROWSER) or _install_playwrights_own()) and find()):
        missing.append("A browser. Install Chromium or Chrome, or name one: CHROMIUM=/path/to/chrome make test")
    for thing in missing:
        print(f"The tests need: {thing}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
