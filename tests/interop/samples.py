"""Makes a study of known keys out of the first image of a folder: `samples.py FOLDER TO`; says study, series, count,
and the number that ends Patient ID (`INTEROP-`) and Accession Number (`IOP-`): another each time, so that an archive is met
as often as wanted.
"""

import sys
from pathlib import Path

import pydicom
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

COUNT = 5


def first_image(folder):
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_file():
            continue
        try:
            found = pydicom.dcmread(path)
        except Exception:
            continue
        uncompressed = found.file_meta.get("TransferSyntaxUID") == ExplicitVRLittleEndian
        is_file = not any(element.tag.group == 0 for element in found)
        if uncompressed and is_file and "PixelData" in found and found.get("SOPClassUID", "").startswith("1.2.840.10008.5.1.4.1.1."):
            return found
    sys.exit("no explicit little endian image in the folder")


image = first_image(sys.argv[1])
study, series = generate_uid(None), generate_uid(None)
number_of_run = study[-8:]
image.PatientID, image.PatientName, image.AccessionNumber = f"INTEROP-{number_of_run}", "Interop^Test", f"IOP-{number_of_run}"
image.StudyDate, image.StudyInstanceUID, image.SeriesInstanceUID = "20260315", study, series
for number in range(COUNT):
    image.InstanceNumber = number + 1
    image.SOPInstanceUID = generate_uid(None)
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.save_as(Path(sys.argv[2]) / f"{number}.dcm", enforce_file_format=True)
print(study, series, COUNT, number_of_run)
