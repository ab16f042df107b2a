# Every target sets up what it needs; nothing outside .venv is touched.
PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run demo test check format clean

help:            ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.emulator  ## Serve the connector on http://127.0.0.1:7071, with the emulator behind it (ARGS="--port 8080")
	@exec $(BIN)/python -m emulator $(ARGS)

demo: $(VENV)/.emulator  ## Play the sales report: upload, run, chart, download (ARGS="--url http://127.0.0.1:7071")
	@exec $(BIN)/python -m examples.sales_report $(ARGS)

test: $(VENV)/.dev  ## Run the tests (ARGS="-k upload")
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev  ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:           ## Remove what the targets made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache demo-output

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.emulator: requirements.txt requirements-emulator.txt | $(VENV)/.made
	@echo "installing what the emulator needs into $(VENV) (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-emulator.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.emulator
	@echo "installing what the tests need into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
