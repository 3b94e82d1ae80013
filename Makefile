# `make demo` and `make test` do their own set-up: they create .venv and install from constraints.txt.
#
#   PYTHON       the interpreter that makes .venv (3.11 or newer)
#   TORCH_INDEX  where torch comes from; empty: the default index, whose Linux build of torch serves NVIDIA GPUs.
#                https://download.pytorch.org/whl/cpu has the small build for machines without one.

PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check lint format protos client coverage clean

help:  ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "Setting up .venv (the first time this takes a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(if $(TORCH_INDEX),$(PIP_INSTALL) --index-url $(TORCH_INDEX) torch,true)
	@$(PIP_INSTALL) --editable '.[separation,postgresql,training]'
	@touch $@

.venv/.developer: .venv/.installed
	@$(PIP_INSTALL) --group dev
	@touch $@

demo: .venv/.installed  ## Synthesise a catalogue and a voice, start the services, recommend (KEEP=1 leaves them up).
	@$(BIN)/singalike demo $(if $(KEEP),--keep)

test: .venv/.developer  ## Run all tests.
	@$(BIN)/python -m pytest

test-fast: .venv/.developer  ## Run the tests of the core and the contracts only.
	@$(BIN)/python -m pytest tests/unit tests/properties tests/contract

lint: .venv/.developer  ## Run every check that is not a test.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PATH="$(CURDIR)/$(BIN):$$PATH" protos/generate.sh --check
	$(BIN)/python services/generate_sync_client.py --check
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/yamllint --strict deploy .pre-commit-config.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

check: lint test  ## Run everything that must pass before a commit is pushed.

format: .venv/.developer  ## Rewrite the code in the house style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

protos: .venv/.developer  ## Generate the Python code of the protos again.
	PATH="$(CURDIR)/$(BIN):$$PATH" protos/generate.sh

client: .venv/.developer  ## Generate the synchronous client from the asynchronous one again.
	$(BIN)/python services/generate_sync_client.py

coverage: .venv/.developer  ## Run the tests and print what they do not reach.
	$(BIN)/python -m pytest --cov --cov-report=term

clean:  ## Remove .venv and everything that is made again.
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist
