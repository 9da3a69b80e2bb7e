//! Frames to stacks, on small made-up series: every oddity is kept, told, and harms nothing else.

use codec::dataset::{Limits, read};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use engine::dicom::read::{InMemory, Instance, Series, collect, load};
use engine::volume::Voxels;

/// Tilt of the made-up gantry.
const TILT: f64 = 0.3;

/// One CT slice of 2 x 2 pixels whose values are its number.
struct Slice {
    number: i64,
    position: [f64; 3],
    orientation: [f64; 6],
    thickness_mm: f64,
    extra: Vec<(Tag, VR, String)>,
}

impl Slice {
    fn at(number: i64, z: f64) -> Self {
        let orientation = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        Self {
            number,
            position: [-10.0, -20.0, z],
            orientation,
            thickness_mm: 2.0,
            extra: Vec::new(),
        }
    }

    fn with(mut self, tag: Tag, vr: VR, value: &str) -> Self {
        self.extra.push((tag, vr, value.to_owned()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let list = |numbers: &[f64]| {
            numbers
                .iter()
                .map(|n| format!("{n:.6}"))
                .collect::<Vec<_>>()
                .join("\\")
        };
        let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
        let short = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
        let uid = format!("1.2.3.4.{}", self.number);
        let mut object = InMemDicomObject::from_element_iter([
            text(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
            text(tags::SOP_INSTANCE_UID, VR::UI, &uid),
            text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
            text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.4"),
            text(tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.3.5"),
            text(tags::MODALITY, VR::CS, "CT"),
            text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
            text(tags::INSTANCE_NUMBER, VR::IS, &self.number.to_string()),
            text(tags::IMAGE_POSITION_PATIENT, VR::DS, &list(&self.position)),
            text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &list(&self.orientation)),
            text(tags::PIXEL_SPACING, VR::DS, "0.5\\0.25"),
            text(tags::SLICE_THICKNESS, VR::DS, &self.thickness_mm.to_string()),
            text(tags::RESCALE_SLOPE, VR::DS, "1"),
            text(tags::RESCALE_INTERCEPT, VR::DS, "-1024"),
            text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            short(tags::SAMPLES_PER_PIXEL, 1),
            short(tags::ROWS, 2),
            short(tags::COLUMNS, 2),
            short(tags::BITS_ALLOCATED, 16),
            short(tags::BITS_STORED, 16),
            short(tags::HIGH_BIT, 15),
            short(tags::PIXEL_REPRESENTATION, 1),
            DataElement::new(
                tags::PIXEL_DATA,
                VR::OW,
                PrimitiveValue::U16([self.number as u16; 4].into_iter().collect()),
            ),
        ]);
        for (tag, vr, value) in &self.extra {
            object.put(text(*tag, *vr, value));
        }
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
            .media_storage_sop_instance_uid(uid);
        let mut bytes = Vec::new();
        object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
        bytes
    }
}

/// The series that slices make, and their bytes.
fn series(slices: &[Slice]) -> (Series, Vec<Vec<u8>>) {
    let files: Vec<Vec<u8>> = slices.iter().map(Slice::bytes).collect();
    let instance =
        |(key, bytes): (usize, &Vec<u8>)| Instance::new(key, read(bytes, Limits::default()).unwrap());
    let mut studies = collect(files.iter().enumerate().map(instance).collect());
    assert_eq!((studies.len(), studies[0].series.len()), (1, 1));
    (studies.remove(0).series.remove(0), files)
}

fn codes(series: &Series) -> Vec<&'static str> {
    series.warnings.iter().map(|warning| warning.code).collect()
}

/// The value of each slice of the series' volume `stack`.
fn values(series: &Series, files: &[Vec<u8>], stack: usize) -> Vec<i16> {
    let (volume, _) = load(series, &series.sorted.stacks[stack], &InMemory(files), &|_, _| {}).unwrap();
    let Voxels::I16(values) = volume.voxels() else {
        panic!("CT keeps its integers")
    };
    values.iter().step_by(4).copied().collect()
}

fn check(slices: &[Slice], expected_values: &[i16], expected_codes: &[&str]) -> Series {
    let (series, files) = series(slices);
    assert_eq!(series.sorted.stacks.len(), 1, "{:?}", codes(&series));
    assert_eq!(values(&series, &files, 0), expected_values);
    assert_eq!(codes(&series), expected_codes);
    series
}

#[test]
fn slices_are_ordered_by_position_not_by_number() {
    let series = check(
        &[Slice::at(1, 4.0), Slice::at(2, 0.0), Slice::at(3, 2.0)],
        &[2, 3, 1],
        &[],
    );
    let grid = &series.sorted.stacks[0].grid;
    assert_eq!(grid.spacing_mm(), [0.25, 0.5, 2.0], "columns, rows, slices");
    assert!(
        grid.patient([1.0, 1.0, 1.0].into())
            .distance([-9.75, -19.5, 2.0].into())
            < 1e-9
    );
}

#[test]
fn a_missing_slice_leaves_a_gap() {
    let slices = [0.0, 2.0, 6.0, 8.0].map(|z| Slice::at(z as i64 + 1, z));
    let series = check(&slices, &[1, 3, 7, 9], &["missing-slices"]);
    assert_eq!(
        series.sorted.stacks[0].grid.slice_positions(),
        Some(&[0.0, 1.0, 3.0, 4.0][..])
    );
}

#[test]
fn uneven_slices_keep_their_places() {
    let slices = [0.0, 2.0, 5.0, 7.0].map(|z| Slice::at(z as i64 + 1, z));
    let series = check(&slices, &[1, 3, 6, 8], &["uneven-spacing"]);
    let grid = &series.sorted.stacks[0].grid;
    assert!(
        grid.patient([0.0, 0.0, 2.0].into())
            .distance([-10.0, -20.0, 5.0].into())
            < 1e-9
    );
}

#[test]
fn thickness_is_compared_with_spacing() {
    check(
        &[Slice::at(1, 0.0), Slice::at(2, 1.0)],
        &[1, 2],
        &["overlapping-slices"],
    );
    check(
        &[Slice::at(1, 0.0), Slice::at(2, 5.0)],
        &[1, 2],
        &["gaps-between-slices"],
    );
}

#[test]
fn the_first_of_two_slices_at_one_place_is_used() {
    let slices = [
        Slice::at(3, 0.0),
        Slice::at(1, 2.0),
        Slice::at(2, 2.0),
        Slice::at(4, 4.0),
    ];
    let series = check(&slices, &[3, 1, 4], &["duplicate-positions"]);
    assert_eq!(series.sorted.images.len(), 1);
}

#[test]
fn the_same_object_twice_counts_once() {
    check(
        &[Slice::at(1, 0.0), Slice::at(2, 2.0), Slice::at(1, 0.0)],
        &[1, 2],
        &["duplicate-instances"],
    );
}

#[test]
fn a_localizer_stays_apart() {
    let scout = Slice::at(9, 50.0).with(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LOCALIZER");
    let series = check(
        &[Slice::at(1, 0.0), scout, Slice::at(2, 2.0)],
        &[1, 2],
        &["kept-apart"],
    );
    assert_eq!(series.sorted.images.len(), 1);
}

#[test]
fn a_tilted_gantry_shears_the_grid() {
    let tilted = |number: i64, z: f64| {
        let orientation = [1.0, 0.0, 0.0, 0.0, TILT.cos(), -TILT.sin()];
        Slice {
            orientation,
            ..Slice::at(number, z)
        }
    };
    let series = check(
        &[tilted(1, 0.0), tilted(2, 2.0), tilted(3, 4.0)],
        &[1, 2, 3],
        &["gantry-tilt"],
    );
    let grid = &series.sorted.stacks[0].grid;
    assert!((grid.shear_rad() - TILT).abs() < 1e-5);
    assert!(
        grid.patient([0.0, 0.0, 2.0].into())
            .distance([-10.0, -20.0, 4.0].into())
            < 1e-5
    );
}

#[test]
fn phases_become_volumes_of_their_own() {
    let phase = |number: i64, z: f64, time: &str| {
        Slice::at(number, z).with(tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, time)
    };
    let slices = [
        phase(1, 0.0, "1"),
        phase(2, 0.0, "2"),
        phase(3, 2.0, "1"),
        phase(4, 2.0, "2"),
    ];
    let (series, files) = series(&slices);
    assert_eq!(series.sorted.stacks.len(), 2);
    assert_eq!(values(&series, &files, 0), [1, 3]);
    assert_eq!(values(&series, &files, 1), [2, 4]);
    assert_eq!(series.sorted.stacks[1].labels, [("temporal position", 2000)]);
}

#[test]
fn unlabelled_phases_are_told_by_their_order() {
    let slices = [
        Slice::at(1, 0.0),
        Slice::at(3, 0.0),
        Slice::at(2, 2.0),
        Slice::at(4, 2.0),
    ];
    let (series, files) = series(&slices);
    assert_eq!(codes(&series), ["unlabelled-frames"]);
    assert_eq!(
        (values(&series, &files, 0), values(&series, &files, 1)),
        (vec![1, 2], vec![3, 4])
    );
}

#[test]
fn two_orientations_are_two_volumes() {
    let sagittal = |number: i64, x: f64| Slice {
        position: [x, 0.0, 0.0],
        orientation: [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
        ..Slice::at(number, 0.0)
    };
    let (series, _) = series(&[
        Slice::at(1, 0.0),
        Slice::at(2, 2.0),
        sagittal(3, 0.0),
        sagittal(4, 2.0),
    ]);
    assert_eq!(series.sorted.stacks.len(), 2);
    assert!(codes(&series).contains(&"several-orientations"));
}

#[test]
fn slopes_of_their_own_become_floats() {
    let scaled =
        |number: i64, z: f64, slope: &str| Slice::at(number, z).with(tags::RESCALE_SLOPE, VR::DS, slope);
    let (series, files) = series(&[scaled(10, 0.0, "0.3"), scaled(20, 2.0, "0.7")]);
    let (volume, _) = load(&series, &series.sorted.stacks[0], &InMemory(&files), &|_, _| {}).unwrap();
    assert!(matches!(volume.voxels(), Voxels::F32(_)));
    for (slice, expected) in [(0, 10.0 * 0.3 - 1024.0), (1, 20.0 * 0.7 - 1024.0)] {
        let found = volume.value([1, 1, slice]).unwrap();
        assert!((found / expected - 1.0f64).abs() < 1e-6, "{found} for {expected}");
    }
}

#[test]
fn a_series_with_two_patients_says_so() {
    let other = Slice::at(2, 2.0).with(tags::PATIENT_ID, VR::LO, "B");
    let slices = [Slice::at(1, 0.0).with(tags::PATIENT_ID, VR::LO, "A"), other];
    let (series, _) = series(&slices);
    assert!(codes(&series).contains(&"patient-mismatch"));
    assert!(
        series
            .warnings
            .iter()
            .all(|warning| !warning.text.contains("\"A\"")),
        "no patient data in a warning"
    );
}

#[test]
fn a_truncated_slice_is_an_error_not_a_made_up_slice() {
    let (series, mut files) = series(&[Slice::at(1, 0.0), Slice::at(2, 2.0)]);
    let length = files[1].len();
    files[1].truncate(length - 3);
    let error = load(&series, &series.sorted.stacks[0], &InMemory(&files), &|_, _| {}).unwrap_err();
    assert!(!error.to_string().is_empty());
}
