"""The storm of the test suite, longer: `manage.py bench faults --runs 20`.

One storm (`tests/faults/test_storm.py`) starts a cluster, a Redis, a mail server, two workers and two beats of its own,
kills and restarts them while 10,000 reminders are raised, and counts what is left. Here it rages again and again, each
time with another seed and twice the kills. It is the test itself that is run, by pytest in a checkout: an installed
image carries neither.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

from careteam.cohort.bench import Result

NAME = "faults"
STORM = Path("tests") / "faults" / "test_storm.py"
NEEDED = ("pytest", "xdist", "aiosmtpd", "psutil")
KILLS = 20
SEED = 1
# The storm brings its own servers; pytest's are those of a test run, not of whoever measures.
_OTHERS = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS")


class NoStorm(Exception):
    """It cannot be run here; the message says why and what to do."""


class Damage(Exception):
    """A storm left something wrong: how to run the same one again, and what pytest said."""


def storms(runs: int, *, seed: int = SEED, kills: int = KILLS, base: Path | None = None) -> Iterator[Result]:
    """One figure for each storm that was survived: its seconds. Raises `NoStorm` before the first one, `Damage` after
    the first that was not survived."""
    base = base or Path(settings.BASE_DIR)
    if not (base / STORM).exists():
        raise NoStorm(f"There is no {STORM} here: the storm is run in a checkout, an image carries no tests.")
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise NoStorm(f"Not installed: {', '.join(missing)}. Install requirements-dev.txt.")
    line = [sys.executable, "-m", "pytest", "-n", "0", "-q", "--no-header", str(STORM)]
    for number in range(seed, seed + runs):
        knobs = {"FAULT_SEED": str(number), "FAULT_KILLS": str(kills)}
        env = {name: value for name, value in os.environ.items() if name not in _OTHERS} | knobs
        began = time.monotonic()
        done = subprocess.run(line, cwd=base, env=env, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            again = " ".join(f"{name}={value}" for name, value in knobs.items())
            raise Damage(f"{again} pytest -n 0 {STORM}\n{(done.stdout + done.stderr)[-4000:]}")
        yield Result(f"{NAME}_{number}", round(time.monotonic() - began, 1), "s", runs=kills)
