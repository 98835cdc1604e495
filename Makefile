# The two commands of the README: make serve, make test. Each installs what it needs.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.PHONY: serve test build check install system clean

serve: .venv/program
	@exec $(BIN)/policy serve --port $(PORT)

build: .venv/program
	@$(BIN)/policy build

install: .venv/program

test: .venv/tools system node_modules/.package-lock.json
	$(BIN)/pytest -n 2 --dist loadfile

check: .venv/tools system node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	node_modules/.bin/tsc --noEmit
	$(BIN)/python scripts/imports.py

# constraints.txt holds the versions everything was tested with; pyproject.toml holds the ranges that may work.
.venv/program: pyproject.toml constraints.txt | .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/tools: pyproject.toml constraints.txt | .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,check]'
	@touch $@ .venv/program

.venv:
	@scripts/environment $(PYTHON)

system:
	@scripts/system

node_modules/.package-lock.json: package.json package-lock.json | system
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

clean:
	rm -rf .venv node_modules dist .preview .cache
