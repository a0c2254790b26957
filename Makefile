# Everything here runs on a machine with Python 3.11 or newer, make and the package registries. `make` alone explains.
PY ?= python3
PORT ?= 8000
V := .venv
# The environment is brought up to date when a requirement changes, and made anew for another Python or a moved checkout.
HOME_OF_VENV := $(CURDIR) $(shell $(PY) -c 'import sys, platform; print("%d.%d" % sys.version_info[:2], platform.machine())')
STAMP := $(V)/.ready-$(shell cat requirements*.txt | cksum | tr -d ' ')-$(shell echo '$(HOME_OF_VENV)' | cksum | tr -d ' ')

# uv is quick; behind a proxy with certificates of its own it wants the system's; where it cannot, pip does it.
INSTALL = $(V)/bin/uv pip install -q --compile-bytecode -p $(V)/bin/python -r requirements.txt -r requirements-dev.txt

# `make check` looks at the settings as production would have them.
PRODUCTION_ENV = PRODUCTION=1 DJANGO_SECRET_KEY=$$($(V)/bin/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
  FIELD_ENCRYPTION_KEYS=$$($(V)/bin/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())') \
  ALLOWED_HOSTS=careteam.example.org SITE_URL=https://careteam.example.org EMAIL_URL=smtp://mail.example.org \
  DATABASE_URL=postgresql://careteam@db/careteam REDIS_URL=redis://redis:6379/0

.DEFAULT_GOAL := help
.PHONY: help up test check format backup restore clean

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

up: $(STAMP)  ## the whole product in the foreground, with a demo cohort on first start (PORT=8000, DATABASE_URL=, REDIS_URL=)
	@exec $(V)/bin/python -m careteam.up --port $(PORT)

test: $(STAMP)  ## every test, on servers of its own and in a real browser (ARGS= for pytest)
	@$(V)/bin/python -m careteam.browser
	@exec $(V)/bin/python -m pytest -n 2 $(ARGS)

check: $(STAMP)  ## ruff, mypy, import contracts, missing migrations, Django's deploy check
	$(V)/bin/ruff check .
	$(V)/bin/ruff format --check .
	$(V)/bin/mypy
	$(V)/bin/lint-imports
	$(V)/bin/python manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy, as in production"
	@$(PRODUCTION_ENV) $(V)/bin/python manage.py check --deploy --fail-level WARNING

format: $(STAMP)  ## let ruff format and repair what it can
	$(V)/bin/ruff check --fix .
	$(V)/bin/ruff format .

backup: $(STAMP)  ## the database and the private files in one file (FILE=, default .local/backups/)
	@exec $(V)/bin/python manage.py backup $(if $(FILE),--file "$(FILE)")

restore: $(STAMP)  ## what FILE= holds, into an empty database (REPLACE=1: in place of what is there)
	@test -n "$(FILE)" || { echo 'Name the backup: make restore FILE=path'; exit 2; }
	@exec $(V)/bin/python manage.py restore "$(FILE)" $(if $(REPLACE),--replace)

clean:  ## remove what can be made again; the data in .local stays
	rm -rf $(V) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.local/*' -prune -exec rm -rf {} +

$(STAMP):
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: PY=python3.12 make up")'
	@echo "Installing the dependencies into $(V) ..."
	@test "$$(cat $(V)/.home 2>/dev/null)" = '$(HOME_OF_VENV)' && $(V)/bin/python -c '' 2>/dev/null || { rm -rf $(V); $(PY) -m venv $(V) \
	  || { echo 'Python cannot make virtual environments here. On Debian or Ubuntu: apt-get install python3-venv'; exit 1; }; }
	@rm -f $(V)/.ready-*
	@$(V)/bin/python -m pip install -q --disable-pip-version-check uv==0.13.9 && { $(INSTALL) || $(INSTALL) --system-certs; } 2>/dev/null \
	  || $(V)/bin/python -m pip install -q --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@echo '$(HOME_OF_VENV)' > $(V)/.home
	@touch $@
