# Everything from a fresh machine: needs python3 (3.11 or newer), make and a network.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BNBENCH := $(BIN)/bnbench

# A machine that keeps no bytecode would compile bnbench again for every command: 0.6 s.
unexport PYTHONDONTWRITEBYTECODE

# The studies that `make reference` takes in; by default all that results has runs of.
STUDY ?=

# Where `make bench` keeps its table.
BENCH_OUT ?= results/speed.md
BENCH_RUNS_OUT ?= results/finished_runs.md
BENCH_COMMANDS_OUT ?= results/commands.md
BENCH_KERNELS_OUT ?= results/kernels.md
BENCH_AVX2_OUT ?= results/kernels_avx2.md
BENCH_THREADS_OUT ?= results/threads.md
BENCH_PROBES_OUT ?= results/probes.md

# Where `make calibrate` keeps its tables.
CALIBRATION_OUT ?= results/calibration.md

# Where `make bench-gpu` keeps its table.
BENCH_GPU_OUT ?= results/gpu.md

# What `make gpu-carried` fills, and for which Python.
CARRIED ?= .carried
CARRIED_PYTHON ?= 3.12

# The other programs of `make bench-peers`, in an environment of their own, and its tables' folder.
PEERS ?= .venv-peers
PEERS_OUT ?= results

# MLflow's server, which the tests start; its requirements are other versions than ours.
MLFLOW ?= .venv-mlflow

# Files stay whole, whose tests share runs; in the order of their names the long ones come first.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder

# The studies of `make evidence`, in the order of their worth.
EVIDENCE := batch_norm_momentum layers layer_sets lenet5_1998 binary_perceptron way class_batches \
  rotation batch_size

