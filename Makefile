# Every target installs what it needs into .venv, and nothing elsewhere.
# The first of these that runs: pyenv, for one, has programs on the PATH for versions that are not selected.
ifndef PYTHON
PYTHON := $(or $(shell for python in python3.11 python3.12 python3.13; do \
    $$python -c '' 2>/dev/null && echo $$python && break; done),python3.11)
endif
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
CLIENTS := $(notdir $(patsubst %/,%,$(dir $(wildcard tests/clients/*/requirements.txt))))
CLIENT_VENVS := $(VENV)/clients

# PACKAGES is for `make run`: what the code in sessions has besides the packages of requirements-emulator.txt. Each of its
# words is `full`, a requirements file (FILE.txt) or a requirement. Every choice has a separate environment, so that the
# tests, and `make run` without PACKAGES, keep theirs.
PACKAGES ?=
RUN_VENV  = $(if $(strip $(PACKAGES)),$(VENV)/packages/$(choice),$(VENV))
choice   := $(if $(filter-out full,$(PACKAGES)),$(shell printf '%s' '$(PACKAGES)' | cksum | cut -d ' ' -f 1),full)
package_files = $(patsubst full,requirements-packages.txt,$(filter full %.txt,$(PACKAGES)))
package_names = $(filter-out full %.txt,$(PACKAGES))

.PHONY: help run demo demo-large play autogen deploy-autogen remove-autogen document api-page recipes connector-package \
        copilot-agent prebuilt-package connection test test-attacks test-playground screenshots pictures test-clients benchmark soak check \
        check-azure check-playground playground playground-libraries template lock audit format wheel clean

help:            ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_VENV)/.emulator  ## Start the connector on http://127.0.0.1:7071, with the emulator (ARGS="--port 8080")
	@exec $(RUN_VENV)/bin/python -m emulator $(ARGS)

demo: $(VENV)/.emulator  ## Run the sales report: upload, run code, download a chart (ARGS="--url http://127.0.0.1:7071")
	@exec $(BIN)/python -m examples.sales_report $(ARGS)

demo-large: $(VENV)/.emulator  ## Large files in chunks and ranges, and 1 GB by reference (ARGS="--url http://127.0.0.1:7071")
	@exec $(BIN)/python -m examples.large_files $(ARGS)

play: $(VENV)/.emulator  ## Play a flow with your file (FLOW=examples/logic_apps/scheduled_report ARGS="--file my.csv")
	@exec $(BIN)/python -m workflow_player $(FLOW) $(ARGS)

autogen: $(VENV)/examples/autogen_web_api/.made $(VENV)/.emulator  ## Start the AutoGen web API on http://127.0.0.1:8000, with connector and emulator (ARGS="--port 8001")
	@exec $(VENV)/examples/autogen_web_api/bin/python -m examples.autogen_web_api --emulator-python $(BIN)/python $(ARGS)

document: $(VENV)/.emulator  ## Print a derived OpenAPI document (ARGS="swagger --url https://APP.example")
	@$(BIN)/python -m connector.contract $(ARGS)

api-page: $(VENV)/.emulator  ## Regenerate docs/api.md, after a change of openapi.yaml, errors.py or api_page/
	@$(BIN)/python -m api_page

recipes: $(VENV)/.emulator  ## Run the recipes and regenerate docs/recipes, after a change of connector/recipes/ (ARGS="NAME")
	@$(BIN)/python -m recipe_pages $(ARGS)

test: $(VENV)/.dev  ## Run the tests (ARGS="-k upload")
	$(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

test-attacks: $(VENV)/.dev  ## Run all attack programs against the isolation of sessions (make test runs a few)
	$(BIN)/python -m pytest tests/emulator/session_pool/attacks -m "" $(ARGS)

test-playground: $(VENV)/.dev  ## Run all tests of the Playground, in Chromium (make test runs a few)
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/connector/playground -m "" $(ARGS)

screenshots: $(VENV)/.dev  ## Take pictures of the Playground's main states, in screenshots/ (ARGS="succeeded failed")
	@$(BIN)/python -m tests.connector.playground.screenshots $(ARGS)

pictures: $(VENV)/.dev $(CLIENT_VENVS)/m365_copilot/.made  ## Take the pictures of the flows' mails, and of the agent's cards, in docs/images
	@$(BIN)/python -m tests.maker_pages.pictures
	@PYTHONPATH=.:tests/clients POOL_PYTHON=$(abspath $(BIN))/python CLIENT_ENVIRONMENT=$(abspath $(CLIENT_VENVS))/m365_copilot \
	    $(BIN)/python tests/clients/m365_copilot/pictures.py

test-clients: $(addprefix test-client-,$(CLIENTS))  ## Run published clients against the emulator, each in a separate venv

# For this rule and that of the environments below: the client is known only in the second expansion.
.SECONDEXPANSION:
test-client-%: $$(if $$(call client_python,$$*),$(CLIENT_VENVS)/$$*/.made) $(VENV)/.emulator
	$(if $(call client_python,$*),POOL_PYTHON=$(abspath $(BIN))/python $(CLIENT_VENVS)/$*/bin/python -m pytest -c tests/clients/pytest.ini \
	    tests/clients/$* $(ARGS),@echo "NOT RUN: tests/clients/$*, which needs Python $(shell cat tests/clients/$*/python). Install it on the PATH or with pyenv.")

# What tests a client: PYTHON, unless the client has a file `python` with the version that it needs. Nothing, if that is neither
# on the PATH nor installed by pyenv.
client_python = $(if $(wildcard tests/clients/$(1)/python),$(call installed,$(shell cat tests/clients/$(1)/python)),$(PYTHON))
installed = $(shell for python in python$(1) "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$(1).*/bin/python; do \
    "$$python" -c 'import ensurepip, venv' 2>/dev/null && echo "$$python" && break; done)

wheel: $(VENV)/.dev  ## Build the session pool emulator as a wheel, in dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist emulator/session_pool

# A value of the app that azd deployed; empty without azd.
azd = $(shell azd env get-values 2>/dev/null | sed -n 's/^$(1)="\(.*\)"$$/\1/p')
deployed = $(if $(URL),,$(call azd,$(1)))

# Without URL: for the app that azd deployed. AUTH=entra also takes TENANT_ID, CLIENT_ID and RESOURCE; the command reports
# what is missing or wrong.
connector-package: $(VENV)/.emulator  ## Write custom connectors, ready for import (URL=https://my-app.azurewebsites.net AUTH=key)
	@$(BIN)/python -m connector_package --url '$(or $(URL),$(call deployed,CONNECTOR_URL))' \
	    --auth '$(or $(AUTH),$(call deployed,CONNECTOR_AUTH),key)' \
	    --tenant-id '$(or $(TENANT_ID),$(call deployed,AZURE_TENANT_ID))' \
	    --client-id '$(or $(CLIENT_ID),$(call deployed,ENTRA_CLIENT_ID))' --resource '$(RESOURCE)'

# REFERENCE_ID is that of the key or client that is registered for Copilot; CONTENT, VERSION, DEVELOPER and WEBSITE are options.
copilot-agent: $(VENV)/.emulator  ## Write an agent for Microsoft 365 Copilot (URL=https://my-app.azurewebsites.net AUTH=key)
	@$(BIN)/python -m copilot_agent --url '$(or $(URL),$(call deployed,CONNECTOR_URL))' \
	    --auth '$(or $(AUTH),$(call deployed,CONNECTOR_AUTH),key)' \
	    --tenant-id '$(or $(TENANT_ID),$(call deployed,AZURE_TENANT_ID))' \
	    --client-id '$(or $(CLIENT_ID),$(call deployed,ENTRA_CLIENT_ID))' --resource '$(RESOURCE)' \
	    --reference-id '$(REFERENCE_ID)' --content '$(or $(CONTENT),links)' --version '$(or $(VERSION),1.0.0)' \
	    --developer '$(DEVELOPER)' --website '$(WEBSITE)'

deploy-autogen:  ## Deploy the AutoGen web API beside the connector that azd deployed (AZURE_OPENAI_MODEL=gpt-5-mini ...)
	@$(PYTHON) -m examples.autogen_web_api.deployment deploy

remove-autogen:  ## Remove the AutoGen web API, and nothing of the connector
	@$(PYTHON) -m examples.autogen_web_api.deployment remove

connection:      ## Call the app that azd deployed, and report what is missing (ARGS="--wait 0")
	@$(PYTHON) -m azure_checks.connection $(ARGS)

prebuilt-package: $(VENV)/.dev  ## Write the app with its packages to dist/, to deploy it without a remote build
	@$(BIN)/python -m azure_checks.prebuilt_package

benchmark: $(VENV)/.emulator  ## Compare the session pool with Jupyter's kernel gateway (ARGS="--quick")
	$(BIN)/python -m benchmarks.session_pool $(ARGS)

soak: $(VENV)/.emulator  ## Run the session pool under load, and check for leaks (ARGS="--seconds 600")
	$(BIN)/python -m benchmarks.soak $(ARGS)

check: $(VENV)/.dev check-playground  ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Node.js and its packages, in an environment of their own. The page is linked into it, so that TypeScript finds them.
PAGE_VENV  = $(VENV)/playground
build_page = $(page_tools) node playground_tools/build_page.mjs $(abspath $(PAGE_VENV)/node_modules \
    connector/playground/page connector/playground/built)
page_tools = PATH="$(abspath $(PAGE_VENV))/bin:$(abspath $(PAGE_VENV))/node_modules/.bin:$$PATH"

check-playground: $(PAGE_VENV)/.made  ## Check the Playground's page: format, lint and types
	cd playground_tools && $(page_tools) biome ci --colors=off --error-on-warnings . ../connector/playground/page
	cp playground_tools/tsconfig.json $(PAGE_VENV)/ && cd $(PAGE_VENV) && $(page_tools) tsc
	$(build_page) --check

playground: $(PAGE_VENV)/.made  ## Build the Playground, after a change of connector/playground/page
	$(build_page)

playground-libraries: $(PAGE_VENV)/.made  ## Build the libraries of the Playground's page, after a change of playground_tools/
	$(page_tools) node playground_tools/build_libraries.mjs $(abspath $(PAGE_VENV))/node_modules connector/playground/page/libraries

check-azure: $(VENV)/.dev  ## Check the templates in infra/ and the deployment package, without Azure
	$(BIN)/python -m azure_checks
	$(BIN)/python -m pytest tests/azure_checks -m azure -s $(ARGS)

template:        ## Compile infra/ with Bicep to infra/main.json and the snapshots of infra/scenarios
	@$(PYTHON) -m azure_checks.template

lock: $(VENV)/lock/.made  ## Write requirements.txt, the lock file, from requirements.in (ARGS=--upgrade for the newest versions)
	@$(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make lock" $(ARGS) --output-file requirements.txt requirements.in

audit: $(VENV)/lock/.made  ## Look for known vulnerabilities of what is deployed
	@$(VENV)/lock/bin/pip-audit --require-hashes --disable-pip --strict --requirement requirements.txt $(ARGS)

format: $(VENV)/.dev $(PAGE_VENV)/.made  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd playground_tools && $(page_tools) biome check --write . ../connector/playground/page

clean:           ## Remove everything that these targets created
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache demo-output play-output screenshots dist

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.emulator: requirements.in requirements-emulator.txt | $(VENV)/.made
	@echo "installing what the emulator needs into $(VENV) (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-emulator.txt
	@touch $@

$(VENV)/packages/$(choice)/.emulator: requirements.in requirements-emulator.txt $(package_files)
	@echo "installing what the emulator and the code in sessions need into $(@D) (some minutes, once)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-emulator.txt \
	    $(package_files:%=-r '%') $(package_names:%='%')
	@touch $@

$(VENV)/examples/%/.made: examples/%/requirements.txt | $(VENV)/.made
	@echo "installing what the example needs into $(@D) (a minute or two, once)"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.emulator
	@echo "installing what the tests need into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/lock/.made: requirements-lock.txt | $(VENV)/.made
	@echo "installing uv and pip-audit into $(VENV)/lock (once)"
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-lock.txt
	@touch $@

$(VENV)/playground/.made: playground_tools/package.json playground_tools/requirements.txt | $(VENV)/.made
	@echo "installing the tools of the Playground into $(@D) (once)"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r playground_tools/requirements.txt
	@cp playground_tools/package.json $(@D)/
	@PATH="$(abspath $(@D))/bin:$$PATH" npm --prefix $(@D) install --silent --no-audit --no-fund --ignore-scripts
	@ln -sfn $(abspath connector/playground/page) $(@D)/page
	@touch $@

# make would delete this as an intermediate file, and install the client again each time.
.PRECIOUS: $(CLIENT_VENVS)/%/.made
$(CLIENT_VENVS)/%/.made: tests/clients/%/requirements.txt tests/clients/requirements.txt \
        $$(wildcard tests/clients/$$*/package.json tests/clients/$$*/python examples/$$*/requirements.txt) | $(VENV)/.made
	@echo "installing $* into $(CLIENT_VENVS)/$* (once)"
	@$(call client_python,$*) -m venv $(CLIENT_VENVS)/$*
	@$(CLIENT_VENVS)/$*/bin/python -m pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt -r $<
	@if [ -f tests/clients/$*/package.json ]; then \
	    cp tests/clients/$*/package.json $(CLIENT_VENVS)/$*/ && \
	    PATH="$(abspath $(CLIENT_VENVS))/$*/bin:$$PATH" npm --prefix $(CLIENT_VENVS)/$* install --silent --no-audit --no-fund --ignore-scripts; \
	fi
	@touch $@
