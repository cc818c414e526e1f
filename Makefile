PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CODE   := actors benchmarks deploy evaluation learner policy replay sandbox tasks tests treewright

# Two cores are shared by the learner, the actors, the sandbox and Redis: one thread each.
export OMP_NUM_THREADS ?= 1

# Tests wait for others half of their time: two run at once. Those of a file share its servers.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --durations=20 --durations-min=5

.PHONY: help setup train compare test check lint types unit integration soak proto proto-fresh format clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt $(wildcard sandbox/jail/*.c sandbox/jail/*.h)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,ray,wandb,dev]'
	@touch $@

setup: $(STAMP)  ## make .venv with everything that training and tests need

train: $(STAMP)  ## run the whole loop on this machine (about ten minutes of training)
	$(BIN)/treewright train --config configs/local.yaml $(ARGS)

compare: NAME := compare-$(shell date +%Y%m%d-%H%M%S)
compare: $(STAMP)  ## the same run without and with the execution reward, and one report of both
	$(BIN)/treewright train --config configs/local.yaml name=$(NAME)-supervised objective.policy_gradient=0 $(ARGS)
	$(BIN)/treewright train --config configs/local.yaml name=$(NAME) $(ARGS)
	$(BIN)/treewright report runs/$(NAME) --beside runs/$(NAME)-supervised

test: check unit integration  ## lint, types, import rules, generated code, every test

check: lint types proto-fresh  ## everything that runs no test

lint: $(STAMP)  ## ruff and the folder rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy $(CODE)

unit: $(STAMP)  ## the fast, pure tests
	$(PYTEST) tests/unit

integration: $(STAMP)  ## tests against real servers: gRPC, Redis, Ray, the jail
	$(PYTEST) tests/integration tests/deploy tests/redteam

soak: $(STAMP)  ## 100,000 programs, hostile ones among them, through the sandbox: no false verdict, nothing left
	$(BIN)/python -m benchmarks.soak $(ARGS)

proto: $(STAMP)  ## regenerate the wire code from proto/
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=. --pyi_out=. --grpc_python_out=. proto/sandbox/v1/sandbox.proto
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=. --pyi_out=. proto/sandbox/v1/opaque.proto
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=. --pyi_out=. proto/replay/v1/trajectory.proto

proto-fresh: proto  ## fail when the committed wire code is not what proto/ gives
	git diff --exit-code -- sandbox/v1 replay/v1

format: $(STAMP)  ## rewrite the code in the project's layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the environment and the caches; runs/ stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
