# What one does with this project. `make help` lists it; `make run` is all that a newcomer needs.

PY := .venv/bin/python
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make requirements" $(PY) -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
# More for pytest, as in: make test ARGS="-k liking -x"
ARGS ?=
PYTEST := $(PY) -m pytest -n 2 --dist loadscope

# Settings that production would refuse to start without, to check that nothing else is missing.
PRODUCTION := ENVIRONMENT=production DEBUG=0 SECURE_SSL=1 ALLOWED_HOSTS=photos.example.org SITE_ORIGIN=https://photos.example.org FIELD_KEYS=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= FIELD_HASH_KEY=only-to-check EMAIL_URL=smtp+tls://user:password@mail.example.org:587 \
	SECRET_KEY=only-to-check-the-settings-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEF

.PHONY: help run check test test-deep lint format bench requirements sbom clean install install-dev
.DEFAULT_GOAL := help

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## */\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

install:
	@scripts/install requirements.txt

install-dev:
	@scripts/install requirements-dev.txt

run: install  ## start the whole site; Ctrl-C stops it
	@exec $(PY) manage.py up --with-parent

check: install-dev  ## lint, types and the tests without a browser and a running site: what to run while working
	@scripts/beside-lint $(PYTEST) -m "not deep and not whole_site" $(ARGS)

test: install-dev  ## everything that must hold: lint and all tests, those in a browser among them
	@scripts/chromium > .venv/chromium
	@CHROMIUM="$$(cat .venv/chromium)" scripts/beside-lint $(PYTEST) $(ARGS)

test-deep: install-dev  ## more of the same: further seeds, sizes, sieges and kills
	@scripts/chromium > .venv/chromium
	@CHROMIUM="$$(cat .venv/chromium)" $(PYTEST) -m deep $(ARGS)

lint: install-dev  ## style, types, import contract, migrations, production settings
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

format: install-dev  ## rewrite the code in the house's format
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: install-dev  ## requests per second and CPU time of the home page, beside a bare WSGI program
	@$(PY) -m bench

requirements: install-dev  ## pin requirements*.in anew, with hashes
	@$(PIP_COMPILE) --output-file requirements.txt requirements.in
	@$(PIP_COMPILE) --output-file requirements-dev.txt requirements-dev.in

sbom: install-dev  ## list the packages of requirements.txt in sbom.cdx.json
	@$(PY) scripts/sbom.py

clean:  ## remove what can be made again (not .data, which holds the photos)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -not -path './.data/*' -prune -exec rm -rf {} +
