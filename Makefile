# Two commands are enough: `make demo` and `make test`. Nothing beside Python 3.11 to 3.13, make and pip is assumed.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
READY = $(VENV)/.ready

# SIGKILLs; how many of them hit campaigns with workers; how many of these hit Ray actors.
KILLS ?= 50
ON_WORKERS ?= 30
ON_RAY ?= 20
# Further SIGKILLs, each in the midst of an attack, half of them of Ray actors.
IN_ATTACKS ?= 12

.PHONY: demo test test-use pecos annif libmultilabel fuzz drill lint format bench bench-full bench-check docs dist size clean

# Algorithm 1 with the words that speak for the label out of reach, and words that a masked LM proposes: docs/validity.md.
SHOWN = xmtc-positive-label-preserving^preserve='frozen',candidate_source='masked-lm'

# The main job: trains a small victim the first time (minutes, with progress bars), then attacks it.
demo: $(READY)
	@echo "[2/3] corpus, demo victim and masked LM (trained once, then cached)"
	@$(BIN)/python -m textattack_xmtc.models.demo
	@echo "[3/3] textattack attack --recipe \"$(SHOWN)\" --model xmtc-demo --num-examples 10"
	@$(BIN)/textattack attack --recipe "$(SHOWN)" --model xmtc-demo --num-examples 10

# On all cores, at most four: each test process takes about 1 GiB.
test: lint
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal --durations=20

# The optional encoders for real: TensorFlow Hub wants other setuptools, and so an environment of its own.
test-use: .venv-use/.ready
	.venv-use/bin/python -m pytest tests/use tests/constraints tests/wrappers/test_dual_encoder.py
	.venv-use/bin/python -m pytest tests/test_victim_files.py -k dual_encoder

# libpecos holds numpy below 2: an environment of its own, which the tests find. XR-Linear needs no more than this.
pecos: .venv-pecos/.ready

# A real Annif server, which the tests of its wrapper train, start and stop: an environment of its own, which they find.
annif: .venv-annif/.ready

# The same for the example of a victim in another environment.
libmultilabel: .venv-libmultilabel/.ready

# Readers, checkpoints, records, targets and the search on anything: 100,000 new inputs, about half an hour on one core.
INPUTS ?= 100000
fuzz: $(READY)
	XMTC_FUZZ=$(INPUTS) $(BIN)/python -m pytest tests/fuzz

# Campaigns that are killed and hindered; each must end with every record once and a correct report.
drill: $(READY)
	$(BIN)/python -m tests.drill --kills $(KILLS) --on-workers $(ON_WORKERS) --on-ray $(ON_RAY) --in-attacks $(IN_ATTACKS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is compared with what: benchmarks/speed/baselines.py. `bench` takes under 10 minutes, `bench-full` an hour or more.
# VICTIM, DATA and MASKED_LM name folders for the attacks on real texts, which are not measured without them.
REAL = $(if $(VICTIM),--victim $(VICTIM) --data $(DATA) --masked-lm $(MASKED_LM))

bench: $(READY)
	$(BIN)/python -m benchmarks.speed $(REAL)

bench-full: $(READY)
	$(BIN)/python -m benchmarks.speed --full $(REAL)

# Ratios, never seconds, against the kept ones; what looks worse is measured again.
bench-check: $(READY)
	$(BIN)/python -m benchmarks.speed.check

# The site, in build/site: warnings are errors, links between pages are checked, the tutorials run.
docs: $(READY) $(VENV)/.docs
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH="$(CURDIR)/docs/tutorials" NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# Source distribution and wheel, in dist/; an attack is run from the wheel in a fresh environment.
dist: $(READY) $(VENV)/.docs
	.ci/wheel

# Size is a cost: lines of the package, and each room's share of them.
size:
	@git ls-files 'textattack_xmtc/*.py' | xargs wc -l | awk -f .ci/size.awk

clean:
	rm -rf $(VENV) .venv-* build dist .pytest_cache .mypy_cache .ruff_cache

# torch first and by its exact version: a range takes the newest build, with gigabytes of libraries for GPUs.
$(READY): pyproject.toml requirements/constraints.txt textattack_xmtc/_autorun.py
	@echo "[1/3] environment $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --constraint requirements/constraints.txt torch
	@$(PIP) install --quiet --constraint requirements/constraints.txt --editable '.[dev,ray]'
	@touch $@

$(VENV)/.docs: $(READY) requirements/constraints-docs.txt
	@$(PIP) install --quiet --constraint requirements/constraints.txt --constraint requirements/constraints-docs.txt \
		--editable '.[dev,ray,docs,release]'
	@touch $@

.venv-use/.ready: $(READY) requirements/constraints-use.txt
	.ci/environment .venv-use $(VENV)
	.venv-use/bin/python -m pip --disable-pip-version-check install --quiet \
		--constraint requirements/constraints-use.txt --editable '.[dev,use,sbert]'
	.ci/share-demo .venv-use
	@touch $@

.venv-%/.ready: requirements/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --requirement $<
	@touch $@
