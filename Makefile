# make demo   set everything up and edit a picture
# make test   set everything up, lint, and run the tests
# make lint   ruff and mypy alone

PYTHON ?= python3
# threads that spin while they wait starve each other on a busy machine
export OMP_WAIT_POLICY ?= PASSIVE
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet -c constraints.txt

.PHONY: demo test lint clean
.DEFAULT_GOAL := demo

demo: .venv/.installed
	@mkdir -p build/demo
	$(BIN)/fice edit docs/astronaut.png "navy pinstripe suit" -o build/demo/edited.png \
		--compare build/demo/compare.png --force
	@echo "The result is build/demo/edited.png; build/demo/compare.png shows it beside the photo."

test: lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

lint: .venv/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache

# torch comes first and the build is not isolated, so that torch is fetched once
.venv/.installed: setup.py setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "fice needs Python 3.10 or newer: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) torch setuptools wheel
	$(PIP) --no-build-isolation -e .
	@touch $@

.venv/.tested: .venv/.installed
	$(PIP) --no-build-isolation -e '.[test]'
	@touch $@
