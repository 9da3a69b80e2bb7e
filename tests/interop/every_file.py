"""Sends every file of a folder as the bytes it is, and gets what was stored back: `every_file.py HOST PORT AE FOLDER`.

A data set comes back byte for byte, or was refused with a status of the failure range. Needs pynetdicom.
"""

import sys
from collections import Counter
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet as GET

host, port, title, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])


def head(path):
    """The identity of a file, and its data set's bytes; None for what no sender could announce."""
    try:
        meta = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID"])
        syntax, raw = meta.file_meta.TransferSyntaxUID, path.read_bytes()
        if raw[128:132] != b"DICM" or raw[132:136] != b"\x02\x00\x00\x00":
            return None
        start = 144 + int.from_bytes(raw[140:144], "little")
        # The identity that is announced is the data set's, as far as a reader finds one.
        identity = meta.get("SOPClassUID"), meta.get("SOPInstanceUID"), meta.get("StudyInstanceUID")
        return (*map(str, identity), str(syntax), raw[start:]) if all(identity[:2]) else None
    except Exception:
        return None


received = {}


def keep(event):
    received[str(event.request.AffectedSOPInstanceUID)] = (str(event.context.transfer_syntax), event.request.DataSet.getvalue())
    return 0x0000


def exchange(class_uid, uid, study, syntax, raw):
    """The status of sending, and of getting back what was sent."""
    ae = AE(ae_title="EVERYFILE")
    ae.add_requested_context(class_uid, syntax)
    ae.add_requested_context(GET)
    association = ae.associate(host, port, ae_title=title, ext_neg=[build_role(class_uid, scp_role=True, scu_role=True)], evt_handlers=[(evt.EVT_C_STORE, keep)])
    if not association.is_established:
        return "not associated", None
    try:
        if not any(context.abstract_syntax == class_uid for context in association.accepted_contexts):
            return "not accepted", None
        status = store_raw(association, class_uid, uid, raw)
        if status != 0x0000:
            return status, None
        query = Dataset()
        query.QueryRetrieveLevel, query.SOPInstanceUID = "IMAGE", uid
        for answer, _ in association.send_c_get(query, GET):
            final = answer.get("Status")
        return status, final
    finally:
        association.release()


def store_raw(association, class_uid, uid, raw):
    """C-STORE of bytes as they are: send_c_store would read and write the data set anew."""
    from io import BytesIO
    from pynetdicom.dimse_primitives import C_STORE

    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = class_uid, uid
    request.DataSet = BytesIO(raw)
    context = next(c for c in association.accepted_contexts if c.abstract_syntax == class_uid)
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, context.context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    return answer.Status if answer is not None else "no answer"


tally, failures, seen = Counter(), [], {}
for path in sorted(folder.rglob("*")):
    if not path.is_file():
        continue
    found = head(path)
    if found is None:
        tally["no file that could be announced"] += 1
        continue
    class_uid, uid, study, syntax, raw = found
    if seen.setdefault(uid, raw) != raw:
        tally["another data set under a UID sent before"] += 1
        continue
    received.clear()
    try:
        status, final = exchange(*found)
    except Exception as error:
        status, final = f"{type(error).__name__}: {error}", None
    if status == 0x0000:
        got_syntax, got = received.get(uid, (None, b""))
        # A deflated data set of odd length is padded on the wire (PS3.5 A.5).
        if got_syntax == syntax and got.rstrip(b"\0") == raw.rstrip(b"\0") and abs(len(got) - len(raw)) < 2:
            tally["stored and came back byte for byte"] += 1
        else:
            failures.append(f"{path.relative_to(folder)}: came back otherwise ({got_syntax}, {len(got)} of {len(raw)} bytes, final {final})")
    elif isinstance(status, int):
        tally[f"refused with 0x{status:04X}"] += 1
        print(f"   refused 0x{status:04X} {path.relative_to(folder)}")
    elif status == "not accepted":
        tally["class or transfer syntax not accepted"] += 1
        print(f"   not accepted {class_uid} in {syntax}: {path.relative_to(folder)}")
    else:
        failures.append(f"{path.relative_to(folder)}: {status}")
for what, count in sorted(tally.items()):
    print(f"ok every file: {count} {what}")
for failure in failures:
    print(f"FAILED every file: {failure}")
sys.exit(bool(failures))
