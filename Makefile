# The environment is made once, in .venv, and again when setup.cfg changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCHMARKS := simulation pipeline training metrics posterior inference trust fisher classical galaxy_vae

.PHONY: demo test test-all lint bench clean

$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

demo: $(VENV)/.installed  ## predict twelve sample galaxies with the shipped model
	$(BIN)/python -m gampen_tf.demo demo_output

test: $(VENV)/.installed  ## the tests that take minutes
	$(BIN)/python -m pytest -q

test-all: $(VENV)/.installed  ## and the slow ones
	$(BIN)/python -m pytest -q -m 'slow or not slow'

lint: $(VENV)/.installed
	$(BIN)/ruff check .

bench: $(VENV)/.installed  ## the benchmarks that need no data of yours; results in benchmarks/results
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

clean:
	rm -rf $(VENV) build dist *.egg-info demo_output
