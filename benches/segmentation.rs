//! A segmentation of a hundred labels at the size of a whole-body CT, as files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::TransferSyntax;
use engine::dicom::write::{
    DateTime, Equipment, Masks, Patient, Segment, SegmentationType, Series, SourceImage, SourceImages, Study,
    derived_uid, segmentation_of_masks,
};
use engine::geometry::{Affine, Grid, Point, Vector};
use engine::voi::{Mask, Run};

/// Columns, rows and slices of the images.
pub const SIZE: [usize; 3] = [512, 512, 500];
const LABELS: usize = 100;
/// Slices of one label: 10 000 frames in all, where each label has its own.
const SLICES: usize = 100;

/// Gives the file of the segmentation, writing it at first use below `target/bench-data`.
///
/// Each label is a hollow spindle in a hundred slices; labels never overlap, so that both types hold the same masks.
///
/// # Panics
///
/// When the file cannot be written: without data there is nothing to measure.
#[must_use]
pub fn segmentation(kind: SegmentationType) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-data");
    let name = match kind {
        SegmentationType::Binary => "seg-binary.dcm",
        SegmentationType::Labelmap => "seg-labelmap.dcm",
    };
    let file = folder.join(name);
    if !file.is_file() {
        std::fs::create_dir_all(&folder).expect("bench data need a folder");
        // Written beside the wanted file first, so that a broken run leaves nothing that looks whole.
        let partial = folder.join(format!("{name}.partial"));
        std::fs::write(&partial, bytes(kind)).expect("bench data need room");
        std::fs::rename(&partial, &file).expect("bench data need a folder");
    }
    file
}

/// The bytes of the object.
fn bytes(kind: SegmentationType) -> Vec<u8> {
    let images = images();
    let masks: Vec<Mask> = (0..LABELS).map(|label| mask(label, &images.grid)).collect();
    let segments = masks.iter().zip(1..).map(|(mask, number)| {
        let name = format!("Label {number}");
        let uid = derived_uid(&["bench", "label", &name]);
        (Segment::lesion(name.clone(), (name, uid)), mask)
    });
    let content = Masks {
        segmentation_type: kind,
        sop_instance_uid: derived_uid(&["bench", "seg", "1"]),
        dimension_organization_uid: derived_uid(&["bench", "dimensions"]),
        created: DateTime::new(2026, 1, 2, 3, 4, 5),
        label: "LABELS".to_owned(),
        description: "A hundred labels".to_owned(),
        images: &images,
        segments: segments.collect(),
    };
    let written =
        segmentation_of_masks(&study(), &series(&images), content).expect("the masks lie on the grid");
    written
        .encode(TransferSyntax::ExplicitLittleEndian)
        .expect("native pixels can be stored")
}

/// A hollow spindle: its radius grows and shrinks over the slices, half of it is empty.
fn mask(label: usize, grid: &Arc<Grid>) -> Mask {
    let [columns, rows, slices] = SIZE;
    let (x, y) = ((label % 10 * 51 + 26) as f64, (label / 10 * 51 + 26) as f64);
    let first = label * (slices - SLICES) / (LABELS - 1);
    let mut runs = Vec::new();
    for k in 0..SLICES {
        let along = (k as f64 + 0.5) / SLICES as f64 * 2.0 - 1.0;
        let outer = 25.0 * (1.0 - along * along).sqrt();
        let inner = if label.is_multiple_of(2) { outer / 2.0 } else { 0.0 };
        for j in 0..rows {
            let half = |radius: f64| (radius * radius - (j as f64 - y).powi(2)).max(0.0).sqrt();
            let row = ((first + k) * rows + j) * columns;
            let (outer, inner) = (half(outer), half(inner));
            let at = |column: f64| row + column.round() as usize;
            if outer >= 0.5 {
                runs.push(Run {
                    start: at(x - outer),
                    end: at(x - inner),
                });
                runs.push(Run {
                    start: at(x + inner),
                    end: at(x + outer),
                });
            }
        }
    }
    Mask::from_runs(grid.clone(), runs).expect("spindles lie within the images")
}

fn images() -> SourceImages {
    let axes = [
        Vector::new(0.97, 0.0, 0.0),
        Vector::new(0.0, 0.97, 0.0),
        Vector::new(0.0, 0.0, 2.0),
    ];
    let grid = Grid::new(SIZE, Affine::from_axes(axes, Point::new(-248.0, -248.0, -500.0)));
    let slice = |k: usize| SourceImage {
        sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
        sop_instance_uid: derived_uid(&["bench", "ct", &k.to_string()]),
        frame: None,
    };
    SourceImages {
        study_instance_uid: derived_uid(&["bench", "study"]),
        series_instance_uid: derived_uid(&["bench", "ct"]),
        frame_of_reference_uid: Some(derived_uid(&["bench", "frame of reference"])),
        grid: Arc::new(grid.expect("the axes span space")),
        slices: (0..SIZE[2]).map(slice).collect(),
    }
}

fn study() -> Study {
    Study {
        character_set: Default::default(),
        patient: Patient {
            name: "Bench".to_owned(),
            id: "BENCH".to_owned(),
            birth_date: None,
            sex: None,
            weight_kg: None,
            height_m: None,
        },
        study_instance_uid: derived_uid(&["bench", "study"]),
        start: Some(DateTime::new(2026, 1, 2, 3, 0, 0)),
        id: "1".to_owned(),
        accession_number: "1".to_owned(),
        description: "Bench".to_owned(),
    }
}

fn series(images: &SourceImages) -> Series {
    Series {
        series_instance_uid: derived_uid(&["bench", "seg"]),
        number: 2,
        description: "Labels".to_owned(),
        start: DateTime::new(2026, 1, 2, 3, 0, 0),
        frame_of_reference_uid: images.frame_of_reference_uid.clone(),
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
