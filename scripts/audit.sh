#!/usr/bin/env bash
# cargo-deny: licences, sources, duplicates; advisories where their database can be reached.
. "$(dirname "$0")/env.sh"
command -v cargo-deny >/dev/null 2>&1 || cargo install cargo-deny --locked
cargo deny check bans licenses sources
cargo deny check advisories || say "advisories: not checked, or not clean; see above"
