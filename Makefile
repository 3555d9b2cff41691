# The environment is made once, in .venv, and again when setup.cfg or pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A worker a core, four at most: each holds TensorFlow. What a file's tests share is made once.
PYTEST := $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile
BENCHMARKS := simulation pipeline training metrics posterior inference domain_limits fisher classical galaxy_vae
# A warning ends the build of the pages, as a failed test would; all of them are shown first.
SPHINXOPTS ?= -W --keep-going

.DEFAULT_GOAL := help
.PHONY: help demo test test-all format lint types docs dist bench clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

# What only the pages need is installed when they are first built.
$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

demo: $(VENV)/.installed  ## predict twelve sample galaxies with the shipped model
	$(BIN)/python -m gampen_tf.demo demo_output

test: $(VENV)/.installed  ## the tests that take minutes
	$(PYTEST)

test-all: $(VENV)/.installed  ## and the slow ones
	$(PYTEST) -m 'slow or not slow'

format: $(VENV)/.installed  ## lay out the code, and mend what ruff can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(VENV)/.installed  ## layout, lint, spelling and types; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(MAKE) types

types: $(VENV)/.installed  ## the types alone
	$(BIN)/mypy

docs: $(VENV)/.installed-docs  ## the pages, in docs/_build/html
	$(BIN)/python -m sphinx -b html -d docs/_build/doctrees $(SPHINXOPTS) docs docs/_build/html

dist: $(VENV)/.installed  ## the source distribution and the wheel, in dist
	rm -rf dist
	$(BIN)/python -m build

bench: $(VENV)/.installed  ## the benchmarks that need no data of yours; results in benchmarks/results
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

clean:  ## remove the environment and all that was built
	rm -rf $(VENV) build dist *.egg-info demo_output docs/_build docs/api
