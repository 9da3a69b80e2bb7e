#!/usr/bin/env bash
# Criterion benches; figures of a quiet machine belong into benches/RESULTS.md beside those of the peers.
. "$(dirname "$0")/env.sh"
cargo bench -p benches "$@"
