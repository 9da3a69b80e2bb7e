use std::sync::Arc;

use codec::TransferSyntax;
use dicom_dictionary_std::tags;
use nalgebra::{Matrix3, Vector3};
use proptest::prelude::*;

use super::{RegistrationDocument, registration};
use crate::dicom::read::{self, Placement};
use crate::dicom::registration::{MatrixType, RegistrationMethod};
use crate::dicom::write::{
    CharacterSet, DateTime, Equipment, Instance, Patient as Person, Series, SourceImage, SourceImages, Study,
};
use crate::geometry::{
    Affine, Deformation, DisplacementField, Grid, Patient, Point, Transform, Vector, Voxel,
};

const CREATED: DateTime = DateTime::new(2026, 3, 4, 11, 30, 15);

fn study() -> Study {
    Study {
        character_set: CharacterSet::Utf8,
        patient: Person {
            name: "Test".to_owned(),
            id: "1".to_owned(),
            birth_date: None,
            sex: None,
            weight_kg: None,
            height_m: None,
        },
        study_instance_uid: "1.2.1".to_owned(),
        start: Some(CREATED),
        id: String::new(),
        accession_number: String::new(),
        description: String::new(),
    }
}

fn series() -> Series {
    Series {
        series_instance_uid: "1.2.2".to_owned(),
        number: 9,
        description: "Registration".to_owned(),
        start: CREATED,
        frame_of_reference_uid: None,
        patient_position: "HFS",
        body_part: "",
        equipment: Equipment {
            manufacturer: "Uptake".to_owned(),
            model: "Uptake".to_owned(),
            serial_number: "1".to_owned(),
            software: "0.1".to_owned(),
        },
    }
}

/// Three slices of a series, each an object, or all frames of one.
fn images(frame_of_reference_uid: Option<&str>, series: &str, is_multi_frame: bool) -> SourceImages {
    let slice = |k: u32| SourceImage {
        sop_class_uid: "1.2.840.10008.5.1.4.1.1.128".to_owned(),
        sop_instance_uid: if is_multi_frame {
            format!("{series}.1")
        } else {
            format!("{series}.{k}")
        },
        frame: is_multi_frame.then_some(k),
    };
    SourceImages {
        study_instance_uid: format!("{series}.0"),
        series_instance_uid: series.to_owned(),
        frame_of_reference_uid: frame_of_reference_uid.map(str::to_owned),
        grid: Arc::new(upright([4, 4, 3], 1.0)),
        slices: (1..=3).map(slice).collect(),
    }
}

/// A grid turned about two axes; `sense` -1 counts planes the other way.
fn upright(size: [usize; 3], sense: f64) -> Grid {
    let (s, c) = (0.3f64.sin(), 0.3f64.cos());
    let (row, column) = (Vector::new(c, s, 0.0), Vector::new(-s * c, c * c, s));
    let normal = row.cross(column).normalized().unwrap();
    let axes = [
        row * 4.0,
        column.normalized().unwrap() * 5.0,
        normal * (6.5 * sense),
    ];
    Grid::new(size, Affine::from_axes(axes, Point::new(-31.5, -12.25, 40.0))).unwrap()
}

fn field(grid: Grid) -> DisplacementField {
    let wave = |n: usize| (n as f32 * 0.37).sin() * 12.0;
    let vectors = (0..grid.voxels()).map(|n| [wave(n), wave(3 * n + 1), wave(7 * n + 2)]);
    DisplacementField::new(grid, vectors.collect()).unwrap()
}

fn turn(angle_rad: f64, axis: [f64; 3], step_mm: [f64; 3]) -> Affine<Patient, Patient> {
    let turn = Affine::rotation(Point::new(3.0, -20.0, 900.0), Vector::from(axis), angle_rad).unwrap();
    Affine::translation(Vector::from(step_mm)) * turn
}

struct Sides {
    fixed: SourceImages,
    moving: SourceImages,
}

impl Sides {
    fn new(fixed: Option<&str>, moving: Option<&str>) -> Self {
        Self {
            fixed: images(fixed, "1.3", false),
            moving: images(moving, "1.4", true),
        }
    }

