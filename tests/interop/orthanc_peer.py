"""Orthanc as a peer of the archive: it stores here, asks here, fetches from here by C-MOVE, and takes what is routed to it.

usage: orthanc_peer.py --dicom HOST:PORT --aet AE --url http://HOST:PORT/dicom-web --own-port PORT FOLDER

The archive must know ORTHANC at 127.0.0.1:PORT. Prints a line a check; exit code 1 when one failed.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pydicom


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dicom", required=True)
    parser.add_argument("--aet", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--own-port", type=int, required=True)
    parser.add_argument("folder", type=pathlib.Path)
    return parser.parse_args()


class Orthanc:
    """A process with an empty archive of its own, reached over REST."""

    def __init__(self, port, archive):
        self.folder = tempfile.mkdtemp(prefix="orthanc-")
        self.http = port + 1
        host, archive_port = archive.dicom.split(":")
        settings = {
            "Name": "peer",
            "StorageDirectory": self.folder,
            "IndexDirectory": self.folder,
            "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
            "HttpPort": self.http,
            "DicomPort": port,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "UnknownSopClassAccepted": True,
            "DefaultEncoding": "Utf8",
            "DicomModalities": {"archive": [archive.aet, host, int(archive_port)]},
            "DicomWeb": {"Enable": True, "Servers": {"archive": [archive.url + "/"]}},
        }
        path = pathlib.Path(self.folder, "orthanc.json")
        path.write_text(json.dumps(settings))
        self.log = open(pathlib.Path(self.folder, "log"), "wb")
        self.process = subprocess.Popen([shutil.which("Orthanc"), str(path)], stdout=self.log, stderr=self.log)
        for _ in range(100):
            try:
                self.get("/system")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise SystemExit("Orthanc does not start: " + pathlib.Path(self.folder, "log").read_text()[-2000:])

    def ask(self, method, path, body=None):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=300) as answer:
            content = answer.read()
        return json.loads(content) if content[:1] in (b"{", b"[") else content

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)

    def empty(self):
        for patient in self.get("/patients"):
            self.ask("DELETE", f"/patients/{patient}")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


failed = 0


def check(name, is_so, found=""):
    global failed
    failed += not is_so
    print(f"{'ok    ' if is_so else 'FAILED'} orthanc: {name}{'' if is_so else f' ({found})'}", flush=True)


def pixels(data_set):
    return hashlib.sha256(data_set.get("PixelData", b"")).hexdigest()


def stored_in(orthanc):
    """SOP Instance UID to data set of everything Orthanc holds."""
    found = {}
    for instance in orthanc.get("/instances"):
        content = orthanc.get(f"/instances/{instance}/file")
        data_set = pydicom.dcmread(pydicom.filebase.DicomBytesIO(content))
        found[data_set.SOPInstanceUID] = data_set
    return found


def main():
    asked = arguments()
    files = sorted(path for path in asked.folder.rglob("*") if path.is_file() and is_image(path))[:60]
    sent = {}
    for path in files:
        data_set = pydicom.dcmread(path)
        sent[data_set.SOPInstanceUID] = data_set
    study = next(iter(sent.values())).StudyInstanceUID
    of_study = {uid for uid, data_set in sent.items() if data_set.StudyInstanceUID == study}
    orthanc = Orthanc(asked.own_port, asked)
    try:
        for path in files:
            orthanc.post("/instances", path.read_bytes())
        orthanc.post("/modalities/archive/echo", {})
        check("its echo is answered", True)
        stored = orthanc.post("/modalities/archive/store", {"Resources": orthanc.get("/instances"), "Permissive": True})
        check("all it sends is stored", stored["FailedInstancesCount"] == 0, stored)

        query = orthanc.post("/modalities/archive/query", {"Level": "Study", "Query": {"StudyInstanceUID": study}})
        answers = orthanc.get(f"/queries/{query['ID']}/answers")
        check("its query finds the study", len(answers) == 1, answers)

        orthanc.empty()
        moved = orthanc.post(f"/queries/{query['ID']}/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})
        back = stored_in(orthanc)
        check("C-MOVE brings the study", set(back) == of_study, f"{len(back)} of {len(of_study)}: {moved}")
        same = [uid for uid in back if pixels(back[uid]) == pixels(sent[uid])]
        check("its pixels are those that were sent", len(same) == len(back), f"{len(same)} of {len(back)}")

        found = orthanc.post(
            "/dicom-web/servers/archive/get",
            {"Uri": "/studies", "Arguments": {"StudyInstanceUID": study}, "HttpHeaders": {"Accept": "application/dicom+json"}},
        )
        check("its DICOMweb client finds the study", len(found) == 1, found)
        orthanc.empty()
        retrieved = orthanc.post("/dicom-web/servers/archive/retrieve", {"Resources": [{"Study": study}], "Synchronous": True})
        back = stored_in(orthanc)
        check("its DICOMweb client retrieves the study", set(back) == of_study, f"{len(back)} of {len(of_study)}: {retrieved}")
        same = [uid for uid in back if pixels(back[uid]) == pixels(sent[uid])]
        check("its pixels are those that were sent", len(same) == len(back), f"{len(same)} of {len(back)}")
        stowed = orthanc.post("/dicom-web/servers/archive/stow", {"Resources": orthanc.get("/instances"), "Synchronous": True})
        check("its DICOMweb client stores again what is there", "ID" in stowed or stowed != {}, stowed)
    finally:
        orthanc.end()
    sys.exit(failed > 0)


def is_image(path):
    try:
        data_set = pydicom.dcmread(path)
        needed = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PixelData")
        return all(data_set.get(name) for name in needed)
    except Exception:
        # What pydicom cannot read is in the folder too, nested deeper than it can follow for one.
        return False


if __name__ == "__main__":
    main()
