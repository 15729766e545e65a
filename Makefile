# Thin on purpose: each target is one line into a module. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PY := .venv/bin/python
LOCAL := PYTHONPATH=images python3 -m localcluster
BENCH := PYTHONPATH=tests:images $(PY)
IMAGES := operator monitor ingest server train
# Integration tests wait for other processes a third of their time.
WAITING := $(shell echo $$(($$(nproc) * 3 / 2)))
# When make was started: `demo` counts its minutes from before the programs, cluster and images.
BEGAN := $(shell date +%s)
# Unit tests write tens of thousands of small files: in memory, where there is room, a sixth faster.
MEMORY := $(firstword $(shell findmnt -rnbo AVAIL,OPTIONS /dev/shm | awk '$$1 > 2^30 && $$2 !~ /noexec/ {print "/dev/shm"}'))
SCRATCH := TMPDIR=$(or $(MEMORY),$(TMPDIR),/tmp)
# Compiled modules are kept from one run to the next; they are a fifth of the unit tests' time.
unexport PYTHONDONTWRITEBYTECODE

.venv/.installed: requirements.lock pyproject.toml
	python3 -m venv .venv && .venv/bin/python -m pip install -q --disable-pip-version-check uv
	VIRTUAL_ENV=.venv .venv/bin/uv pip install -q -r requirements.lock
	VIRTUAL_ENV=.venv .venv/bin/uv pip install -q --no-deps -e . && touch $@

.PHONY: help venv lint test test-unit test-integration test-e2e test-recovery test-kill test-fleet up down status images demo bench bench-unit bench-serve bench-operator bench-decide bench-accuracy bench-parity bench-images bench-install bench-monitor bench-drift bench-rollout bench-loop lock

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

venv: .venv/.installed ## Development environment in .venv

lint: venv ## ruff, mypy strict, import-linter, generated files
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy operator stages images tests
	.venv/bin/lint-imports && $(PY) -m trimtab_operator.crdgen --check

test-unit: venv ## Unit tests: no root, no cluster, under a minute
	$(SCRATCH) $(PY) -m pytest tests/unit -n auto --dist worksteal -p no:logging -o tmp_path_retention_policy=failed

test-integration: venv ## Against a real API server, S3 server, Ray and ONNX Runtime
	$(LOCAL) build && $(LOCAL) prometheus && $(PY) -m pytest tests/charts tests/integration -n $(WAITING) --dist loadfile --no-loadscope-reorder

test-e2e: images ## In the embedded cluster, or in the one that KUBE_CONTEXT= names
	$(PY) -m pytest tests/e2e

test-recovery: images ## Every process killed at every hop
	$(PY) -m pytest tests/e2e -m recovery --all-kills

test-kill: ## `up` and `down` after `kill -9` of each process of the embedded cluster
	$(LOCAL) kill-test

test-fleet: venv ## A hundred DriftMonitors trip at once
	$(LOCAL) build && FLEET=100 $(PY) -m pytest tests/integration/operator/test_fleet.py

test: lint test-unit test-integration test-e2e ## Everything

up: ## Build and start the embedded single-node Kubernetes (Debian/Ubuntu, root)
	$(LOCAL) up

down: ## Stop it and restore the machine
	$(LOCAL) down

status: ## One line for each of its processes
	$(LOCAL) status

images: venv up ## Build the images and load them into the cluster
	for name in $(IMAGES); do $(LOCAL) build-image trimtab-$$name:dev --file images/$$name/Dockerfile --context .; done
	$(LOCAL) build-image trimtab-s3:dev --file images/s3/Dockerfile --context program:versitygw

demo: images ## The loop on real data, in the embedded cluster; DEMO=cgm and DEMO=employment play others
	$(LOCAL) prometheus && DEMO_BEGAN=$(BEGAN) PYTHONPATH=tests:images $(PY) -m demo

bench: bench-unit bench-serve bench-operator bench-decide bench-accuracy bench-parity bench-images bench-install bench-monitor bench-drift bench-rollout bench-loop ## Every figure with its goal; -k goes on after one that is short

bench-unit: venv ## Seconds of the unit tests
	$(SCRATCH) $(BENCH) tests/bench/unit_bench.py

bench-serve: venv ## Serving path against raw ONNX Runtime, as ratios
	$(BENCH) tests/bench/serve_bench.py

bench-operator: venv ## Memory and writes of the operator with 200 objects
	$(LOCAL) build && $(BENCH) tests/bench/operator_bench.py

bench-decide: venv ## From a hundred DriftMonitors that trip at once to the last decision
	$(LOCAL) build && $(BENCH) tests/bench/decide_bench.py

bench-accuracy: venv ## Trained networks against gradient boosting on the first served month
	$(BENCH) tests/bench/accuracy_bench.py

bench-parity: venv ## Served answers against torch, JSON against binary, on 10,000 raw rows
	$(BENCH) tests/bench/parity_bench.py

bench-images: images ## Sizes of the operator's and the server's image
	$(BENCH) tests/bench/image_sizes.py

bench-install: images ## From `helm install` to the first answer of a Model, in the cluster
	$(BENCH) tests/bench/install_bench.py

bench-monitor: venv ## Processor time of the monitor with 100 DriftMonitors
	$(BENCH) tests/bench/monitor_bench.py

bench-drift: venv ## False alarms where nothing has changed, and the time of an evaluation
	$(BENCH) tests/bench/null_streams_bench.py

bench-rollout: venv ## Simulated rollouts: how many worse and equal challengers are promoted
	$(BENCH) tests/bench/rollout_bench.py

bench-loop: venv ## Retraining policies side by side on real, drifting data
	$(BENCH) tests/bench/loop_bench.py

lock: ## Resolve requirements.lock anew
	.venv/bin/uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -o requirements.lock
