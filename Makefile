# One door to everything. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check bench fix docs package soak tools packages attackers provider

# How many records the longest master list of the growth benchmark has: 10000000 needs an hour and some gigabytes of disk.
GROWTH ?= 1000000

# How many disturbed calls a soak goes on for, and the seed that it begins with.
SOAK_FAULTS ?= 500
SOAK_SEED ?= 1

help: ## List what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: ## Build the release and run the whole exchange in ./demo, with synthetic people
	@echo "== building the release (some minutes the first time)"
	cargo build --release --workspace
	@echo "== making ./demo anew"
	rm -rf demo
	target/release/concordat demo --dir demo
	@pages=$$(find demo -name '*.html' | sort); \
	if [ -n "$$pages" ]; then echo "== open in a browser:"; echo "$$pages" | sed "s|^|$(CURDIR)/|"; \
	else echo "== the demonstration wrote no page"; fi

test: tools packages attackers provider ## All that must hold: format, lints, every test, doctests, claims (installs what it needs)
	@if cargo fmt --version >/dev/null 2>&1; then echo "== format"; cargo fmt --all --check; \
	else echo "== format NOT CHECKED: rustfmt is not installed"; fi
	@if cargo clippy --version >/dev/null 2>&1; then echo "== lints"; \
	cargo clippy --workspace --all-targets -- -D warnings; \
	else echo "== lints NOT CHECKED: clippy is not installed"; fi
	@echo "== tests (the first build takes some minutes)"
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --no-fail-fast; \
	else echo "cargo-nextest is not installed: using cargo test"; \
	cargo test --workspace --lib --bins --tests --no-fail-fast; fi
	@echo "== examples in the documentation"
	cargo test --workspace --doc
	@echo "== rows of the requirements register that tests claim"
	cargo xtask coverage

check: ## The fast part of test: format, types, lints
	cargo fmt --all --check
	cargo check --workspace --all-targets
	cargo clippy --workspace --all-targets -- -D warnings

bench: packages ## Run the benchmarks, linkage with master lists up to GROWTH, and say which there are
	@benches=$$(find crates -path '*/benches/*.rs' | sort); \
	if [ -z "$$benches" ]; then echo "There are no benchmarks yet."; \
	else echo "benchmarks:"; echo "$$benches"; cargo bench --workspace --benches; fi
	@echo "== linkage with master lists of 10^5 records and more, up to GROWTH=$(GROWTH)"
	cargo build --release --workspace --bins
	python3 bench/growth/run.py --concordat target/release/concordat --to $(GROWTH)
	@echo "== beside Splink and GoldenMatch, from the package index:"
	@echo "python3 bench/peers/run.py --concordat target/release/concordat --febrl FOLDER --write"

fix: ## Format, and mend what clippy can mend
	cargo fmt --all
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	cargo fmt --all

docs: ## Build the documentation of the code; a warning is an error
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace
	@echo "== in $(CURDIR)/target/doc"

package: ## Build the Debian package, in target/debian (needs cargo-deb)
	@if ! cargo deb --version >/dev/null 2>&1; then \
	echo "cargo-deb is not installed: cargo install cargo-deb. Then run make package again."; exit 1; fi
	cargo build --release --workspace --bins
	rm -rf target/manual
	target/release/concordat manual --out target/manual
	cargo deb -p concordat --no-build --strip
	@echo "== in $(CURDIR)/target/debian"

soak: packages ## Break disks and kill nodes SOAK_FAULTS times from SOAK_SEED on; then every property on 10,000 cases
	cargo build --workspace --bins
	SOAK_FAULTS=$(SOAK_FAULTS) SOAK_SEED=$(SOAK_SEED) \
	cargo test --workspace --test faults -- --ignored --exact soak --nocapture
	PROPTEST_CASES=10000 cargo test --workspace --lib --bins --tests --no-fail-fast

# rustup, where it is used, adds what is missing to the toolchain; elsewhere `test` says what it leaves out.
tools:
	@if ! command -v cargo >/dev/null; then \
	echo "Rust is not installed: see https://rust-lang.org/tools/install"; exit 1; fi
	@for part in fmt:rustfmt clippy:clippy; do \
	if ! cargo "$${part%%:*}" --version >/dev/null 2>&1 && command -v rustup >/dev/null; then \
	echo "== adding $${part##*:} to the toolchain"; rustup component add "$${part##*:}" || true; fi; done

# What the tests start or look through, as Debian's packages: the store's PostgreSQL server, the transports' SFTP and WebDAV
# servers (where apt installs sshd it may start the machine's own: that is not used), the crash matrix's failing calls and
# disks, LibreOffice for locked workbooks, Python and Node.js for whatever attacks the service and signs its callers in; and age,
# which a benchmark is measured beside.
packages:
	@export PATH="$$PATH:/usr/sbin:/sbin"; missing=; \
	need() { eval "$$1" >/dev/null 2>&1 || missing="$$missing $$2"; }; \
	need 'ls /usr/lib/postgresql/*/bin/initdb' postgresql; \
	for program in ssh:openssh-client sshd:openssh-server rclone:rclone openssl:openssl strace:strace mkfs.ext4:e2fsprogs \
	soffice:libreoffice-calc-nogui node:nodejs npm:npm sqlite3:sqlite3 age:age; do \
	need "command -v $${program%%:*}" "$${program##*:}"; done; \
	need '/usr/bin/python3 -c "import uno"' python3-uno; \
	need 'python3 -c "import ensurepip"' python3-venv; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
	echo "These packages of Debian are missing, and this is not Debian:$$missing. Install what they have and try again."; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then as_root=; \
	elif command -v sudo >/dev/null; then as_root=sudo; \
	else echo "The tests need these packages, and installing them needs root: apt-get install$$missing"; exit 1; fi; \
	echo "== installing$$missing with apt"; \
	$$as_root apt-get update -q; \
	$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing

# A test sends the service what its description allows, and what it does not; another one checks the description itself.
attackers: packages
	@if [ -x target/attackers/bin/schemathesis ] && [ -x target/attackers/bin/openapi-spec-validator ]; then exit 0; fi; \
	echo "== installing schemathesis with pip, into target/attackers"; \
	python3 -m venv target/attackers; \
	target/attackers/bin/pip install -q schemathesis==4.32.5 openapi-spec-validator==0.9.0

# A test lets a program obtain its token from a real OpenID provider, which it starts itself.
provider: packages
	@if [ -d target/provider/node_modules/oidc-provider ]; then exit 0; fi; \
	echo "== installing oidc-provider with npm, into target/provider"; \
	mkdir -p target/provider; \
	npm install --silent --no-audit --no-fund --prefix target/provider oidc-provider@9.13.3
