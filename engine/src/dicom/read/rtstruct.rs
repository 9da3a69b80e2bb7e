//! Structure sets to contours (PS3.3 A.19, C.8.8.5, C.8.8.6, C.8.8.8).

use std::collections::{HashMap, HashSet};

use codec::Warning;
use dicom_core::PrimitiveValue;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use super::seg::{each_once, listed};
use crate::dicom::{Error, Result};
use crate::geometry::{Patient, Point};
use crate::voi::PolygonStack;

/// A region of interest of a structure set.
#[derive(Debug, Clone, PartialEq)]
pub struct Roi {
    /// ROI Number (3006,0022).
    pub number: i64,
    /// ROI Name (3006,0026); empty when the object has none.
    pub name: String,
    /// ROI Display Color (3006,002A): red, green, blue.
    pub colour: Option<[u8; 3]>,
    /// Referenced Frame of Reference UID (3006,0024): the space of the contours.
    pub frame_of_reference_uid: Option<String>,
    /// RT ROI Interpreted Type (3006,00A4): GTV, ORGAN, EXTERNAL.
    pub interpreted_type: Option<String>,
    /// SOP Instance UIDs (0008,1155) of the images that contours were drawn on, each once.
    pub referenced_instance_uids: Vec<String>,
    /// The closed planar contours.
    pub contours: PolygonStack,
}

/// The regions of a structure set.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureSet {
    /// Structure Set Label (3006,0002).
    pub label: String,
    /// The regions in the order of the object, those without contours too.
    pub rois: Vec<Roi>,
    /// Series Instance UIDs (0020,000E) of the images that the set refers to.
    pub referenced_series_uids: Vec<String>,
}

impl StructureSet {
    /// The region of that number, else of that name, whatever the case of its letters.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when no region or several answer to `name`; it lists what there is.
    pub fn roi(&self, name: &str) -> Result<&Roi> {
        let name = name.trim();
        if let Some(roi) = self.rois.iter().find(|roi| roi.number.to_string() == name) {
            return Ok(roi);
        }
        let found: Vec<&Roi> = self
            .rois
            .iter()
            .filter(|roi| roi.name.to_lowercase() == name.to_lowercase())
            .collect();
        match found[..] {
            [roi] => Ok(roi),
            _ => Err(Error::Invalid {
                attribute: "ROI Number or ROI Name",
                expected: "one of the regions",
                found: format!(
                    "{name}, of {}",
                    listed(self.rois.iter().map(|roi| (roi.number, roi.name.as_str())))
                ),
            }),
        }
    }
}

/// Reads all regions of a structure set.
///
/// Contours that are no closed planar ones (points, open lines) and those with damaged coordinates are left
/// out and told in the warnings.
///
/// # Errors
///
/// [`Error::Missing`] when the object holds no Structure Set ROI Sequence.
pub fn read_structure_set(object: &InMemDicomObject) -> Result<(StructureSet, Vec<Warning>)> {
    if object.get(tags::STRUCTURE_SET_ROI_SEQUENCE).is_none() {
        return Err(Error::Missing {
            attribute: "Structure Set ROI Sequence",
            purpose: "read the regions",
        });
    }
    let mut warnings = Vec::new();
    let (mut rois, by_number) = described(object, &mut warnings);
    let referenced = |item: &InMemDicomObject| {
        by_number
            .get(&item.integer(tags::REFERENCED_ROI_NUMBER)?)
            .copied()
    };
    for item in object.items(tags::RTROI_OBSERVATIONS_SEQUENCE) {
        if let Some(roi) = referenced(item) {
            rois[roi].interpreted_type = item.text(tags::RTROI_INTERPRETED_TYPE);
        }
    }
    for item in object.items(tags::ROI_CONTOUR_SEQUENCE) {
        match referenced(item) {
            Some(roi) => take_contours(&mut rois[roi], item, &mut warnings),
            None => {
                let text = "expected contours of a described region, found those of another; left out";
                warnings.push(Warning::new("undescribed-roi", text));
            }
        }
    }
    let set = StructureSet {
        label: object.text(tags::STRUCTURE_SET_LABEL).unwrap_or_default(),
        rois,
        referenced_series_uids: referenced_series_uids(object),
    };
    Ok((set, warnings))
}