    fn document(&self, moving_from_fixed: impl Into<Transform>) -> RegistrationDocument<'_> {
        RegistrationDocument {
            sop_instance_uid: "1.2.3".to_owned(),
            created: CREATED,
            label: "REGISTRATION".to_owned(),
            description: "PET to CT".to_owned(),
            creator: "Doe^Jane".to_owned(),
            fixed: &self.fixed,
            moving: &self.moving,
            moving_from_fixed: moving_from_fixed.into(),
            method: RegistrationMethod::ImageContent,
            comment: "Good".to_owned(),
        }
    }

    fn written(&self, moving_from_fixed: impl Into<Transform>) -> Instance {
        registration(&study(), &series(), self.document(moving_from_fixed)).unwrap()
    }
}

fn read_back(instance: &Instance, syntax: TransferSyntax) -> read::Registration {
    let (found, warnings) = read::registration(&instance.encode(syntax).unwrap()).unwrap();
    assert_eq!(warnings, []);
    found
}

const SYNTAXES: [TransferSyntax; 3] = [
    TransferSyntax::ImplicitLittleEndian,
    TransferSyntax::ExplicitLittleEndian,
    TransferSyntax::ExplicitBigEndian,
];

#[test]
fn a_matrix_is_read_back() {
    let sides = Sides::new(Some("1.5"), Some("1.6"));
    let moving_from_fixed = turn(0.35, [0.2, -1.0, 0.5], [40.0, -12.5, 3.0]);
    let written = sides.written(moving_from_fixed);
    for syntax in SYNTAXES {
        let found = read_back(&written, syntax);
        assert_eq!(
            (found.label.as_str(), found.description.as_str()),
            ("REGISTRATION", "PET to CT")
        );
        assert_eq!(found.frame_of_reference_uid, "1.5");
        assert_eq!(found.registered[1].comment, "Good");
        assert_eq!(found.series_instance_uids, ["1.3", "1.4"]);
        let methods: Vec<_> = found.registered.iter().map(|item| item.method).collect();
        let identity = RegistrationMethod::FrameOfReferenceIdentity;
        assert_eq!(methods, [Some(identity), Some(RegistrationMethod::ImageContent)]);
        let spaces: Vec<_> = found
            .registered
            .iter()
            .map(|item| item.frame_of_reference_uid.as_deref())
            .collect();
        assert_eq!(spaces, [Some("1.5"), Some("1.6")]);
        assert_eq!(found.registered[0].images, sides.fixed.image_references());
        assert_eq!(found.registered[1].images, sides.moving.image_references());
        assert_eq!(found.registered[1].images[0].frames, [1, 2, 3]);
        let map = found.between(&sides.moving, &sides.fixed).unwrap();
        let place = Point::new(-250.0, 180.0, -1000.0);
        assert!(map.apply(place).distance(moving_from_fixed * place) < 1e-9);
    }
}

#[test]
fn one_frame_of_reference_is_told_apart_by_images() {
    let sides = Sides::new(Some("1.5"), Some("1.5"));
    let moving_from_fixed = turn(0.02, [0.0, 0.0, 1.0], [0.0, 4.0, -7.0]);
    let found = read_back(
        &sides.written(moving_from_fixed),
        TransferSyntax::ExplicitLittleEndian,
    );
    assert!(
        found
            .registered
            .iter()
            .all(|item| item.frame_of_reference_uid.is_none())
    );
    let place = Point::new(100.0, 0.0, 300.0);
    let map = found.between(&sides.moving, &sides.fixed).unwrap();
    assert!(map.apply(place).distance(moving_from_fixed * place) < 1e-9);
    let back = found.between(&sides.fixed, &sides.moving).unwrap();
    assert!(back.apply(map.apply(place)).distance(place) < 1e-9);
    // By a deformation too.
    let bent = Transform::from(Deformation {
        field: field(upright([4, 4, 3], 1.0)),
        affine: moving_from_fixed,
    });
    let found = read_back(&sides.written(bent.clone()), TransferSyntax::ExplicitLittleEndian);
    let map = found.between(&sides.moving, &sides.fixed).unwrap();
    let middle = sides.fixed.grid.center();
    assert!(map.apply(middle).distance(bent.apply(middle)) < 1e-6);
    assert!(map.apply(middle).distance(moving_from_fixed * middle) > 1.0);
}

