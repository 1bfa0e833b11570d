# How Plenum is built, started and checked. `make` alone lists the targets.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench lint fmt deny sdk browser screenshots autobahn page cql cql-stop

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: page ## build and start one node with everything embedded, and a demo room
	@cargo run --quiet --release --locked -p gateway --bin plenum -- serve --demo

page: ## the page at /, built into gateway/web/dist
	@scripts/page.sh

test: ## every check and every test; fetches what it needs
	@scripts/test.sh

bench: ## every figure beside its floor, about 45 minutes; ROWS="quiet busy" or ROWS=--list
	@scripts/bench.sh $(ROWS)

lint: ## format, clippy and the direction of dependencies
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	@scripts/check-dependencies.sh
	@scripts/check-docs.sh

fmt: ## write the standard format
	@cargo fmt --all

deny: ## licences, sources and advisories of the dependencies
	@scripts/deny.sh

sdk: page ## the tests with the real JavaScript and Python SDKs
	@cargo build --locked -p gateway --bin plenum
	@gateway/tests/sdk/run.sh js
	@gateway/tests/sdk/run.sh python

browser: page ## the tests of the page in Chromium
	@cargo build --locked -p gateway --bin plenum
	@gateway/tests/browser/run.sh

screenshots: page ## take the pictures of docs/screenshots anew
	@cargo build --locked -p gateway --bin plenum
	@gateway/tests/browser/run.sh --screenshots

autobahn: ## WebSocket conformance cases; needs Python 2.7 (exit code 3 without it)
	@cargo build --locked -p gateway --example echo
	@ECHO_SERVER="$${CARGO_TARGET_DIR:-$$PWD/target}/debug/examples/echo" gateway/tests/autobahn/run.sh

cql: ## a real CQL server for development, in target/cql; NODES=3 for three
	@scripts/cql.sh start $(NODES)

cql-stop: ## stop it; its data stays
	@scripts/cql.sh stop
