//! One frame of an object: its place, the meaning of its values, and what sets it apart from its fellows.
//!
//! Classic objects say it at the top, enhanced ones in functional groups (PS3.3 C.7.6.16), NM objects in
//! vectors and the Detector Information Sequence (PS3.3 C.8.4.8, C.8.4.11, C.8.4.15).

use codec::Warning;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use super::instance::Instance;
use crate::geometry::{Patient, Point, Vector};
use crate::volume::Rescale;

/// Frames that one object may describe; beyond it the object is taken for damaged.
const MAX_FRAMES: usize = 1 << 20;

/// What one frame says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Rows and columns.
    pub size: [u32; 2],
    /// Centre of the first pixel, LPS in mm.
    pub position: Option<Point<Patient>>,
    /// Direction in which columns count up, and in which rows count up.
    pub orientation: Option<[Vector<Patient>; 2]>,
    /// Distance between rows, then between columns, mm.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    /// Slice Thickness (0018,0050), mm.
    pub slice_thickness_mm: Option<f64>,
    /// From stored to real values.
    pub rescale: Rescale,
    /// Whether the object states the rescale.
    pub has_rescale: bool,
    /// What sets frames at one place apart: phase, time slot, energy window, echo; name and value.
    pub labels: Vec<(&'static str, i64)>,
}

/// Describes every frame of an object.
pub(super) fn frames_of(instance: &Instance) -> (Vec<Frame>, Vec<Warning>) {
    let object = &instance.data_set;
    let per_frame = object.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = object.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let mut warnings = Vec::new();
    let stated = object
        .integer(tags::NUMBER_OF_FRAMES)
        .unwrap_or(1)
        .clamp(1, MAX_FRAMES as i64) as usize;
    let frames = if !per_frame.is_empty() {
        if per_frame.len() != stated {
            let text = format!(
                "expected functional groups for {stated} frames, found {}",
                per_frame.len()
            );
            warnings.push(Warning::new("frame-count", text));
        }
        per_frame
            .iter()
            .take(stated)
            .map(|groups| enhanced(object, shared, groups))
            .collect()
    } else if let Some(offsets_mm) = grid_offsets(object, stated) {
        dose(object, &offsets_mm)
    } else if stated > 1 && (instance.modality == "NM" || object.get(tags::FRAME_INCREMENT_POINTER).is_some())
    {
        nuclear(object, stated, &mut warnings)
    } else {
        let mut frame = classic(object);
        if stated > 1 {
            // Several frames without a rule for their places: images, not a volume.
            frame.position = None;
        }
        vec![frame; stated]
    };
    (frames, warnings)
}

fn size(object: &InMemDicomObject) -> [u32; 2] {
    [tags::ROWS, tags::COLUMNS].map(|tag| {
        object
            .integer(tag)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0)
    })
}

fn vectors(numbers: [f64; 6]) -> Option<[Vector<Patient>; 2]> {
    let [a, b, c, d, e, f] = numbers;
    let row = Vector::<Patient>::new(a, b, c).normalized()?;
    let column = Vector::<Patient>::new(d, e, f).normalized()?;
    // Orthogonal to within the standard's rounding; else it is no orientation.
    (row.dot(column).abs() < 1e-2).then_some([row, column])
}

fn positive<const N: usize>(numbers: [f64; N]) -> Option<[f64; N]> {
    numbers.iter().all(|n| *n > 0.0).then_some(numbers)
}

fn rescale(object: &InMemDicomObject) -> Option<Rescale> {
    let slope = object.number(tags::RESCALE_SLOPE)?;
    let intercept = object.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
    (slope != 0.0).then_some(Rescale { slope, intercept })
}