#[test]
fn moving_images_without_a_frame_of_reference_are_named() {
    let sides = Sides::new(Some("1.5"), None);
    let moving_from_fixed = turn(0.02, [0.0, 0.0, 1.0], [0.0, 4.0, -7.0]);
    let found = read_back(
        &sides.written(moving_from_fixed),
        TransferSyntax::ExplicitLittleEndian,
    );
    let map = found.between(&sides.moving, &sides.fixed).unwrap();
    let place = Point::new(100.0, 0.0, 300.0);
    assert!(map.apply(place).distance(moving_from_fixed * place) < 1e-9);
}

#[test]
fn displacements_are_read_back_as_they_are() {
    let sides = Sides::new(Some("1.5"), Some("1.6"));
    let affine = turn(0.35, [0.2, -1.0, 0.5], [40.0, -12.5, 3.0]);
    for sense in [1.0, -1.0] {
        let bent = Deformation {
            field: field(upright([5, 4, 3], sense)),
            affine,
        };
        let written = sides.written(bent.clone());
        for syntax in SYNTAXES {
            let found = read_back(&written, syntax);
            let Placement::Deformable {
                source_from_registered,
            } = &found.registered[0].placement
            else {
                panic!("{found:?}");
            };
            let (stored, given) = (&source_from_registered.field, &bent.field);
            let sorted = |field: &DisplacementField| {
                let mut bits: Vec<_> = field
                    .displacements_mm()
                    .iter()
                    .map(|v| v.map(f32::to_bits))
                    .collect();
                bits.sort_unstable();
                bits
            };
            assert_eq!(sorted(stored), sorted(given));
            // Every place of the grid, between and beyond.
            for n in 0..6 * 7 * 8 {
                let at = [n % 8, n / 8 % 7, n / 56].map(|index| f64::from(index) * 0.7 - 1.2);
                let place = given.grid().patient(Point::<Voxel>::from(at));
                let off_mm = (stored.at(place) - given.at(place)).norm();
                assert!(off_mm < 1e-9, "{sense} {at:?}: {off_mm}");
            }
            let map = found.between(&sides.moving, &sides.fixed).unwrap();
            let middle = given.grid().center();
            let off_mm = map
                .apply(middle)
                .distance(Transform::from(bent.clone()).apply(middle));
            assert!(off_mm < 1e-9, "{off_mm}");
        }
    }
}

#[test]
fn what_cannot_be_written_says_so() {
    let affine = turn(0.1, [0.0, 0.0, 1.0], [0.0; 3]);
    let failed = |sides: &Sides, series: &Series, map: Transform| {
        registration(&study(), series, sides.document(map))
            .unwrap_err()
            .to_string()
    };
    let check = |sides: &Sides, map: Transform, expected: &str| {
        let error = failed(sides, &series(), map);
        assert!(error.contains(expected), "{error}");
    };
    let good = Sides::new(Some("1.5"), Some("1.6"));
    check(
        &Sides::new(None, Some("1.6")),
        affine.into(),
        "frame of reference of the fixed images",
    );
    for linear in [Matrix3::zeros(), Matrix3::identity() * f64::NAN] {
        check(
            &good,
            Affine::new(linear, Vector3::zeros()).into(),
            "turned round",
        );
    }
    let far = Affine::new(Matrix3::identity(), Vector3::new(f64::INFINITY, 0.0, 0.0));
    check(&good, far.into(), "turned round");
    for (label, comment) in [
        ("", ""),
        ("Registration", ""),
        ("A", "a\\b"),
        ("A", &"x".repeat(65)),
    ] {
        let document = RegistrationDocument {
            label: label.to_owned(),
            comment: comment.to_owned(),
            ..good.document(affine)
        };
        let error = registration(&study(), &series(), document)
            .unwrap_err()
            .to_string();
        assert!(error.contains("of a registration: expected up to"), "{error}");
    }
    let mut nameless = Sides::new(Some("1.5"), Some("1.6"));
    nameless.moving.slices[1].sop_instance_uid.clear();
    check(&nameless, affine.into(), "SOP Instance UIDs");
    let mut same = Sides::new(Some("1.5"), Some("1.6"));
    same.moving = same.fixed.clone();
    check(&same, affine.into(), "two volumes");
    let bent = |grid: Grid, affine| {
        Transform::from(Deformation {
            field: field(grid),
            affine,
        })
    };
    let grid = || upright([2, 2, 2], 1.0);
    check(
        &Sides::new(Some("1.5"), None),
        bent(grid(), affine),
        "frame of reference of the moving images",
    );
    check(&good, bent(grid(), far), "turned round");
    let mut sheared = *grid().patient_from_voxel();
    sheared.linear[(0, 2)] += 0.1;
    check(
        &good,
        bent(Grid::new([2, 2, 2], sheared).unwrap(), affine),
        "right angles",
    );
    let mut skewed = *grid().patient_from_voxel();
    skewed.linear[(2, 0)] += 0.1;
    check(
        &good,
        bent(Grid::new([9, 2, 2], skewed).unwrap(), affine),
        "right angles",
    );
    let mut unequipped = series();
    unequipped.equipment.software.clear();
    assert!(failed(&good, &unequipped, bent(grid(), affine)).contains("serial number and software"));
    assert!(registration(&study(), &unequipped, good.document(affine)).is_ok());
}

