#!/usr/bin/env bash
# Public scanners over a running server: run.sh UPTAKE OUT [--long]
#
# UPTAKE is the program; what the scanners say goes into the folder OUT. PYTHON is a Python with requirements.txt; wapiti, ffuf
# and testssl are Debian's. Two minutes at most; with --long all that the scanners can do, as somebody of each role.
set -euo pipefail
uptake=${1:?the program uptake} out=${2:?the folder of what is found}
shift 2
for program in wapiti ffuf testssl openssl; do
	command -v "$program" > /dev/null || { echo "expected the program $program, found none; scripts/setup.sh installs it"; exit 1; }
done
exec "${PYTHON:-python3}" -B "$(dirname "$0")/scan.py" "$uptake" "$out" "$@"
