//! Presentation states (PS3.3 A.33.1, A.33.2, A.33.4) from their bytes.
//!
//! What is understood becomes plain data; every other attribute of the state's own modules is told by name in a
//! warning, so that nobody takes what is shown for all that was meant.

mod annotation;
mod area;
mod blending;
mod curves;
mod reader;
mod shutter;

use codec::Warning;
use codec::dataset::{Limits, read};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::attributes::{Attributes as _, Tag};
use super::date_and_time;
use crate::dicom::presentation_state::{
    ActiveOverlay, ColourState, Content, Layout, PresentationState, Shutter,
};
use crate::dicom::write::DateTime;
use crate::dicom::{Error, Result};
pub(in crate::dicom::read) use annotation::colour;
pub use blending::{blending_state, read_blending_state};
use reader::Reader;

/// Reads a Grayscale Softcopy Presentation State from its bytes.
///
/// # Errors
///
/// As [`read_presentation_state`], and [`Error::Codec`] for bytes that are no object.
pub fn presentation_state(bytes: &[u8]) -> Result<(PresentationState, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (state, mut warnings) = read_presentation_state(&object.data_set)?;
    warnings.extend(object.warnings);
    Ok((state, warnings))
}

/// What of an image its maker covers (Display Shutter, PS3.3 C.7.6.11); with what was odd.
#[must_use]
pub fn display_shutter(object: &InMemDicomObject) -> (Option<Shutter>, Vec<Warning>) {
    let mut reader = Reader::default();
    let shutter = shutter::read(&mut reader, object);
    (shutter, reader.warnings)
}

/// Reads a Grayscale Softcopy Presentation State.
///
/// What cannot be used is left out with a warning; at most [`MAX_OBJECTS`] graphics and texts are read.
///
/// # Errors
///
/// [`Error::Invalid`] for another object.
pub fn read_presentation_state(object: &InMemDicomObject) -> Result<(PresentationState, Vec<Warning>)> {
    check_class(object, uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE)?;
    let mut reader = Reader::default();
    let images = reader.relationship(object);
    reader.tell_unknown(object, OF_GRAYSCALE, "the presentation state");
    let modality = curves::modality(&mut reader, object);
    let state = PresentationState {
        content: content(&mut reader, object),
        images,
        windows: curves::windows(&mut reader, object, modality.as_ref()),
        modality,
        presentation_lut: curves::presentation_lut(&mut reader, object),
        shutter: shutter::read(&mut reader, object),
        overlays: overlays(&mut reader, object),
        layout: layout(&mut reader, object),
    };
    Ok((state, reader.warnings))
}

/// Reads a Color Softcopy Presentation State from its bytes.
///
/// # Errors
///
/// As [`read_colour_state`], and [`Error::Codec`] for bytes that are no object.
pub fn colour_state(bytes: &[u8]) -> Result<(ColourState, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (state, mut warnings) = read_colour_state(&object.data_set)?;
    warnings.extend(object.warnings);
    Ok((state, warnings))
}

/// Reads a Color Softcopy Presentation State, as [`read_presentation_state`] one of grey images.
///
/// # Errors
///
/// [`Error::Invalid`] for another object.
pub fn read_colour_state(object: &InMemDicomObject) -> Result<(ColourState, Vec<Warning>)> {
    check_class(object, uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE)?;
    let mut reader = Reader::default();
    let images = reader.relationship(object);
    let of_colour = [
        tags::REFERENCED_SERIES_SEQUENCE,
        tags::ICC_PROFILE,
        tags::COLOR_SPACE,
    ];
    reader.tell_unknown(object, &[OF_LAYOUT, OF_SHUTTER, &of_colour], "the colour state");
    tell_colour_space(&mut reader, object);
    let state = ColourState {
        content: content(&mut reader, object),
        images,
        shutter: shutter::read(&mut reader, object),
        overlays: overlays(&mut reader, object),
        layout: layout(&mut reader, object),
    };
    Ok((state, reader.warnings))
}

/// Colours are taken for sRGB; the profile itself is not applied.
fn tell_colour_space(reader: &mut Reader, object: &InMemDicomObject) {
    if object.text(tags::COLOR_SPACE).is_none_or(|space| space != "SRGB") {
        let text =
            "expected SRGB as Color Space, found another or none; colours are shown as sRGB all the same";
        reader.warn("colour-space", text);
    }
}

