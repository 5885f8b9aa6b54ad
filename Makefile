.DEFAULT_GOAL := help
PYTHON ?= $(or $(firstword $(foreach version,$(shell cat .python-versions),$(shell python$(version) --version >/dev/null 2>&1 && echo python$(version)))),python3)
BIN := .venv/bin

.PHONY: help install run demo page test test-unit check format simulate mutants bench screenshot package lock check-terraform plan apply deploy destroy release

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: .venv/installed  ## install everything into .venv (all other targets do this first)

.venv/installed: requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { echo "Python 3.11 or newer with venv is needed: choose one with make PYTHON=...; on Debian, apt-get install python3-venv"; exit 1; }
	@echo "Installing into .venv ..." && { test -x $(BIN)/python || $(PYTHON) -m venv .venv; } && $(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: install  ## run the whole system on this machine until Ctrl-C
	@exec $(BIN)/python -m local

demo: install  ## send real requests through the running system, or start one for them
	@exec $(BIN)/python -m local.demo

page: install  ## build the page in web/ (run does this too)
	@$(BIN)/python -m build.page

test: install  ## run all tests, on the real emulators and in a real browser
	@$(BIN)/python -m build.page test
	@$(BIN)/python -m tests.e2e.chromium
	@$(BIN)/pytest -n 2 --dist worksteal

test-unit: install  ## run the unit tests only, in a few seconds
	@$(BIN)/pytest tests/unit --quiet -p no:schemathesis -p no:hypothesispytest

check: install  ## lint, format and types
	@$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy
	@$(BIN)/python -m build.page check

format: install  ## format, and fix lint errors where possible
	@$(BIN)/ruff check --fix && $(BIN)/ruff format
	@$(BIN)/python -m build.page format

simulate: install  ## run the protocol in 20,000 random worlds
	@$(BIN)/python -m tests.chaos.simulate

mutants: install .venv/mutmut  ## make 1,500 small changes to the core and show those that no test detects
	@PYTHONPATH=.venv/mutmut $(BIN)/python -m tests.mutants $(if $(ONLY),'$(ONLY)')

.venv/mutmut: requirements-mutants.txt constraints.txt | install
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --target $@ -r $<
	@touch $@

bench: install  ## measure the overhead of a request, and the delay until the page shows it
	@$(BIN)/python -m tests.bench.pipeline
	@$(BIN)/python -m tests.bench.page

screenshot: install  ## take the README's screenshot of the page
	@$(BIN)/python -m tests.e2e.screenshot

package: install  ## build the archive that is deployed, byte for byte the same each time
	@$(BIN)/python -m build.package

check-terraform: install  ## check terraform/: format, validity, tests and checkov's rules
	@terraform/check
	@PYTHON=$(BIN)/python terraform/scan

plan: install  ## package, and show what a deployment would change: make plan PROJECT=... REGION=...
	@$(BIN)/python -m deploy plan --project "$(PROJECT)" --region "$(REGION)"

apply: install  ## apply that plan, upload the page, and check it with one request
	@for step in apply page check; do $(BIN)/python -m deploy $$step --project "$(PROJECT)" --region "$(REGION)" || exit 1; done

deploy: install  ## package, plan, confirm, apply, upload the page, and check it with one request
	@$(BIN)/python -m deploy everything --project "$(PROJECT)" --region "$(REGION)"

destroy: install  ## delete an environment that is not protected
	@$(BIN)/python -m deploy destroy --project "$(PROJECT)" --region "$(REGION)"

release: install  ## set the version, close its section of CHANGELOG.md, commit and tag: make release VERSION=1.1.0
	@$(BIN)/python -m build.release "$(VERSION)"

lock: install  ## pin again what the requirements need in turn
	@$(BIN)/pip freeze --exclude-editable | sort -f > constraints.txt
