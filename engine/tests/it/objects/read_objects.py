"""What pydicom and highdicom read in one object, as JSON on standard output: read_objects.py WHAT FILE."""

import json
import sys

import highdicom as hd
import numpy as np
import pydicom


def code(item):
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.get("URNCodeValue")
    return [value, item.get("CodingSchemeDesignator", ""), item.CodeMeaning]


def coded(concept):
    return None if concept is None else [concept.value, concept.scheme_designator, concept.meaning]


def segmentation(path):
    """Voxels, middle in mm and description of each segment, from highdicom's volume of it."""
    seg = hd.seg.segread(path)
    # highdicom 0.28 takes the segments of a 16-bit labelmap apart through 8 bits (1 and 257 become one).
    labelmap = seg.get_volume(combine_segments=True) if seg.BitsAllocated == 16 else None
    segments = []
    for number in seg.segment_numbers:
        description = seg.get_segment_description(number)
        if labelmap is None:
            volume = seg.get_volume(segment_numbers=[number])
            inside = np.argwhere(volume.array[..., 0] > 0)
        else:
            volume = labelmap
            inside = np.argwhere(volume.array == number)
        middle = None
        if len(inside):
            middle = volume.map_indices_to_reference(inside).mean(axis=0).tolist()
        segments.append(
            {
                "number": number,
                "label": description.segment_label,
                "category": coded(description.segmented_property_category),
                "type": coded(description.segmented_property_type),
                "tracking_uid": description.tracking_uid,
                "voxels": len(inside),
                "middle_mm": middle,
            }
        )
    sources = {uid for _, _, uid in seg.get_source_image_uids()}
    return {
        "type": seg.segmentation_type.value,
        "frames": int(seg.NumberOfFrames),
        "bits": int(seg.BitsAllocated),
        "padding": seg.get("PixelPaddingValue"),
        "segments": segments,
        "sources": len(sources),
    }


def number_of(item):
    measured = item.MeasuredValueSequence[0]
    exact = measured.get("FloatingPointValue")
    return float(measured.NumericValue) if exact is None else float(exact)


def named(item):
    name = item.get("ConceptNameCodeSequence")
    return code(name[0])[0] if name else None


def below(item, value):
    found = [i for i in item.get("ContentSequence", []) if named(i) == value]
    return found[0] if found else None


def measurement(item):
    derivation = below(item, "121401")
    peak = below(item, "peak-definition")
    return {
        "quantity": code(item.ConceptNameCodeSequence[0]),
        "value": number_of(item),
        "unit": code(item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]),
        "derivation": None if derivation is None else code(derivation.ConceptCodeSequence[0]),
        "peak": None if peak is None else peak.TextValue,
    }


def site(item):
    side = below(item, "272741003")
    return {
        "site": code(item.ConceptCodeSequence[0]),
        "laterality": None if side is None else code(side.ConceptCodeSequence[0]),
    }


def report(path):
    """The measurement groups as highdicom sorts them."""
    document = hd.sr.srread(path)
    content = document.content
    volumetric = content.get_volumetric_roi_measurement_groups()
    groups = []
    for group in volumetric + content.get_image_measurement_groups():
        entry = {
            "tracking_id": group.tracking_identifier,
            "tracking_uid": group.tracking_uid,
            "finding": coded(group.finding_type),
            "sites": [site(s) for s in group.finding_sites],
            # highdicom counts the order of the time point among the measurements.
            "measurements": [
                measurement(m[0]) for m in group.get_measurements() if named(m[0]) != "126073"
            ],
            "segment": None,
        }
        if group in volumetric:
            segment = group.referenced_segment
            entry["segment"] = [segment[0].referenced_sop_instance_uid, segment[0].referenced_segment_numbers]
        groups.append(entry)
    return {"class": document.SOPClassUID, "groups": groups}


def walk(item):
    yield item
    for inner in item.get("ContentSequence", []):
        yield from walk(inner)


def report_plain(path):
    """Every measurement group of a report by pydicom alone, for producers that highdicom does not accept."""
    groups = []
    for item in walk(pydicom.dcmread(path)):
        if named(item) != "125007":
            continue
        numbers = [i for i in item.ContentSequence if i.ValueType == "NUM"]
        uid = below(item, "112040")
        segment = below(item, "121191")
        reference = segment.ReferencedSOPSequence[0] if segment is not None else None
        groups.append(
            {
                "tracking_uid": uid.UID if uid is not None else None,
                "measurements": [measurement(i) for i in numbers],
                "segment": None
                if reference is None
                else [reference.ReferencedSOPInstanceUID, [reference.ReferencedSegmentNumber]],
            }
        )
    return {"groups": groups}


def real_world_values(path):
    dataset = pydicom.dcmread(path)
    mapped = []
    for item in dataset.ReferencedImageRealWorldValueMappingSequence:
        mapped.append(
            {
                "images": [i.ReferencedSOPInstanceUID for i in item.ReferencedImageSequence],
                "values": [
                    {
                        "unit": code(v.MeasurementUnitsCodeSequence[0])[0],
                        "slope": v.RealWorldValueSlope,
                        "intercept": v.RealWorldValueIntercept,
                        "first": v.RealWorldValueFirstValueMapped,
                        "last": v.RealWorldValueLastValueMapped,
                    }
                    for v in item.RealWorldValueMappingSequence
                ],
            }
        )
    return {"mapped": mapped}


def parametric_map(path):
    """Real values of a parametric map: highdicom applies the real world value mapping."""
    image = hd.imread(path)
    volume = image.get_volume(apply_real_world_transform=True, dtype=np.float64)
    values = volume.array
    return {
        "shape": list(values.shape),
        "sum": float(np.nansum(values)),
        "nan": int(np.isnan(values).sum()),
        "first_mm": volume.map_indices_to_reference(np.array([[0, 0, 0]]))[0].tolist(),
        "unit": coded(hd.sr.CodedConcept.from_dataset(
            image.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence[0]
        )),
    }


def structure_set(path):
    dataset = pydicom.dcmread(path)
    rois = []
    for roi, contours in zip(dataset.StructureSetROISequence, dataset.ROIContourSequence):
        area = 0.0
        for contour in contours.ContourSequence:
            points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
            following = np.roll(points, -1, axis=0)
            area += np.linalg.norm(np.cross(points, following).sum(axis=0)) / 2
        rois.append({"name": roi.ROIName, "contours": len(contours.ContourSequence), "area_mm2": float(area)})
    return {"rois": rois}


READERS = {
    "segmentation": segmentation,
    "report": report,
    "report-plain": report_plain,
    "real-world-values": real_world_values,
    "parametric-map": parametric_map,
    "structure-set": structure_set,
}

what, path = sys.argv[1:3]
json.dump(READERS[what](path), sys.stdout)
