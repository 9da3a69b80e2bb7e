"""pynetdicom against a provider: `pynetdicom_peer.py HOST PORT AE FOLDER`.

The provider has the worklist of worklist.json, admits every AE title, knows PYMOVE at 127.0.0.1:PYMOVE_PORT (default 11114)
and answers SETUTF8, SETGB18030 and SETIR58 in ISO_IR 192, GB18030 and ISO 2022 IR 58. One line a check; ends with 1 when one
fails. With PRINT, the built example print_patterns of the crate dimse, our print user is driven too.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom import sop_class as sop

host, port, title, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
here = Path(__file__).parent
move_port = int(os.environ.get("PYMOVE_PORT", "11114"))
failed = []


def check(name):
    """Runs a check now and says how it went."""

    def run(body):
        try:
            print(f"ok {name}{body() or ''}", flush=True)
        except Exception as error:
            failed.append(name)
            print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)

    return run


def equal(found, expected):
    assert found == expected, f"expected {expected!r}, found {found!r}"


def associate(contexts, calling="PYNETDICOM", roles=(), handlers=(), syntaxes=None):
    ae = AE(ae_title=calling)
    for context in contexts:
        ae.add_requested_context(context, syntaxes or [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    negotiation = [build_role(uid, scp_role=True, scu_role=True) for uid in roles]
    association = ae.associate(host, port, ae_title=title, ext_neg=negotiation, evt_handlers=list(handlers))
    assert association.is_established, "no association"
    return association


def identifier(**keys):
    found = Dataset()
    for keyword, value in keys.items():
        setattr(found, keyword, value)
    return found


def matches(answers):
    found = []
    for status, answer in answers:
        if status.Status in (0xFF00, 0xFF01):
            found.append(answer)
        else:
            equal(status.Status, 0x0000)
    return found


sent_folder = Path(tempfile.mkdtemp())
made = subprocess.run([sys.executable, here / "samples.py", folder, sent_folder], capture_output=True, text=True, check=True)
study, series, count, run = made.stdout.split()
files = sorted(sent_folder.iterdir())
images = [pydicom.dcmread(path) for path in files]
class_uid = images[0].SOPClassUID
FIND, MOVE, GET = (
    sop.StudyRootQueryRetrieveInformationModelFind,
    sop.StudyRootQueryRetrieveInformationModelMove,
    sop.StudyRootQueryRetrieveInformationModelGet,
)
PATIENT_FIND = sop.PatientRootQueryRetrieveInformationModelFind


@check("store")
def _():
    association = associate([class_uid])
    for image in images:
        equal(association.send_c_store(image).Status, 0x0000)
    association.release()


@check("find at all levels")
def _():
    association = associate([FIND, PATIENT_FIND])
    for model, level, keys, expected in [
        (PATIENT_FIND, "PATIENT", {"PatientID": f"INTEROP-{run}"}, 1),
        (FIND, "STUDY", {"StudyInstanceUID": study}, 1),
        (FIND, "STUDY", {"StudyInstanceUID": [study, "1.2.3.4.5"]}, 1),
        (FIND, "STUDY", {"StudyInstanceUID": study, "PatientName": "int*^t?st"}, 1),
        (FIND, "STUDY", {"StudyInstanceUID": study, "StudyDate": "20260301-20260314"}, 0),
        (FIND, "SERIES", {"StudyInstanceUID": study, "SeriesInstanceUID": ""}, 1),
        (FIND, "IMAGE", {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": ""}, len(images)),
        (FIND, "IMAGE", {"PatientID": f"INTEROP-{run}", "StudyInstanceUID": study, "InstanceNumber": "2"}, 1),
    ]:
        found = matches(association.send_c_find(identifier(QueryRetrieveLevel=level, **keys), model))
        assert len(found) == expected, f"{level} {list(keys)}: expected {expected}, found {len(found)}"
    association.release()


def received_into(store):
    def keep(event):
        store[event.request.AffectedSOPInstanceUID] = event.request.DataSet.getvalue()
        return 0x0000

    return (evt.EVT_C_STORE, keep)


@check("get")
def _():
    store = {}
    association = associate([GET, class_uid], roles=[class_uid], handlers=[received_into(store)])
    query = identifier(QueryRetrieveLevel="STUDY", StudyInstanceUID=study)
    final = [status.Status for status, _ in association.send_c_get(query, GET)][-1]
    association.release()
    equal(final, 0x0000)
    equal(sorted(store), sorted(image.SOPInstanceUID for image in images))


@check("get in a transfer syntax that was not stored")
def _():
    store = {}
    association = associate([GET, class_uid], roles=[class_uid], handlers=[received_into(store)], syntaxes=[ImplicitVRLittleEndian])
    query = identifier(QueryRetrieveLevel="STUDY", StudyInstanceUID=study)
    final = [status.Status for status, _ in association.send_c_get(query, GET)][-1]
    association.release()
    equal((final, len(store)), (0x0000, len(images)))
    for image in images:
        back = pydicom.filereader.read_dataset(BytesIO(store[image.SOPInstanceUID]), True, True)
        assert back.PixelData == image.PixelData, "other pixels"


@check("move")
def _():
    store = {}
    ae = AE(ae_title="PYMOVE")
    ae.add_supported_context(class_uid)
    listening = ae.start_server(("127.0.0.1", move_port), block=False, evt_handlers=[received_into(store)])
    association = associate([MOVE])
    query = identifier(QueryRetrieveLevel="STUDY", StudyInstanceUID=study)
    last = [status for status, _ in association.send_c_move(query, "PYMOVE", MOVE)][-1]
    equal((last.Status, last.NumberOfCompletedSuboperations, len(store)), (0x0000, len(images), len(images)))
    equal([status.Status for status, _ in association.send_c_move(query, "NOWHERE", MOVE)][-1], 0xA801)
    nothing = identifier(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3.4.5")
    last = [status for status, _ in association.send_c_move(nothing, "PYMOVE", MOVE)][-1]
    equal((last.Status, last.NumberOfCompletedSuboperations), (0x0000, 0))
    association.release()
    listening.shutdown()


def worklist_key(name, **step):
    key = identifier(PatientName=name, PatientID="", AccessionNumber="", StudyInstanceUID="")
    wanted = dict.fromkeys(["Modality", "ScheduledStationAETitle", "ScheduledProcedureStepID", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepDescription"], "")
    step = identifier(**{**wanted, **step})
    key.ScheduledProcedureStepSequence = Sequence([step])
    return key


for calling, term in [("SETUTF8", "ISO_IR 192"), ("SETGB18030", "GB18030"), ("SETIR58", ["", "ISO 2022 IR 58"])]:

    @check(f"worklist in {term}")
    def _():
        association = associate([sop.ModalityWorklistInformationFind], calling=calling)
        for name, step, expected in [
            ("王^小*", {}, ["IOP-S1"]),
            ("王*", {"ScheduledProcedureStepStartDate": "20260304"}, ["IOP-S1"]),
            ("李^四", {"ScheduledProcedureStepStartDate": "20260301-20260331"}, ["IOP-S2"]),
            ("", {"ScheduledStationAETitle": "PETCT1"}, ["IOP-S2"]),
            ("赵*", {}, []),
        ]:
            key = worklist_key(name, **step)
            key.SpecificCharacterSet = term
            found = matches(association.send_c_find(key, sop.ModalityWorklistInformationFind))
            found = [item for item in found if item.AccessionNumber.startswith("IOP-W")]
            equal([item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID for item in found], expected)
            for item in found:
                item.decode()
                equal(item.SpecificCharacterSet if isinstance(term, str) else list(item.SpecificCharacterSet), term)
                names = {"IOP-W1": ("Wang^XiaoDong=王^小东", "全身骨显像"), "IOP-W2": ("Li^Si=李^四", "肿瘤显像")}
                told = (str(item.PatientName), item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription)
                # pydicom 3.0 leaves the escapes of PS3.5 K.2 in the text.
                equal(tuple(text.replace("\x1b$)A", "") for text in told), names[item.AccessionNumber])
        association.release()


@check("performed procedure step")
def _():
    MPPS = sop.ModalityPerformedProcedureStep
    association = associate([MPPS, sop.ModalityWorklistInformationFind])
    uid = generate_uid(None)
    begun = identifier(
        Modality="NM", PatientName="Interop", PatientID="INTEROP-W1", PatientBirthDate="", PatientSex="",
        PerformedProcedureStepID="IOP-P1", PerformedStationAETitle="SPECT1", PerformedProcedureStepStartDate="20260304",
        PerformedProcedureStepStartTime="0935", PerformedProcedureStepStatus="IN PROGRESS",
        PerformedProcedureStepEndDate="", PerformedProcedureStepEndTime="", PerformedSeriesSequence=Sequence([]),
        ScheduledStepAttributesSequence=Sequence([identifier(
            StudyInstanceUID="1.2.826.0.1.3680043.8.498.901.1", ScheduledProcedureStepID="IOP-S1", AccessionNumber="IOP-W1",
        )]),
    )
    missing = identifier(**{element.keyword: element.value for element in begun})
    del missing.PerformedProcedureStepID
    equal(association.send_n_create(missing, MPPS, uid)[0].Status, 0x0120)
    equal(association.send_n_create(begun, MPPS, uid)[0].Status, 0x0000)
    equal(association.send_n_create(begun, MPPS, uid)[0].Status, 0x0111)
    ended = identifier(
        PerformedProcedureStepStatus="COMPLETED", PerformedProcedureStepEndDate="20260304",
        PerformedProcedureStepEndTime="1005",
        PerformedSeriesSequence=Sequence([identifier(SeriesInstanceUID=series, ProtocolName="WB")]),
    )
    equal(association.send_n_set(ended, MPPS, uid)[0].Status, 0x0000)
    equal(association.send_n_set(ended, MPPS, uid)[0].Status, 0x0110)
    equal(association.send_n_set(ended, MPPS, generate_uid(None))[0].Status, 0x0112)
    # What is completed is on no worklist any more.
    key = worklist_key("", ScheduledProcedureStepID="IOP-S1")
    equal(matches(association.send_c_find(key, sop.ModalityWorklistInformationFind)), [])
    association.release()


@check("storage commitment")
def _():
    CLASS, INSTANCE = sop.StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1"
    heard, told = threading.Event(), []

    def report(event):
        told.append((event.event_type, event.event_information))
        heard.set()
        return 0x0000, None

    association = associate([CLASS], handlers=[(evt.EVT_N_EVENT_REPORT, report)])
    asked = [identifier(ReferencedSOPClassUID=class_uid, ReferencedSOPInstanceUID=image.SOPInstanceUID) for image in images]
    unknown = identifier(ReferencedSOPClassUID=class_uid, ReferencedSOPInstanceUID="1.2.3.4.5")
    for references, kind, failures in [(asked, 1, 0), ([*asked, unknown], 2, 1)]:
        heard.clear()
        action = identifier(TransactionUID=generate_uid(None), ReferencedSOPSequence=Sequence(references))
        equal(association.send_n_action(action, 1, CLASS, INSTANCE)[0].Status, 0x0000)
        assert heard.wait(20), "no report"
        event_type, information = told[-1]
        equal((event_type, information.TransactionUID), (kind, action.TransactionUID))
        equal(len(information.ReferencedSOPSequence), len(images))
        equal([item.FailureReason for item in information.get("FailedSOPSequence", [])], [0x0112] * failures)
    association.release()


@check("storage commitment on another association")
def _():
    CLASS, INSTANCE = sop.StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1"
    heard = threading.Event()

    def report(event):
        heard.set()
        return 0x0000, None

    ae = AE(ae_title="PYMOVE")
    ae.add_supported_context(CLASS, scu_role=False, scp_role=True)
    association = associate([CLASS], calling="PYMOVE")
    item = identifier(ReferencedSOPClassUID=class_uid, ReferencedSOPInstanceUID=images[0].SOPInstanceUID)
    action = identifier(TransactionUID=generate_uid(None), ReferencedSOPSequence=Sequence([item]))
    status = association.send_n_action(action, 1, CLASS, INSTANCE)[0].Status
    association.abort()
    equal(status, 0x0000)
    listening = ae.start_server(("127.0.0.1", move_port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)])
    arrived = heard.wait(90)
    listening.shutdown()
    # The report may have been answered on the first association before it was aborted.
    return " (a new one)" if arrived else " (the first one, before its end)"


def printed(tones, places):
    """Our print user on a printer of pynetdicom's: what arrived, as lists of samples."""
    META = {"grey": sop.BasicGrayscalePrintManagementMeta, "colour": sop.BasicColorPrintManagementMeta}[tones]
    columns, rows = map(int, places.split("x"))
    arrived, actions = {}, []

    def created(event):
        answer = Dataset()
        request = event.attribute_list
        answer.AffectedSOPInstanceUID = event.request.AffectedSOPInstanceUID or generate_uid(None)
        if "ImageDisplayFormat" in request:
            equal(request.ImageDisplayFormat, f"STANDARD\\{columns},{rows}")
            boxes = [identifier(ReferencedSOPClassUID="1.2.840.10008.5.1.1.4", ReferencedSOPInstanceUID=generate_uid(None)) for _ in range(columns * rows)]
            answer.ReferencedImageBoxSequence = Sequence(boxes)
        return 0x0000, answer

    def set_(event):
        request = event.modification_list
        sequence = request.get("BasicGrayscaleImageSequence") or request.get("BasicColorImageSequence")
        image, width = sequence[0], 1
        if image.BitsAllocated == 16:
            width = 2
        raw = image.PixelData
        samples = [int.from_bytes(raw[n : n + width], "little") for n in range(0, len(raw), width)]
        if image.SamplesPerPixel == 3:
            plane = image.Rows * image.Columns
            samples = [samples[c * plane + n] for n in range(plane) for c in range(3)]
        arrived[request.ImageBoxPosition] = samples
        return 0x0000, Dataset()

    def get(event):
        return 0x0000, identifier(PrinterStatus="NORMAL", PrinterStatusInfo="NORMAL")

    def act(event):
        actions.append(event.action_type)
        return 0x0000, None

    ae = AE(ae_title="FILM")
    ae.add_supported_context(META)
    handlers = [(evt.EVT_N_CREATE, created), (evt.EVT_N_SET, set_), (evt.EVT_N_GET, get), (evt.EVT_N_ACTION, act), (evt.EVT_N_DELETE, lambda event: 0x0000)]
    listening = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    address = "{}:{}".format(*listening.server_address[:2])
    ended = subprocess.run([os.environ["PRINT"], address, "FILM", tones, places], capture_output=True, text=True)
    listening.shutdown()
    equal((ended.returncode, actions, ended.stderr), (0, [1], ""))
    for picture in range(columns * rows):
        modulus = 4096 if tones == "grey" and picture % 2 == 0 else 256
        expected = [(n * 7 + picture * 13) % 4096 % modulus for n in range(40 * 30 * (1 if tones == "grey" else 3))]
        assert arrived.get(picture + 1) == expected, f"picture {picture + 1} did not arrive as it was sent"


if os.environ.get("PRINT"):
    for tones, places in [("grey", "1x1"), ("grey", "3x2"), ("colour", "2x2")]:
        check(f"print user, {tones} {places}")(lambda: printed(tones, places))
sys.exit(bool(failed))
