#!/usr/bin/env bash
# Prints on DCMTK's dcmprscp and compares what it stored with what was sent.
#
# PRINT is the built example print_patterns of the crate dimse; PYTHON a Python with pydicom.
# Prints one line a check; ends with 1 when one fails.
set -euo pipefail
PRINT=${PRINT:?the built example print_patterns}
PYTHON=${PYTHON:-python3}
PORT=${PRINTER_PORT:-$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/database" "$work/spool" "$work/lut"
cat > "$work/print.cfg" <<CFG
[[GENERAL]]
[PRINT]
Directory = $work/spool
DetailedLog = true
[DATABASE]
Directory = $work/database
[LUT]
Directory = $work/lut
[[COMMUNICATION]]
[FILM]
Aetitle = FILM
Description = printer of this test
Hostname = 127.0.0.1
Port = $PORT
Type = LOCALPRINTER
DisplayFormat=1,1\\2,2\\5,7
FilmDestination = MAGAZINE\\PROCESSOR
FilmSizeID = 8INX10IN\\14INX17IN
MagnificationType = REPLICATE\\BILINEAR\\CUBIC\\NONE
MaxPDU = 32768
MediumType = PAPER\\CLEAR FILM\\BLUE FILM
Supports12Bit = true
SupportsDecimateCrop = true
SupportsImageSize = true
CFG
dcmprscp -c "$work/print.cfg" -p FILM > "$work/log" 2>&1 &
printer=$!
trap 'kill "$printer" 2> /dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 50); do
    "$PYTHON" -c "import socket; socket.create_connection(('127.0.0.1', $PORT), 1).close()" 2> /dev/null && break
    sleep 0.1
done
failed=0
for places in 1x1 2x2 5x7; do
    rm -f "$work"/database/*
    if told=$("$PRINT" "127.0.0.1:$PORT" FILM grey "$places" 2>&1) &&
        compared=$("$PYTHON" "$here/printed.py" "$places" "$work/database" 2>&1); then
        echo "ok dcmprscp $places: $compared"
    else
        echo "FAILED dcmprscp $places: ${told:-} ${compared:-}"
        failed=1
    fi
done
if told=$("$PRINT" "127.0.0.1:$PORT" FILM grey 3x3 2>&1); then
    echo "FAILED dcmprscp 3x3: a format that the printer has not was printed"
    failed=1
else
    echo "ok dcmprscp 3x3 is refused in words: $(echo "$told" | tail -1 | cut -c1-120)"
fi
exit "$failed"
