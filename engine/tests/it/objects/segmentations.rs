//! Segmentations and structure sets of masks.

use std::path::{Path, PathBuf};

use codec::TransferSyntax;
use codec::dataset::{Limits, read};
use dicom_dictionary_std::tags;
use engine::dicom::concepts;
use engine::dicom::read::seg::{Segmentation, SegmentationKind};
use engine::dicom::read::{Regions, read_regions};
use engine::dicom::write::{
    Algorithm, Code, Instance, Masks, Roi, Segment, SegmentationType, StructureSet, derived_uid,
    segmentation_of_masks, structure_set,
};
use engine::voi::Mask;
use serde_json::{Value, json};

use super::peers;
use super::study::{CREATED, Pet, masks, middle_mm, pet, series};

const NATIVE: TransferSyntax = TransferSyntax::ExplicitLittleEndian;

fn segment(number: usize) -> Segment {
    Segment {
        region: concepts::site("right lung").filter(|_| number == 1),
        algorithm: (number != 2).then(|| Algorithm {
            name: "41 % of the maximum".to_owned(),
            version: "1".to_owned(),
            family: Code::new("123105", "DCM", "Histogram Analysis"),
            with_a_person: number == 3,
        }),
        ..Segment::lesion(
            format!("Lesion {number}"),
            (
                format!("L{number}"),
                derived_uid(&["objects", "lesion", &number.to_string()]),
            ),
        )
    }
}

pub fn written(pet: &Pet, kind: SegmentationType, masks: &[&Mask]) -> Result<Instance, String> {
    let segments = masks
        .iter()
        .zip(1..)
        .map(|(mask, number)| (segment(number), *mask))
        .collect();
    let content = Masks {
        segmentation_type: kind,
        sop_instance_uid: derived_uid(&["objects", "seg", "1"]),
        dimension_organization_uid: derived_uid(&["objects", "seg dimensions"]),
        created: CREATED,
        label: "LESIONS".to_owned(),
        description: "Lesions".to_owned(),
        images: &pet.images,
        segments,
    };
    segmentation_of_masks(&pet.study, &series("seg", 10), content).map_err(|error| error.to_string())
}

fn file(folder: &Path, name: &str, instance: &Instance, syntax: TransferSyntax) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, instance.encode(syntax).unwrap()).unwrap();
    path
}

fn read_back(file: &Path) -> Segmentation {
    match read_regions(&std::fs::read(file).unwrap()).unwrap() {
        (Regions::Segmentation(segmentation), warnings) => {
            assert_eq!(warnings, []);
            segmentation
        }
        other => panic!("{other:?}"),
    }
}

/// Our reader gives the masks that were written, on their places in the patient.
fn assert_same_masks(found: &Segmentation, pet: &Pet, masks: &[&Mask]) {
    assert_eq!(found.segments.len(), masks.len());
    assert_eq!(found.frame_of_reference_uid, pet.images.frame_of_reference_uid);
    assert_eq!(
        found.referenced_series_uids,
        std::slice::from_ref(&pet.images.series_instance_uid)
    );
    for (segment, mask) in found.segments.iter().zip(masks) {
        let carried = segment.mask.carry_to(pet.images.grid.clone());
        assert_eq!(carried.runs(), mask.runs(), "segment {}", segment.number);
        let written = self::segment(usize::from(segment.number));
        assert_eq!(segment.anatomic_region, written.region);
        assert_eq!(
            segment.algorithm_name,
            written.algorithm.map(|algorithm| algorithm.name)
        );
        assert_eq!(segment.category, Some(written.category));
        assert_eq!(segment.tracking_id, written.tracking.map(|tracking| tracking.0));
    }
}

