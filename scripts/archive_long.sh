#!/usr/bin/env bash
# The archive's long forms: 50 rounds of kills, 20 of lost power, two nodes of which one is killed every 20 s for 5 minutes, a day of
# 300 list pages a second, every file of the shared data through the peers.
. "$(dirname "$0")/env.sh"
say "kills and losses of power"
UPTAKE_REQUIRE_NODE_SECONDS=${NODE_SECONDS:-20} UPTAKE_REQUIRE_NODE_KILLS=${NODE_KILLS:-15} \
	UPTAKE_REQUIRE_CHAOS_ROUNDS=${CHAOS_ROUNDS:-50} UPTAKE_REQUIRE_POWER_ROUNDS=${POWER_ROUNDS:-20} \
	cargo test -p uptake --test it archive:: -- --nocapture --test-threads 1
say "300 list pages a second"
cargo build --release -p uptake --bin uptake --example load
debug=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/debug
"${debug%debug}release/examples/load" "${debug%debug}release/uptake" --seconds "${LOAD_SECONDS:-60}" --p95-ms 150
say "peers, with every file of the shared data"
cargo build -p uptake
cargo build -p dimse --example print_patterns
PYTHON=$PWD/target/venv/bin/python tests/interop/run.sh "$debug/uptake" "$debug/examples/print_patterns" target/shared-data
