# One entry for every task. `make` alone lists them.
PYTHON ?= python3
SECONDS ?= 0
EVENTS ?= 2000000
FAULTS ?= 200
SEED ?=
SCHEDULES ?= 1000000
RESULT ?= build/bench.json
# Many tests wait for Kafka, a browser or the clock: three processes keep two cores busy.
PROCESSES ?= 3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced
UV_VERSION := 0.13.9
# A file's tests stay in one process: they share what its fixtures make. Files are taken in the order of their folders:
# those that are long come before the many short ones.
PYTEST := $(BIN)/python -m pytest -n $(PROCESSES) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# The tests start hundreds of processes: with bytecode kept, none of them compiles what it imports anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check search chaos bench bench-peers sizing model schemas drawing lock clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo "installing the locked dependencies into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: $(STAMP)  ## install the locked dependencies (every other target does it too)

demo: $(STAMP)  ## broker, worker, console, simulated couriers, live alerts [SECONDS=60] [KAFKA=host:port] [DECIDE=you]
	@$(BIN)/parcelward demo --seconds $(SECONDS) $(if $(KAFKA),--kafka $(KAFKA)) $(if $(filter you,$(DECIDE)),--you-decide)

test: $(STAMP)  ## all tests, on a real local Kafka for each process [PROCESSES=3]
	@$(PYTEST)

check: $(STAMP)  ## what CI runs: format, lint, types, drift, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@CRASH_SCHEDULES=2500 $(PYTEST)

search: $(STAMP)  ## the property tests again, with examples never drawn before; each failure is a fault to mend
	@$(PYTEST) --hypothesis-profile search -m hypothesis tests/unit tests/contract

chaos: $(STAMP)  ## kill everything, count what is left: 20 min, then 80 min simulated [FAULTS=200] [SEED=1] [SCHEDULES=0]
	@$(BIN)/python -m tests.chaos.run --faults $(FAULTS) $(if $(SEED),--seed $(SEED))
	@test $(SCHEDULES) -eq 0 || $(BIN)/python -m tests.crash --schedules $(SCHEDULES) $(if $(SEED),--seed $(SEED))

bench: $(STAMP)  ## measure the whole worker [EVENTS=2000000] [BENCH="--only backlog --runs 1"]
	@$(BIN)/python -m tests.bench --events $(EVENTS) $(BENCH)

bench-peers: $(STAMP)  ## other stream engines with the same job [EVENTS=3000000] [PEERS="--rounds 1 --kill --only loop"]
	@$(BIN)/python -m tests.bench.peers $(if $(filter command line,$(origin EVENTS)),--events $(EVENTS)) $(PEERS)

sizing: $(STAMP)  ## what an installation needs, from what `make bench` measured [RESULT=build/bench.json]
	@$(BIN)/python -m tests.bench.sizing $(RESULT)

model: $(STAMP)  ## simulate, train and release the risk model into models/
	@$(BIN)/parcelward model train

schemas: $(STAMP)  ## write schemas/ and docs/console-api.json from the models in src/
	@$(BIN)/parcelward schemas write
	@$(BIN)/python -m parcelward.console.api.document docs/console-api.json

drawing:  ## draw the SVGs in docs/ from their texts (needs Debian's graphviz)
	@dot -Tsvg docs/architecture.dot -o docs/architecture.svg
	@dot -Tsvg docs/referrals.dot -o docs/referrals.svg

lock:  ## pin the dependencies anew
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --extra worker --extra broker --extra train --extra console --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --extra worker --extra console pyproject.toml -o deploy/requirements.lock

clean:  ## remove everything that is generated, the environment included
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
