# Everything that a person or a machine runs here. `make` alone lists it.
# Needs python3 (3.11 or newer, with venv), Node.js (20.19 or newer) with npm, and make.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
SEEDS ?= 200
ARGS ?=
PYTEST := $(BIN)/python -m pytest

# The stamps: what stands on disk proves that a step was done after its inputs last changed.
PY_READY := .venv/.gobi-ready
JS_READY := pwa/node_modules/.package-lock.json
PWA_BUILT := pwa/dist/.vite/manifest.json
PWA_SOURCES = $(shell find pwa/src pwa/public pwa/build -type f 2>/dev/null) \
  $(wildcard pwa/*.html) pwa/vite.config.ts pwa/package.json

.PHONY: help
help:  ## list what can be run
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# ---- set up ---------------------------------------------------------------------------------------

.PHONY: setup
setup: $(PY_READY) $(BIN)/gobi $(JS_READY)  ## install what the locks pin; instant when up to date

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gobi needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv .venv

$(PY_READY): requirements/dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# Gobi runs from its tree; the command finds it from any folder.
$(BIN)/gobi: Makefile | $(BIN)/python
	@printf '%s\n' '#!/bin/sh' 'PYTHONPATH="$(CURDIR)$${PYTHONPATH:+:$$PYTHONPATH}" exec "$(CURDIR)/$(BIN)/python" -m api "$$@"' > $@
	@chmod +x $@

$(JS_READY): pwa/package.json pwa/package-lock.json pwa/.npmrc
	cd pwa && npm ci --prefer-offline --loglevel=error
	@touch $@

.PHONY: lock
lock: $(PY_READY)  ## compile requirements/*.in into hash-pinned *.txt
	for name in runtime dev; do \
	  $(BIN)/uv pip compile requirements/$$name.in --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	    -o requirements/$$name.txt; \
	done

# ---- check and test -------------------------------------------------------------------------------

.PHONY: check check-python check-pwa check-format check-lint check-layers check-types
check: check-python check-pwa  ## every check that needs no run: format, lint, types, layers (-k: do not stop)
check-python: check-format check-lint check-layers check-types

check-format: $(PY_READY)
	$(BIN)/ruff format --check --output-format concise

check-lint: $(PY_READY)
	$(BIN)/ruff check --output-format concise

check-layers: $(PY_READY)
	$(BIN)/lint-imports --no-logo

check-types: $(PY_READY)
	$(BIN)/mypy
	$(BIN)/pyright

check-pwa: $(JS_READY)
	cd pwa && npm run --silent types
	cd pwa && npm run --silent lint
	cd pwa && npm run --silent format:check
	pwa/node_modules/.bin/oxlint -c pwa/.oxlintrc.json --ignore-pattern 'bench/peers/node_modules/**' bench/peers
	pwa/node_modules/.bin/oxfmt -c pwa/.oxfmtrc.json --check 'bench/peers/**/*.mjs'

.PHONY: fix
fix: setup  ## repair what the tools can repair
	-$(BIN)/ruff check --fix
	$(BIN)/ruff format
	-cd pwa && npm run --silent lint -- --fix
	cd pwa && npm run --silent format

.PHONY: test test-pwa
test: setup pwa test-pwa  ## every test; ARGS goes to pytest (make test ARGS="-k fold")
	$(PYTEST) -n 2 --dist loadgroup $(ARGS)

test-pwa: $(JS_READY)
	cd pwa && npm run --silent test

.PHONY: sim
sim: $(PY_READY)  ## simulated weeks with every fault; SEEDS=10000 for the nightly run
	$(BIN)/python -m api simulate --seeds $(SEEDS) --json $(ARGS)

.PHONY: docs
docs: $(PY_READY)  ## check every link and code fence of the documents
	$(PYTEST) -q tests/test_docs.py

# ---- run ------------------------------------------------------------------------------------------

.PHONY: pwa
pwa: $(PWA_BUILT)  ## build the phone app into pwa/dist

$(PWA_BUILT): $(JS_READY) $(PWA_SOURCES)
	cd pwa && npm run --silent build
	@touch $@

.PHONY: run
run: setup pwa  ## the server with the demo company, on this machine
	$(BIN)/python -m api serve --demo $(ARGS)

.PHONY: bench
bench: setup  ## measure every figure of the design, each beside its floor
	$(BIN)/gobi bench all $(ARGS)

# The engines that Gobi is measured beside: nothing of the product needs them, so they live in a folder of their own.
PEERS_READY := bench/peers/node_modules/.package-lock.json

$(PEERS_READY): bench/peers/package.json bench/peers/package-lock.json bench/peers/.npmrc
	cd bench/peers && npm ci --prefer-offline --loglevel=error
	@touch $@

.PHONY: bench-peers
bench-peers: setup $(PEERS_READY)  ## measure Gobi beside PouchDB, Automerge, Yjs and Loro; writes docs/peers.md
	$(BIN)/python -m bench.peers

.PHONY: clean
clean:  ## remove what can be built again; keeps .venv and node_modules
	rm -rf pwa/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './pwa/node_modules/*' -prune -exec rm -rf {} +
