#!/usr/bin/env bash
# Builds, fills an archive with the demo studies of a demo hospital once, and serves it until it is told to end.
. "$(dirname "$0")/env.sh"

demo=${UPTAKE_DEMO:-target/demo}
data=${UPTAKE_DATA:-target/uptake-data}

say "building"
scripts/wasm.sh
cargo build --release -p uptake
uptake=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release/uptake

if [ ! -e "$demo/petct/truth.json" ]; then
	say "writing the demo studies to $demo"
	"$uptake" demo "$demo"
fi
if [ ! -e "$data/demo-loaded" ]; then
	say "loading them into $data"
	demo_hospital() { "$uptake" site organisations --data "$data" | awk '$3 == "hospital" { print $1; exit }'; }
	[ -n "$(demo_hospital)" ] || "$uptake" site add-organisation --data "$data" --kind hospital --name "示范医院"
	hospital=$(demo_hospital)
	"$uptake" pacs import --data "$data" --organisation "$hospital" "$demo"
	touch "$data/demo-loaded"
fi

say "serving; end it with Ctrl-C"
exec "$uptake" serve --data "$data" "$@"
