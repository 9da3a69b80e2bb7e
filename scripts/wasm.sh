#!/usr/bin/env bash
# Builds what draws in the page into target/viewer, from where the server takes it. Does nothing where nothing has changed.
. "$(dirname "$0")/env.sh"
out=$PWD/target/viewer
target=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
compiled=$target/wasm32-unknown-unknown/wasm/viewer_wasm.wasm

# What browsers of the last five years do: four lanes at once.
CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-C target-feature=+simd128" \
	cargo build --quiet --package viewer-wasm --profile wasm --target wasm32-unknown-unknown
if [ "$out/made" -nt "$compiled" ]; then exit 0; fi

say "writing $out"
# With the features of the tests: what it is made of is built once.
cargo build --quiet --workspace --features engine/onnx,video/av1,dimse/tls --bin viewer-wasm-bindgen
mkdir -p "$out"
rm -f "$out"/*
"$target/debug/viewer-wasm-bindgen" "$compiled" "$out"
# Compressed once, as well as can be; gzip, for whoever knows nothing else, is made by the server.
node - "$out" <<'JAVASCRIPT'
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { brotliCompressSync, constants, gzipSync } = require("node:zlib");
const folder = process.argv[2];
for (const name of readdirSync(folder)) {
  const bytes = readFileSync(`${folder}/${name}`);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const brotli = brotliCompressSync(bytes, { params });
  const gzip = gzipSync(bytes, { level: 9 });
  writeFileSync(`${folder}/${name}.br`, brotli);
  console.log(`${name}: ${bytes.length} bytes, gzip ${gzip.length}, brotli ${brotli.length}`);
  if (gzip.length > 3_000_000) throw new Error(`expected at most 3 MB of ${name} to travel, found ${gzip.length} bytes`);
}
JAVASCRIPT
touch "$out/made"
