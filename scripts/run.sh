#!/usr/bin/env bash
# Writes the demo study once, then draws a fused coronal plane through its hottest voxel.
. "$(dirname "$0")/env.sh"

demo=${UPTAKE_DEMO:-target/demo}
picture=${UPTAKE_PICTURE:-target/fused.png}

say "building"
cargo build --release -p uptake
uptake=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release/uptake

if [ ! -e "$demo/petct/truth.json" ]; then
	say "writing the demo study to $demo"
	"$uptake" demo "$demo"
fi

say "drawing PET over CT"
"$uptake" render "$demo/petct" --view fused --plane coronal --at center --size 768x768 --annotate all -o "$picture"
printf '\nfused PET-CT: %s\nwhat is in it: %s info %s\nits SUV:       %s suv %s\n' "$picture" "$uptake" "$demo" "$uptake" "$demo/petct"
