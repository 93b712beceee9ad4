# What a person types first. Needs Python 3.11 or newer and make, nothing else: no root, Docker,
# Java, PostgreSQL or uv. These lines are what `make help` says:
#
#? make demo       real Kafka, PostgreSQL and registry, real messages, one chart
#?                 (options of dsn demo: make demo ARGS=--json)
#? make test       the tests (options of pytest: make test ARGS="-k merge")
#? make long       the tests that take minutes: a rebuild beside a live system
#? make simulate   20,000 simulated runs under faults (options: make simulate ARGS="--seed 9")
#? make faults     50 rounds of faults on real processes (options: make faults ARGS="--seed 9")
#? make mutants    plant bugs and see that the simulation finds each of them
#? make histories  100,000 generated histories against the naive fold, some twenty minutes
#? make identity   how well records of one person are found, on labelled data of others
#? make lint       ruff, and the import rules between the stages
#? make typecheck  mypy, strict
#? make lock       pin packages and jars again, after a change of versions (needs uv)
#? make clean      remove .venv and caches; data in .dsn stays

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo identity test long simulate faults mutants histories lint typecheck lock clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#? //p' Makefile

demo: $(READY)
	@$(BIN)/dsn demo $(ARGS)

test: $(READY)
	@$(BIN)/python -m pytest $(ARGS)

long: $(READY)
	@$(BIN)/python -m pytest -m long $(ARGS)

simulate: $(READY)
	@$(BIN)/dsn simulate --runs 20000 $(ARGS)

faults: $(READY)
	@$(BIN)/dsn faults --rounds 50 $(ARGS)

mutants: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/simulation/mutants.py $(ARGS)

histories: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/streams/histories.py $(ARGS)

# Labelled sets are not ours to ship; what is absent is passed over.
LABELLED ?= ../shared/data
MAPPINGS := deploy/dsn_deploy/identity/mappings

identity: $(READY)
	@learned=$$(mktemp -d); trap 'rm -r $$learned' EXIT; \
	for set in from-registry/febrl/dataset1.csv.gz:febrl from-registry/febrl/dataset2.csv.gz:febrl \
	    from-fetch/opencr-uganda/records.csv.gz:opencr-uganda \
	    from-fetch/splink-datasets/fake_1000.csv.gz:fake-1000; do \
	  file=$(LABELLED)/$${set%%:*}; [ -f $$file ] || { echo "no $$file"; continue; }; \
	  mapping=$(MAPPINGS)/$${set##*:}.json; \
	  echo "== $$file, shipped weights"; \
	  $(BIN)/dsn identity evaluate $$file --mapping $$mapping || exit 1; \
	  echo "== $$file, trained on itself without labels, as a list of unrelated people"; \
	  $(BIN)/dsn identity train $$file --mapping $$mapping --no-families \
	    --output $$learned/list.json || exit 1; \
	  $(BIN)/dsn identity evaluate $$file --mapping $$mapping --weights $$learned/list.json || exit 1; \
	done

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

typecheck: $(READY)
	@$(BIN)/mypy

# The stamp is newer than everything that decides what is installed: the second run is instant.
$(READY): requirements.lock pyproject.toml $(wildcard deploy/bootstrap/*)
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'make: $(PYTHON) not found; install Python 3.11 or newer, or make PYTHON=/path' >&2; \
	  exit 1; }
	@$(PYTHON) deploy/bootstrap/bootstrap.py $@

# Names no index, so that a lock file made behind a mirror is the same as any other.
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header

lock: $(READY)
	$(COMPILE) --all-extras --group dev pyproject.toml -o requirements.lock
	$(COMPILE) --upgrade --no-annotate deploy/bootstrap/uv.in -o deploy/bootstrap/uv.lock
	$(COMPILE) deploy/bootstrap/build.in -o deploy/bootstrap/build.lock
	$(BIN)/python -m dsn_deploy.stack.jars_lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
