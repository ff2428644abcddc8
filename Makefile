# `make demo` and `make test` need Python 3.11 or newer, make, and PyPI; nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Two processes by default: the suite is sized for 2 cores.
JOBS ?= auto

.PHONY: help setup demo test test-all hil fuzz check format bench wheel clean

help:
	@echo "make setup    environment in $(VENV), with what development needs"
	@echo "make demo     a gesture, recognised by firmware on a virtual board"
	@echo "make test     all tests but the exhaustive sweeps"
	@echo "make test-all the exhaustive sweeps too"
	@echo "make hil      the tests on boards: virtual ones, or HIL='--board BOARD --port PORT'"
	@echo "make fuzz     the property tests with many more examples"
	@echo "make check    ruff, ruff format, mypy --strict"
	@echo "make bench    instruction and byte counts on the virtual boards"

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "runeflash needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: pyproject.toml $(VENV)/python.stamp
	$(PIP) install -e .
	@$(BIN)/python -m compileall -q runeflash
	@touch $@

$(VENV)/dev.stamp: pyproject.toml $(VENV)/python.stamp
	$(PIP) install -e '.[dev,reference]'
	@$(BIN)/python -m compileall -q runeflash
	@touch $@ $(VENV)/run.stamp

setup: $(VENV)/dev.stamp

demo: $(VENV)/run.stamp
	@$(BIN)/python -m examples.demo

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not exhaustive'

test-all: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

hil: $(VENV)/dev.stamp
	$(BIN)/python -m pytest hil_tests -n $(JOBS) --dist worksteal $(HIL)

fuzz: $(VENV)/dev.stamp
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
