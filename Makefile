# The commands of the project; README.md shows the first two.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# More for pytest from the command line: make test TESTFLAGS="-x -k login"
TESTFLAGS ?=
# Many tests wait for processes and clocks: twice as many at a time as there are cores; those of the inner loop hardly.
# A worker takes a whole file, in the order that tests/order.py says.
CORES   := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 1)')
WORKERS ?= $(shell expr $(CORES) \* 2)
BY_FILES := --dist loadfile --no-loadscope-reorder

# Python keeps byte code: without it, each worker and each process that a test starts compiles all that it reads.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick length check audit bench soak world peers screenshots docs release deb format clean

demo: $(STAMP)
	$(BIN)/liveone demo

# The tests are compiled once, while the rest is fetched, and not by every worker.
test: $(STAMP)
	$(BIN)/pytest --collect-only tests > /dev/null 2>&1 & \
	.ci/debian-packages && .ci/node-packages && .ci/sqld && .ci/moto; ended=$$?; wait; exit $$ended
	$(BIN)/pytest -n $(WORKERS) $(BY_FILES) $(TESTFLAGS) tests

# The inner loop: what needs no browser, no server and no other process, draws nothing, and is mostly quick.
quick: $(STAMP)
	$(BIN)/pytest -n $(shell expr $(CORES) + 1) --dist worksteal -m "not (slow or browser or apart or sampled or hypothesis)" tests

# What `make test` proves at points that a seed draws, at every point: kills, layouts, whole months; and the soak.
length: $(STAMP)
	.ci/sqld
	LIVEONE_TESTS=length $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "sampled or hypothesis" tests

check: $(STAMP)
	$(BIN)/ruff format --check src packages tests benchmarks
	$(BIN)/ruff check src packages tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	.ci/node-packages
	if [ -x node_modules/.bin/tsc ]; then node_modules/.bin/tsc --noEmit -p tsconfig.json; fi

# What constraints.txt pins, asked for at the index of known vulnerabilities; 75 where that cannot be reached.
audit:
	$(PYTHON) .ci/audit.py

format: $(STAMP)
	$(BIN)/ruff format src packages tests benchmarks
	$(BIN)/ruff check --fix src packages tests benchmarks

bench: $(STAMP)
	$(BIN)/python -m benchmarks

screenshots: $(STAMP)
	$(BIN)/python -m benchmarks.screenshots docs/screenshots

soak: $(STAMP)
	$(BIN)/python -m benchmarks.soak
	$(BIN)/python -m benchmarks.several
	$(BIN)/python -m benchmarks migration --readings 5000000 --readings 10000000

# Other people's databases at length: installs Django, Anki, calibre, Home Assistant and MLflow into .setup/world/ once.
# Kills at points that a seed draws (LIVEONE_TESTS_SEED); at every one with LIVEONE_TESTS=length, which takes hours.
# No part begins after LIVEONE_WORLD_MINUTES; the table is printed whatever failed.
world: export LIVEONE_WORLD_MINUTES ?= 50
world: $(STAMP)
	mkdir -p .setup/world && rm -f .setup/world/figures.jsonl
	LIVEONE_WORLD=length LIVEONE_WORLD_FIGURES=.setup/world/figures.jsonl $(BIN)/pytest -v tests/world; ended=$$?; \
	$(BIN)/python -m tests.world.table .setup/world/figures.jsonl; exit $$ended

# Real programs of others, set up once: Home Assistant (a minute and 1.4 GB) and what else tests/peers names.
peers: $(STAMP)
	LIVEONE_PEERS=1 $(BIN)/pytest -v tests/peers

# The docs as a site in build/docs; a broken link is an error.
docs: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs

# Both distributions as wheel and sdist, checked and tried in an empty environment, with SBOM and release notes, in dist/.
release: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[release]'
	$(BIN)/python .ci/release.py dist

# Of what `make release` built: a package for this Debian, its Python and its architecture.
deb:
	/usr/bin/python3 .ci/deb.py dist

$(STAMP): pyproject.toml packages/changeover/pyproject.toml constraints.txt
	@echo "Setting up $(VENV); this takes a minute, once."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e packages/changeover -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) demo build dist
