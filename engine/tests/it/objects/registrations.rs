//! Registrations by matrices and by displacements: `dciodvfy` finds no error, pydicom reads the same matrices, and numpy
//! takes the same places to where we take them.

use std::path::Path;
use std::sync::Arc;

use codec::TransferSyntax;
use engine::dicom::ObjectReference;
use engine::dicom::read::registration as read_registration;
use engine::dicom::registration::RegistrationMethod;
use engine::dicom::write::{RegistrationDocument, SourceImages, derived_uid, registration};
use engine::geometry::{Affine, Deformation, DisplacementField, Grid, Patient, Point, Transform, Vector};
use serde_json::{Value, json};

use super::peers;
use super::study::{CREATED, Pet, pet, series};

const NATIVE: TransferSyntax = TransferSyntax::ExplicitLittleEndian;

/// A CT of another study and frame of reference, as far as a registration names it.
fn ct(pet: &Pet) -> SourceImages {
    let mut ct = pet.images.clone();
    ct.study_instance_uid = derived_uid(&["objects", "ct study"]);
    ct.series_instance_uid = derived_uid(&["objects", "ct"]);
    ct.frame_of_reference_uid = Some(derived_uid(&["objects", "ct frame of reference"]));
    for (k, slice) in ct.slices.iter_mut().enumerate() {
        slice.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2".to_owned();
        slice.sop_instance_uid = derived_uid(&["objects", "ct", &k.to_string()]);
    }
    ct
}

fn turn() -> Affine<Patient, Patient> {
    let turn = Affine::rotation(Point::new(3.0, -20.0, 900.0), Vector::new(0.2, 1.0, -0.4), 0.3).unwrap();
    Affine::translation(Vector::new(31.25, -7.0, 1.0 / 3.0)) * turn
}

/// Waves on an oblique grid; `sense` -1 counts planes against rows times columns.
pub fn bent(sense: f64) -> Transform {
    let (s, c) = (0.2f64.sin(), 0.2f64.cos());
    let (row, column) = (Vector::new(c, s, 0.0), Vector::new(-s, c, 0.0));
    let axes = [row * 8.0, column * 9.0, Vector::new(0.0, 0.0, 11.0 * sense)];
    let grid = Grid::new([6, 5, 4], Affine::from_axes(axes, Point::new(-20.0, -30.0, 25.0))).unwrap();
    let wave = |n: usize| (n as f32 * 0.61).sin() * 3.0;
    let vectors = (0..grid.voxels()).map(|n| [wave(n), wave(2 * n + 1), wave(5 * n + 2)]);
    Deformation {
        field: DisplacementField::new(grid, vectors.collect()).unwrap(),
        affine: turn(),
    }
    .into()
}

/// The bytes of a registration of the PET on `fixed`.
pub fn written(
    pet: &Pet,
    fixed: &SourceImages,
    moving_from_fixed: Transform,
    method: RegistrationMethod,
) -> Vec<u8> {
    let document = RegistrationDocument {
        sop_instance_uid: derived_uid(&["objects", "registration", "1"]),
        created: CREATED,
        label: "REGISTRATION".to_owned(),
        description: "PET to CT".to_owned(),
        creator: "Doe^Jane".to_owned(),
        fixed,
        moving: &pet.images,
        moving_from_fixed,
        method,
        comment: "Good: overlap 0.97".to_owned(),
    };
    let written = registration(&pet.study, &series("registration", 50), document).unwrap();
    written.encode(NATIVE).unwrap()
}

/// Writes a registration, has it judged, and compares what peers read with what we read.
fn check(folder: &Path, name: &str, pet: &Pet, fixed: &SourceImages, moving_from_fixed: &Transform) {
    let method = RegistrationMethod::ImageContent;
    let bytes = written(pet, fixed, moving_from_fixed.clone(), method);
    let file = folder.join(format!("{name}.dcm"));
    std::fs::write(&file, &bytes).unwrap();
    peers::assert_conformant(&file);
    let (found, warnings) = read_registration(&bytes).unwrap();
    assert_eq!(warnings, [], "{name}");
    let read = found.between(&pet.images, fixed).unwrap();
    let Some(peer) = peers::read("registration", &file) else {
        return;
    };
    assert_eq!(
        peer["method"],
        json!(["125024", "DCM", "Image Content-based Alignment"]),
        "{name}"
    );
    assert_eq!(peer["series"].as_array().unwrap().len(), 2, "{name}");
    assert_eq!(peer["type"], "RIGID", "{name}");
    assert_images(&peer["images"], &pet.images.references());
    // Each place of the registered space, and where the peer says that the PET is sampled for it.
    let places = peer["places_mm"].as_array().unwrap();
    assert!(places.len() >= 8, "{name}");
    for pair in places {
        let [from, to] = [&pair[0], &pair[1]].map(point);
        for map in [&read, moving_from_fixed] {
            let off_mm = map.apply(from).distance(to);
            assert!(off_mm < 1e-6, "{name}: {off_mm} mm from {to:?} at {from:?}");
        }
    }
}

