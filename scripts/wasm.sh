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
cargo build --quiet --package viewer-wasm-bindgen
mkdir -p "$out"
rm -f "$out"/*
"$target/debug/viewer-wasm-bindgen" "$compiled" "$out"
# Compressed once, as well as can be: what travels counts.
node - "$out" <<'JAVASCRIPT'
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { brotliCompressSync, constants, gzipSync } = require("node:zlib");
const folder = process.argv[2];
for (const name of readdirSync(folder)) {
  const bytes = readFileSync(`${folder}/${name}`);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const forms = { br: brotliCompressSync(bytes, { params }), gz: gzipSync(bytes, { level: 9 }) };
  for (const [ending, form] of Object.entries(forms)) writeFileSync(`${folder}/${name}.${ending}`, form);
  console.log(`${name}: ${bytes.length} bytes, gzip ${forms.gz.length}, br ${forms.br.length}`);
  if (forms.gz.length > 3_000_000) throw new Error(`expected at most 3 MB of ${name} to travel, found ${forms.gz.length} bytes`);
}
JAVASCRIPT
touch "$out/made"
