# Every target sets up what it needs; nothing has to be installed by hand but Python and make.
# A Python of your choice: make demo PYTHON=python3.12

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := demo

.DEFAULT_GOAL := help
.PHONY: help install demo test test-mongo check format clean

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/installed ## the environment with everything that runs and demos need

demo: $(VENV)/installed ## real training runs, the tree of questions, and its CSV in demo/
	@echo "== The questions of sweeps/demo.yaml: runs that are missing start now (recorded in $(DEMO)/runs)"
	@$(BIN)/sweeps run sweeps/demo.yaml --store $(DEMO)/runs --logs $(DEMO)/logs
	@echo "== The tree"
	@$(BIN)/tracker tree sweeps/demo.yaml --store $(DEMO)/runs
	@$(BIN)/tracker export sweeps/demo.yaml $(DEMO)/tree.csv --store $(DEMO)/runs

test: $(VENV)/tools ## every test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal --cov --cov-report=term $(TESTS)

test-mongo: $(VENV)/tools ## the tests that talk to MongoDB, against MONGO_URL when it is set
	$(BIN)/python -m pytest -m mongo

check: $(VENV)/tools ## format, lint, types, layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: $(VENV)/tools ## put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the environment and what the demo made
	rm -rf $(VENV) $(DEMO)

# ----------------------------------------------------------------------------------------------------

$(VENV)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Sacred Grove needs Python 3.11, 3.12 or 3.13: make demo PYTHON=/path/to/python"; exit 1; }
	@echo "== Setting up $(VENV) with $$($(PYTHON) --version) (PyTorch is large: one to three minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/tools: $(VENV)/installed
	@echo "== Adding the tools for tests and checks"
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[test,check]'
	@touch $@