.DEFAULT_GOAL := help
STUDIES := $(sort $(wildcard configs/studies/*.yaml))

.PHONY: fuzz help expect demo schema reproduce reproduce-small reproduce-full reference evidence golden test test-all test-gpu check bench bench-peers bench-gpu gpu-carried calibrate clean

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

$(VENV)/installed-all: $(VENV)/installed-dev
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,ray,mlflow]'
	@touch $@

expect:
	@echo "From nothing, expect $(EXPECT) on two cores: installation, data, runs, report."

demo: $(VENV)/installed  ## A whole study in less than a minute, offline, on small digits
	$(BNBENCH) demo

reproduce: EXPECT := seven to thirty minutes
reproduce: expect $(VENV)/installed  ## Environment, data, the headline study with 8 seeds, report
	$(BNBENCH) reproduce --seeds 8

reproduce-small: EXPECT := two and a half hours (an estimate)
reproduce-small: expect $(VENV)/installed  ## The headline study, and every other in its small variant if it is long
	$(BNBENCH) reproduce --seeds 8
	$(BNBENCH) reproduce $(STUDIES) --small

reproduce-full: EXPECT := a day
reproduce-full: expect $(VENV)/installed  ## Every study in full, with 10 seeds
	$(BNBENCH) reproduce $(STUDIES) --seeds 10

reference: $(VENV)/installed-dev  ## Take the runs that are there into results/reference, and renew its report and README's tables
	$(BNBENCH) report $(STUDY) --folder results/reference
	$(BNBENCH) compare published/lenet5_batchnorm --baseline published/lenet5 --labels "batch norm" --labels plain --results results/reference/runs --out results/reference/published
	$(BNBENCH) compare lenet5_batchnorm --baseline lenet5 --labels "batch norm" --labels plain --results results/reference/runs --out results/reference/corrected
	$(BNBENCH) claims --results results/reference/runs --since results/reference/first_verdicts.csv --markdown > results/reference/changes.md
	$(BNBENCH) claims --results results/reference/runs --cost --markdown > results/reference/undecided.md
	$(BIN)/python tests/test_documentation.py

evidence: $(VENV)/installed-dev  ## Run in full what the reference has in small only, one by one into the reference
	for study in $(EVIDENCE); do \
	  $(BNBENCH) reproduce $$study && $(MAKE) reference STUDY=$$study || exit 1; \
	done

$(PEERS)/installed: benchmarks/requirements-peers.txt constraints.txt
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet -c constraints.txt -r benchmarks/requirements-peers.txt
	@touch $@

$(MLFLOW)/installed: tests/requirements-mlflow.txt
	@$(PYTHON) -m venv $(MLFLOW)
	@$(MLFLOW)/bin/python -m pip install --quiet -r tests/requirements-mlflow.txt
	@touch $@

test: $(VENV)/installed-dev  ## Environment, data, every test but the slow ones
	$(BNBENCH) data fetch
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m 'not slow'

test-all: $(VENV)/installed-all $(MLFLOW)/installed  ## The slow ones too, Ray's and MLflow's
	$(BNBENCH) data fetch
	MLFLOW_SERVER=$(MLFLOW)/bin/mlflow $(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-gpu: $(VENV)/installed-dev  ## Those that need a CUDA device, alone
	$(BNBENCH) data fetch
	$(BIN)/python -m pytest -m gpu

schema: $(VENV)/installed-dev  ## Renew configs/schema, and what of docs/ is made from the code
	$(BNBENCH) schema > configs/schema/experiment.json
	$(BNBENCH) schema --study > configs/schema/study.json
	sed -i '/^| key /,$$d' docs/keys.md
	$(BNBENCH) schema --markdown >> docs/keys.md
	sed -i '/^| key /,$$d' docs/study-keys.md
	$(BNBENCH) schema --study --markdown >> docs/study-keys.md
	sed -i '/^## /,$$d' docs/columns.md
	$(BNBENCH) schema --columns >> docs/columns.md
	sed -i '/^## /,$$d' docs/names.md
	$(BNBENCH) schema --names >> docs/names.md
	sed -i '/^## /,$$d' docs/methods.md
	$(BNBENCH) schema --methods >> docs/methods.md

fuzz: $(VENV)/installed-dev  ## A hundred thousand damaged inputs; half an hour on two idle cores
	FUZZ_EXAMPLES=11000 $(BIN)/python -m pytest -q tests/fuzz -n 2 --dist load

golden: $(VENV)/installed-dev  ## Renew tests/golden/, the first losses of each recipe; read the diff
	$(BIN)/python tests/golden/test_first_losses.py

check: $(VENV)/installed-dev  ## Lint, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev  ## Speed and memory against the plain DataLoader loop, as a table
	$(BIN)/python -m benchmarks.speed $(BENCH_OUT)
	$(BIN)/python -m benchmarks.finished_runs $(BENCH_RUNS_OUT)
	$(BIN)/python -m benchmarks.commands $(BENCH_COMMANDS_OUT)
	$(BIN)/python -m benchmarks.kernels $(BENCH_KERNELS_OUT)
	$(BIN)/python -m benchmarks.avx2 $(BENCH_AVX2_OUT)
	$(BIN)/python -m benchmarks.threads $(BENCH_THREADS_OUT)
	$(BIN)/python -m benchmarks.probes $(BENCH_PROBES_OUT)

bench-peers: $(VENV)/installed-dev $(PEERS)/installed  ## Speed against other programs, and where the time goes
	$(BIN)/python -m benchmarks.peers $(PEERS)/bin/python $(PEERS_OUT)/peers.md
	$(BIN)/python -m benchmarks.operator_times $(PEERS_OUT)/operator_times.md
	$(BIN)/python -m benchmarks.overhead $(PEERS_OUT)/overhead.md
	KERAS_BACKEND=jax $(PEERS)/bin/python -m benchmarks.keras_fragments > $(PEERS_OUT)/keras_fragments.md

calibrate: $(VENV)/installed-dev  ## How often each test errs, on the reference's own noise
	$(BIN)/python -m benchmarks.calibration $(CALIBRATION_OUT)

bench-gpu: $(VENV)/installed-dev  ## Speed on a CUDA device against the plain DataLoader loop on it
	$(BIN)/python -m benchmarks.gpu $(BENCH_GPU_OUT)
	$(BIN)/python -m benchmarks.gpu_profile $(dir $(BENCH_GPU_OUT))gpu_profile.md
	$(BIN)/python -m benchmarks.stacked_convolution $(dir $(BENCH_GPU_OUT))stacked_convolution.md

gpu-carried: $(VENV)/installed  ## What gpu_check.sh takes to a machine with a GPU, but without a network
	$(BNBENCH) data fetch --data-dir $(CARRIED)
	$(BIN)/python -m pip download --quiet --no-deps --only-binary=:all: --python-version $(CARRIED_PYTHON) \
	  --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -c constraints.txt -d $(CARRIED) \
	  pydantic pydantic-core annotated-types typing-inspection platformdirs

clean:  ## Remove the environments and the caches, not the results
	rm -rf $(VENV) $(PEERS) $(MLFLOW) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
