# Everything a developer runs. All of it happens in .venv, which the first command makes.

PYTHON ?= python3
PIP_ARGS ?=
WORKERS ?= 2
MINUTES ?= 10

BIN := .venv/bin
INSTALLED := .venv/installed

# One thread for each test worker: two workers with two threads each would wait for one another. Bytecode is kept, or
# each of the processes that tests begin would compile the whole package. Tests of two threads do not spin while they wait.
TEST := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help demo site page pictures playground runtime test test-long fuzz chaos kills exports check bench clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "PYTHON=python3.12   the Python to use, 3.11 or later"
	@echo "WORKERS=4           processes that run tests side by side; 2 unless given"
	@echo "SEED=1              of the examples of make test-long, which prints the one that it draws"
	@echo "PIP_ARGS='...'      more arguments for pip install"

demo: $(INSTALLED) ## Run a small study on brain images and report it (less than five minutes on two cores)
	@$(BIN)/unetkit study run demo --output demo

page: ## Bundle the editor of `unetkit play`; needs Node, and without it the page has a plain text area
	@cd editor && npm ci --silent && npm run --silent build

playground: $(INSTALLED) page ## Build the page of `unetkit play` into build/play, for any web server; needs Node
	@npm ci --silent --prefix playground
	@$(BIN)/python playground/build.py build/play

pictures: $(INSTALLED) ## Take the pictures of the README anew, after make demo and make page
	@$(BIN)/python -m tests.docs.pictures

runtime: ## Bundle what `unetkit card --embed` puts into a card to run its network; needs Node
	@cd card-runtime && npm ci --silent && npm run --silent build

site: playground ## Build the documentation into build/site; a warning is an error; needs Node
	@$(BIN)/python -m docs.site

test: $(INSTALLED) ## Run all tests
	@$(TEST)

test-long: $(INSTALLED) ## Run all tests, with ten times as many random examples, new ones each time
	@seed=$${SEED:-$$($(BIN)/python -c 'import secrets; print(secrets.randbelow(10 ** 9))')}; \
	UNETKIT_TIMES=10 UNETKIT_SEED=$$seed $(TEST) --hypothesis-seed=$$seed --timeout=6000 -o faulthandler_timeout=5400

fuzz: $(INSTALLED) ## Try mutated files and random networks for MINUTES=10; what falls is kept in .fuzz/
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --minutes $(MINUTES) --workers $(WORKERS)

chaos: $(INSTALLED) ## Kill the processes of studies of 24 runs at 100 random moments
	@STUB_NEEDS='torch lightning.pytorch' OMP_NUM_THREADS=1 $(BIN)/python -m tests.study.runs.chaos 100 6

kills: $(INSTALLED) ## Kill trainings at 20 random moments and compare what they become, bit for bit
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.train.kills 20

exports: $(INSTALLED) ## Export all shipped specs at their full width, and compare ONNX and OpenVINO with eager
	@$(BIN)/python -m benchmarks.exports

check: $(INSTALLED) ## Check format, lint, types and the direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(INSTALLED) ## Measure unetkit against handwritten PyTorch
	@$(BIN)/python -m benchmarks

clean: ## Remove all that these commands made, .venv and demo/ too
	@rm -rf .venv build demo dist .hypothesis .import_linter_cache .fuzz .mypy_cache .pytest_cache .ruff_cache
	@rm -rf benchmarks/results.json */node_modules unetkit/play/page/editor.js
	@rm -f unetkit/trained/card/embedded/runtime.*
	@find unetkit tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so an installation that was broken off is done again.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "unetkit needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo 'not there')." >&2; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing unetkit, PyTorch and the tools into .venv (only when pyproject.toml changed; some minutes)."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check $(PIP_ARGS) --editable '.[demo,dev]'
	@touch $@
