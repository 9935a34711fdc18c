# Everything from a fresh machine: needs python3 (3.11 or newer), make and a network.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BNBENCH := $(BIN)/bnbench

PUBLISHED := published/lenet5 published/lenet5_batchnorm
CORRECTED := lenet5 lenet5_batchnorm
CONFIGS := $(foreach experiment,$(PUBLISHED) $(CORRECTED),--config configs/$(experiment).yaml)

# Where `make bench` keeps its table.
BENCH_OUT ?= results/speed.md

.DEFAULT_GOAL := help
.PHONY: help expect reproduce reproduce-full test test-all check bench clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1: \2/p' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "bnbench needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	@echo "Installing into $(VENV); PyTorch is some gigabytes, so this takes minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

reproduce: SEEDS := 3
reproduce: MINUTES := 8
reproduce-full: SEEDS := 10
reproduce-full: MINUTES := 22

expect:
	@echo "From nothing, expect $(MINUTES) minutes on two cores: installation, data, $(SEEDS) seeds of each experiment."

reproduce: expect $(VENV)/installed  ## Environment, data, the headline runs with 3 seeds, tables, figures
	$(BNBENCH) data fetch
	$(BNBENCH) train $(CONFIGS) --seeds $(SEEDS)
	$(BNBENCH) compare $(PUBLISHED:%=results/%) --out figures/published
	$(BNBENCH) compare $(CORRECTED:%=results/%) --out figures/corrected

reproduce-full: expect $(VENV)/installed  ## The same with 10 seeds, kept under results/reference/
	$(BNBENCH) data fetch
	$(BNBENCH) train $(CONFIGS) --seeds $(SEEDS)
	$(BNBENCH) compare $(PUBLISHED:%=results/%) --out results/reference/published --with-runs
	$(BNBENCH) compare $(CORRECTED:%=results/%) --out results/reference/corrected --with-runs

test: $(VENV)/installed-dev  ## Environment, data, every test but the slow ones
	$(BNBENCH) data fetch
	$(BIN)/python -m pytest -m 'not slow'

test-all: $(VENV)/installed-dev  ## The slow ones too
	$(BNBENCH) data fetch
	$(BIN)/python -m pytest

check: $(VENV)/installed-dev  ## Lint, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev  ## Speed and memory against the plain DataLoader loop, as a table
	$(BIN)/python benchmarks/speed.py $(BENCH_OUT)

clean:  ## Remove the environment and the caches, not the results
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
