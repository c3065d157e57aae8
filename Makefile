# `make help` lists the common targets; CONTRIBUTING.md and docs/contributing/tests.md explain them.

# Python 3.11 to 3.13.
PYTHON ?= python3
# Which build of PyTorch: see docs/guides/gpu.md.
TORCH ?= torch==2.13.0
BIN := .venv/bin
# Markers of the slow tests, explained in pyproject.toml; a test without one runs in `make test`.
TIERS := workflow servers cluster peers long
PARALLEL := -n auto --maxprocesses 4

.PHONY: help demo test test-slow test-slowest test-all test-random $(TIERS:%=test-%) fuzz setup check \
    format accept bench release docs links clean
.DEFAULT_GOAL := demo

help: ## List the targets.
	@grep -E '^[a-z-]+:.* ## ' Makefile | sed -E 's/:.* ## /\t/' | expand -t 14

demo: setup ## Balance the demo cohort and write its report (the default target).
	$(BIN)/snakemake --profile local

test: .venv/ready ## Run the fast tests (12 minutes on two cores); slow ones: make test-workflow, and so on.
	$(BIN)/python -m pytest $(PARALLEL) --dist loadfile --timeout 600 \
	    -m "not (workflow or servers or cluster or peers or long)"

# One tier of slow tests: test-workflow, test-servers, test-cluster, test-peers, test-long.
$(TIERS:%=test-%): test-%: .venv/ready
	$(BIN)/python -m pytest $(PARALLEL) --dist loadfile -m $*

# The slow tests that need no other data, and the longest of them. Many wait for a server, so one
# more runs than cores.
test-slow: LENGTH := not long
test-slowest: LENGTH := long
test-slow test-slowest: .venv/ready
	$(BIN)/python -m pytest -n 3 --dist loadfile -m "(workflow or servers or cluster) and not peers and $(LENGTH)"

# Every test of random inputs, with many more of them.
test-random: .venv/ready
	HYPOTHESIS_PROFILE=many $(BIN)/python -m pytest $(PARALLEL) -m "hypothesis and not peers"

# Options: COUNT=10000 SEED=7, or CASE=cool:17 to repeat one case.
fuzz: .venv/ready ## Give thousands of damaged inputs to the package; prints one line per fault.
	$(BIN)/python -m tests.support.fuzz --count $(or $(COUNT),3000) --seed $(or $(SEED),1) \
	    $(addprefix --case ,$(CASE))

test-all: .venv/ready ## Run every test.
	$(BIN)/python -m pytest

setup: .venv/ready ## Install into .venv and fetch the maps of the demo.
	@$(BIN)/snakemake --profile local --quiet all -- demo_inputs

.venv/ready: pyproject.toml setup.py Makefile envs/prerequisites.sh $(wildcard workflow/counterpoise/native/*.[ch])
	sh envs/prerequisites.sh $(PYTHON)
	$(PYTHON) -m venv .venv
	@echo "Installing into .venv: two to four minutes and 1.6 GB on a first run ..."
	$(BIN)/python -m pip install --quiet $(TORCH) --editable '.[workflow,cluster,dev,torch]'
	@touch $@

check: .venv/ready ## Check style, types and the workflow.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: .venv/ready ## Format Python and Snakemake code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/Snakefile workflow/rules

# docs/contributing/architecture.md lists them.
accept: .venv/ready ## Write all generated files again.
	$(BIN)/python -m tests.support.accept

docs: .venv/docs ## Build the site of the documentation into build/site.
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet docs build/site
	@echo "The site: build/site/index.html"

links: .venv/docs ## Check the links of the documentation to other sites.
	COUNTERPOISE_NOTEBOOKS=off $(BIN)/sphinx-build --builder linkcheck --quiet docs build/links

.venv/docs: .venv/ready
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $@

bench: .venv/ready ## Compare with peers: hours, and the numbers of the documentation.
	$(BIN)/python -m benchmarks.against_peers
	$(BIN)/python -m benchmarks.command_line
	$(BIN)/python -m benchmarks.front_page
	$(BIN)/python -m benchmarks.product
	$(BIN)/python -m benchmarks.files
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.kernel_density.simulation
	$(BIN)/python -m benchmarks.kernel_density.iteration

release: .venv/release ## Make wheels for Linux and macOS, the source distribution and checksums.
	.venv/release/bin/python envs/release.py

.venv/release: envs/release.txt
	$(PYTHON) -m venv --clear $@
	$@/bin/python -m pip install --quiet --requirement $<

clean: ## Remove what setup, demo and tests made.
	rm -rf .venv results resources .snakemake build dist
