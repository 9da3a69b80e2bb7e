# The two commands of Uptake, and the long forms of its tests. Each installs what it needs; see scripts/.

.PHONY: run test test-long bench audit

# Builds, fills an archive with the demo studies, serves it, and prints the address and the first administrator's link.
run:
	@scripts/setup.sh
	@scripts/run.sh

# Formatting, lints (native, wasm32), and every test.
test:
	@scripts/setup.sh
	@scripts/test.sh

# The archive killed and without power, for long; scanners over the server; the viewer that draws in the page; fuzzing of every parser, FUZZ_SECONDS a target, 600 unless said otherwise.
test-long: test
	@scripts/archive_long.sh
	@scripts/scan_long.sh
	@scripts/viewer_long.sh
	@scripts/fuzz.sh

# Speed on fixed synthetic data.
bench:
	@scripts/setup.sh
	@scripts/bench.sh

# Licences, sources and duplicates of dependencies, and known vulnerabilities where the network allows.
audit:
	@scripts/setup.sh
	@scripts/audit.sh
