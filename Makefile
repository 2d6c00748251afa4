# Bourse. `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint audit bench bite soak reset setup setup-dev setup-bench tools

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m exchange_site.local.run --

# A demo without limits and without prices from outside.
FOR_TESTS := BOURSE_DEMO=1 RATE_LIMIT=off PRICE_FEED=simulation SECRET_KEY=for-tests-only-$(shell printf '%040d' 0)

# Empty means "not set": an exported empty variable would not reach the defaults in the settings.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where tools.sh unpacks what the tests need and nobody has installed.
export PATH := $(PATH):$(CURDIR)/.data/tools/usr/bin
# So that both `PORT=8001 make demo` and `make demo PORT=8001` work.
export PORT HOST DATABASE_URL REDIS_URL BROKER_URL RATE_LIMIT PRICE_FEED WEB_WORKERS BOURSE_DATA_DIR
$(foreach name,PORT HOST DATABASE_URL REDIS_URL BROKER_URL RATE_LIMIT PRICE_FEED WEB_WORKERS BOURSE_DATA_DIR,\
  $(if $($(name)),,$(eval unexport $(name))))

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1|/' | column -t -s '|' 2>/dev/null \
	  || grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

demo: setup ## Run the exchange on http://127.0.0.1:8000 (PORT=8001 for another port); Ctrl-C stops it
	@exec $(BIN)/python -m exchange_site.local.demo

test: setup-dev tools ## Run every test (ARGS="-k ledger" to choose some); works while the demo runs
	@unset PORT HOST; export $(FOR_TESTS) BOURSE_DATA_DIR="$${BOURSE_TEST_DATA_DIR:-$(CURDIR)/.data/test}" PYTHON="$(BIN)/python"; \
	$(RUN) exchange_site/local/test.sh $(ARGS)

lint: setup-dev ## Check style, types, imports between the rooms, and that no migration is missing
	@failed=""; \
	check() { echo "-- $$*"; "$$@" || failed="$$failed, $${*#$(BIN)/}"; }; \
	export SECRET_KEY=only-to-lint-0123456789-0123456789-0123456789 DATABASE_URL=$${DATABASE_URL:-postgresql:///lint} ; \
	check $(BIN)/ruff check .; \
	check $(BIN)/ruff format --check .; \
	check $(BIN)/mypy .; \
	check $(BIN)/lint-imports; \
	check $(BIN)/python -W ignore manage.py makemigrations --check --dry-run; \
	[ -z "$$failed" ] || { echo "Failed: $${failed#, }"; exit 1; }

audit: setup ## Check the laws of the ledger and of the books, in the running demo or in its kept data
	@$(RUN) $(BIN)/python manage.py audit $(ARGS)

bench: setup-bench ## List the benchmarks; ARGS=durable runs one, ARGS="all --write" all
	@unset PORT HOST; export BOURSE_DATA_DIR="$(CURDIR)/.data/bench"; \
	$(if $(ARGS),$(RUN)) $(BIN)/python -m benchmarks $(ARGS)

bite: setup-dev tools ## Plant faults one at a time and show which test catches each (ARGS=iceberg for some, --list, --write)
	@unset PORT HOST; export $(FOR_TESTS) BOURSE_DATA_DIR="$(CURDIR)/.data/bite"; \
	$(RUN) $(BIN)/python -m bite $(ARGS)

soak: setup-dev tools ## The long proofs, for an hour or more, each with a seed that it prints (ARGS=crash for one of them)
	@unset PORT HOST; export $(FOR_TESTS) BOURSE_DATA_DIR="$(CURDIR)/.data/soak" PYTHON="$(BIN)/python"; \
	$(RUN) exchange_site/local/soak.sh $(ARGS)

reset: setup ## Empty the demo: all its data are deleted
	@$(BIN)/python -m exchange_site.local.reset

setup: ## Make or update the virtual environment in .venv
	@exchange_site/local/setup.sh runtime

setup-dev:
	@exchange_site/local/setup.sh dev

setup-bench:
	@exchange_site/local/setup.sh bench

tools:
	@exchange_site/local/tools.sh