/// The attributes of single-frame objects.
fn classic(object: &InMemDicomObject) -> Frame {
    let dose = object
        .number(tags::DOSE_GRID_SCALING)
        .filter(|slope| *slope > 0.0);
    let rescale = rescale(object).or(dose.map(|slope| Rescale {
        slope,
        intercept: 0.0,
    }));
    Frame {
        size: size(object),
        position: object.numbers_of(tags::IMAGE_POSITION_PATIENT).map(Point::from),
        orientation: object
            .numbers_of(tags::IMAGE_ORIENTATION_PATIENT)
            .and_then(vectors),
        pixel_spacing_mm: object.numbers_of(tags::PIXEL_SPACING).and_then(positive),
        slice_thickness_mm: object.number(tags::SLICE_THICKNESS).filter(|mm| *mm > 0.0),
        has_rescale: rescale.is_some(),
        rescale: rescale.unwrap_or(Rescale::IDENTITY),
        labels: LABELS
            .iter()
            .filter_map(|(name, tag)| Some((*name, key_of(object.number(*tag)?))))
            .collect(),
    }
}

/// Grid Frame Offset Vector (3004,000C) of a dose, from the first frame, mm (PS3.3 C.8.8.3.2).
fn grid_offsets(object: &InMemDicomObject, count: usize) -> Option<Vec<f64>> {
    let offsets = object.numbers(tags::GRID_FRAME_OFFSET_VECTOR);
    let first = *offsets.first().filter(|_| offsets.len() == count && count > 1)?;
    // Offsets are relative to the first frame, or places along z of an axial grid whose first is the position's.
    Some(offsets.iter().map(|offset| offset - first).collect())
}

fn dose(object: &InMemDicomObject, offsets_mm: &[f64]) -> Vec<Frame> {
    let base = classic(object);
    let at = |offset_mm: &f64| {
        let place = base.position.zip(base.orientation);
        let position = place.map(|(origin, [row, column])| origin + row.cross(column) * *offset_mm);
        Frame {
            position,
            ..base.clone()
        }
    };
    offsets_mm.iter().map(at).collect()
}

/// What sets classic images at one place apart, the most telling first.
const LABELS: &[(&str, Tag)] = &[
    ("temporal position", tags::TEMPORAL_POSITION_IDENTIFIER),
    ("echo", tags::ECHO_NUMBERS),
    ("trigger time", tags::TRIGGER_TIME),
    ("frame reference time", tags::FRAME_REFERENCE_TIME),
    ("b-value", tags::DIFFUSION_B_VALUE),
    ("acquisition", tags::ACQUISITION_NUMBER),
    ("acquisition time", tags::ACQUISITION_TIME),
];

/// A number as a key: thousandths, so that times in ms with fractions differ when they differ.
fn key_of(number: f64) -> i64 {
    (number * 1000.0).round() as i64
}

/// The attributes of a functional group: of the frame, else shared, else (some senders) at the top.
fn enhanced(
    object: &InMemDicomObject,
    shared: Option<&InMemDicomObject>,
    groups: &InMemDicomObject,
) -> Frame {
    let group = |tag| {
        groups
            .item(tag)
            .or_else(|| shared.and_then(|shared| shared.item(tag)))
    };
    let measures = group(tags::PIXEL_MEASURES_SEQUENCE);
    let content = group(tags::FRAME_CONTENT_SEQUENCE);
    let rescale = group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
        .and_then(rescale)
        .or_else(|| real_world(group(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE)));
    let orientation = group(tags::PLANE_ORIENTATION_SEQUENCE)
        .unwrap_or(object)
        .numbers_of(tags::IMAGE_ORIENTATION_PATIENT);
    Frame {
        size: size(object),
        position: group(tags::PLANE_POSITION_SEQUENCE)
            .and_then(|item| item.numbers_of(tags::IMAGE_POSITION_PATIENT))
            .map(Point::from),
        orientation: orientation.and_then(vectors),
        pixel_spacing_mm: measures
            .and_then(|item| item.numbers_of(tags::PIXEL_SPACING))
            .and_then(positive),
        slice_thickness_mm: measures
            .and_then(|item| item.number(tags::SLICE_THICKNESS))
            .filter(|mm| *mm > 0.0),
        has_rescale: rescale.is_some(),
        rescale: rescale.unwrap_or(Rescale::IDENTITY),
        labels: enhanced_labels(
            content,
            group(tags::SEGMENT_IDENTIFICATION_SEQUENCE),
            group(tags::MR_ECHO_SEQUENCE),
        ),
    }
}