/// Graphics and texts that are read of one state.
pub const MAX_OBJECTS: usize = 100_000;

fn check_class(object: &InMemDicomObject, expected: &'static str) -> Result<()> {
    let class = object.text(tags::SOP_CLASS_UID).unwrap_or_default();
    if class == expected {
        return Ok(());
    }
    Err(Error::Invalid {
        attribute: "SOP Class UID",
        expected,
        found: class,
    })
}

fn content(reader: &mut Reader, object: &InMemDicomObject) -> Content {
    let text = |tag| object.text(tag).unwrap_or_default();
    let created = date_and_time(
        object,
        tags::PRESENTATION_CREATION_DATE,
        tags::PRESENTATION_CREATION_TIME,
    );
    if created.is_none() {
        let text = "expected Presentation Creation Date and Time, found none that can be read";
        reader.warn("creation-time", text);
    }
    Content {
        sop_instance_uid: text(tags::SOP_INSTANCE_UID),
        label: text(tags::CONTENT_LABEL),
        description: text(tags::CONTENT_DESCRIPTION),
        creator: text(tags::CONTENT_CREATOR_NAME),
        created: created.map(DateTime::from),
    }
}

fn layout(reader: &mut Reader, object: &InMemDicomObject) -> Layout {
    let layers = annotation::layers(reader, object);
    Layout {
        orientation: area::orientation(reader, object),
        areas: area::areas(reader, object),
        annotations: annotation::annotations(reader, object, &layers),
        layers,
    }
}

/// Overlay Activation (PS3.3 C.11.7); planes of the state's own are told as left out.
fn overlays(reader: &mut Reader, object: &InMemDicomObject) -> Vec<ActiveOverlay> {
    let mut overlays = Vec::new();
    for group in (0x6000..=0x601E).step_by(2) {
        let activation = Tag(group, 0x1001);
        if object.get(activation).is_some() {
            overlays.push(ActiveOverlay {
                group,
                layer: object.text(activation),
            });
        }
        if object.get(Tag(group, 0x3000)).is_some() {
            let text = format!("the state's own overlay of group {group:04X} is left out");
            reader.warn("overlay-plane", text);
        }
    }
    overlays
}

/// Attributes of the state's modules that are read; those of patient, study and series are not looked at.
const OF_LAYOUT: &[Tag] = &[
    tags::CONTENT_LABEL,
    tags::CONTENT_DESCRIPTION,
    tags::CONTENT_CREATOR_NAME,
    tags::PRESENTATION_CREATION_DATE,
    tags::PRESENTATION_CREATION_TIME,
    tags::DISPLAYED_AREA_SELECTION_SEQUENCE,
    tags::IMAGE_ROTATION,
    tags::IMAGE_HORIZONTAL_FLIP,
    tags::GRAPHIC_ANNOTATION_SEQUENCE,
    tags::GRAPHIC_LAYER_SEQUENCE,
];

const OF_SHUTTER: &[Tag] = &[
    tags::SHUTTER_SHAPE,
    tags::SHUTTER_LEFT_VERTICAL_EDGE,
    tags::SHUTTER_RIGHT_VERTICAL_EDGE,
    tags::SHUTTER_UPPER_HORIZONTAL_EDGE,
    tags::SHUTTER_LOWER_HORIZONTAL_EDGE,
    tags::CENTER_OF_CIRCULAR_SHUTTER,
    tags::RADIUS_OF_CIRCULAR_SHUTTER,
    tags::VERTICES_OF_THE_POLYGONAL_SHUTTER,
    tags::SHUTTER_PRESENTATION_VALUE,
    tags::SHUTTER_PRESENTATION_COLOR_CIE_LAB_VALUE,
    // Told with the shutter itself.
    tags::SHUTTER_OVERLAY_GROUP,
];

const OF_GRAYSCALE: &[&[Tag]] = &[
    OF_LAYOUT,
    OF_SHUTTER,
    &[
        tags::REFERENCED_SERIES_SEQUENCE,
        tags::RESCALE_SLOPE,
        tags::RESCALE_INTERCEPT,
        tags::RESCALE_TYPE,
        tags::MODALITY_LUT_SEQUENCE,
        tags::SOFTCOPY_VOILUT_SEQUENCE,
        tags::PRESENTATION_LUT_SHAPE,
        tags::PRESENTATION_LUT_SEQUENCE,
    ],
];
