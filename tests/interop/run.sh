#!/usr/bin/env bash
# Every peer against `uptake serve`: run.sh UPTAKE PRINT_PATTERNS [FOLDER]
#
# UPTAKE is the program, PRINT_PATTERNS the built example of the crate dimse, FOLDER holds DICOM files; without one the
# synthetic studies of `uptake demo` are used. PYTHON is a Python with scripts/peers.txt. Each peer meets an archive of its
# own. Prints a line a check; ends with 1 when one fails.
set -euo pipefail
uptake=${1:?the program uptake} print=${2:?the built example print_patterns} folder=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
export PYTHON=${PYTHON:-python3}
work=$(mktemp -d)
served=
stop() {
	[ -z "$served" ] || { kill "$served" 2> /dev/null || true; wait "$served" 2> /dev/null || true; }
	served=
}
trap 'stop; rm -rf "$work"' EXIT

# Ports for the peers' own services.
read -r MOVE_PORT PYMOVE_PORT orthanc_port < <("$PYTHON" - <<'PY'
import socket
sockets = [socket.socket() for _ in range(3)]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))
PY
)
export MOVE_PORT PYMOVE_PORT
cat > "$work/uptake.toml" <<TOML
[log]
filter = "error"
[dicom.peers.DCMTKMOVE]
address = "127.0.0.1:$MOVE_PORT"
[dicom.peers.PYMOVE]
address = "127.0.0.1:$PYMOVE_PORT"
[dicom.peers.ORTHANC]
address = "127.0.0.1:$orthanc_port"
[dicom.peers.SETUTF8]
[dicom.peers.SETGB18030]
character_set = "GB18030"
[dicom.peers.SETIR58]
character_set = "ISO 2022 IR 58"
TOML

# Starts an archive and says where it is: $http, $dicom, $port.
start() {
	stop
	local data="$work/$1"
	mkdir -p "$data"
	echo "test data" > "$data/OPEN-TEST-DATA"
	[ -z "${2:-}" ] || "$uptake" pacs worklist import --config "$work/uptake.toml" --data "$data" "$2" > /dev/null
	"$uptake" serve --open --config "$work/uptake.toml" --data "$data" --http 127.0.0.1:0 --dicom 127.0.0.1:0 \
		> "$data/out" 2> "$data/log" &
	served=$!
	for _ in $(seq 100); do
		grep -q '^data' "$data/out" 2> /dev/null && break
		kill -0 "$served" 2> /dev/null || { cat "$data/log"; exit 1; }
		sleep 0.1
	done
	http=$(sed -n 's|^http *http://||p' "$data/out")
	dicom=$(sed -n 's|^dicom *.*@||p' "$data/out")
	port=${dicom##*:}
}

if [ -z "$folder" ]; then
	folder="$work/demo/petct"
	"$uptake" demo "$work/demo" --size tiny > /dev/null
fi
failed=0
peer() { # NAME COMMAND...
	echo "-- $1"
	shift
	"$@" || failed=1
}

start dcmtk
peer DCMTK env STORE_ALL=1 "$here/dcmtk.sh" 127.0.0.1 "$port" UPTAKE "$folder"
start pynetdicom "$here/worklist.json"
peer pynetdicom env PRINT="$print" "$PYTHON" "$here/pynetdicom_peer.py" 127.0.0.1 "$port" UPTAKE "$folder"
start dicomweb
peer "dicomweb-client, storing and finding" "$PYTHON" "$here/dicomweb_client.py" --url "http://$http/dicom-web" "$folder"
start retrieve
peer "dicomweb-client, retrieving" "$PYTHON" "$here/dicomweb_retrieve.py" "http://$http/dicom-web" "$folder"
start orthanc
peer Orthanc "$PYTHON" "$here/orthanc_peer.py" --dicom "$dicom" --aet UPTAKE --url "http://$http/dicom-web" \
	--own-port "$orthanc_port" "$folder"
stop
peer dcmprscp env PRINT="$print" "$here/dcmprscp.sh"
[ "$failed" = 0 ] && echo "all peers agree"
exit "$failed"
