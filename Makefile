# Everything a fresh Debian or Ubuntu machine needs: `make demo`, `make test`, `make lab`.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

.PHONY: setup system demo test lab notebooks prove bench pictures clean

setup: .venv/ready

.venv/ready: pyproject.toml grading/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "dgm_course needs Python 3.11 or newer: install it, then run 'make PYTHON=python3.11 $(MAKECMDGOALS)'"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing: run 'apt-get install python3-venv', then make again"; exit 1; }
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[lab,dev]' --editable ./grading
	@touch $@

# The system packages make confinement deeper (bubblewrap) and the pictures possible (chromium); grading holds
# without them, by Landlock and seccomp alone.
system:
	@tools/system_packages

demo: setup
	@$(BIN)/dgm-grade demo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m grading.pipeline.notebooks --check
	$(BIN)/python -m pytest

lab: setup
	@$(BIN)/dgm lab

notebooks: setup
	$(BIN)/python -m grading.pipeline.notebooks

prove: setup
	$(BIN)/dgm-grade prove hw1 --full

bench: setup
	$(BIN)/python -m pytest tests/benchmarks -m long -s

clean:
	rm -rf build .venv
