# make demo | make test | make setup | make check | make bench      (see README.md)

# Python 3.11 to 3.13.
PYTHON ?= python3
# Which build of PyTorch: see "GPU" in README.md.
TORCH ?= torch==2.13.0
BIN := .venv/bin

.PHONY: demo test setup check format accept bench clean
.DEFAULT_GOAL := demo

demo: setup
	$(BIN)/snakemake --profile local
	@echo
	@echo "Done. Look at:"
	@echo "  results/demo/report.html          verdicts and plots; open it in a browser"
	@echo "  results/demo/summary.tsv          the same as a table"
	@echo "  results/demo/coolers/*.mcool      balanced coolers, one column per method, and weight"
	@echo "  $(BIN)/mlflow ui --backend-store-uri sqlite:///results/mlflow.db     every run, side by side"

test: .venv/ready
	$(BIN)/python -m pytest

setup: .venv/ready
	@$(BIN)/snakemake --profile local --quiet all -- demo_inputs

.venv/ready: pyproject.toml setup.py Makefile envs/prerequisites.sh $(wildcard workflow/counterpoise/native/*.[ch])
	sh envs/prerequisites.sh $(PYTHON)
	$(PYTHON) -m venv .venv
	@echo "Installing into .venv: two to four minutes and 1.6 GB on a first run ..."
	$(BIN)/python -m pip install --quiet $(TORCH) --editable '.[cluster,dev,torch]'
	@touch $@

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

# Write every generated file: conf/, docs/configuration.md, tables of methods, tests/revisions.json.
accept: .venv/ready
	$(BIN)/python -m tests.support.accept

bench: .venv/ready
	$(BIN)/python -m benchmarks.against_peers
	$(BIN)/python -m benchmarks.product
	$(BIN)/python -m benchmarks.files
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.kernel_density.simulation
	$(BIN)/python -m benchmarks.kernel_density.iteration

clean:
	rm -rf .venv results resources .snakemake
