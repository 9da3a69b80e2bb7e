//! Grayscale, Color and Blending Softcopy Presentation State Storage (PS3.3 A.33.1, A.33.2, A.33.4): how images are to
//! be seen.

mod blending;
mod colour;
mod curves;
mod layout;
mod overlay;
mod profile;
mod shutter;

use std::collections::HashMap;

use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};

use super::source_images::image_item;
use super::{Dataset, Error, Instance, Series, Study};
use crate::dicom::ImageReference;
use crate::dicom::presentation_state::{Content, PresentationLut, PresentationState};
pub use blending::blending_state;
pub use colour::colour_state;

/// Makes a presentation state of grey images.
///
/// Numbers go out as the standard stores them: windows and rescales in decimal strings of 16 characters.
///
/// # Errors
///
/// [`Error::Invalid`] for a state without a UID, creation time, images or displayed area; images of another study, or
/// items that name images other than the state's; texts longer than or of other characters than their attribute holds;
/// layers that are named and not described; numbers that are not finite or outside what they mean.
pub fn presentation_state(
    study: &Study,
    series: &Series,
    state: &PresentationState,
) -> Result<Instance, Error> {
    check_images(&state.images, &study.study_instance_uid)?;
    let mut dataset = begin(study, series, &state.content)?;
    dataset.sequence(tags::REFERENCED_SERIES_SEQUENCE, series_items(&state.images));
    if let Some(modality) = &state.modality {
        curves::put_modality(modality, &mut dataset)?;
    }
    curves::put_windows(&state.windows, &state.images, &mut dataset)?;
    match &state.presentation_lut {
        PresentationLut::Identity => dataset.text(tags::PRESENTATION_LUT_SHAPE, "IDENTITY"),
        PresentationLut::Inverse => dataset.text(tags::PRESENTATION_LUT_SHAPE, "INVERSE"),
        PresentationLut::Table { table, explanation } => dataset.item(
            tags::PRESENTATION_LUT_SEQUENCE,
            curves::presentation_table(table, explanation)?,
        ),
    };
    if let Some(shutter) = &state.shutter {
        shutter::put(shutter, &mut dataset)?;
    }
    overlay::put(&state.overlays, &state.layout, &mut dataset)?;
    layout::put(&state.layout, &state.images, &mut dataset)?;
    Ok(Instance::new(
        uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
        &state.content.sop_instance_uid,
        dataset,
    ))
}

/// Patient to equipment, and what identifies the state (PS3.3 C.11.10).
fn begin(study: &Study, series: &Series, content: &Content) -> Result<Dataset, Error> {
    if content.sop_instance_uid.is_empty() {
        return Err(Error::invalid("presentation state", "a SOP Instance UID", "none"));
    }
    let Some(created) = content.created else {
        return Err(Error::invalid(
            "presentation state",
            "a creation date and time",
            "none",
        ));
    };
    check_term("label of a presentation state", &content.label)?;
    check_line("description of a presentation state", &content.description)?;
    check_line("creator of a presentation state", &content.creator)?;
    let text = |text: &'_ String| Some(text.clone()).filter(|text| !text.is_empty());
    let mut dataset = series.begin(study, "PR");
    // A state lies nowhere in the patient.
    dataset
        .remove(tags::FRAME_OF_REFERENCE_UID)
        .remove(tags::POSITION_REFERENCE_INDICATOR)
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_LABEL, &content.label)
        .text_or_empty(tags::CONTENT_DESCRIPTION, text(&content.description).as_deref())
        .text_or_empty(tags::CONTENT_CREATOR_NAME, text(&content.creator).as_deref())
        .text(tags::PRESENTATION_CREATION_DATE, created.date())
        .text(tags::PRESENTATION_CREATION_TIME, created.time());
    Ok(dataset)
}

/// A defined term (CS): what labels and layers are called by.
fn check_term(what: &'static str, term: &str) -> Result<(), Error> {
    let is_of_term = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ' || c == '_';
    if term.trim() != term || term.is_empty() || term.len() > 16 || !term.chars().all(is_of_term) {
        let expected = "up to 16 capital letters, digits, spaces and underscores";
        return Err(Error::invalid(
            what,
            expected,
            format!("{} characters", term.chars().count()),
        ));
    }
    Ok(())
}

/// A line of text (LO, PN).
fn check_line(what: &'static str, line: &str) -> Result<(), Error> {
    let characters = line.chars().count();
    if characters > 64 || line.trim() != line || line.chars().any(|c| c == '\\' || c.is_control()) {
        let found = format!("{characters} characters");
        return Err(Error::invalid(
            what,
            "up to 64 on one line, without spaces around",
            found,
        ));
    }
    Ok(())
}

fn check_images(images: &[ImageReference], study_instance_uid: &str) -> Result<(), Error> {
    if images.is_empty() {
        return Err(Error::invalid(
            "images of a presentation state",
            "at least one",
            "none",
        ));
    }
    for image in images {
        let object = &image.reference;
        if object.study_instance_uid != study_instance_uid {
            let expected = format!("those of study {study_instance_uid}");
            let found = &object.study_instance_uid;
            return Err(Error::invalid("images of a presentation state", expected, found));
        }
        if [
            &object.series_instance_uid,
            &object.sop_class_uid,
            &object.sop_instance_uid,
        ]
        .iter()
        .any(|uid| uid.is_empty())
            || image.frames.contains(&0)
        {
            let expected = "a series, class, UID and frames from 1";
            return Err(Error::invalid("images of a presentation state", expected, "none"));
        }
    }
    Ok(())
}

/// Sets the images that an item is for; all of the state's are not named.
fn put_images(
    images: &[ImageReference],
    of_state: &[ImageReference],
    item: &mut Dataset,
) -> Result<(), Error> {
    for image in images {
        let is_of_state = |known: &ImageReference| {
            let is_frame = |frame: &u32| known.frames.is_empty() || known.frames.contains(frame);
            known.reference == image.reference
                && image.frames.iter().all(is_frame)
                && (known.frames.is_empty() || !image.frames.is_empty())
        };
        if !of_state.iter().any(is_of_state) {
            let found = &image.reference.sop_instance_uid;
            return Err(Error::invalid("images of an item", "images of the state", found));
        }
    }
    if !images.is_empty() {
        let items = images.iter().map(image_item).collect();
        item.sequence(tags::REFERENCED_IMAGE_SEQUENCE, items);
    }
    Ok(())
}

/// An item for each series, in the order in which they first appear.
fn series_items(images: &[ImageReference]) -> Vec<Dataset> {
    let mut at = HashMap::new();
    let mut series: Vec<(&str, Vec<Dataset>)> = Vec::new();
    for image in images {
        let uid = image.reference.series_instance_uid.as_str();
        let place = *at.entry(uid).or_insert_with(|| {
            series.push((uid, Vec::new()));
            series.len() - 1
        });
        series[place].1.push(image_item(image));
    }
    let item = |(uid, images): (&str, Vec<Dataset>)| {
        let mut item = Dataset::new();
        item.text(tags::SERIES_INSTANCE_UID, uid)
            .sequence(tags::REFERENCED_IMAGE_SEQUENCE, images);
        item
    };
    series.into_iter().map(item).collect()
}

/// Numbers of single precision (FL).
fn put_floats(item: &mut Dataset, tag: Tag, values: &[f32]) -> Result<(), Error> {
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(Error::invalid(
            "number of a presentation state",
            "a finite one",
            value,
        ));
    }
    item.value(tag, VR::FL, PrimitiveValue::F32(values.into()));
    Ok(())
}

#[cfg(test)]
mod tests;