/// The eight corners of a body of 500 x 500 x 2000 mm about an origin that is 1 m away.
fn body() -> impl Iterator<Item = Point<Patient>> {
    let end = |n: usize, low: f64, high: f64| if n == 0 { low } else { high };
    (0..8).map(move |n| {
        Point::new(
            end(n & 1, -250.0, 250.0),
            end(n >> 1 & 1, -250.0, 250.0),
            end(n >> 2, -1000.0, 1000.0),
        )
    })
}

proptest! {
    /// 16 characters a number keep places to 1e-9 mm, and what is a rotation stays one to 1e-12.
    #[test]
    fn decimal_strings_keep_the_matrix(
        axis in prop::array::uniform3(-1.0..1.0f64),
        angle_rad in -3.2..3.2f64,
        step_mm in prop::array::uniform3(-999.0..999.0f64),
        scales in prop::array::uniform3(0.8..1.25f64),
        kind in 0..3,
    ) {
        prop_assume!(Vector::<Patient>::from(axis).norm() > 0.1);
        let sides = Sides::new(Some("1.5"), Some("1.6"));
        let turn = turn(angle_rad, axis, step_mm);
        let scaled = Matrix3::from_diagonal(&Vector3::from(scales));
        let fixed_from_moving = match kind {
            0 => turn,
            1 => Affine::new(turn.linear * scaled, turn.origin),
            _ => Affine::new(scaled * turn.linear, turn.origin),
        };
        let moving_from_fixed = fixed_from_moving.inverse().unwrap();
        let written = sides.written(moving_from_fixed);
        let found = read_back(&written, TransferSyntax::ExplicitLittleEndian);
        let map = found.between(&sides.moving, &sides.fixed).unwrap();
        for corner in body() {
            let off_mm = map.apply(corner).distance(moving_from_fixed * corner);
            prop_assert!(off_mm < 1e-9, "{off_mm}");
        }
        if kind == 0 {
            let product = map.affine_part().linear.transpose() * map.affine_part().linear;
            prop_assert!((product - Matrix3::identity()).norm() < 1e-12);
        }
        let Placement::Matrix { registered_from_source } = &found.registered[1].placement else {
            panic!("{found:?}");
        };
        prop_assert_eq!(MatrixType::of(registered_from_source), MatrixType::of(&fixed_from_moving));
    }
}

#[test]
fn the_type_is_written_that_the_matrix_has() {
    let sides = Sides::new(Some("1.5"), Some("1.6"));
    let turn = turn(0.4, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]);
    let sheared = Matrix3::new(1.0, 0.1, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
    for (linear, expected) in [
        (turn.linear, "RIGID"),
        (turn.linear * 1.02, "RIGID_SCALE"),
        (turn.linear * sheared, "AFFINE"),
    ] {
        let written = sides.written(Affine::new(linear, turn.origin));
        let object = written.dataset.as_object();
        let item = object
            .get(tags::REGISTRATION_SEQUENCE)
            .and_then(|e| e.items())
            .unwrap()[1]
            .clone();
        let mut text = format!("{item:?}");
        text.retain(|c| c != ' ');
        assert!(text.contains(&format!("\"{expected}\"")), "{text}");
    }
}