/// Slope and intercept of a linear real world value mapping, used where no other transformation is given.
fn real_world(mapping: Option<&InMemDicomObject>) -> Option<Rescale> {
    let slope = mapping?.number(tags::REAL_WORLD_VALUE_SLOPE)?;
    let intercept = mapping?.number(tags::REAL_WORLD_VALUE_INTERCEPT).unwrap_or(0.0);
    (slope != 0.0).then_some(Rescale { slope, intercept })
}

fn enhanced_labels(
    content: Option<&InMemDicomObject>,
    segment: Option<&InMemDicomObject>,
    echo: Option<&InMemDicomObject>,
) -> Vec<(&'static str, i64)> {
    let mut labels = Vec::new();
    let mut add = |name, value: Option<f64>| labels.extend(value.map(|value| (name, key_of(value))));
    add(
        "temporal position",
        content.and_then(|item| item.number(tags::TEMPORAL_POSITION_INDEX)),
    );
    add("stack", content.and_then(|item| item.number(tags::STACK_ID)));
    add(
        "segment",
        segment.and_then(|item| item.number(tags::REFERENCED_SEGMENT_NUMBER)),
    );
    add(
        "echo time",
        echo.and_then(|item| item.number(tags::EFFECTIVE_ECHO_TIME)),
    );
    labels
}

/// The vectors that NM frames are counted by (PS3.3 C.8.4.8), but for the slice's.
const VECTORS: &[(&str, Tag)] = &[
    ("energy window", tags::ENERGY_WINDOW_VECTOR),
    ("detector", tags::DETECTOR_VECTOR),
    ("phase", tags::PHASE_VECTOR),
    ("rotation", tags::ROTATION_VECTOR),
    ("R-R interval", tags::RR_INTERVAL_VECTOR),
    ("time slot", tags::TIME_SLOT_VECTOR),
    ("angular view", tags::ANGULAR_VIEW_VECTOR),
    ("time slice", tags::TIME_SLICE_VECTOR),
];

/// The frames of an NM object: reconstructed ones have places, planar ones and projections have none.
fn nuclear(object: &InMemDicomObject, count: usize, warnings: &mut Vec<Warning>) -> Vec<Frame> {
    let vector = |tag: Tag| -> Option<Vec<i64>> {
        let numbers: Vec<i64> = object.numbers(tag).iter().map(|n| *n as i64).collect();
        (numbers.len() == count).then_some(numbers)
    };
    let labelled: Vec<(&str, Vec<i64>)> = VECTORS
        .iter()
        .filter_map(|(name, tag)| Some((*name, vector(*tag)?)))
        .collect();
    let slices = vector(tags::SLICE_VECTOR);
    let detector = object.item(tags::DETECTOR_INFORMATION_SEQUENCE);
    let mut base = classic(object);
    base.labels.clear();
    let placed = |item: &InMemDicomObject| {
        let position = item
            .numbers_of(tags::IMAGE_POSITION_PATIENT)
            .map(Point::<Patient>::from);
        Some((
            position?,
            item.numbers_of(tags::IMAGE_ORIENTATION_PATIENT)
                .and_then(vectors)?,
        ))
    };
    let place = detector.and_then(placed).or_else(|| placed(object));
    let step_mm = object
        .number(tags::SPACING_BETWEEN_SLICES)
        .or(base.slice_thickness_mm)
        .filter(|mm| *mm != 0.0);
    if slices.is_some() && (place.is_none() || step_mm.is_none()) {
        let text = "expected position, orientation and slice spacing of the reconstructed slices, found none; shown as images";
        warnings.push(Warning::new("no-geometry", text));
    }
    let frame = |index: usize| {
        let mut frame = base.clone();
        frame.labels = labelled
            .iter()
            .map(|(name, values)| (*name, values[index] * 1000))
            .collect();
        frame.position = None;
        if let (Some(slices), Some((origin, orientation)), Some(step_mm)) = (&slices, place, step_mm) {
            // Positive spacing counts slices along the normal, negative against it.
            let normal = orientation[0].cross(orientation[1]);
            frame.position = Some(origin + normal * (step_mm * (slices[index] - 1) as f64));
            frame.orientation = Some(orientation);
        }
        frame
    };
    (0..count).map(frame).collect()
}
