"""What pydicom and highdicom read in one object, as JSON on standard output: read_objects.py WHAT FILE."""

import io
import json
import sys

import highdicom as hd
import numpy as np
import pydicom
from PIL import Image, ImageCms


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


def region(item):
    return [item.GraphicType, np.asarray(item.value).tolist()]


def planar_report(path):
    """The measurement groups as highdicom sorts them, with the coordinates of groups and numbers."""
    content = hd.sr.srread(path).content
    kinds = {
        "image": content.get_image_measurement_groups(),
        "planar": content.get_planar_roi_measurement_groups(),
        "volumetric": content.get_volumetric_roi_measurement_groups(),
    }
    groups = []
    for kind, found in kinds.items():
        for group in found:
            roi = {"image": list, "planar": lambda g=group: [g.roi], "volumetric": lambda g=group: g.roi}[kind]()
            groups.append(
                {
                    "kind": kind,
                    "tracking_uid": group.tracking_uid,
                    "regions": [region(item) for item in roi],
                    "measurements": [
                        {
                            "value": number_of(m[0]),
                            "unit": m.unit.value,
                            "quantity": m.name.value,
                            "regions": [region(item) for item in m.referenced_coordinates],
                            "images": len(m.referenced_images),
                        }
                        for m in group.get_measurements()
                    ],
                }
            )
    return {"groups": groups}


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


def interpolated(grid, vectors, place):
    """The displacement at a place between the grid's points (PS3.3 C.20.3.1.2), linear along each axis."""
    row, column = np.array(grid.ImageOrientationPatient, dtype=float).reshape(2, 3)
    axes = np.column_stack([row, column, np.cross(row, column)]) * np.array(grid.GridResolution)
    index = np.linalg.solve(axes, place - np.array(grid.ImagePositionPatient, dtype=float))
    low = np.clip(np.floor(index + 1e-9).astype(int), 0, np.array(vectors.shape[2::-1]) - 2)
    part = index - low
    total = np.zeros(3)
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod([p if c else 1 - p for c, p in zip(corner, part)])
        i, j, k = low + corner
        total += weight * vectors[k, j, i]
    return total


def of_grid(grid):
    """A grid's vectors by plane, row and column, and places at its points and between them."""
    columns, rows, planes = grid.GridDimensions
    vectors = np.frombuffer(grid.VectorGridData, dtype="<f4").astype(float).reshape(planes, rows, columns, 3)
    row, column = np.array(grid.ImageOrientationPatient, dtype=float).reshape(2, 3)
    axes = np.column_stack([row, column, np.cross(row, column)]) * np.array(grid.GridResolution)
    last = np.array([columns, rows, planes]) - 1
    indices = [np.array(c) * last for c in np.ndindex(2, 2, 2)]
    indices += [np.array([0.25, 0.6, 0.7]) * last, np.array([0.5, 0.1, 0.9]) * last]
    position = np.array(grid.ImagePositionPatient, dtype=float)
    return vectors, [position + axes @ index for index in indices]


def matrix_of(item):
    return np.array(item.FrameOfReferenceTransformationMatrix, dtype=float).reshape(4, 4)


def through(matrix, place):
    return (matrix @ np.append(place, 1.0))[:3]


def deformed(item):
    """Places of the registered space and where the data is sampled for them, by PS3.3 C.20.3.1.1."""
    pre = matrix_of(item.PreDeformationMatrixRegistrationSequence[0])
    post = matrix_of(item.PostDeformationMatrixRegistrationSequence[0])
    grid = item.DeformableRegistrationGridSequence[0]
    vectors, places = of_grid(grid)
    return [
        [place.tolist(), through(post, through(pre, place) + interpolated(grid, vectors, place)).tolist()]
        for place in places
    ]


