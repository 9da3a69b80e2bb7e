#!/usr/bin/env bash
# Fuzzes every target of engine/fuzz and server/fuzz for FUZZ_SECONDS each (600), or those named as arguments.
. "$(dirname "$0")/env.sh"
seconds=${FUZZ_SECONDS:-600}
rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
command -v cargo-fuzz >/dev/null 2>&1 || cargo install cargo-fuzz --locked
for part in engine server; do
	cd "$part"
	mapfile -t targets < <(cargo +nightly fuzz list)
	for target in "${targets[@]}"; do
		[ $# -eq 0 ] || [[ " $* " == *" $target "* ]] || continue
		say "fuzzing $target for $seconds s"
		mkdir -p "fuzz/corpus/$target"
		# Memory beyond the limit, a run of more than 20 s on one input, and any panic end the run.
		cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -print_final_stats=1
	done
	cd ..
done
