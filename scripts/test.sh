#!/usr/bin/env bash
# Every check that must pass before a change is shared.
. "$(dirname "$0")/env.sh"

say "format"
cargo fmt --all --check

say "lints, native"
cargo clippy --workspace --all-targets -- -D warnings

say "lints, engine without threads"
cargo clippy -p engine -p codec --no-default-features -- -D warnings

say "lints, engine for wasm32"
cargo clippy -p engine -p codec --no-default-features --target wasm32-unknown-unknown -- -D warnings

say "tests"
cargo test --workspace