/// highdicom gives the same voxels at the same places, and the same words.
fn assert_same_for_highdicom(found: &Value, masks: &[&Mask]) {
    let segments = found["segments"].as_array().unwrap();
    assert_eq!(segments.len(), masks.len());
    for ((segment, mask), number) in segments.iter().zip(masks).zip(1..) {
        let expected = self::segment(number);
        assert_eq!(segment["voxels"], mask.count(), "segment {number}");
        assert_eq!(segment["label"], expected.label);
        assert_eq!(segment["type"][0], expected.kind.value.as_ref());
        assert_eq!(segment["tracking_uid"], expected.tracking.unwrap().1);
        let middle: Vec<f64> = serde_json::from_value(segment["middle_mm"].clone()).unwrap();
        for (found, expected) in middle.iter().zip(middle_mm(mask)) {
            assert!(
                (found - expected).abs() < 1e-6,
                "segment {number}: {found} and {expected} mm"
            );
        }
    }
}

#[test]
fn binary_masks_are_read_by_peers_in_every_syntax() {
    let folder = peers::folder("binary");
    let pet = pet(|_| 2.5);
    let masks = masks(&pet);
    let masks: Vec<&Mask> = masks.iter().collect();
    let instance = written(&pet, SegmentationType::Binary, &masks).unwrap();
    for (name, syntax) in [
        ("explicit.dcm", NATIVE),
        ("deflated.dcm", TransferSyntax::DeflatedExplicitLittleEndian),
        ("rle.dcm", TransferSyntax::RleLossless),
        ("deflated-frames.dcm", TransferSyntax::DeflatedImageFrame),
    ] {
        let file = file(&folder, name, &instance, syntax);
        let found = read_back(&file);
        assert_eq!(found.kind, SegmentationKind::Binary);
        assert_same_masks(&found, &pet, &masks);
        // Debian's dciodvfy does not inflate: it reads neither of the deflated forms of the same data set.
        if matches!(syntax, NATIVE | TransferSyntax::RleLossless) {
            peers::assert_conformant(&file);
        }
        // pydicom 3.0 neither decodes run lengths of bits nor knows deflated frames.
        if syntax.is_encapsulated() {
            continue;
        }
        if let Some(found) = peers::read("segmentation", &file) {
            // Three slices of the first two boxes, four of the third: no empty frame.
            assert_eq!(
                (&found["type"], &found["frames"]),
                (&json!("BINARY"), &json!(10)),
                "{name}"
            );
            assert_eq!(found["sources"], 5, "{name}");
            assert_same_for_highdicom(&found, &masks);
        }
    }
}

#[test]
fn labelmaps_are_read_by_highdicom_in_every_syntax() {
    let folder = peers::folder("labelmap");
    let pet = pet(|_| 2.5);
    let all = masks(&pet);
    let apart: Vec<&Mask> = all[..2].iter().collect();
    let instance = written(&pet, SegmentationType::Labelmap, &apart).unwrap();
    for (name, syntax) in [
        ("explicit.dcm", NATIVE),
        ("deflated.dcm", TransferSyntax::DeflatedExplicitLittleEndian),
        ("rle.dcm", TransferSyntax::RleLossless),
        ("jpeg-ls.dcm", TransferSyntax::JpegLsLossless),
    ] {
        let file = file(&folder, name, &instance, syntax);
        let found = read_back(&file);
        assert_eq!(found.kind, SegmentationKind::Labelmap);
        assert_same_masks(&found, &pet, &apart);
        if let Some(found) = peers::read("segmentation", &file) {
            let expected = [json!("LABELMAP"), json!(4), json!(8), json!(0)];
            for (key, expected) in ["type", "frames", "bits", "padding"].into_iter().zip(expected) {
                assert_eq!(found[key], expected, "{name}: {key}");
            }
            assert_same_for_highdicom(&found, &apart);
        }
    }
}

