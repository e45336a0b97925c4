# Run and look after the project; every target sets up what it needs. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
TOOLS := tests/quality/node_modules
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/pytest --numprocesses=auto --dist=worksteal
IN_BROWSERS := tests/browser tests/quality

.PHONY: run test tools audit lint bench pictures lock help clean

run: .venv/installed ## serve the site on http://127.0.0.1:8000 (HOST and PORT override)
	@exec $(BIN)/blog serve --prepare

test: .venv/installed-dev $(if $(shell command -v npm),tools) ## run all tests; what the machine lacks is skipped with a line
ifdef BLOG_TEST_REQUIRE_ALL
	$(PYTEST) $(IN_BROWSERS:%=--ignore=%) --cov --cov-report= --cov-fail-under=0
	TRACED_TOO=greenlet $(PYTEST) $(IN_BROWSERS) --cov --cov-append --cov-report=term-missing
else
	$(PYTEST)
endif

tools: $(TOOLS)/installed ## install what the tests look at pages with (needs npm)

audit: .venv/installed-dev tools ## measure every public page with Lighthouse (needs Chromium)
	BLOG_TEST_REQUIRE_ALL=1 BLOG_TEST_EVERY_PAGE=1 $(BIN)/pytest --numprocesses=0 tests/quality/test_lighthouse.py

lint: .venv/installed-dev ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: .venv/installed-dev ## measure speed, growth and what attacks and accidents do; the figures go to bench/results.md
	@$(BIN)/python -m bench $(BENCH)

pictures: .venv/installed-dev ## take the README's pictures again (needs Chromium)
	$(BIN)/python docs/take_pictures.py

lock: .venv/installed-dev ## resolve the dependencies anew
	$(PIP) pip-tools
	$(BIN)/pip-compile $(LOCK) --extra=build --output-file=requirements.txt pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra=build --extra=dev --constraint=requirements.txt --output-file=requirements-dev.txt pyproject.toml

LOCK := --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/'

clean: ## remove what was installed; content/ and instance/ stay
	rm -rf .venv $(TOOLS)

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; run: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/made requirements.txt pyproject.toml
	@echo "Installing the locked dependencies …"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing the tools for tests …"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

$(TOOLS)/installed: tests/quality/package-lock.json
	@echo "Installing the tools that look at pages …"
	@cd tests/quality && PUPPETEER_SKIP_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null \
		&& touch node_modules/installed || echo "npm could not install them; the tests that need them are skipped."
