#!/usr/bin/env bash
# DCMTK's tools against a provider: dcmtk.sh HOST PORT AE FOLDER
#
# FOLDER holds DICOM files. The provider must admit the AE titles of the tools and, for C-MOVE, know MOVE_AE (default
# DCMTKMOVE) at 127.0.0.1:MOVE_PORT (default 11113). PYTHON is a Python with pydicom. With STORE_ALL=1 every file of FOLDER
# is sent, each must be stored or refused with a stated status, and what was stored must come back byte for byte.
# Prints one line a check; ends with 1 when one fails.
set -uo pipefail
host=${1:?host} port=${2:?port} title=${3:?AE title} folder=${4:?folder of DICOM files}
PYTHON=${PYTHON:-python3}
MOVE_AE=${MOVE_AE:-DCMTKMOVE} MOVE_PORT=${MOVE_PORT:-11113}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
receiver=
trap 'rm -rf "$work"; [ -z "$receiver" ] || kill "$receiver" 2> /dev/null' EXIT
failed=0

check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@" > "$work/out" 2>&1; then
        echo "ok $name"
    else
        echo "FAILED $name: $(tail -3 "$work/out" | tr '\n' ' ' | cut -c1-300)"
        failed=1
    fi
}

answers() { # COUNT COMMAND...: as many pending answers
    local expected=$1 found
    shift
    "$@" > "$work/answers" 2>&1 || return 1
    found=$(grep -c 'Find Response:' "$work/answers")
    [ "$found" = "$expected" ] || { echo "expected $expected answers, found $found"; return 1; }
}

peer=("$host" "$port")
call=(-aec "$title")

mkdir "$work/sent"
"$PYTHON" "$here/samples.py" "$folder" "$work/sent" > "$work/samples" || { cat "$work/samples"; exit 1; }
study=$(cut -d' ' -f1 "$work/samples") series=$(cut -d' ' -f2 "$work/samples") count=$(cut -d' ' -f3 "$work/samples")
run=$(cut -d' ' -f4 "$work/samples")
key=(-k "StudyInstanceUID=$study")

check "echoscu" echoscu "${call[@]}" "${peer[@]}"
check "storescu stores $count instances" storescu "${call[@]}" +sd "${peer[@]}" "$work/sent"
check "dcmsend stores them again" dcmsend "${call[@]}" +sd "${peer[@]}" "$work/sent"
check "findscu finds the study" answers 1 findscu -v "${call[@]}" -S -k QueryRetrieveLevel=STUDY "${key[@]}" "${peer[@]}"
check "findscu finds the patient" answers 1 findscu -v "${call[@]}" -P -k QueryRetrieveLevel=PATIENT -k "PatientID=INTEROP-$run" "${peer[@]}"
check "findscu finds by a wildcard" answers 1 findscu -v "${call[@]}" -S -k QueryRetrieveLevel=STUDY -k "AccessionNumber=IOP-$run*" "${peer[@]}"
check "findscu finds by a range" answers 1 findscu -v "${call[@]}" -S -k QueryRetrieveLevel=STUDY -k "PatientID=INTEROP-$run" -k StudyDate=20260301-20260331 "${peer[@]}"
check "findscu finds nothing outside the range" answers 0 findscu -v "${call[@]}" -S -k QueryRetrieveLevel=STUDY -k "PatientID=INTEROP-$run" -k StudyDate=-20260228 "${peer[@]}"
check "findscu finds the series" answers 1 findscu -v "${call[@]}" -S -k QueryRetrieveLevel=SERIES "${key[@]}" -k "SeriesInstanceUID=$series" "${peer[@]}"
check "findscu finds $count images" answers "$count" findscu -v "${call[@]}" -S -k QueryRetrieveLevel=IMAGE "${key[@]}" -k "SeriesInstanceUID=$series" -k SOPInstanceUID "${peer[@]}"
check "findscu -W asks the worklist" findscu -v "${call[@]}" -W -k PatientName -k 'ScheduledProcedureStepSequence[0].Modality=NM' -k 'ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20260304' "${peer[@]}"
mkdir "$work/got" "$work/moved"
check "getscu gets the study" getscu "${call[@]}" -S -k QueryRetrieveLevel=STUDY "${key[@]}" +B -od "$work/got" "${peer[@]}"
check "what getscu got is what was sent, byte for byte" "$PYTHON" "$here/same.py" "$work/sent" "$work/got"
storescp +B -aet "$MOVE_AE" -od "$work/moved" "$MOVE_PORT" > /dev/null 2>&1 &
receiver=$!
sleep 0.5
check "movescu moves the study" movescu "${call[@]}" -S -k QueryRetrieveLevel=STUDY "${key[@]}" -aem "$MOVE_AE" "${peer[@]}"
check "what arrived is what was sent, byte for byte" "$PYTHON" "$here/same.py" "$work/sent" "$work/moved"
refused() { ! movescu -v "${call[@]}" -S -k QueryRetrieveLevel=STUDY "${key[@]}" -aem NOWHERE "${peer[@]}" > "$work/refused" 2>&1 && grep -qiE 'a801|destination' "$work/refused"; }
check "movescu to an unknown place is refused" refused
unknown() { movescu -v "${call[@]}" -S -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=1.2.3.4.5.6.7 -aem "$MOVE_AE" "${peer[@]}"; }
check "movescu of an unknown study is a success" unknown
check "termscu is answered by ending its association only" sh -c "termscu ${call[*]} ${peer[*]}; echoscu ${call[*]} ${peer[*]}"
if [ "${STORE_ALL:-0}" = 1 ]; then
    "$PYTHON" "$here/every_file.py" "$host" "$port" "$title" "$folder" || failed=1
fi
exit "$failed"
