# ECOA's verbs. `make up` is all that a user needs.

PY := .venv/bin/python
export PYTHON

.PHONY: help up demo test lint types unit stack browser js format lock schema bench clean

help:           ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

up:             ## start everything; make up ARGS=--demo adds an example shop
	@bin/bootstrap server
	@$(PY) manage.py up $(ARGS)

demo:           ## start everything with the example shop
	@$(MAKE) --no-print-directory up ARGS="--demo $(ARGS)"

test:           ## everything CI runs
	@bin/bootstrap dev
	@bin/check

lint:           ## style, templates, layers
	@bin/bootstrap dev
	@bin/check lint

types:          ## mypy --strict
	@bin/bootstrap dev
	@bin/check types

unit:           ## tests without real processes and browser
	@bin/bootstrap dev
	@bin/check unit

stack:          ## tests that run the real processes
	@bin/bootstrap dev
	@bin/check stack

browser:        ## journeys in Chromium
	@bin/bootstrap dev
	@bin/check browser

js:             ## tests of the JavaScript modules
	@bin/bootstrap dev
	@bin/check js

format:         ## rewrite code and templates in the house format
	@bin/bootstrap dev
	@$(PY) -m ruff check --fix --quiet . && $(PY) -m ruff format --quiet .
	@git ls-files 'templates/*.html' | xargs $(PY) -m djade --target-version 6.0

lock:           ## lock the dependencies anew (needs uv)
	@bin/lock $(ARGS)

schema:         ## write the OpenAPI schema to docs/openapi.yaml
	@bin/bootstrap dev
	@$(PY) manage.py spectacular --file docs/openapi.yaml --validate

bench:          ## load the running stack and print what it does: make bench KEY=… [ARGS=…]
	@bin/bootstrap dev
	@$(PY) -m bench.run $(ARGS)

clean:          ## remove the virtual environment and caches; data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
