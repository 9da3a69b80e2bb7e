"""Compares the hardcopy images that dcmprscp stored with the patterns of print_patterns: `printed.py CxR FOLDER`."""

import sys
from pathlib import Path

import pydicom

columns, rows = map(int, sys.argv[1].split("x"))
count = columns * rows
pictures, prints = {}, 0
for path in Path(sys.argv[2]).iterdir():
    try:
        found = pydicom.dcmread(path)
    except pydicom.errors.InvalidDicomError:
        continue
    name = pydicom.uid.UID(found.SOPClassUID).name
    if "Hardcopy" in name:
        width = 1 if found.BitsAllocated == 8 else 2
        raw = found.PixelData[: found.Rows * found.Columns * width]
        samples = [int.from_bytes(raw[n : n + width], "little") for n in range(0, len(raw), width)]
        pictures[tuple(samples)] = (found.Rows, found.Columns, found.BitsStored)
    elif "Stored Print" in name:
        prints += 1
        boxes = found.ImageBoxContentSequence
        assert len(boxes) == count, f"expected {count} image boxes, found {len(boxes)}"
        assert found.FilmBoxContentSequence[0].ImageDisplayFormat == f"STANDARD\\{columns},{rows}"
        first = next(box for box in boxes if box.ImageBoxPosition == 1)
        assert float(first.RequestedImageSize) == 50.0, first.RequestedImageSize
assert prints == 1, f"expected one stored print, found {prints}"
for picture in range(count):
    modulus = 4096 if picture % 2 == 0 else 256
    bits = 12 if picture % 2 == 0 else 8
    expected = tuple((n * 7 + picture * 13) % 4096 % modulus for n in range(40 * 30))
    assert pictures.get(expected) == (40, 30, bits), f"picture {picture} did not arrive as it was sent"
print(f"{count} pictures arrived sample by sample")
