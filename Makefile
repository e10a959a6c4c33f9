# Two commands do everything on a fresh machine with Python 3.11-3.13 and make:
#   make demo    the main job, end to end, on embedded servers
#   make test    the whole suite

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STACK := $(BIN)/python -m referral_engine.stack run --ephemeral
JOBS ?= 2
SERVED := -m "not simulated" # simulations need no servers: a lane of their own, after the rest

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench format openapi clean

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/runs: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; name it: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/develops: requirements-dev.txt $(VENV)/runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

demo: $(VENV)/runs ## Run the main job: DATA=file LIMIT=n|all PORT=n EXIT=1
	@$(BIN)/python manage.py demo

up: $(VENV)/runs ## Serve the engine on embedded servers: PORT=8000 BIND=127.0.0.1
	@$(BIN)/python manage.py up

test: $(VENV)/develops ## Run the whole suite (JOBS=2, ARGS= for pytest)
	$(BIN)/python -m tests.browser.chromium
	$(STACK) --no-fsync -- $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(or $(ARGS),$(SERVED))
	$(if $(ARGS),,$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m simulated)

check: $(VENV)/develops ## Format, lint, types, layers, migrations, deployment, OpenAPI
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(STACK) --no-fsync -- sh -ec '\
		$(BIN)/python manage.py makemigrations --check --dry-run; \
		ENGINE_ENV=production SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(64))") \
			ALLOWED_HOSTS=shop.example $(BIN)/python manage.py check --deploy --fail-level WARNING; \
		$(BIN)/python manage.py spectacular --validate --fail-on-warn | diff -u docs/openapi.yaml - \
			|| { echo "docs/openapi.yaml is out of date: make openapi"; exit 1; }'

bench: $(VENV)/develops ## Measure against PostgreSQL's own ceiling (ARGS=)
	$(STACK) -- $(BIN)/python -m benchmarks $(ARGS)

openapi: $(VENV)/runs ## Write docs/openapi.yaml anew
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

format: $(VENV)/develops ## Format the code and fix what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the virtual environment and all local data
	rm -rf $(VENV) var staticfiles
