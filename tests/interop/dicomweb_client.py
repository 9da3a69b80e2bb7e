"""Stores a folder of DICOM files with dicomweb-client and searches for them at every level.

Reference values are what pydicom reads from the files. One line a check; the exit code is 1 if one fails.
"""

import argparse
import collections
import pathlib
import sys

import pydicom

# This file has the library's own name; its folder must not be looked in first.
sys.path.pop(0)
from dicomweb_client.api import DICOMwebClient

failures = 0


def check(what, found, expected):
    global failures
    good = found == expected
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}" + ("" if good else f": expected {expected!r}, found {found!r}"))


def read(folder):
    """Gives the files that have all UIDs, the first of each SOP Instance UID."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if not path.is_file():
            continue
        try:
            data_set = pydicom.dcmread(path)
        except Exception:
            continue
        uids = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
        if all(str(data_set.get(name, "") or "") for name in uids):
            found.setdefault(str(data_set.SOPInstanceUID), (path, data_set))
    return found


def value(row, tag, default=None):
    return row.get(tag, {}).get("Value", [default])[0]


def uids(rows, tag):
    return sorted(value(row, tag) for row in rows)


def store(client, files):
    """Gives what was acknowledged, and what need not be: the client cannot write it, or it is malformed and was refused."""
    stored, excused = set(), set()
    for uid, (path, data_set) in files.items():
        try:
            response = client.store_instances([data_set])
        except Exception as error:
            print(f"     not stored: {path.name}: {type(error).__name__}")
            if isinstance(error, ValueError) or "malformed" in path.parts:
                excused.add(uid)
            continue
        for item in response.get("ReferencedSOPSequence", []):
            stored.add(str(item.ReferencedSOPInstanceUID))
    return stored, excused


def levels(client, by_study):
    study_uid, series = max(by_study.items(), key=lambda item: sum(map(len, item[1].values())))
    series_uid, instances = max(series.items(), key=lambda item: len(item[1]))
    count = sum(map(len, series.values()))
    rows = client.search_for_studies(search_filters={"StudyInstanceUID": study_uid})
    check("a study by its UID", uids(rows, "0020000D"), [study_uid])
    check("its number of series", value(rows[0], "00201206"), len(series))
    check("its number of instances", value(rows[0], "00201208"), count)
    check("its series", uids(client.search_for_series(study_uid), "0020000E"), sorted(series))
    check("all series", uids(client.search_for_series(search_filters={"StudyInstanceUID": study_uid}), "0020000E"), sorted(series))
    rows = client.search_for_instances(study_uid, series_uid)
    check("instances of a series", uids(rows, "00080018"), sorted(instances))
    check("instances of a study", len(client.search_for_instances(study_uid)), count)
    rows = client.search_for_instances(search_filters={"SOPInstanceUID": instances[0]})
    check("an instance by its UID alone", uids(rows, "00080018"), instances[:1])
    rows = client.search_for_series(search_filters={"SeriesInstanceUID": series_uid})
    check("a series by its UID alone", uids(rows, "0020000E"), [series_uid])
    check("an unknown study has no series", client.search_for_series("1.2.3.4.5"), [])


def matching(client, files, by_study):
    ids = collections.defaultdict(set)
    dates = collections.defaultdict(set)
    modalities = collections.defaultdict(set)
    for _, data_set in files.values():
        study = str(data_set.StudyInstanceUID)
        ids[str(data_set.get("PatientID", "") or "").strip()].add(study)
        # 1997.04.24 is how ACR-NEMA wrote dates.
        dates[str(data_set.get("StudyDate", "") or "").replace(".", "")].add(study)
        modalities[str(data_set.get("Modality", "") or "")].add(study)
    everything = len(by_study)
    patient_id = max((id for id in ids if len(id) > 2 and "*" not in id and "?" not in id), key=len)
    expected = sorted(ids[patient_id])
    found = client.search_for_studies(search_filters={"PatientID": patient_id})
    check("studies by Patient ID", uids(found, "0020000D"), expected)
    matches = sorted(study for id, studies in ids.items() if id.startswith(patient_id[:2]) for study in studies)
    found = client.search_for_studies(search_filters={"PatientID": patient_id[:2] + "*"})
    check("a wildcard", uids(found, "0020000D"), sorted(set(matches)))
    found = client.search_for_studies(search_filters={"PatientID": "?" + patient_id[1:]})
    check("a wildcard of one character", set(expected) <= set(uids(found, "0020000D")), True)
    days = sorted(date for date in dates if len(date) == 8)
    for first, last in [(days[0], days[-1]), (days[0], days[len(days) // 2]), (days[-1], days[-1])]:
        expected = sorted({study for day in days if first <= day <= last for study in dates[day]})
        found = client.search_for_studies(search_filters={"StudyDate": f"{first}-{last}"})
        check("a range of dates", uids(found, "0020000D"), expected)
    modality = max((name for name in modalities if name), key=lambda name: len(modalities[name]))
    found = client.search_for_studies(search_filters={"ModalitiesInStudy": modality})
    check(f"modality {modality}", uids(found, "0020000D"), sorted(modalities[modality]))
    pages = []
    while len(pages) <= everything:
        page = client.search_for_studies(limit=2, offset=len(pages))
        if not page:
            break
        pages.extend(page)
    check("pages join to the whole", len(pages), everything)
    check("and hold each study once", len({value(row, "0020000D") for row in pages}), everything)
    row = client.search_for_studies(limit=1, fields=["PatientAge", "00081030"])[0]
    check("further attributes are given", {"00101010", "00081030"} <= set(row), True)


def names(client, files):
    checked = 0
    for _, data_set in files.values():
        name = data_set.get("PatientName")
        if name is None or not name.ideographic:
            continue
        checked += 1
        family = name.ideographic.split("^")[0]
        study = str(data_set.StudyInstanceUID)
        for pattern in (family + "*", name.ideographic, name.alphabetic or family + "*"):
            found = client.search_for_studies(search_filters={"PatientName": pattern})
            check(f"a name of {len(pattern)} characters", study in uids(found, "0020000D"), True)
            groups = [value(row, "00100010") for row in found if value(row, "0020000D") == study]
            shown = groups[0].get("Ideographic") if groups else None
            check("its ideographs", shown, name.ideographic)
    if not checked:
        print("     no names with ideographs in these files")


def tracers(client, files):
    """What was injected, by its activity and nuclide; the search is in Bq whatever the class states."""
    checked = set()
    for _, data_set in files.values():
        items = data_set.get("RadiopharmaceuticalInformationSequence") or []
        series = str(data_set.SeriesInstanceUID)
        unit = {"1.2.840.10008.5.1.4.1.1.128": 1.0, "1.2.840.10008.5.1.4.1.1.20": 1e6}.get(str(data_set.SOPClassUID))
        if not items or unit is None or series in checked:
            continue
        checked.add(series)
        dose = items[0].get("RadionuclideTotalDose")
        codes = items[0].get("RadionuclideCodeSequence") or []
        sequence = "RadiopharmaceuticalInformationSequence"
        if dose:
            activity = float(dose) * unit
            filters = {f"{sequence}.RadionuclideTotalDose": f"{activity * 0.999:.9g}-{activity * 1.001:.9g}"}
            found = client.search_for_series(search_filters=filters, fields=[sequence])
            shown = [row["00540016"]["Value"][0] for row in found if value(row, "0020000E") == series]
            check("a series by its activity", len(shown), 1)
            check("the activity as its header has it", value(shown[0], "00181074") if shown else None, float(dose))
        if codes and codes[0].get("CodeMeaning"):
            filters = {f"{sequence}.RadionuclideCodeSequence.CodeMeaning": str(codes[0].CodeMeaning)}
            found = client.search_for_series(search_filters=filters)
            check("a series by its radionuclide", series in uids(found, "0020000E"), True)
        corrected = data_set.get("CorrectedImage")
        if corrected:
            names = [corrected] if isinstance(corrected, str) else list(corrected)
            found = client.search_for_series(search_filters={"CorrectedImage": "ATTN"})
            check("attenuation correction", series in uids(found, "0020000E"), "ATTN" in names)
    if not checked:
        print("     no tracers in these files")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", required=True)
    arguments.add_argument("folder")
    arguments = arguments.parse_args()
    client = DICOMwebClient(arguments.url)
    files = read(arguments.folder)
    check("there are files to store", bool(files), True)
    stored, excused = store(client, files)
    check("all are acknowledged", sorted(stored), sorted(set(files) - excused))
    files = {uid: file for uid, file in files.items() if uid in stored}
    check("all are acknowledged again", sorted(store(client, files)[0]), sorted(files))
    by_study = collections.defaultdict(lambda: collections.defaultdict(list))
    for uid, (_, data_set) in files.items():
        by_study[str(data_set.StudyInstanceUID)][str(data_set.SeriesInstanceUID)].append(uid)
    if files:
        levels(client, by_study)
        matching(client, files, by_study)
        names(client, files)
        tracers(client, files)
    sys.exit(1 if failures else 0)


main()
