//! What is known of an image before its pixels: what they cover, how they lie, whether they have colour.

use codec::Photometric;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::Attributes;
use super::super::collection::Series;
use super::super::instance::Instance;
use super::super::stack::FrameRef;
use crate::geometry::{Patient, Vector};
use crate::volume::Rescale;

/// Most ultrasound regions that are read.
const MAX_REGIONS: usize = 64;
/// Centimetres, of Physical Units X Direction (PS3.3 C.8.5.5.1.15).
const CENTIMETRES: i64 = 3;
/// Two-dimensional tissue or flow, of Region Spatial Format (PS3.3 C.8.5.5.1.1).
const TWO_DIMENSIONAL: i64 = 1;
/// Spacings that differ by less are one.
const SAME_SPACING: f64 = 1e-3;

/// What is known of an image before its pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Columns and rows.
    pub size: [u32; 2],
    /// Distance between columns, then between rows, mm; without [`Scale::Unknown`]'s knowledge in widths of a pixel.
    pub spacing_mm: [f64; 2],
    /// Where these distances lie.
    pub scale: Scale,
    /// Red, green and blue instead of values.
    pub is_colour: bool,
    /// The lowest value is white.
    pub is_inverse: bool,
    /// Its pixels may bear text that says who the patient is: its maker says so, or does not say no where that is usual.
    pub may_bear_text: bool,
    /// Directions in the patient in which columns and rows count up; only directions, not a place.
    pub orientation: Option<[Vector<Patient>; 2]>,
}

/// Where the distances between pixels lie (PS3.3 10.7.1.3).
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// In the patient.
    Patient,
    /// In the patient, in some parts of an ultrasound picture; others show time, curves or text.
    Regions(Vec<Region>),
    /// On the detector, before the patient's are made smaller by a magnification that the object does not state.
    Detector,
    /// In the patient, as far as an estimated magnification is right.
    Estimated,
    /// On a film that was scanned.
    Film,
    /// Nowhere: only the shape of a pixel is known, and lengths are in widths of a pixel.
    Unknown,
}

/// A part of an ultrasound picture: columns and rows from the first to the last, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Region {
    pub first: [i64; 2],
    pub last: [i64; 2],
}

impl Region {
    /// Whether a place of columns and rows lies in it.
    #[must_use]
    pub fn holds(&self, [column, row]: [f64; 2]) -> bool {
        let within = |axis: usize, at: f64| {
            (self.first[axis] as f64 - 0.5..=self.last[axis] as f64 + 0.5).contains(&at)
        };
        within(0, column) && within(1, row)
    }

    fn area(&self) -> i64 {
        (0..2)
            .map(|axis| (self.last[axis] - self.first[axis] + 1).max(0))
            .product()
    }
}

impl Scale {
    /// What is to be read beside lengths; `None` where they are the patient's.
    #[must_use]
    pub const fn remark(&self) -> Option<&'static str> {
        match self {
            Self::Patient | Self::Regions(_) => None,
            Self::Detector => Some("lengths are those on the detector; the patient's are smaller"),
            Self::Estimated => Some("lengths rest on an estimated magnification"),
            Self::Film => Some("lengths are those on the scanned film"),
            Self::Unknown => Some("the size of a pixel is not known; lengths are in pixels"),
        }
    }
}

/// Describes a frame, counted from 0; `None` for one that the object does not describe, or without pixels.
#[must_use]
pub fn describe(instance: &Instance, frame: usize) -> Option<Description> {
    let found = instance.frames.get(frame)?;
    let [rows, columns] = found.size;
    if rows == 0 || columns == 0 {
        return None;
    }
    let object = &instance.data_set;
    let (spacing_mm, scale) = spacing(object, found.pixel_spacing_mm, &instance.modality);
    let photometric = object.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    let is_monochrome = photometric.starts_with("MONOCHROME");
    Some(Description {
        size: [columns, rows],
        spacing_mm,
        scale,
        is_colour: !is_monochrome,
        is_inverse: is_monochrome && is_inverse(object, photometric == Photometric::Monochrome1.term()),
        may_bear_text: may_bear_text(instance),
        orientation: found.orientation.or_else(|| patient_orientation(object)),
    })
}