/// More segments than a byte can number.
#[test]
fn a_labelmap_of_300_segments_has_16_bits() {
    let folder = peers::folder("labelmap-16");
    let pet = pet(|_| 2.5);
    let one = |n: usize| {
        Mask::from_predicate(pet.images.grid.clone(), move |[i, j, k]| {
            k * 200 + j * 20 + i == n
        })
    };
    let all: Vec<Mask> = (0..300).map(one).collect();
    let masks: Vec<&Mask> = all.iter().collect();
    let instance = written(&pet, SegmentationType::Labelmap, &masks).unwrap();
    let file = file(&folder, "labelmap.dcm", &instance, NATIVE);
    assert_same_masks(&read_back(&file), &pet, &masks);
    if let Some(found) = peers::read("segmentation", &file) {
        assert_eq!(found["bits"], 16);
        assert_same_for_highdicom(&found, &masks);
    }
}

#[test]
fn masks_that_overlap_are_no_labelmap() {
    let pet = pet(|_| 2.5);
    let masks = masks(&pet);
    let masks: Vec<&Mask> = masks.iter().collect();
    let error = written(&pet, SegmentationType::Labelmap, &masks).unwrap_err();
    assert_eq!(
        error,
        "masks of a labelmap: expected apart from each other (a binary segmentation may overlap), \
         found segments 1 and 3 with voxel [7, 8, 1] in common"
    );
}

#[test]
fn masks_of_nothing_or_of_elsewhere_are_refused() {
    let pet = pet(|_| 2.5);
    let empty = Mask::empty(pet.images.grid.clone());
    let error = written(&pet, SegmentationType::Binary, &[&empty]).unwrap_err();
    assert_eq!(error, "masks: expected a voxel in at least one, found none");
    let elsewhere = engine::geometry::Grid::new([4, 4, 2], *pet.images.grid.patient_from_voxel()).unwrap();
    let elsewhere = Mask::from_predicate(elsewhere, |_| true);
    let error = written(&pet, SegmentationType::Binary, &[&elsewhere]).unwrap_err();
    assert_eq!(
        error,
        "grid of a mask: expected that of the source images, found 4 x 4 x 2 voxels, or another place"
    );
}

