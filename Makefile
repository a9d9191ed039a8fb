# The two commands to know: `make demo` and `make test`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test check lint prove bench soak pictures testbed clean-testbed sweep

ENV := . scripts/env.sh
DEMO := godwit-demo

help: ## this list
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: sweep ## makes a sample shop database, moves all of it into a lake, verifies, prints the report
	$(ENV)
	require_rust
	stage "demo: web page" build_web
	stage "demo: build" cargo build --workspace --bins >&2
	stage "demo: run" "$$CARGO_TARGET_DIR/debug/godwit" demo --dir $(DEMO)

check: lint ## the quick loop: format, lints, tidy, unit tests (those that need a server are skipped)
	$(ENV)
	stage "check: unit tests" env -u GODWIT_REQUIRE_SERVERS cargo test --workspace --lib --bins

lint: sweep # format, lints, tidy, generated pages
	$(ENV)
	require_rust
	stage "check: web page" build_web
	stage "check: types, lints and unit tests of the page" check_web
	stage "check: format" cargo fmt --all --check
	stage "check: clippy" cargo clippy --workspace --all-targets -- -D warnings
	stage "check: tidy" cargo xtask tidy
	stage "check: generated pages" cargo xtask generate --check

test: ## everything: lints, unit tests, tests against real servers, self-tests, proofs
	$(ENV)
	$(MAKE) lint
	stage "test: Python packages" testbed_python
	stage "test: servers" start_servers
	python=$$(testbed_python)
	export GODWIT_PYTHON=$$python
	# Many tests wait for servers most of their time.
	export RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$(($$(nproc) * 2))}
	stage "test: all of Rust" cargo test --workspace
	stage "test: compare.py" "$$python" testbed/compare_test.py
	$(MAKE) prove
	echo
	echo "all tests passed; next: make demo, make bench, make soak"

prove: ## the proofs alone; FULL=1 for the long form
	$(ENV)
	require_rust
	stage "prove: servers" start_servers
	stage "prove: web page" build_web
	stage "prove: build" cargo build --workspace --bins --examples
	python=$$(testbed_python)
	export GODWIT_PYTHON=$$python FULL=$${FULL:-} PROVE=$${PROVE:-}
	stage "prove: proofs" "$$python" testbed/prove.py $${PROVE:-}

bench: export GODWIT_BENCH := 1
bench: ## the benchmarks; BENCH="postgres-files mariadb-*" for some of them
	$(ENV)
	require_rust
	stage "bench: servers" start_servers
	stage "bench: web page" build_web
	stage "bench: build" cargo build --release --workspace --bins
	python=$$(testbed_python testbed/requirements-bench.txt)
	export GODWIT_PYTHON=$$python
	stage "bench: run" "$$python" benches/bench.py

soak: ## the fault runs in full, again and again with other seeds; HOURS=1
	$(MAKE) prove FULL=1 PROVE="--hours $${HOURS:-1}"

pictures: ## takes the guide's pictures of the page, by a browser
	$(ENV)
	require_rust
	stage "pictures: web page" build_web
	stage "pictures: build" cargo build --workspace --bins
	stage "pictures: scripts" build_web_tests
	export GODWIT_BINARY=$$CARGO_TARGET_DIR/debug/godwit
	stage "pictures: take" node web/tests/dist/pictures.js docs/guide/pictures

testbed: ## starts the servers alone
	$(ENV)
	stage "testbed: servers" start_servers
	echo 'to reach them from a shell: eval "$$(python3 testbed/servers.py env)"'

clean-testbed: ## stops the servers and removes their data
	python3 testbed/servers.py clean

sweep: # old and large things in the cache
	$(ENV)
	python3 testbed/sweep.py || echo "the cache was not swept" >&2
