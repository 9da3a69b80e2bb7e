//! A small PET series, written and read again, with two lesions in it.

use codec::TransferSyntax;
use codec::dataset::{Limits, read};
use engine::dicom::read::{self, InMemory, Instance, collect, load};
use engine::dicom::write::{
    Code, DateTime, DecayCorrection, Equipment, ImagePlane, PetFrame, PetImage, PetSeries, Pixels,
    Radiopharmaceutical, Series, SourceImages, Study, derived_uid, pet_image,
};
use engine::geometry::{Point, Vector};
use engine::voi::Mask;
use engine::volume::Volume;

pub const SIZE: [usize; 3] = [23, 19, 6];
pub const CREATED: DateTime = DateTime::new(2026, 3, 4, 11, 30, 15);

/// What was read back of the series, and what goes on with it.
pub struct Pet {
    pub series: read::Series,
    pub volume: Volume,
    pub images: SourceImages,
    pub study: Study,
}

/// Slopes of the slices in Bq/mL: all alike, or one each.
pub fn pet(slope: fn(usize) -> f64) -> Pet {
    let (mut studies, files) = pet_files(slope);
    let series = studies.remove(0).series.remove(0);
    let stack = &series.sorted.stacks[0];
    let (volume, warnings) = load(&series, stack, &InMemory(&files), &|_, _| {}).unwrap();
    assert_eq!(warnings, []);
    let images = SourceImages::of(&series, stack);
    let study = Study::of(&series.instances[0]);
    Pet {
        volume,
        images,
        study,
        series,
    }
}

/// The series as it is read, and the bytes of its objects.
pub fn pet_files(slope: fn(usize) -> f64) -> (Vec<read::Study>, Vec<Vec<u8>>) {
    let files: Vec<Vec<u8>> = (0..SIZE[2]).map(|k| image(k, slope(k))).collect();
    let instances = files.iter().enumerate();
    let instances = instances.map(|(n, bytes)| Instance::new(n, read_bytes(bytes)));
    (collect(instances.collect()), files)
}

fn read_bytes(bytes: &[u8]) -> codec::dataset::Object<'_> {
    read(bytes, Limits::default()).unwrap()
}

/// A series of the same study.
pub fn series(name: &str, number: i64) -> Series {
    Series {
        series_instance_uid: derived_uid(&["objects", name]),
        number,
        description: name.to_owned(),
        start: CREATED,
        frame_of_reference_uid: Some(derived_uid(&["objects", "frame of reference"])),
        patient_position: "HFS",
        body_part: "WHOLEBODY",
        equipment: Equipment {
            manufacturer: "Uptake".to_owned(),
            model: "Uptake".to_owned(),
            serial_number: "1".to_owned(),
            software: "0.1".to_owned(),
        },
    }
}

/// Turned about two axes, so that no coordinate is whole.
fn plane(k: usize) -> ImagePlane {
    let (s, c) = (0.3f64.sin(), 0.3f64.cos());
    let row = Vector::new(c, s, 0.0);
    let column = Vector::new(-s * c, c * c, s);
    let normal = row.cross(column).normalized().unwrap();
    ImagePlane {
        position: Point::new(-31.5, -12.25, 40.0) + normal * (3.27 * k as f64),
        row_direction: row,
        column_direction: column,
        pixel_spacing_mm: [2.5, 2.25],
        slice_thickness_mm: 3.27,
    }
}

fn image(k: usize, slope: f64) -> Vec<u8> {
    let [columns, rows, slices] = SIZE;
    let hot = |i: usize, j: usize| match [i, j, k] {
        [3..=8, 4..=9, 1..=3] => 9000 + 17 * (i * j) as i16,
        [12..=16, 6..=12, 2..=4] => 7000 + 11 * (i + j) as i16,
        _ => 300 + (i + j) as i16,
    };
    let values: Vec<i16> = (0..columns * rows)
        .map(|n| hot(n % columns, n / columns))
        .collect();
    let image = PetImage {
        sop_instance_uid: derived_uid(&["objects", "pet", &k.to_string()]),
        instance_number: k as i64 + 1,
        image_index: k as u16 + 1,
        plane: plane(k),
        frame: PetFrame {
            acquired: CREATED,
            duration_s: 120.0,
            reference_s: 60.0,
            decay_factor: 1.0,
        },
        gated: None,
        slope,
        window: [5000.0, 10_000.0],
        pixels: Pixels::from_i16(columns as u32, rows as u32, &values),
    };
    let pet = PetSeries {
        units: "BQML",
        decay_correction: DecayCorrection::Start,
        radiopharmaceutical: Radiopharmaceutical {
            name: "FDG".to_owned(),
            radionuclide: Code::new("77004003", "SCT", "^18^Fluorine"),
            tracer: Code::new("35321007", "SCT", "Fluorodeoxyglucose F^18^"),
            activity_bq: 3.5e8,
            half_life_s: 6586.2,
            positron_fraction: 0.9673,
            injected: DateTime::new(2026, 3, 4, 10, 30, 15),
        },
        kind: "WHOLE BODY",
        slices: slices as u16,
        corrected: vec!["ATTN", "DECY"],
    };
    let written = pet_image(&study(), &series("pet", 1), &pet, image);
    written.encode(TransferSyntax::ExplicitLittleEndian).unwrap()
}

fn study() -> Study {
    use engine::dicom::write::{CharacterSet, Patient, Sex};
    Study {
        character_set: CharacterSet::Utf8,
        patient: Patient {
            name: "Zhang^San=张^三".to_owned(),
            id: "OBJECTS1".to_owned(),
            birth_date: Some(DateTime::new(1961, 3, 14, 0, 0, 0)),
            sex: Some(Sex::Female),
            weight_kg: Some(71.5),
            height_m: Some(1.68),
        },
        study_instance_uid: derived_uid(&["objects", "study"]),
        start: Some(CREATED),
        id: "1".to_owned(),
        accession_number: "A1".to_owned(),
        description: "PET".to_owned(),
    }
}

/// The lesions: two boxes apart from each other, and one that overlaps the first.
pub fn masks(pet: &Pet) -> [Mask; 3] {
    let boxed = |low: [usize; 3], high: [usize; 3]| {
        Mask::from_predicate(pet.images.grid.clone(), move |at| {
            (0..3).all(|axis| (low[axis]..=high[axis]).contains(&at[axis]))
        })
    };
    [
        boxed([3, 4, 1], [8, 9, 3]),
        boxed([12, 6, 2], [16, 12, 4]),
        boxed([7, 8, 0], [13, 8, 3]),
    ]
}

/// Mean place of a mask's voxels, mm.
pub fn middle_mm(mask: &Mask) -> [f64; 3] {
    let [columns, rows, _] = mask.grid().size();
    let mut sum = [0.0; 3];
    for n in mask.runs().iter().flat_map(|run| run.start..run.end) {
        let voxel = [n % columns, n / columns % rows, n / (columns * rows)];
        let place = mask.grid().patient(voxel.map(|n| n as f64).into());
        (0..3).for_each(|axis| sum[axis] += place[axis]);
    }
    sum.map(|sum| sum / mask.count() as f64)
}
