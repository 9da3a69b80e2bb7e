//! Blending Softcopy Presentation States (PS3.3 A.33.4, C.11.14, C.7.9).

use std::cmp::Ordering;

use codec::Warning;
use codec::dataset::{Limits, read};
use dicom_core::PrimitiveValue;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::super::attributes::{Attributes as _, Tag};
use super::reader::Reader;
use super::{OF_LAYOUT, check_class, content, curves, layout, tell_colour_space};
use crate::dicom::presentation_state::{BlendedImages, BlendingState, Palette};
use crate::dicom::{Error, ObjectReference, Result};

const OF_BLENDING: &[Tag] = &[
    tags::BLENDING_SEQUENCE,
    tags::RELATIVE_OPACITY,
    tags::REFERENCED_SPATIAL_REGISTRATION_SEQUENCE,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::PALETTE_COLOR_LOOKUP_TABLE_UID,
    tags::ICC_PROFILE,
    tags::COLOR_SPACE,
];
const OF_IMAGES: &[Tag] = &[
    tags::BLENDING_POSITION,
    tags::STUDY_INSTANCE_UID,
    tags::REFERENCED_SERIES_SEQUENCE,
    tags::RESCALE_SLOPE,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_TYPE,
    tags::MODALITY_LUT_SEQUENCE,
    tags::SOFTCOPY_VOILUT_SEQUENCE,
];

/// Reads a Blending Softcopy Presentation State from its bytes.
///
/// # Errors
///
/// As [`read_blending_state`], and [`Error::Codec`] for bytes that are no object.
pub fn blending_state(bytes: &[u8]) -> Result<(BlendingState, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (state, mut warnings) = read_blending_state(&object.data_set)?;
    warnings.extend(object.warnings);
    Ok((state, warnings))
}

/// Reads a Blending Softcopy Presentation State.
///
/// Its colours are taken for sRGB; a profile that says otherwise is told in a warning.
///
/// # Errors
///
/// [`Error::Invalid`] for another object, or one whose two sets of images, opacity or palette cannot be read.
pub fn read_blending_state(object: &InMemDicomObject) -> Result<(BlendingState, Vec<Warning>)> {
    check_class(object, uids::BLENDING_SOFTCOPY_PRESENTATION_STATE_STORAGE)?;
    let mut reader = Reader::default();
    reader.tell_unknown(object, &[OF_LAYOUT, OF_BLENDING], "the blending state");
    tell_colour_space(&mut reader, object);
    let opacity = object.number(tags::RELATIVE_OPACITY);
    let Some(opacity) = opacity.filter(|opacity| (0.0..=1.0).contains(opacity)) else {
        return Err(invalid("Relative Opacity", "0 to 1", "another or none"));
    };
    let state = BlendingState {
        content: content(&mut reader, object),
        underlying: images(&mut reader, object, "UNDERLYING")?,
        superimposed: images(&mut reader, object, "SUPERIMPOSED")?,
        opacity: opacity as f32,
        palette: palette(object)?,
        registrations: registrations(object),
        layout: layout(&mut reader, object),
    };
    Ok((state, reader.warnings))
}

fn invalid(attribute: &'static str, expected: &'static str, found: impl Into<String>) -> Error {
    Error::Invalid {
        attribute,
        expected,
        found: found.into(),
    }
}

fn images(reader: &mut Reader, object: &InMemDicomObject, position: &str) -> Result<BlendedImages> {
    let items = object.items(tags::BLENDING_SEQUENCE);
    let mut at = items
        .iter()
        .filter(|item| item.text(tags::BLENDING_POSITION).as_deref() == Some(position));
    let (Some(item), None, Ordering::Equal) = (at.next(), at.next(), items.len().cmp(&2)) else {
        let expected = "one item UNDERLYING, one SUPERIMPOSED";
        return Err(invalid(
            "Blending Sequence",
            expected,
            format!("{} items", items.len()),
        ));
    };
    reader.tell_unknown(item, &[OF_IMAGES], "a set of blended images");
    let own = object.text(tags::STUDY_INSTANCE_UID);
    let study = item.text(tags::STUDY_INSTANCE_UID).or(own).unwrap_or_default();
    let images = reader.images_of_series(item, &study);
    let modality = curves::modality(reader, item);
    Ok(BlendedImages {
        images,
        windows: curves::windows(reader, item, modality.as_ref()),
        modality,
    })
}

fn palette(object: &InMemDicomObject) -> Result<Palette> {
    let channels = [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
    ];
    let mut read = Vec::new();
    for (descriptor, data) in channels {
        read.push(channel(object, descriptor, data)?);
    }
    let [red, green, blue] = [&read[0], &read[1], &read[2]];
    if red.len() != green.len() || green.len() != blue.len() {
        return Err(invalid("palette", "channels of one length", "several"));
    }
    let colours = red.iter().zip(green).zip(blue);
    Ok(Palette {
        colours: colours
            .map(|((red, green), blue)| [*red, *green, *blue])
            .collect(),
        uid: object.text(tags::PALETTE_COLOR_LOOKUP_TABLE_UID),
    })
}

/// One channel, of 16 bits whatever it was stored in.
fn channel(object: &InMemDicomObject, descriptor: Tag, data: Tag) -> Result<Vec<u16>> {
    let numbers = object.numbers_of::<3>(descriptor);
    let Some([count, 0.0, bits]) = numbers else {
        return Err(invalid(
            "palette's descriptor",
            "a count, 0 and bits",
            "another or none",
        ));
    };
    let count = match count as i64 as u16 {
        0 => 1 << 16,
        count => usize::from(count),
    };
    let value = object.get(data).and_then(|data| data.value().primitive());
    let bytes: Vec<u8> = match value {
        Some(PrimitiveValue::U16(words)) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        Some(PrimitiveValue::U8(bytes)) => bytes.to_vec(),
        _ => Vec::new(),
    };
    let (words, _) = bytes.as_chunks::<2>();
    match bits {
        16.0 if words.len() >= count => Ok(words[..count]
            .iter()
            .map(|word| u16::from_le_bytes(*word))
            .collect()),
        8.0 if bytes.len() >= count => Ok(bytes[..count].iter().map(|byte| u16::from(*byte) * 257).collect()),
        _ => Err(invalid(
            "palette",
            "as many entries as it says, of 8 or 16 bits",
            format!("{} bytes", bytes.len()),
        )),
    }
}

fn registrations(object: &InMemDicomObject) -> Vec<ObjectReference> {
    let own = object.text(tags::STUDY_INSTANCE_UID).unwrap_or_default();
    let mut found = Vec::new();
    for study in object.items(tags::REFERENCED_SPATIAL_REGISTRATION_SEQUENCE) {
        let study_uid = study
            .text(tags::STUDY_INSTANCE_UID)
            .unwrap_or_else(|| own.clone());
        for series in study.items(tags::REFERENCED_SERIES_SEQUENCE) {
            let series_uid = series.text(tags::SERIES_INSTANCE_UID).unwrap_or_default();
            for named in series.items(tags::REFERENCED_SOP_SEQUENCE) {
                found.extend(
                    named
                        .text(tags::REFERENCED_SOP_INSTANCE_UID)
                        .map(|uid| ObjectReference {
                            study_instance_uid: study_uid.clone(),
                            series_instance_uid: series_uid.clone(),
                            sop_class_uid: named.text(tags::REFERENCED_SOP_CLASS_UID).unwrap_or_default(),
                            sop_instance_uid: uid,
                        }),
                );
            }
        }
    }
    found
}
