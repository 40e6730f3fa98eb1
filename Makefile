# Every target sets up what it needs; nothing has to be installed by hand but Python and make.
# A Python of your choice: make demo PYTHON=python3.12

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := demo
MEASURED := results/speed
# the questions of docs/results.md
ASKED := $(addprefix --only ,bn-only/against-full bn-only/random-weights bn-only/affine bn-only/switched-off \
	bn-only/removable bn-only/depth bn-only/width bn-only/scale-at-start frozen-bn/against-full \
	statistics/momentum normalisation/place \
	batch-size/normalisation-batch schedule)

.DEFAULT_GOAL := help
.PHONY: help install demo test test-mongo test-slurm test-slurm-accounting test-ray faults losses check simulate bars results bench bench-full bench-gpu bench-tree bench-sweep format clean up down pictures page-pictures demo-docs syllabus omniboard-tools

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(VENV)/installed ## the environment with everything that runs and demos need

demo: $(VENV)/installed ## real training runs, the tree of questions, and its CSV in demo/
	@echo "== The questions of sweeps/demo.yaml: runs that are missing start now (recorded in $(DEMO)/runs)"
	@$(BIN)/sweeps run sweeps/demo.yaml --store $(DEMO)/runs --logs $(DEMO)/logs
	@echo "== The tree"
	@$(BIN)/tracker tree sweeps/demo.yaml --store $(DEMO)/runs
	@$(BIN)/tracker export sweeps/demo.yaml $(DEMO)/tree.csv --store $(DEMO)/runs
	@$(BIN)/tracker export sweeps/demo.yaml $(DEMO)/tree.html --store $(DEMO)/runs

# three processes on two cores, because many a test waits for a signal, a server or a browser
test: $(VENV)/tools ## every test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 3 --dist worksteal --cov --cov-report=term $(TESTS)

test-mongo: $(VENV)/tools ## the tests that talk to MongoDB, against MONGO_URL when it is set
	$(BIN)/python -m pytest -m mongo

test-slurm: $(VENV)/tools ## the engine `slurm` on a real Slurm of two nodes on this machine; about four minutes
	@for program in sbatch slurmctld slurmd munged; do command -v $$program >/dev/null || missing=yes; done; \
		test -z "$$missing" || test "$$(id -u)" != 0 || { echo "== Adding Slurm (13 MB)"; \
		apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null; } || true
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slurm tests/slurm

test-slurm-accounting: $(VENV)/tools ## the engine `slurm` against real accounts, of slurmdbd and MariaDB; about five minutes
	@for program in sbatch slurmctld slurmd munged slurmdbd mariadbd; do command -v $$program >/dev/null || missing=yes; done; \
		test -z "$$missing" || test "$$(id -u)" != 0 || { echo "== Adding Slurm with its accounting (190 MB)"; \
		apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends slurm-wlm munge slurmdbd mariadb-server >/dev/null; } || true
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slurmdbd tests/slurm

test-ray: $(VENV)/ray ## the engine `ray` on a real Ray of several nodes on this machine; about three minutes
	@if test -e $(VENV)/ray; then OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m ray tests/ray; \
		else echo "skipped: Ray could not be installed here; pip's words stand above"; fi

faults: $(VENV)/tools ## the slow fault tests: kills, outages, full disks, clocks; about five minutes on two quiet cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 3 --dist worksteal -m faults tests/faults

losses: $(VENV)/tools ## what stock Sacred and the tracker lose, measured again into docs/losses.md; about 20 minutes
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.losses

check: $(VENV)/tools ## format, lint, types, layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

simulate: $(VENV)/tools ## what the findings promise, simulated in full: intervals, verdicts, power, sentences
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.statistics
	@echo "== Sentences against their table rows, in 10,000 random trees"
	@OMP_NUM_THREADS=1 TREES=10000 $(BIN)/python -m pytest -q tests/statistics/test_sentences_agree.py

bars: $(VENV)/tools ## every bar of the tree, its findings and its records, measured; a table at the end; about 20 minutes
	@$(BIN)/python -m benchmarks.bars

results: $(VENV)/installed ## questions of sweeps/batchnorm.yaml on CIFAR-10 at a reduced size, into docs/results.md; about an hour
	@$(BIN)/sweeps run sweeps/batchnorm.yaml --profile cpu $(ASKED) --store results/runs --logs results/logs
	@$(BIN)/python -m benchmarks.results sweeps/batchnorm.yaml@cpu results/runs $(ASKED) --out docs/results.md

