# make demo: everything once, on the embedded model.   make test: the whole suite.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: install demo test exhaustive check data tree bench

# The stamp is newer than what it was made from, so the environment is made again only when that changes.
install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@# torch first, by itself: its pinned version has a small CPU build, a range would draw gigabytes of CUDA.
	$(BIN)/python -m pip install $(shell grep '^torch==' constraints.txt)
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[demo,dev]'
	touch $@

demo: install
	$(BIN)/rufinbench demo

test: install
	$(BIN)/python -m pytest -n 2 --dist worksteal

# Tests that take minutes each.
exhaustive: install
	$(BIN)/python -m pytest -n 2 -m exhaustive

check: install
	$(BIN)/rufinbench check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

data: install
	for family in $$(ls tasks/*/generator.py); do $(BIN)/python -m $$(echo $${family%.py} | tr / .) || exit 1; done
	$(BIN)/python -m benchmark.datacard

# The lists of files in docs/architecture.md.
tree:
	$(PYTHON) docs/tree.py

# What a CPU measures in some twenty minutes; each script's --help says what a GPU is wanted for.
MEASUREMENTS := numeric_speed rouge_speed grading_speed report_speed gradients

bench: install
	for name in $(MEASUREMENTS); do PYTHONPATH=. $(BIN)/python tests/performance/$$name.py || exit 1; done
	PYTHONPATH=. $(BIN)/python tests/performance/evaluation_speed.py --prompts 48