def registration(path):
    """What a registration says of the images that move, and where some places go."""
    dataset = pydicom.dcmread(path)
    if "DeformableRegistrationSequence" in dataset:
        item = dataset.DeformableRegistrationSequence[0]
        kind, method = item.PostDeformationMatrixRegistrationSequence[0], item
        places = deformed(item)
    else:
        still, item = dataset.RegistrationSequence
        assert np.array_equal(matrix_of(still.MatrixRegistrationSequence[0].MatrixSequence[0]), np.eye(4))
        method = item.MatrixRegistrationSequence[0]
        kind = method.MatrixSequence[0]
        back = np.linalg.inv(matrix_of(kind))
        corners = [np.array(c) * [500.0, 500.0, 2000.0] - [250.0, 250.0, 1000.0] for c in np.ndindex(2, 2, 2)]
        places = [[corner.tolist(), through(back, corner).tolist()] for corner in corners]
    series = list(dataset.get("ReferencedSeriesSequence", []))
    for study in dataset.get("StudiesContainingOtherReferencedInstancesSequence", []):
        series += study.ReferencedSeriesSequence
    return {
        "type": kind.FrameOfReferenceTransformationMatrixType,
        "method": code(method.RegistrationTypeCodeSequence[0]),
        "images": [i.ReferencedSOPInstanceUID for i in item.ReferencedImageSequence],
        "series": [s.SeriesInstanceUID for s in series],
        "places_mm": places,
    }


