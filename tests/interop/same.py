"""Whether two folders hold the same data sets, byte for byte behind the meta information: `same.py SENT RECEIVED`."""

import sys
from pathlib import Path


def data_sets(folder):
    found = {}
    for path in Path(folder).rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            # The group's length, its first element, says where the data set begins (PS3.10 7.1).
            start = 144 + int.from_bytes(raw[140:144], "little")
            found.setdefault(raw[start:], path.name)
    return found


sent, received = map(data_sets, sys.argv[1:3])
missing = [name for data, name in sent.items() if data not in received]
sys.exit(f"did not come back as sent: {missing[:5]} of {len(sent)}" if missing or not sent else 0)
