#!/usr/bin/env bash
# The scanners' long form: every name of a long list, every module and every operation, as somebody of each role.
. "$(dirname "$0")/env.sh"
say "public scanners, for long"
cargo build -p uptake
debug=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/debug
PYTHON=$PWD/target/scan-venv/bin/python tests/scan/run.sh "$debug/uptake" target/scan-long --long
