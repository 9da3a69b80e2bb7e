#!/usr/bin/env bash
# Every check that must pass before a change is shared.
. "$(dirname "$0")/env.sh"

say "format"
cargo fmt --all --check

say "licences, sources and duplicates of what is used"
cargo deny --log-level error check bans licenses sources

say "lints, native"
cargo clippy --workspace --all-targets --features engine/onnx,video/av1,dimse/tls -- -D warnings

say "lints, engine without threads, for wasm32"
cargo clippy -p engine -p codec -p video --no-default-features --target wasm32-unknown-unknown -- -D warnings

say "lints, the viewer in the page, and the engine for WebGPU below it"
cargo clippy -p viewer-wasm --target wasm32-unknown-unknown -- -D warnings

say "what the archive is made of"
# It draws nothing: no graphics among its dependencies.
if cargo tree -p pacs -e normal --prefix none | grep -qE '^(wgpu|engine) '; then
	echo "expected no engine and no wgpu below pacs, found one"
	exit 1
fi

say "the viewer that draws in the page"
# The server embeds it: what is tested is what is served.
scripts/wasm.sh

say "tests"
# setup.sh brought the peers that objects are shown to; without them the tests fail.
# The server enables the engine's feature `gpu`: one build serves all. Mesa wants a folder of its own.
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
	XDG_RUNTIME_DIR=$(mktemp -d)
	export XDG_RUNTIME_DIR
	trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
fi
REQUIRE_GPU=1 UPTAKE_REQUIRE_PEERS=1 cargo test --workspace --features engine/onnx,video/av1,dimse/tls

say "pages on PostgreSQL"
# The same suite as above, which runs on SQLite there.
platform=$(cargo test --workspace --features engine/onnx,video/av1,dimse/tls --no-run --message-format=json 2>/dev/null |
	sed -n 's/.*"name":"platform".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
(cd server/platform && UPTAKE_TEST_DATABASE=postgres "$platform")

say "peers against the archive"
# The longer form sends every file of the shared data: INTEROP_FOLDER=target/shared-data.
# The tests above built the program and the examples.
debug=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/debug
PYTHON=$PWD/target/venv/bin/python tests/interop/run.sh "$debug/uptake" "$debug/examples/print_patterns" ${INTEROP_FOLDER:-}

say "list pages as people of five roles ask for them"
"$debug/examples/load" "$debug/uptake" --studies 2000 --people 300 --rate 40 --seconds 8

say "the viewer's element"
node --test viewer-wasm/element/tests/*.test.mjs

say "journeys in a browser"
node tests/journeys/journeys.mjs "$debug/uptake"
node tests/journeys/viewer.mjs "$debug/uptake"
node tests/journeys/others.mjs "$debug/uptake"

say "public scanners"
PYTHON=$PWD/target/scan-venv/bin/python tests/scan/run.sh "$debug/uptake" target/scan