/// The regions of Structure Set ROI Sequence, the first of each number, and where each number is.
fn described(object: &InMemDicomObject, warnings: &mut Vec<Warning>) -> (Vec<Roi>, HashMap<i64, usize>) {
    let mut rois: Vec<Roi> = Vec::new();
    let mut by_number = HashMap::new();
    for item in object.items(tags::STRUCTURE_SET_ROI_SEQUENCE) {
        match item.integer(tags::ROI_NUMBER) {
            Some(number) if !by_number.contains_key(&number) => {
                by_number.insert(number, rois.len());
                rois.push(Roi {
                    number,
                    name: item.text(tags::ROI_NAME).unwrap_or_default(),
                    colour: None,
                    frame_of_reference_uid: item.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID),
                    interpreted_type: None,
                    referenced_instance_uids: Vec::new(),
                    contours: PolygonStack::default(),
                });
            }
            number => {
                let text =
                    format!("expected an ROI Number of its own for each region, found {number:?}; left out");
                warnings.push(Warning::new("roi-number", text));
            }
        }
    }
    (rois, by_number)
}

/// Adds what an item of ROI Contour Sequence holds.
fn take_contours(roi: &mut Roi, item: &InMemDicomObject, warnings: &mut Vec<Warning>) {
    let colour = item.numbers_of(tags::ROI_DISPLAY_COLOR);
    roi.colour = colour.map(|rgb: [f64; 3]| rgb.map(|part| part.clamp(0.0, 255.0).round() as u8));
    let mut polygons = Vec::new();
    let mut known = HashSet::new();
    let mut left_out = Left::default();
    for contour in item.items(tags::CONTOUR_SEQUENCE) {
        let images = contour.items(tags::CONTOUR_IMAGE_SEQUENCE).iter();
        let uids = images.filter_map(|image| image.text(tags::REFERENCED_SOP_INSTANCE_UID));
        roi.referenced_instance_uids
            .extend(uids.filter(|uid| known.insert(uid.clone())));
        match contour.text(tags::CONTOUR_GEOMETRIC_TYPE).as_deref() {
            Some("CLOSED_PLANAR" | "CLOSEDPLANAR_XOR") => match points(contour) {
                Some(points) => polygons.push(points),
                None => left_out.damaged += 1,
            },
            _ => left_out.open += 1,
        }
    }
    left_out.tell(roi.number, warnings);
    roi.contours = PolygonStack::new(polygons);
}

/// Contours of one region that could not be used.
#[derive(Default)]
struct Left {
    damaged: usize,
    open: usize,
}

impl Left {
    fn tell(&self, number: i64, warnings: &mut Vec<Warning>) {
        if self.damaged > 0 {
            let text = format!(
                "region {number}: expected Contour Data of three numbers a point, found {} contours of others; left out",
                self.damaged
            );
            warnings.push(Warning::new("contour-data", text));
        }
        if self.open > 0 {
            let text = format!(
                "region {number}: expected closed planar contours, found {} of other kinds; left out",
                self.open
            );
            warnings.push(Warning::new("contour-type", text));
        }
    }
}

/// The corners of a contour, LPS in mm; `None` when a number is damaged or a coordinate is missing.
///
/// Number of Contour Points is not asked: it says nothing that the data do not.
fn points(contour: &InMemDicomObject) -> Option<Vec<Point<Patient>>> {
    let numbers: Option<Vec<f64>> = match contour.get(tags::CONTOUR_DATA)?.value().primitive()? {
        // Thousands of numbers: parsed where they lie, not as texts of their own.
        PrimitiveValue::Str(text) => text.split('\\').map(number).collect(),
        PrimitiveValue::Strs(texts) => texts.iter().map(|text| number(text)).collect(),
        _ => Some(contour.numbers(tags::CONTOUR_DATA)),
    };
    let numbers = numbers.filter(|numbers| numbers.len() % 3 == 0)?;
    let mut points: Vec<Point<Patient>> = numbers
        .chunks_exact(3)
        .map(|p| Point::new(p[0], p[1], p[2]))
        .collect();
    // Some writers close the contour by repeating its first point.
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    Some(points)
}

fn number(text: &str) -> Option<f64> {
    text.trim_matches([' ', '\0', '\t', '\r', '\n'])
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// The series of Referenced Frame of Reference Sequence, each once.
fn referenced_series_uids(object: &InMemDicomObject) -> Vec<String> {
    let frames = object.items(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE).iter();
    let studies = frames.flat_map(|frame| frame.items(tags::RT_REFERENCED_STUDY_SEQUENCE));
    let series = studies.flat_map(|study| study.items(tags::RT_REFERENCED_SERIES_SEQUENCE));
    each_once(series.filter_map(|series| series.text(tags::SERIES_INSTANCE_UID)))
}

#[cfg(test)]
mod tests;