/// `dciodvfy` of 2022 does not know the class: what PS3.3 A.101, C.8.20.2 and C.8.20.4 ask for is checked here.
#[test]
fn a_labelmap_has_every_attribute_that_its_class_asks_for() {
    let pet = pet(|_| 2.5);
    let all = masks(&pet);
    let apart: Vec<&Mask> = all[..2].iter().collect();
    let bytes = written(&pet, SegmentationType::Labelmap, &apart)
        .unwrap()
        .encode(NATIVE)
        .unwrap();
    let object = read(&bytes, Limits::default()).unwrap().data_set;
    let text = |tag| {
        object
            .get(tag)
            .map(|element| element.to_str().unwrap().trim_end_matches('\0').to_owned())
    };
    let expected = [
        (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.66.7"),
        (tags::MODALITY, "SEG"),
        (tags::IMAGE_TYPE, "DERIVED\\PRIMARY"),
        (tags::SEGMENTATION_TYPE, "LABELMAP"),
        (tags::SEGMENTS_OVERLAP, "NO"),
        (tags::PIXEL_PADDING_VALUE, "0"),
        (tags::SAMPLES_PER_PIXEL, "1"),
        (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        (tags::PIXEL_REPRESENTATION, "0"),
        (tags::BITS_ALLOCATED, "8"),
        (tags::BITS_STORED, "8"),
        (tags::HIGH_BIT, "7"),
        (tags::LOSSY_IMAGE_COMPRESSION, "00"),
        (tags::NUMBER_OF_FRAMES, "4"),
        (tags::CONTENT_LABEL, "LESIONS"),
    ];
    for (tag, expected) in expected {
        assert_eq!(text(tag).as_deref(), Some(expected), "{tag}");
    }
    for tag in [
        tags::CONTENT_CREATOR_NAME,
        tags::CONTENT_DESCRIPTION,
        tags::CONTENT_DATE,
        tags::CONTENT_TIME,
        tags::INSTANCE_NUMBER,
        tags::FRAME_OF_REFERENCE_UID,
        tags::MANUFACTURER,
        tags::MANUFACTURER_MODEL_NAME,
        tags::DEVICE_SERIAL_NUMBER,
        tags::SOFTWARE_VERSIONS,
        tags::DIMENSION_ORGANIZATION_SEQUENCE,
        tags::DIMENSION_INDEX_SEQUENCE,
        tags::REFERENCED_SERIES_SEQUENCE,
    ] {
        assert!(object.get(tag).is_some(), "no {tag}");
    }
    let segments = object.get(tags::SEGMENT_SEQUENCE).unwrap().items().unwrap();
    let numbers = segments
        .iter()
        .map(|item| item.get(tags::SEGMENT_NUMBER).unwrap().to_int::<u16>().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), [0, 1, 2]);
    let frames = object
        .get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .unwrap()
        .items()
        .unwrap();
    for frame in frames {
        assert!(
            frame.get(tags::SEGMENT_IDENTIFICATION_SEQUENCE).is_none(),
            "a labelmap's frame has no segment"
        );
        assert!(frame.get(tags::PLANE_POSITION_SEQUENCE).is_some());
        assert!(frame.get(tags::DERIVATION_IMAGE_SEQUENCE).is_some());
    }
}

/// Contours of masks, one of them hollow: read back they fill the same voxels, and enclose their area for pydicom.
#[test]
fn structure_sets_of_masks_fill_the_same_voxels() {
    let folder = peers::folder("rtstruct");
    let pet = pet(|_| 2.5);
    let [whole, other, _] = masks(&pet);
    let core = Mask::from_predicate(pet.images.grid.clone(), |[i, j, k]| [i, j, k] == [5, 6, 2]);
    let hollow = whole.difference(&core).unwrap();
    let roi =
        |name: &str, mask: &Mask| Roi::of_contours(name, "GTV", [255, 0, 0], &mask.contours(), &pet.images);
    let set = StructureSet {
        sop_instance_uid: derived_uid(&["objects", "rtstruct", "1"]),
        label: "LESIONS".to_owned(),
        created: CREATED,
        source: (
            pet.images.slices[0].sop_class_uid.clone(),
            pet.images.series_instance_uid.clone(),
        ),
        rois: vec![
            roi("hollow", &hollow),
            roi("solid", &other),
            roi("one voxel", &core),
        ],
    };
    let images: Vec<_> = set.rois[1]
        .contours
        .iter()
        .map(|contour| contour.source_instance_uid.clone())
        .collect();
    let expected = [2, 3, 4].map(|k: usize| Some(pet.images.slices[k].sop_instance_uid.clone()));
    assert_eq!(images, expected);
    let instance = structure_set(&pet.study, &series("rtstruct", 50), set).unwrap();
    let file = file(&folder, "rtstruct.dcm", &instance, NATIVE);
    let (Regions::StructureSet(found), warnings) = read_regions(&std::fs::read(&file).unwrap()).unwrap()
    else {
        panic!("a structure set was written");
    };
    assert_eq!(warnings, []);
    for (name, mask) in [("hollow", &hollow), ("solid", &other), ("one voxel", &core)] {
        let (filled, warnings) = found
            .roi(name)
            .unwrap()
            .contours
            .rasterise(pet.images.grid.clone());
        assert_eq!(warnings, []);
        assert_eq!(filled.runs(), mask.runs(), "{name}");
    }
    peers::assert_conformant(&file);
    if let Some(peer) = peers::read("structure-set", &file) {
        assert_eq!(peer["rois"][1]["name"], "solid");
        assert_eq!(
            (&peer["rois"][0]["contours"], &peer["rois"][1]["contours"]),
            (&json!(3), &json!(3))
        );
        // Five columns of 2.25 mm and seven rows of 2.5 mm in three slices.
        let area = peer["rois"][1]["area_mm2"].as_f64().unwrap();
        assert!((area - 3.0 * 5.0 * 2.25 * 7.0 * 2.5).abs() < 1e-6, "{area}");
    }
}
