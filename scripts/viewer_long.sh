#!/usr/bin/env bash
# The viewer that draws in the page, in a browser with WebGPU on the processor: its pictures beside those of the processor's
# renderer, cuts, limits, a lost device. A browser that imitates a graphics card needs the machine for itself.
. "$(dirname "$0")/env.sh"
debug=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/debug

say "the viewer that draws in the page"
scripts/wasm.sh
"$debug/examples/viewer_fixture" target/viewer-fixture
node viewer-wasm/tests/page.mjs target/viewer target/viewer-fixture

say "readers' ways through the viewer, a real PET-CT too"
VIEWING_LONG=1 node tests/journeys/viewer.mjs "$debug/uptake"