fn point(value: &Value) -> Point<Patient> {
    let numbers: Vec<f64> = value
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_f64().unwrap())
        .collect();
    Point::new(numbers[0], numbers[1], numbers[2])
}

fn assert_images(found: &Value, expected: &[ObjectReference]) {
    let expected: Vec<&str> = expected
        .iter()
        .map(|object| object.sop_instance_uid.as_str())
        .collect();
    assert_eq!(found, &json!(expected));
}

#[test]
fn registrations_are_read_by_peers() {
    let folder = peers::folder("registrations");
    let pet = pet(|_| 1.0);
    let ct = ct(&pet);
    // As when the patient moved between the CT and the PET of one scanner.
    let mut same = ct.clone();
    same.frame_of_reference_uid
        .clone_from(&pet.images.frame_of_reference_uid);
    for (name, fixed) in [("other-space", &ct), ("same-space", &same)] {
        check(&folder, &format!("matrix-{name}"), &pet, fixed, &turn().into());
        check(&folder, &format!("deformable-{name}"), &pet, fixed, &bent(1.0));
    }
    check(&folder, "deformable-downwards", &pet, &ct, &bent(-1.0));
}

/// The four kinds of matrix, by what dciodvfy and pydicom call them.
#[test]
fn scaled_and_sheared_matrices_are_named() {
    let folder = peers::folder("registration-types");
    let pet = pet(|_| 1.0);
    let ct = ct(&pet);
    let scaled = turn().linear * 1.02;
    let mut sheared = turn().linear;
    sheared[(0, 1)] += 0.1;
    for (linear, expected) in [(scaled, "RIGID_SCALE"), (sheared, "AFFINE")] {
        let fixed_from_moving: Affine<Patient, Patient> = Affine::new(linear, turn().origin);
        let moving_from_fixed = fixed_from_moving.inverse().unwrap();
        let bytes = written(&pet, &ct, moving_from_fixed.into(), RegistrationMethod::Visual);
        let file = folder.join(format!("{expected}.dcm"));
        std::fs::write(&file, bytes).unwrap();
        peers::assert_conformant(&file);
        if let Some(peer) = peers::read("registration", &file) {
            assert_eq!(peer["type"], expected);
            assert_eq!(peer["method"][0], "125025");
        }
    }
}

/// What pydicom writes by the equations of PS3.3 C.20.3.1.1, with a matrix before the grid, leads where numpy goes.
#[test]
fn deformations_of_pydicom_are_read() {
    let folder = peers::folder("pydicom-registrations");
    let file = folder.join("pre-and-post.dcm");
    let Some(told) = peers::read("write-deformable", &file) else {
        return;
    };
    let (found, warnings) = read_registration(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(warnings, []);
    let images = |uid: &str| {
        let pet = pet(|_| 1.0);
        SourceImages {
            frame_of_reference_uid: Some(uid.to_owned()),
            series_instance_uid: uid.to_owned(),
            grid: Arc::clone(&pet.images.grid),
            ..pet.images
        }
    };
    let map = found.between(&images("1.2.3.2"), &images("1.2.3.1")).unwrap();
    let places = told["places_mm"].as_array().unwrap();
    assert!(places.len() >= 8);
    for pair in places {
        let [from, to] = [&pair[0], &pair[1]].map(point);
        let off_mm = map.apply(from).distance(to);
        // The matrix before the grid is taken into displacements of 32 bits.
        assert!(off_mm < 1e-5, "{off_mm} mm from {to:?} at {from:?}");
    }
}