/// By Burned In Annotation (0028,0301), else by the kind of image: screens, photographs and ultrasound bear text.
fn may_bear_text(instance: &Instance) -> bool {
    match instance.data_set.text(tags::BURNED_IN_ANNOTATION).as_deref() {
        Some("YES") => true,
        Some("NO") => false,
        _ => {
            let is_radiograph = matches!(
                instance.modality.as_str(),
                "CR" | "DX" | "MG" | "IO" | "PX" | "XA" | "RF" | "CT" | "MR" | "PT" | "NM" | "ST"
            );
            !is_radiograph || instance.is_secondary_capture()
        }
    }
}

/// Whether the lowest value is white: by Presentation LUT Shape, else by Photometric Interpretation.
pub(super) fn is_inverse(object: &InMemDicomObject, is_monochrome1: bool) -> bool {
    match object.text(tags::PRESENTATION_LUT_SHAPE).as_deref() {
        Some("IDENTITY") => false,
        Some("INVERSE") => true,
        _ => is_monochrome1,
    }
}

/// What makes stored values of images into those that are shown; empty where one has a table for it, or is shown without
/// (X-ray angiograms and fluoroscopies of some relations, PS3.3 C.8.7.1.1.2).
#[must_use]
pub fn rescales(series: &Series, frames: &[FrameRef]) -> Vec<Rescale> {
    let of = |at: &FrameRef| {
        let instance = series.instances.get(at.instance)?;
        let object = &instance.data_set;
        let has_table = object.get(tags::MODALITY_LUT_SEQUENCE).is_some();
        let relation = object.get(tags::PIXEL_INTENSITY_RELATIONSHIP);
        let is_without = relation.is_some() && matches!(series.modality.as_str(), "XA" | "RF");
        let frame = instance.frames.get(at.frame)?;
        (!has_table && !is_without).then_some(frame.rescale)
    };
    let all: Option<Vec<Rescale>> = frames.iter().map(of).collect();
    all.unwrap_or_default()
}

fn spacing(object: &InMemDicomObject, pixel: Option<[f64; 2]>, modality: &str) -> ([f64; 2], Scale) {
    let pair = |tag: Tag| {
        let found: Option<[f64; 2]> = object.numbers_of(tag);
        found.filter(|pair| pair.iter().all(|mm| mm.is_finite() && *mm > 0.0))
    };
    let turned = |[between_rows, between_columns]: [f64; 2]| [between_columns, between_rows];
    let imager = pair(tags::IMAGER_PIXEL_SPACING);
    let is_same = |a: [f64; 2], b: [f64; 2]| (0..2).all(|n| (a[n] - b[n]).abs() <= SAME_SPACING * b[n]);
    let is_projected = matches!(modality, "CR" | "DX" | "MG" | "XA" | "RF" | "IO" | "PX");
    match (pixel, imager) {
        // A copy of the detector's spacing is no calibration.
        (Some(pixel), Some(imager)) if !is_same(pixel, imager) => (turned(pixel), Scale::Patient),
        (Some(pixel), None) if !is_projected => (turned(pixel), Scale::Patient),
        (Some(_), Some(detector)) | (Some(detector), None) | (None, Some(detector)) => {
            let factor = object.number(tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR);
            match factor.filter(|factor| (1.0..10.0).contains(factor)) {
                Some(factor) => (turned(detector).map(|mm| mm / factor), Scale::Estimated),
                None => (turned(detector), Scale::Detector),
            }
        }
        (None, None) => {
            if let Some(found) = regions(object) {
                return found;
            }
            if let Some(scanned) = pair(tags::NOMINAL_SCANNED_PIXEL_SPACING) {
                return (turned(scanned), Scale::Film);
            }
            // Vertical to horizontal size of a pixel.
            let shape = pair(tags::PIXEL_ASPECT_RATIO).map_or(1.0, |[high, wide]| high / wide);
            let shape = if (0.01..=100.0).contains(&shape) {
                shape
            } else {
                1.0
            };
            ([1.0, shape], Scale::Unknown)
        }
    }
}

