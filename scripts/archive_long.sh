#!/usr/bin/env bash
# The archive's long forms: 50 rounds of kills, 20 of lost power, every file of the shared data through the peers.
. "$(dirname "$0")/env.sh"
say "kills and losses of power"
UPTAKE_REQUIRE_CHAOS_ROUNDS=${CHAOS_ROUNDS:-50} UPTAKE_REQUIRE_POWER_ROUNDS=${POWER_ROUNDS:-20} \
	cargo test -p uptake --test it archive:: -- --nocapture --test-threads 1
say "peers, with every file of the shared data"
cargo build -p dimse --example print_patterns
debug=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/debug
PYTHON=$PWD/target/venv/bin/python tests/interop/run.sh "$debug/uptake" "$debug/examples/print_patterns" target/shared-data
