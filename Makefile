# The front door. Everything is installed into .venv and .visionflow; `make help` lists the targets.

PYTHON ?= python3
STAGE ?= dev
BIN := .venv/bin
UV := $(BIN)/uv

# jsii warns about each Node release that it was not tested with.
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION := 1

# Images of Python often set it; every process would then compile torch, boto3 and the tests anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up down training test test-python test-units test-in-process test-local-cloud test-dashboard check bench bootstrap doctor deploy destroy types lock audit sbom clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

up: .venv/.up ## Bring up the local cloud and classify the sample images
	$(BIN)/visionflow up --detach

down: .venv/.up ## End the local cloud
	$(BIN)/visionflow down

training: .venv/.training ## Install what trains networks: torch, timm, MLflow, Optuna

test: test-dashboard test-python ## Run all tests: units, moto, templates, parity, local cloud, browser

# Two at a time: one computes while the other waits for its local cloud, which the units follow. A
# fault in one hides no other.
test-python: .venv/.test
	$(MAKE) --jobs 2 --keep-going test-local-cloud test-in-process test-units

test-units: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/unit

test-in-process: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --ignore tests/unit --ignore tests/e2e

test-local-cloud: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/e2e

test-dashboard: dashboard/node_modules/.package-lock.json
	npm --prefix dashboard test

check: .venv/.test dashboard/node_modules/.package-lock.json ## Check style, types, import contracts and generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m infra.generators --check
	$(BIN)/python -m tests.benchmarks.readme --check
	npm --prefix dashboard run check

bench: .venv/.test ## Measure cold start by part, latency by step, memory and package size
	$(BIN)/python -m tests.benchmarks

# The region is that of $AWS_REGION, $AWS_DEFAULT_REGION or the profile; none is guessed.
bootstrap: .venv/.up ## Prepare an account and region of AWS, once
	$(BIN)/visionflow bootstrap --stage $(STAGE)

doctor: .venv/.up ## Check account, quotas and computer before a deployment: make doctor STAGE=dev|prod
	$(BIN)/visionflow doctor --stage $(STAGE)

deploy: .venv/.up ## Deploy to AWS: make deploy STAGE=dev|prod
	$(BIN)/visionflow deploy --stage $(STAGE)

destroy: .venv/.up ## Remove a deployment from AWS: make destroy STAGE=dev|prod
	$(BIN)/visionflow destroy --stage $(STAGE)

types: .venv/.test dashboard/node_modules/.package-lock.json ## Renew generated files, such as the API description and its types
	$(BIN)/python -m infra.generators

# One resolution for all extras; the smaller locks are subsets of it. Hashes, no addresses.
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet
lock: $(UV) ## Renew the lock files
	$(COMPILE) pyproject.toml --extra functions --extra infra --extra instant --extra train --extra timm --extra dev -o tests/requirements.txt
	$(COMPILE) pyproject.toml --extra functions --extra infra --extra instant -c tests/requirements.txt -o infra/requirements.txt
	$(COMPILE) pyproject.toml --extra functions --extra instant --extra train --extra timm -c tests/requirements.txt -o training/requirements.txt
	$(COMPILE) infra/local_cloud/ministack-requirements.in -o infra/local_cloud/ministack-requirements.txt
	for layer in api parquet runtime tokens; do $(UV) pip compile layers/$$layer/requirements.in --no-deps --python-version 3.13 \
		--generate-hashes --no-emit-index-url --no-annotate --quiet -o layers/$$layer/requirements.txt || exit; done
	$(COMPILE) layers/training/requirements.in --no-deps -o layers/training/requirements.txt

audit: .venv/.test ## Look for known vulnerabilities of what is locked
	$(BIN)/python -m infra.packaging.audit

sbom: .venv/.test ## Write bills of materials (CycloneDX) to .visionflow/build/sbom
	$(BIN)/python -m infra.packaging.sbom

clean: ## Remove what was built; the local cloud must be down
	rm -rf .venv .visionflow dashboard/node_modules dashboard/dist infra/node_modules

# uv by the hashes of the lock, like everything that it installs afterwards.
$(UV):
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one, as in: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' infra/requirements.txt > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt
	touch $@

INSTALL := $(UV) pip install --python $(BIN)/python --quiet
INSTALL_PROJECT := $(INSTALL) --no-deps --no-build-isolation --editable .

.venv/.up: infra/requirements.txt pyproject.toml | $(UV)
	$(INSTALL) --require-hashes -r infra/requirements.txt
	$(INSTALL_PROJECT)
	touch $@

.venv/.training: training/requirements.txt | .venv/.up
	$(INSTALL) --require-hashes -r training/requirements.txt
	touch $@

.venv/.test: tests/requirements.txt pyproject.toml | $(UV)
	$(INSTALL) --require-hashes -r tests/requirements.txt
	$(INSTALL_PROJECT)
	touch $@ .venv/.training .venv/.up

dashboard/node_modules/.package-lock.json: dashboard/package-lock.json
	npm --prefix dashboard ci
	touch $@
