# Needs Python 3.11 or newer, git and make. Every target sets up what it needs, once.
#
#   make demo PYTHON=python3.12     uses another Python

PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
SOURCES := pyproject.toml setup.py

.PHONY: help demo gallery rows test check lint types check-lowest bench faults slides-check clean

help:
	@echo "make demo          derive, draw, compile and train one small network"
	@echo "make gallery       draw every figure of the lectures: out/gallery/index.html"
	@echo "make rows          show what works of every row of the lectures"
	@echo "make test          run all tests"
	@echo "make check         all that CI runs: lint, types, lowest versions, tests"
	@echo "make check-all     that, all notebooks, and every command on every system of the zoo"
	@echo "make notebooks     write examples/notebooks anew from examples/topics"
	@echo "make check-lowest  test the nodes with the oldest versions in pyproject.toml"
	@echo "make bench         run the benchmarks"
	@echo "make faults        kill trainings while they save, fill disks, and go on"
	@echo "make results       train on real data and write examples/real/RESULTS.md"
	@echo "make slides-check  compile TikZ and open decks in LibreOffice, to look at their pages"
	@echo "make clean         remove all that these targets have made"

demo: $(VENV)/.installed
	$(BIN)/symgraph demo

gallery: $(VENV)/.installed-plot
	$(BIN)/symgraph gallery out/gallery

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

rows: $(VENV)/.installed-test
	$(BIN)/python tests/lectures

check: lint types check-lowest test

check-all: check $(VENV)/.installed-notebooks
	$(BIN)/python .ci/notebooks.py
	$(BIN)/python .ci/commands.py

notebooks: $(VENV)/.installed
	$(BIN)/python examples/make_notebooks.py

lint: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed-test
	$(BIN)/mypy --strict -p symgraph

check-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest --quiet tests/test_node.py

bench: $(VENV)/.installed-bench
	env -u OPENBLAS_CORETYPE -u OPENBLAS_NUM_THREADS $(BIN)/python -m benchmarks

faults: $(VENV)/.installed
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/train/faults.py

results: $(VENV)/.installed-plot
	env -u OPENBLAS_CORETYPE $(BIN)/python examples/real/all_results.py

slides-check: $(VENV)/.installed-test
	$(BIN)/python tests/draw/slides_check.py out/slides-check

clean:
	rm -rf $(VENV) $(LOWEST) build dist out *.egg-info
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find symgraph codegen tests -name __pycache__ -prune -exec rm -rf {} +

# A stamp is written last, so that an interrupted set-up is done again.

%/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	    "symgraph needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $*
	@touch $@

$(VENV)/.installed: $(VENV)/.created $(SOURCES)
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-%: $(VENV)/.created $(SOURCES)
	$(PIP) --editable '.[$*]'
	@touch $@

$(LOWEST)/.installed: $(LOWEST)/.created $(SOURCES) .ci/lowest.py
	$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install \
	    --constraint $(LOWEST)/constraints.txt --editable . pytest hypothesis
	@touch $@
