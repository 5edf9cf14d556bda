# `make run` starts a demonstration venue, `make test` checks everything. Both install what they need into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_WORKERS ?= 2

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.PHONY: help install run test lint types imports unit bench abi soak reliability dependencies metrics coverage hotpath \
	format clean

help:
	@echo "make run      start a venue with demonstration traders (Ctrl-C drains and stops it)"
	@echo "make test     lint, types, import contracts and tests: what CI runs"
	@echo "make install  create $(VENV) with everything"
	@echo "make bench    the benchmarks       make soak   the long stress tests"
	@echo "make reliability   simulator, kills and recovery at length; writes the figures of docs/reliability.md"
	@echo "make dependencies, metrics, coverage, hotpath   what the code is like: CONTRIBUTING.md"
	@echo "make abi      the engine as a shared library, bench/abi/libtradsys.so"
	@echo "make format   let ruff format      make clean  remove $(VENV) and every cache"

install: $(STAMP)
	@:

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: '$(PYTHON)' was not found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: Python 3.11 or newer is needed, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install -y python3-venv; } \
	  || { echo "error: this Python has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@# The scripts of an environment carry its path: one that was copied or moved here runs another's packages.
	@{ [ -x $(BIN)/python ] && head -2 $(BIN)/pip 2>/dev/null | grep -qF "$(CURDIR)/$(VENV)/"; } \
	  || { echo "creating $(VENV)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "installing into $(VENV)"
	@$(BIN)/python -m pip install --quiet -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: install
	@$(BIN)/tradsys up --demo

test: lint types imports unit

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports --no-logo

unit: install
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile -q

bench: install
	@for name in ring kernel engine gateway; do $(BIN)/tradsys bench $$name || exit 1; done
	TRADSYS_DEBUG=0 $(BIN)/python -m pytest -q tests/bench/test_micro.py --benchmark-enable

abi: install
	$(BIN)/python -m bench.abi.build

soak: install
	$(BIN)/python -m pytest -m soak --timeout 3600 -q

# SEEDS and KILLS say how much (10000, 1000): many hours. PARTS names some of it, see bench/reliability.py.
reliability: install
	$(BIN)/python -m bench.reliability $(PARTS)

# Who imports whom, circles, and the order in which to change things; OPTIONS="--depth 2 --dot graph.dot".
dependencies: install
	$(BIN)/python -m bench.maintenance.dependencies $(OPTIONS)

# Length and complexity of functions and files, and what stands there twice.
metrics: install
	$(BIN)/python -m bench.maintenance.metrics $(OPTIONS)

# Which lines of the kernels the tests run, without the JIT: some minutes.
coverage: install
	$(BIN)/python -m bench.maintenance.coverage $(OPTIONS)

# Where a worker spends its time under load; OPTIONS="--worker engine --seconds 30".
hotpath: install
	$(BIN)/python -m bench.maintenance.hotpath $(OPTIONS)

format: install
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
