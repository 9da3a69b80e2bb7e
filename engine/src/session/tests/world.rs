//! A made-up patient: CT, PET on its space, MR on another, a series over time.

use crate::dicom::{ImageReference, ObjectReference};
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::presentation::hanging;
use crate::session::{InMemory, SeriesFacts, Session, Source};
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// Hot spot of the PET.
pub const SPOT_MM: [f64; 3] = [20.0, -10.0, 9.0];

fn grid(size: [usize; 3], spacing_mm: [f64; 3], center_mm: [f64; 3]) -> Grid {
    let axes: [Vector<_>; 3] = std::array::from_fn(|axis| {
        let mut along = [0.0; 3];
        along[axis] = spacing_mm[axis];
        along.into()
    });
    let corner: [f64; 3] =
        std::array::from_fn(|axis| center_mm[axis] - spacing_mm[axis] * (size[axis] as f64 - 1.0) / 2.0);
    Grid::new(size, Affine::from_axes(axes, Point::from(corner))).unwrap()
}

fn volume(grid: &Grid, unit: Unit, uid: &str, value: impl Fn([f64; 3]) -> f32) -> Volume {
    let [columns, rows, slices] = grid.size();
    let mut values = Vec::with_capacity(grid.voxels());
    for k in 0..slices {
        for j in 0..rows {
            for i in 0..columns {
                let place = grid.patient(Point::new(i as f64, j as f64, k as f64));
                values.push(value([place[0], place[1], place[2]]));
            }
        }
    }
    Volume::new(grid.clone(), Voxels::F32(values.into()), Rescale::IDENTITY, unit)
        .unwrap()
        .in_frame_of_reference(Some(uid.to_owned()))
}

fn study(key: &str) -> &'static str {
    if matches!(key, "mr" | "dyn") {
        "1.2.4"
    } else {
        "1.2.3"
    }
}

fn object(key: &str, slice: usize) -> ImageReference {
    let known = ["ct", "pet", "mr", "dyn"].iter().position(|name| *name == key);
    let n = known.map_or(9, |at| at + 2);
    ImageReference {
        reference: ObjectReference {
            study_instance_uid: study(key).to_owned(),
            series_instance_uid: format!("1.2.3.{n}"),
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            sop_instance_uid: format!("1.2.3.{n}.{}", slice + 1),
        },
        frames: Vec::new(),
    }
}

fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
}

fn facts(key: &str, modality: &str, volume: &Volume, phases: usize) -> SeriesFacts {
    SeriesFacts {
        key: key.to_owned(),
        study: study(key).to_owned(),
        study_time: if key == "mr" || key == "dyn" {
            "20250101"
        } else {
            "20260101"
        }
        .to_owned(),
        number: None,
        grid: volume.grid().clone(),
        planar: None,
        unit: volume.unit().clone(),
        phases,
        remarks: Vec::new(),
        window: None,
        images: (0..volume.grid().size()[2])
            .map(|slice| object(key, slice))
            .collect(),
        hanging: hanging::SeriesFacts {
            modality: modality.to_owned(),
            description: key.to_uppercase(),
            is_emission: matches!(modality, "PT" | "NM"),
            images: volume.grid().size()[2] as u32,
            orientation: hanging::SeriesOrientation::Axial,
            has_volume: true,
            frame_of_reference_uid: volume.frame_of_reference_uid().map(str::to_owned),
            ..Default::default()
        },
        texts: [("PatientName", "Somebody^Made^Up"), ("StudyDate", "20260101")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
    }
}

/// Whether a place lies in the body: an ellipsoid.
fn is_body([x, y, z]: [f64; 3]) -> bool {
    (x / 55.0).powi(2) + (y / 40.0).powi(2) + (z / 56.0).powi(2) < 1.0
}

pub fn source() -> InMemory {
    let ct = volume(
        &grid([64, 64, 40], [2.0, 2.0, 3.0], [0.0; 3]),
        Unit::Hounsfield,
        "1.1",
        |at| match (is_body(at), apart(at, [20.0, 0.0, 0.0]) < 6.0) {
            (_, true) => 800.0,
            (true, _) => 40.0,
            _ => -1000.0,
        },
    );
    let pet = volume(
        &grid([32, 32, 40], [4.0, 4.0, 3.0], [0.0; 3]),
        Unit::SuvBw,
        "1.1",
        |at| match (is_body(at), apart(at, SPOT_MM) < 8.0) {
            (_, true) => 10.0,
            (true, _) => 1.0,
            _ => 0.0,
        },
    );
    // The same body, 5 mm to the left in a space of its own, with a ventricle to be told by.
    let mr = volume(
        &grid([48, 48, 48], [3.0; 3], [0.0; 3]),
        Unit::Unspecified,
        "1.9",
        |[x, y, z]| {
            let at = [x - 5.0, y, z];
            match (is_body(at), apart(at, [20.0, 0.0, 0.0]) < 6.0) {
                (_, true) => 50.0,
                (true, _) => 300.0 + at[0] as f32,
                _ => 10.0,
            }
        },
    );
    let over_time = |phase: usize| {
        volume(
            &grid([16, 16, 8], [8.0, 8.0, 8.0], [0.0; 3]),
            Unit::Counts,
            "1.5",
            move |at| {
                if is_body(at) {
                    10.0 * (phase + 1) as f32
                } else {
                    0.0
                }
            },
        )
    };
    let mut source = InMemory::new();
    source.add(facts("ct", "CT", &ct, 1), [ct.clone()]);
    source.add(facts("pet", "PT", &pet, 1), [pet.clone()]);
    source.add(facts("mr", "MR", &mr, 1), [mr.clone()]);
    let phases: Vec<Volume> = (0..4).map(over_time).collect();
    source.add(facts("dyn", "NM", &phases[0], 4), phases.clone());
    let radiographs = super::radiographs::collection(vec![super::radiographs::radiograph().bytes()]);
    let facts = radiographs.series()[0].clone();
    let crate::session::ImageArrival::Whole(image) = radiographs.image(&facts.key, 0) else {
        panic!("the radiograph is there");
    };
    let facts = SeriesFacts {
        key: "dx".to_owned(),
        ..facts
    };
    source.add_images(facts, [crate::session::PlanarImage::clone(&image)]);
    source
}

pub fn session() -> Session {
    Session::new(Box::new(source()))
}

/// Middle and radius of [`ball`].
pub const BALL_MM: ([f64; 3], f64) = ([4.0, -3.0, 6.0], 38.0);

/// A ball of 1000 HU in air, its edge a voxel wide, on voxels of 1.5 x 1.5 x 2 mm.
pub fn ball() -> Session {
    let (middle, radius) = BALL_MM;
    let edge = |at| ((radius - apart(at, middle)) / 1.5 + 0.5).clamp(0.0, 1.0) as f32;
    let ct = volume(
        &grid([64, 64, 48], [1.5, 1.5, 2.0], [0.0; 3]),
        Unit::Hounsfield,
        "1.1",
        |at| -1000.0 + 2000.0 * edge(at),
    );
    let mut source = InMemory::new();
    source.add(facts("ball", "CT", &ct, 1), [ct.clone()]);
    Session::new(Box::new(source))
}