/// The scale of the largest two-dimensional region, and all regions that have it.
fn regions(object: &InMemDicomObject) -> Option<([f64; 2], Scale)> {
    let items = object.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    let mut found: Vec<(Region, [f64; 2])> = items.iter().take(MAX_REGIONS).filter_map(region).collect();
    found.sort_by_key(|(region, _)| std::cmp::Reverse(region.area()));
    let (_, spacing_mm) = *found.first()?;
    let is_same = |other: &[f64; 2]| {
        (0..2).all(|axis| (other[axis] - spacing_mm[axis]).abs() <= SAME_SPACING * spacing_mm[axis])
    };
    let regions = found
        .into_iter()
        .filter(|(_, other)| is_same(other))
        .map(|(region, _)| region);
    Some((spacing_mm, Scale::Regions(regions.collect())))
}

fn region(item: &InMemDicomObject) -> Option<(Region, [f64; 2])> {
    let is_length = [tags::PHYSICAL_UNITS_X_DIRECTION, tags::PHYSICAL_UNITS_Y_DIRECTION]
        .iter()
        .all(|tag| item.integer(*tag) == Some(CENTIMETRES));
    if !is_length || item.integer(tags::REGION_SPATIAL_FORMAT) != Some(TWO_DIMENSIONAL) {
        return None;
    }
    let millimetres = |tag: Tag| {
        let cm = item.number(tag)?.abs();
        (cm.is_finite() && cm > 0.0).then_some(cm * 10.0)
    };
    let spacing_mm = [
        millimetres(tags::PHYSICAL_DELTA_X)?,
        millimetres(tags::PHYSICAL_DELTA_Y)?,
    ];
    let corner = |x: Tag, y: Tag| Some([item.integer(x)?, item.integer(y)?]);
    let region = Region {
        first: corner(tags::REGION_LOCATION_MIN_X0, tags::REGION_LOCATION_MIN_Y0)?,
        last: corner(tags::REGION_LOCATION_MAX_X1, tags::REGION_LOCATION_MAX_Y1)?,
    };
    let is_sound = (0..2).all(|axis| (0..=region.last[axis]).contains(&region.first[axis]));
    (is_sound && region.last.iter().all(|end| *end <= 1 << 20)).then_some((region, spacing_mm))
}

/// Patient Orientation (0020,0020) as directions, the first letter of each the strongest (PS3.3 C.7.6.1.1.1).
fn patient_orientation(object: &InMemDicomObject) -> Option<[Vector<Patient>; 2]> {
    let texts = object.texts(tags::PATIENT_ORIENTATION);
    let [right, down] = texts.as_slice() else {
        return None;
    };
    Some([direction(right)?, direction(down)?])
}

fn direction(letters: &str) -> Option<Vector<Patient>> {
    let mut sum = Vector::new(0.0, 0.0, 0.0);
    let mut weight = 1.0;
    for letter in letters.trim().chars().take(3) {
        let axis = match letter {
            'L' => Vector::new(1.0, 0.0, 0.0),
            'R' => Vector::new(-1.0, 0.0, 0.0),
            'P' => Vector::new(0.0, 1.0, 0.0),
            'A' => Vector::new(0.0, -1.0, 0.0),
            'H' => Vector::new(0.0, 0.0, 1.0),
            'F' => Vector::new(0.0, 0.0, -1.0),
            _ => return None,
        };
        sum = sum + axis * weight;
        weight *= 0.5;
    }
    sum.normalized()
}
