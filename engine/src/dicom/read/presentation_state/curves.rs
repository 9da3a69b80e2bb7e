//! Modality, softcopy VOI and presentation lookup tables (PS3.3 C.11.1, C.11.8, C.11.6).

use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::{Attributes as _, Tag};
use super::super::planar::{Curve, StatedWindow, Table, windows_of};
use super::reader::Reader;
use crate::dicom::presentation_state::{Modality, PresentationLut, SoftcopyWindow};

const OF_TABLE: &[Tag] = &[
    tags::LUT_DESCRIPTOR,
    tags::LUT_DATA,
    tags::LUT_EXPLANATION,
    tags::MODALITY_LUT_TYPE,
];
const OF_WINDOW: &[Tag] = &[
    tags::REFERENCED_IMAGE_SEQUENCE,
    tags::VOILUT_SEQUENCE,
    tags::WINDOW_CENTER,
    tags::WINDOW_WIDTH,
    tags::WINDOW_CENTER_WIDTH_EXPLANATION,
    tags::VOILUT_FUNCTION,
];

pub(super) fn modality(reader: &mut Reader, object: &InMemDicomObject) -> Option<Modality> {
    if let Some(item) = object.item(tags::MODALITY_LUT_SEQUENCE) {
        let table = table(reader, item, false, "Modality LUT")?;
        return Some(Modality::Table {
            table,
            kind: item.text(tags::MODALITY_LUT_TYPE).unwrap_or_default(),
            explanation: item.text(tags::LUT_EXPLANATION).unwrap_or_default(),
        });
    }
    let [slope, intercept] = [tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT].map(|tag| object.number(tag));
    let is_stated = [tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT]
        .iter()
        .any(|tag| object.get(*tag).is_some());
    match (slope, intercept) {
        (Some(slope), Some(intercept)) => Some(Modality::Rescale {
            slope,
            intercept,
            kind: object.text(tags::RESCALE_TYPE).unwrap_or_default(),
        }),
        _ if is_stated => {
            let text = "expected Rescale Slope and Intercept, both numbers, found others; left out";
            reader.warn("rescale", text);
            None
        }
        _ => None,
    }
}

pub(super) fn windows(
    reader: &mut Reader,
    object: &InMemDicomObject,
    modality: Option<&Modality>,
) -> Vec<SoftcopyWindow> {
    let is_negative =
        matches!(modality, Some(Modality::Rescale { slope, intercept, .. }) if slope.min(*intercept) < 0.0);
    let mut windows = Vec::new();
    for item in reader.items(object, tags::SOFTCOPY_VOILUT_SEQUENCE) {
        reader.tell_unknown(item, &[OF_WINDOW], "a softcopy VOI LUT");
        let Some(images) = reader.images(item, "a softcopy VOI LUT") else {
            continue;
        };
        let mut views = Vec::new();
        for item in reader.items(item, tags::VOILUT_SEQUENCE) {
            views.extend(
                table(reader, item, is_negative, "VOI LUT").map(|table| StatedWindow {
                    explanation: item.text(tags::LUT_EXPLANATION),
                    curve: Curve::Table(table),
                }),
            );
        }
        let mut warnings = Vec::new();
        views.extend(windows_of(item, &mut warnings));
        for warning in warnings {
            reader.warn(warning.code, warning.text);
        }
        if views.len() > 1 {
            let text =
                "expected one window or table in a softcopy VOI LUT, found several; the first is taken";
            reader.warn("voi-lut", text);
        }
        let Some(view) = views.into_iter().next() else {
            let text = "expected a window or a table in a softcopy VOI LUT, found neither; left out";
            reader.warn("voi-lut", text);
            continue;
        };
        windows.push(SoftcopyWindow { images, view });
    }
    windows
}

pub(super) fn presentation_lut(reader: &mut Reader, object: &InMemDicomObject) -> PresentationLut {
    if let Some(item) = object.item(tags::PRESENTATION_LUT_SEQUENCE) {
        if let Some(table) = table(reader, item, false, "Presentation LUT") {
            return PresentationLut::Table {
                table,
                explanation: item.text(tags::LUT_EXPLANATION).unwrap_or_default(),
            };
        }
        return PresentationLut::Identity;
    }
    match object.text(tags::PRESENTATION_LUT_SHAPE).as_deref() {
        Some("IDENTITY") => PresentationLut::Identity,
        Some("INVERSE") => PresentationLut::Inverse,
        _ => {
            let text =
                "expected IDENTITY or INVERSE as Presentation LUT Shape, found another; IDENTITY taken";
            reader.warn("presentation-lut-shape", text);
            PresentationLut::Identity
        }
    }
}

/// A lookup table. Whether its first value has a sign is said by its VR, else by what the values before it may be.
fn table(reader: &mut Reader, item: &InMemDicomObject, is_negative: bool, of: &'static str) -> Option<Table> {
    reader.tell_unknown(item, &[OF_TABLE], of);
    let vr = item.get(tags::LUT_DESCRIPTOR).map(|element| element.vr());
    match Table::read(item, is_negative || vr == Some(VR::SS)) {
        Ok((table, remark)) => {
            if let Some(remark) = remark {
                reader.warn("lut", format!("{of}: {remark}"));
            }
            Some(table)
        }
        Err(reason) => {
            reader.warn("lut", format!("{of} left out: {reason}"));
            None
        }
    }
}
