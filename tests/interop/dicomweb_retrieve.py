"""Stores a folder of DICOM files with dicomweb-client and retrieves them in every way that it has.

Reference values are what pydicom reads from the files. One line a check that fails, and how many passed; the exit code is 1
if one fails.
"""

import argparse
import pathlib
import sys

import numpy
import pydicom
from pydicom.pixels.utils import get_expected_length

# A file beside this one may have the library's own name; its folder must not be looked in first.
sys.path.pop(0)
from dicomweb_client.api import DICOMwebClient

passed = failed = 0


def check(what, good):
    global passed, failed
    passed += good
    failed += not good
    if not good:
        print(f"FAIL {what}")


def padded(value):
    """A value as it is sent: of even length (PS3.5 7.1.1)."""
    return value + b"\0" * (len(value) % 2)


def frame_of(data_set, number, frames):
    """The stored bytes of a frame: pixels as a reader gives them may be extended, or of another colour space."""
    if not data_set.original_encoding[1]:
        pixels = data_set.pixel_array
        return (pixels[number] if frames > 1 else pixels).tobytes()
    length = get_expected_length(data_set) // frames
    return data_set.PixelData[number * length :][:length]


def retrieve(client, path, data_set):
    uids = (data_set.StudyInstanceUID, data_set.SeriesInstanceUID, data_set.SOPInstanceUID)
    name = path.name
    same = client.retrieve_instance(*uids, media_types=(("application/dicom", "*"),))
    check(f"{name}: elements", same.file_meta.TransferSyntaxUID == data_set.file_meta.TransferSyntaxUID)
    # pydicom leaves group lengths out when it sends.
    tags = [element.tag for element in data_set if element.tag.elem != 0]
    check(f"{name}: values", [element.tag for element in same] == tags)
    metadata = client.retrieve_instance_metadata(*uids)
    check(f"{name}: metadata", metadata["00080018"]["Value"] == [uids[2]])
    if "PixelData" not in data_set:
        return
    check(f"{name}: pixel data", same.PixelData == padded(data_set.PixelData))
    frames = int(data_set.get("NumberOfFrames", 1) or 1)
    numbers = sorted({1, frames})
    try:
        pixels = data_set.pixel_array
    except Exception:
        return
    if data_set.file_meta.TransferSyntaxUID.is_compressed or data_set.BitsAllocated == 1:
        return
    octets = client.retrieve_instance_frames(
        *uids, numbers, media_types=(("application/octet-stream", "1.2.840.10008.1.2.1"),)
    )
    for number, found in zip(numbers, octets):
        if data_set.get("PlanarConfiguration", 0) == 0:
            check(f"{name}: frame {number}", found == frame_of(data_set, number - 1, frames))
    if data_set.BitsAllocated in (8, 16):
        lossless = client.retrieve_instance_frames(
            *uids, [1], media_types=(("image/jls", "1.2.840.10008.1.2.4.80"),)
        )
        check(f"{name}: JPEG-LS", lossless[0].startswith(b"\xff\xd8"))
    explicit = client.retrieve_instance(*uids, media_types=(("application/dicom", "1.2.840.10008.1.2.1"),))
    check(f"{name}: explicit little endian", numpy.array_equal(explicit.pixel_array, pixels))
    bulk = metadata.get("7FE00010", {}).get("BulkDataURI")
    if bulk:
        # The client names its host without the port, and gets links without it.
        found = client.retrieve_bulkdata(client.base_url + bulk.split("/dicom-web", 1)[1])
        check(f"{name}: bulk data", len(found) == 1 and found[0] == padded(data_set.PixelData))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder")
    arguments = parser.parse_args()
    client = DICOMwebClient(arguments.url)
    seen, series = set(), {}
    for path in sorted(pathlib.Path(arguments.folder).rglob("*")):
        if not path.is_file():
            continue
        try:
            data_set = pydicom.dcmread(path)
            key = data_set.SOPInstanceUID
            place = (data_set.StudyInstanceUID, data_set.SeriesInstanceUID)
        except Exception:
            continue
        if key in seen or not all((key, *place)):
            continue
        seen.add(key)
        try:
            client.store_instances([data_set])
        except Exception as error:
            print(f"not stored: {path.name}: {error}")
            continue
        series.setdefault(place, set()).add(key)
        try:
            retrieve(client, path, data_set)
        except Exception as error:
            if "malformed" in path.parts and isinstance(error, ValueError):
                print(f"not read by the client: {path.name}: {error}")
                continue
            check(f"{path.name}: {type(error).__name__} {str(error)[:200]}", False)
    for place, uids in series.items():
        found = {item["00080018"]["Value"][0] for item in client.retrieve_series_metadata(*place)}
        check(f"metadata of series {place[1]}", found == uids)
        objects = client.retrieve_series(*place, media_types=(("application/dicom", "*"),))
        check(f"series {place[1]}", {item.SOPInstanceUID for item in objects} == uids)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
