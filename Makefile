# Everything runs on real Kafka and real PostgreSQL; scripts/services brings them up.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
WITH_SERVICES = scripts/services up && eval "$$(scripts/services env)" &&

# Tests, torture and lints share one set of features, so that nothing is built twice.
ALL = --workspace --features torture --locked
# What runs on servers is no part of `--all-targets`, because `cargo test` leaves it out.
CLIPPY = cargo clippy $(ALL) --all-targets -- -D warnings && cargo clippy $(ALL) --test e2e --test torture -- -D warnings

.PHONY: help demo check test torture torture-guards bench lint services-up services-down

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: ## Run a simulated Odoo quarter through everything and show what was found
	@[ -x target/release/ledgerwell ] || echo "demo: building Ledgerwell and the Kafka client it is made with, once: about six minutes on two idle cores" >&2
	$(WITH_SERVICES) cargo build --release --locked && exec target/release/ledgerwell demo

check: ## Check what needs no server: format, lints, unit tests, laws, golden streams
	cargo fmt --all --check
	$(CLIPPY)
	cargo test $(ALL) --lib --test spec --test golden --test tidy

test: ## Run every test on real services (RECORDINGS=folder adds those over recorded data)
	$(WITH_SERVICES) scripts/test $(ALL)

TORTURE = $(WITH_SERVICES) cargo build $(ALL) --bins --test torture && \
	cargo test $(ALL) --test torture -- --seed $(or $(SEED),1) $(if $(ONLY),--only $(ONLY))

torture: ## Kill and stop everything, and prove that nothing was lost or came twice (SEED=7 RUNS=200 ONLY=kafka LIMIT=300)
	$(TORTURE) --runs $(or $(RUNS),96) $(if $(LIMIT),--seconds $(LIMIT))

torture-guards: ## Take each guard away and see that the torture notices
	$(TORTURE) --guards

bench: ## Measure everything next to its ceilings (ARGS='--help' says what there is)
	cargo bench --locked -p linkage --bench engine
	cargo bench --locked -p matching --bench engine
	cargo bench --locked -p forecast --bench evaluation
	$(WITH_SERVICES) cargo bench --locked --bench pipeline -- $(ARGS)

lint: ## Check format, lints, documents and dependencies as CI does
	cargo fmt --all --check
	$(CLIPPY)
	cargo check --bins --locked
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	cargo deny check licenses bans sources
	if cargo deny fetch db 2>/dev/null; then cargo deny check advisories; \
	else echo "lint: advisories were NOT checked, because their database cannot be fetched from here" >&2; fi

services-up: ## Start Kafka and PostgreSQL
	scripts/services up

services-down: ## Stop them
	scripts/services down
