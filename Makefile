# SPDX-License-Identifier: GPL-3.0-or-later
# A thin front of the playbooks and of scripts/. Everything it makes is inside this folder.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
export PYTHON INVENTORY API_PORT HTTP_PORT RELAY_PORT SCENARIO

.DEFAULT_GOAL := help

##@ Try it

.PHONY: quickstart
quickstart: ## start the embedded edge and deploy inventories/embedded to it
	@scripts/bootstrap
	@scripts/play quickstart $(ARGS)

.PHONY: status
status: ## the table of planes; FORMAT=json prints a list of objects
	@scripts/status "$(FORMAT)" $(ARGS)

.PHONY: release
release: ## roll a good new gateway out through the waves
	@scripts/play deploy -e edge_release=$(or $(RELEASE),release-$(shell date +%H%M%S)) $(ARGS)

.PHONY: release-bad
release-bad: ## roll out one that fails: it stops at the canary region and is undone
	@scripts/play release_bad $(ARGS) || { status=$$?; echo "This red end is what make release-bad is for: make status shows what serves."; exit $$status; }

.PHONY: edits
edits: ## edit the configuration here and at the edge, one key on both sides
	@scripts/edits $(ARGS)

.PHONY: sync
sync: ## merge what both sides have edited, and say how conflicts were settled
	@scripts/play sync $(ARGS)

.PHONY: stop
stop: ## stop the embedded edge; what was deployed stays
	@scripts/stop

.PHONY: clean
clean: ## stop it and remove everything that make has made in this folder
	@scripts/stop clean

##@ Work on it

.PHONY: test
test: ## what guards main, from a fresh clone, with no step before it
	@scripts/test

.PHONY: test-long
test-long: ## the rest: all scenarios, rollouts killed at each step, 100,000 interleavings
	@scripts/test model killed molecule

.PHONY: test-fast
test-fast: ## what takes seconds: linters, types, unit tests
	@scripts/test changelog ruff format shell mypy unit

.PHONY: lint unit workers sanity package integration e2e molecule canary
lint: ## ruff, mypy, shell, docs, changelog, ansible-lint
	@scripts/test changelog ruff format shell mypy docs ansible-lint
unit: ## unit tests
	@scripts/test unit
workers: ## the Workers' own tests, inside workerd
	@scripts/test workers-built workers
sanity: ## ansible-test sanity with the oldest and the newest ansible-core
	@scripts/test sanity-oldest sanity-newest
package: ## the tarball, its listing, and galaxy-importer
	@scripts/test package importer
integration: ## modules and playbooks against the embedded edge, and the oracles
	@scripts/test rollout integration oracles
e2e: package ## the commands of this file, and the installed collection in an empty folder
	@scripts/test installed e2e full-disk installed-newest
molecule: ## the scenarios; SCENARIO="vps reboot" names some of them
	@scripts/test molecule
canary: ## no secret in any output
	@scripts/test canary

.PHONY: deps
deps: ## what the tests need, without running them
	@scripts/bootstrap dev

.PHONY: bundle
bundle: deps ## build the Workers' bundles from their sources
	@PATH="$$PWD/.venv/bin:$$PATH"; cd roles/edge/files/workers && npm run --silent build

.PHONY: bench
bench: deps ## the costs, as ratios of one run
	@PATH="$$PWD/.venv/bin:$$PATH"; source scripts/lib.sh; install_node_modules tests/benchmarks/alchemy; \
	make_venv "$$PWD/.cache/venv-run" python requirements/run.txt; \
	status=0; python tests/benchmarks/bench.py --ansible .cache/venv-run/bin/ansible-playbook $(ARGS) || status=$$?; python tests/benchmarks/bench_secrets.py || status=$$?; \
	python tests/benchmarks/bench_relay.py || status=$$?; \
	python tests/benchmarks/bench_config.py || status=$$?; \
	python tests/benchmarks/bench_backup.py || status=$$?; \
	python tests/benchmarks/bench_host.py --ansible .cache/venv-run/bin/ansible-playbook || status=$$?; exit $$status

.PHONY: bench-host
bench-host: deps ## bare host to serving, against a plain shell script; part of make bench
	@PATH="$$PWD/.venv/bin:$$PATH"; source scripts/lib.sh; make_venv "$$PWD/.cache/venv-run" python requirements/run.txt; \
	python tests/benchmarks/bench_host.py --ansible .cache/venv-run/bin/ansible-playbook $(ARGS)

.PHONY: lock
lock: deps ## lock the Python requirements anew
	@scripts/lock

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^#: / { printf "  %s\n", substr($$0, 4) } \
	/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Variables, as in: make quickstart API_PORT=9787 HTTP_PORT=9788
#: API_PORT   the embedded edge's API (8787); with quickstart, and remembered until make clean
#: HTTP_PORT  deployed Workers (8788); the same
#: RELAY_PORT the relay of tenant acme (the one after HTTP_PORT, 8789); the same
#: INVENTORY  instead of inventories/embedded
#: FORMAT     json: the list of planes for programs; with status
#: RELEASE    the label; with release
#: ARGS       more options of ansible-playbook, as in: make release ARGS='--check --diff'
#: PYTHON     the interpreter for .venv
