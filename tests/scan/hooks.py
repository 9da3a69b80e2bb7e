"""What schemathesis is told beside the description: studies that there are, and bodies that are no JSON.

SCAN_KNOWN is a JSON file: `objects` are DICOM files, `instances` are UIDs of study, series and instance that are stored.
"""

import json
import os
import random

import schemathesis
from hypothesis import strategies as st

with open(os.environ["SCAN_KNOWN"], encoding="utf-8") as file:
    KNOWN = json.load(file)
CHOICES = random.Random(7)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Half of what is asked about studies is about one that is there."""
    if not path_parameters or CHOICES.random() < 0.5:
        return path_parameters
    study, series, instance = CHOICES.choice(KNOWN["instances"])
    known = {"study": study, "series": series, "instance": instance, "sop_uid": instance, "frames": "1", "path": "7FE00010"}
    return {name: known.get(name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def map_query(context, query):
    """The same of the address by parameters."""
    if not query or "studyUID" not in query or CHOICES.random() < 0.5:
        return query
    study, series, instance = CHOICES.choice(KNOWN["instances"])
    return {**query, "studyUID": study, "seriesUID": series, "objectUID": instance}


def objects():
    """A DICOM file, as it is or with some bytes changed, cut off, or doubled."""
    whole = [open(path, "rb").read() for path in KNOWN["objects"]]

    def hurt(drawn):
        content, place, piece, way = drawn
        at = place % len(content)
        match way:
            case "whole":
                return content
            case "cut":
                return content[:at]
            case "changed":
                return content[:at] + piece + content[at + len(piece) :]
            case "doubled":
                return content[:at] + content[max(0, at - 64) :]

    ways = st.sampled_from(["whole", "cut", "changed", "doubled"])
    return st.tuples(st.sampled_from(whole), st.integers(0, 1 << 20), st.binary(min_size=1, max_size=16), ways).map(hurt)


OBJECTS = ("application/dicom", "application/offset+octet-stream", "application/octet-stream", "multipart/related")
FILES = ("application/pdf", "image/jpeg", "image/png", "video/mp4")
for media_type in OBJECTS:
    schemathesis.openapi.media_type(media_type, st.one_of(objects(), st.binary(max_size=4096)))
for media_type in FILES:
    schemathesis.openapi.media_type(media_type, st.binary(max_size=4096))


@schemathesis.serializer(*(set(OBJECTS) | set(FILES)) - {"multipart/related"})
def plain(context, value):
    return as_bytes(value)


@schemathesis.serializer("multipart/related")
def related(context, value):
    """Two parts with the same content."""
    part = b"--of-scan\r\nContent-Type: application/dicom\r\n\r\n" + as_bytes(value) + b"\r\n"
    return 2 * part + b"--of-scan--\r\n"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.media_type == "multipart/related" and case.headers is not None:
        case.headers.setdefault("Content-Type", 'multipart/related; type="application/dicom"; boundary=of-scan')


def as_bytes(value):
    """What is to be wrong on purpose comes as anything."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()