def write_deformable(path):
    """Writes a deformable registration with matrices around its grid; gives places and where they go."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = pydicom.uid.UID("1.2.840.10008.5.1.4.1.1.66.3")
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.FrameOfReferenceUID = "1.2.3.1"
    grid = pydicom.Dataset()
    grid.ImagePositionPatient = [-40.0, 20.0, 100.0]
    grid.ImageOrientationPatient = [0.8, 0.6, 0.0, 0.0, 0.0, -1.0]
    grid.GridDimensions = [5, 4, 3]
    grid.GridResolution = [7.0, 8.0, 9.5]
    waves = np.sin(np.arange(5 * 4 * 3 * 3) * 0.7) * 10
    grid.VectorGridData = waves.astype("<f4").tobytes()
    item = pydicom.Dataset()
    item.SourceFrameOfReferenceUID = "1.2.3.2"
    item.DeformableRegistrationGridSequence = [grid]
    c, s = np.cos(0.4), np.sin(0.4)
    matrices = {
        "Pre": [[c, -s, 0, 12], [s, c, 0, -30], [0, 0, 1, 4], [0, 0, 0, 1]],
        "Post": [[1, 0, 0, -5], [0, c, s, 60], [0, -s, c, 0], [0, 0, 0, 1]],
    }
    for when, matrix in matrices.items():
        inner = pydicom.Dataset()
        texts = [pydicom.valuerep.format_number_as_ds(float(number)) for number in np.ravel(matrix)]
        inner.FrameOfReferenceTransformationMatrix = texts
        inner.FrameOfReferenceTransformationMatrixType = "RIGID"
        setattr(item, f"{when}DeformationMatrixRegistrationSequence", [inner])
    dataset.DeformableRegistrationSequence = [item]
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return {"places_mm": deformed(pydicom.dcmread(path).DeformableRegistrationSequence[0])}


def drawn(dataset):
    """Every graphic of a state: units and points."""
    graphics = []
    for annotation in dataset.GraphicAnnotationSequence:
        for graphic in annotation.GraphicObjectSequence:
            data = [float(number) for number in graphic.GraphicData]
            assert len(data) == graphic.NumberOfGraphicPoints * graphic.GraphicDimensions
            graphics.append([graphic.GraphicAnnotationUnits, data])
    return graphics


def presentation_state(path):
    dataset = pydicom.dcmread(path)
    windows = [
        [float(item.WindowCenter), float(item.WindowWidth)]
        for item in dataset.SoftcopyVOILUTSequence
        if "WindowCenter" in item
    ]
    layer = dataset.GraphicLayerSequence[0]
    # highdicom's CIELab is under D65, that of DICOM and of littleCMS under D50.
    profiles = [ImageCms.createProfile(name) for name in ["sRGB", "LAB"]]
    lab = ImageCms.profileToProfile(Image.new("RGB", (1, 1), (255, 200, 0)), *profiles, outputMode="LAB")
    return {
        "graphics": drawn(dataset),
        "texts": [
            text.UnformattedTextValue
            for annotation in dataset.GraphicAnnotationSequence
            for text in annotation.TextObjectSequence
        ],
        "windows": windows,
        "images": sum(len(series.ReferencedImageSequence) for series in dataset.ReferencedSeriesSequence),
        "turned": [int(dataset.ImageRotation), dataset.ImageHorizontalFlip],
        "colour": list(layer.GraphicLayerRecommendedDisplayCIELabValue),
        "same_colour": list(lab.getpixel((0, 0))),
    }


def blending_state(path):
    dataset = pydicom.dcmread(path)
    channels = [
        np.frombuffer(dataset[f"{channel}PaletteColorLookupTableData"].value, "<u2")
        for channel in ["Red", "Green", "Blue"]
    ]
    palette = np.stack(channels, axis=1)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(dataset.ICCProfile))
    image = Image.new("RGB", (2, 1))
    image.putdata([(200, 30, 90), (12, 255, 128)])
    shown = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"))
    return {
        "opacity": float(dataset.RelativeOpacity),
        "positions": [item.BlendingPosition for item in dataset.BlendingSequence],
        "palette": [palette[0].tolist(), palette[-1].tolist()],
        "graphics": drawn(dataset),
        "profile": [list(shown.getpixel((n, 0))) for n in range(2)],
    }


def ct_slice(number):
    """A CT image without pixels, as far as a state looks at it."""
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    dataset.SOPInstanceUID = f"1.2.3.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.1", "1.2.2"
    empty = "PatientID PatientName PatientBirthDate PatientSex StudyID StudyDate StudyTime AccessionNumber"
    for keyword in [*empty.split(), "ReferringPhysicianName"]:
        setattr(dataset, keyword, "")
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "CT", 1, number
    dataset.Rows, dataset.Columns = 64, 48
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    return dataset


def write_presentation_state(path):
    """A state of two slices with an ellipse, a line and a text on the first."""
    images = [ct_slice(1), ct_slice(2)]
    units = hd.pr.AnnotationUnitsValues
    tracked = {"tracking_id": "L1", "tracking_uid": "1.2.9.1"}
    layer = hd.pr.GraphicLayer("LAYER1", 1, display_color=hd.color.CIELabColor(50.0, 20.0, -30.0))
    ellipse = np.array([[10.0, 10.0], [30.0, 10.0], [20.0, 5.0], [20.0, 15.0]])
    line = np.array([[0.125, 0.25], [0.5, 0.75]])
    graphics = [
        hd.pr.GraphicObject("ELLIPSE", ellipse, units=units.PIXEL, is_filled=True, **tracked),
        hd.pr.GraphicObject("POLYLINE", line, units=units.DISPLAY),
    ]
    text = hd.pr.TextObject("12 mm", units=units.PIXEL, bounding_box=(1.0, 2.0, 20.0, 10.0), **tracked)
    state = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=images,
        series_instance_uid="1.2.4",
        series_number=3,
        sop_instance_uid="1.2.5",
        instance_number=1,
        manufacturer="M",
        manufacturer_model_name="N",
        software_versions="1",
        device_serial_number="1",
        content_label="LABEL",
        graphic_layers=[layer],
        graphic_annotations=[
            hd.pr.GraphicAnnotation([images[0]], layer, graphic_objects=graphics, text_objects=[text])
        ],
        modality_lut_transformation=hd.ModalityLUTTransformation(
            rescale_intercept=-1024.0, rescale_slope=1.0, rescale_type="HU"
        ),
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=40.0, window_width=400.0)],
        presentation_lut_transformation=hd.PresentationLUTTransformation(presentation_lut_shape="INVERSE"),
    )
    state.save_as(path)
    return {}


def key_objects(path):
    """A selection of key objects as highdicom reads it."""
    document = hd.ko.KeyObjectSelectionDocument.from_dataset(pydicom.dcmread(path))
    items = document.content.get_references()
    described = below(document.content[0] if len(document.content) == 1 else document, "113012")
    uids = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in items]
    return {
        "title": code(document.ConceptNameCodeSequence[0]),
        "description": described.TextValue,
        "objects": uids,
        "resolved": len([document.resolve_reference(uid) for uid in uids]),
    }


READERS = {
    "write-presentation-state": write_presentation_state,
    "planar-report": planar_report,
    "key-objects": key_objects,
    "presentation-state": presentation_state,
    "blending-state": blending_state,
    "segmentation": segmentation,
    "report": report,
    "report-plain": report_plain,
    "registration": registration,
    "write-deformable": write_deformable,
    "real-world-values": real_world_values,
    "parametric-map": parametric_map,
    "structure-set": structure_set,
}

what, path = sys.argv[1:3]
json.dump(READERS[what](path), sys.stdout)
