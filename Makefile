# Everything a fresh Debian or Ubuntu machine needs: `make demo`, `make test`, `make lab`.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1
export MPLBACKEND ?= Agg

.PHONY: demo test lab notebooks lectures prove bench fuzz pictures clean chromium

demo: .venv/ready
	@$(BIN)/dgm-grade demo

test: .venv/ready chromium
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

lab: .venv/ready
	@$(BIN)/dgm lab

notebooks: .venv/ready
	$(BIN)/python -m grading.pipeline.material.notebooks
	$(BIN)/python lectures/build.py

# Pages with pictures, for readers without a kernel: runs every lecture, a minute or two each.
lectures: .venv/ready
	$(BIN)/python lectures/build.py --html

# The long runs: the full proof of the hidden tests, the benchmarks, the README's pictures.
prove: .venv/ready
	@for homework in $$(ls grading/hidden | grep ^hw); do $(BIN)/dgm-grade prove $$homework --full || exit 1; done

bench: .venv/ready
	@for script in tests/benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# Twenty thousand broken hand-ins, new ones each time: make fuzz. Those of a seed again: make fuzz SEED=7.
CASES ?= 20000
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')

fuzz: .venv/ready
	@seed=$(SEED); echo "make fuzz CASES=$(CASES) SEED=$$seed"; \
	FUZZ_CASES=$(CASES) $(BIN)/python -m pytest tests/grading/test_fuzz.py -s --hypothesis-seed=$$seed

pictures: .venv/ready chromium
	$(BIN)/python grading/pictures/make.py

# The browser in which pages are tested and pictures taken.
chromium:
	@command -v chromium >/dev/null || { echo "Installing chromium …"; $(call install,chromium); }

clean:
	rm -rf build .venv

# Installs Debian packages as root or through sudo where no password is asked; else says the one command to run.
install = if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq $(1) >/dev/null; \
  elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq $(1) >/dev/null; \
  else false; fi || echo "To install what is missing, run: sudo apt-get install $(1)"

# bubblewrap deepens the sandbox; without it grading stands on Landlock and seccomp (libseccomp2) alone.
.venv/ready: pyproject.toml grading/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "dgm_course needs Python 3.11 or newer. Install one, then run: make PYTHON=python3.11"; exit 1; }
	@missing=; \
	command -v bwrap >/dev/null || missing="$$missing bubblewrap"; \
	ls /lib/*/libseccomp.so.2 /usr/lib/*/libseccomp.so.2 /usr/lib*/libseccomp.so.2 >/dev/null 2>&1 \
	  || $(PYTHON) -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' 2>/dev/null || missing="$$missing libseccomp2"; \
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -n "$$missing" ]; then echo "Installing$$missing …"; $(call install,$$missing); fi
	@echo "Setting up .venv (a few minutes the first time) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --constraint constraints.txt torch
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[lab,dev]' --editable ./grading
	@touch $@