bench: $(VENV)/installed ## the speed of training and start-up beside the peer's recipe, in short; about five minutes
	@$(BIN)/python -m benchmarks.speed --short --rounds 2

# what an interrupted one has measured stands in $(MEASURED), which goes when all of it is there
bench-full: $(VENV)/installed ## all of it, into docs/benchmarks.md and the pages it names; about two hours on a quiet machine, in as many parts as you like
	@mkdir -p $(MEASURED)
	@test -e $(MEASURED)/tree || { $(MAKE) bench-tree && touch $(MEASURED)/tree; }
	@test -e $(MEASURED)/sweep || { $(MAKE) bench-sweep && touch $(MEASURED)/sweep; }
	@$(BIN)/sweeps run sweeps/precision.yaml --profile cpu --store results/precision --logs results/precision-logs
	@$(BIN)/python -m benchmarks.speed --accuracy results/precision --json $(MEASURED)/speed.json --out docs/benchmarks.md
	@mv $(MEASURED)/speed.json docs/benchmarks.json && rm -r $(MEASURED)

bench-gpu: $(VENV)/installed ## training on one graphics card: speed, seeds at once, accuracy, into gpu.json; ten minutes, or a rehearsal without a card
	$(BIN)/python -m benchmarks.gpu --json gpu.json

bench-tree: $(VENV)/installed ## the speed of the tree, beside MLflow's table, measured into docs/speed.md; about 20 minutes
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.tree --out docs/speed.md

bench-sweep: $(VENV)/installed ## the speed of sweeps, beside GNU parallel and Hydra, into docs/speed-sweeps.md; about ten minutes
	$(BIN)/python -m benchmarks.sweep --json docs/speed-sweeps.json --out docs/speed-sweeps.md

format: $(VENV)/tools ## put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

up: .env ## MongoDB and Omniboard in Docker; says what to open
	@docker compose up --detach --wait
	@set -a && . ./.env && echo "== Omniboard: http://127.0.0.1:$$OMNIBOARD_PORT" && \
		echo "== For runs and readers:" && \
		echo "export TRACKER_STORE='mongodb://$$MONGO_USER:$$MONGO_PASSWORD@127.0.0.1:$$MONGO_PORT/$$MONGO_DATABASE?authSource=admin'" && \
		echo "== Then, once: tracker omniboard sync"

down: .env ## stop them; the data stay
	@docker compose down

omniboard-tools: tests/omniboard/node_modules/installed ## the real Omniboard and the test server, on Node

demo-docs: demo ## the page and the tables of the demo in docs/demo, made anew
	@rm -rf docs/demo && mkdir docs/demo
	@cp $(DEMO)/tree.html $(DEMO)/tree.csv $(DEMO)/tree_values.csv $(DEMO)/tree_runs.csv $(DEMO)/tree.schema.json docs/demo/

syllabus: $(VENV)/installed ## the page docs/syllabus.md, from its chapters, the questions and the code
	@$(BIN)/python -m benchmarks.syllabus

pictures: $(VENV)/tools omniboard-tools ## the pictures of Omniboard in docs/pictures, made anew
	PICTURES=docs/pictures $(BIN)/python -m pytest -q tests/omniboard/test_views.py

page-pictures: $(VENV)/tools ## the pictures of the page in docs/pictures, made anew
	PICTURES=docs/pictures $(BIN)/python -m pytest -q tests/export/page/test_pictures.py

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

# no error where it fails: Ray is large, and there is no wheel for some machines
$(VENV)/ray: $(VENV)/tools
	@echo "== Adding Ray (290 MB)"
	@if $(PIP) install --quiet --constraint constraints.txt --editable '.[ray]'; then touch $@; fi

# nothing of it needs a build, so that no script of a package runs
tests/omniboard/node_modules/installed: tests/omniboard/package-lock.json
	@command -v npm >/dev/null || { echo "Omniboard's tests need Node 20 or newer, with npm"; exit 1; }
	@echo "== Adding Omniboard for its tests (about 550 MB)"
	@npm ci --prefix tests/omniboard --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.env: .env.example
	@test -e $@ || (umask 077; sed "s/^MONGO_PASSWORD=$$/MONGO_PASSWORD=$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')/" $< > $@)
	@touch $@
