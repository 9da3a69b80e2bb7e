//! One series over another (PS3.3 A.33.4, C.11.14, C.7.9, C.11.15).

use dicom_dictionary_std::{tags, uids};

use super::{
    Dataset, Error, Instance, Series, Study, begin, check_images, curves, layout, profile, put_floats,
    series_items,
};
use crate::dicom::ObjectReference;
use crate::dicom::presentation_state::{BlendedImages, BlendingState, Palette};
use crate::dicom::write::source_images::reference;

/// Makes a state that lays one series, coloured, over another; its colours are sRGB.
///
/// # Errors
///
/// [`Error::Invalid`] as [`super::presentation_state`], for images of several studies on one side, an opacity outside 0
/// to 1, or a palette without colours or with more than 65536.
pub fn blending_state(study: &Study, series: &Series, state: &BlendingState) -> Result<Instance, Error> {
    if !(0.0..=1.0).contains(&state.opacity) {
        return Err(Error::invalid("opacity", "0 to 1", state.opacity));
    }
    let mut dataset = begin(study, series, &state.content)?;
    let sides = [
        ("UNDERLYING", &state.underlying),
        ("SUPERIMPOSED", &state.superimposed),
    ];
    let sides = sides.map(|(position, images)| blended(position, images));
    dataset.sequence(
        tags::BLENDING_SEQUENCE,
        sides.into_iter().collect::<Result<_, _>>()?,
    );
    put_floats(&mut dataset, tags::RELATIVE_OPACITY, &[state.opacity])?;
    put_registrations(&state.registrations, &mut dataset)?;
    put_palette(&state.palette, &mut dataset)?;
    dataset
        .bytes(tags::ICC_PROFILE, profile::srgb())
        .text(tags::COLOR_SPACE, "SRGB");
    let images = [state.underlying.images.as_slice(), &state.superimposed.images].concat();
    layout::put(&state.layout, &images, &mut dataset)?;
    Ok(Instance::new(
        uids::BLENDING_SOFTCOPY_PRESENTATION_STATE_STORAGE,
        &state.content.sop_instance_uid,
        dataset,
    ))
}

fn blended(position: &str, blended: &BlendedImages) -> Result<Dataset, Error> {
    let study = blended
        .images
        .first()
        .map(|image| image.reference.study_instance_uid.as_str());
    let study = study.unwrap_or_default();
    check_images(&blended.images, study)?;
    if study.is_empty() {
        return Err(Error::invalid(
            "images of a presentation state",
            "a study",
            "none",
        ));
    }
    let mut item = Dataset::new();
    item.text(tags::BLENDING_POSITION, position)
        .text(tags::STUDY_INSTANCE_UID, study)
        .sequence(tags::REFERENCED_SERIES_SEQUENCE, series_items(&blended.images));
    if let Some(modality) = &blended.modality {
        curves::put_modality(modality, &mut item)?;
    }
    curves::put_windows(&blended.windows, &blended.images, &mut item)?;
    Ok(item)
}

fn put_registrations(registrations: &[ObjectReference], dataset: &mut Dataset) -> Result<(), Error> {
    let is_placed = |object: &ObjectReference| {
        [
            &object.study_instance_uid,
            &object.series_instance_uid,
            &object.sop_class_uid,
            &object.sop_instance_uid,
        ]
        .iter()
        .all(|uid| !uid.is_empty())
    };
    if !registrations.iter().all(is_placed) {
        let expected = "its study, series, class and UID";
        return Err(Error::invalid(
            "registration of a blending state",
            expected,
            "none",
        ));
    }
    let item = |object: &ObjectReference| {
        let mut series = Dataset::new();
        series
            .text(tags::SERIES_INSTANCE_UID, &object.series_instance_uid)
            .item(
                tags::REFERENCED_SOP_SEQUENCE,
                reference(&object.sop_class_uid, &object.sop_instance_uid),
            );
        let mut study = Dataset::new();
        study
            .text(tags::STUDY_INSTANCE_UID, &object.study_instance_uid)
            .item(tags::REFERENCED_SERIES_SEQUENCE, series);
        study
    };
    if !registrations.is_empty() {
        let items = registrations.iter().map(item).collect();
        dataset.sequence(tags::REFERENCED_SPATIAL_REGISTRATION_SEQUENCE, items);
    }
    Ok(())
}

fn put_palette(palette: &Palette, dataset: &mut Dataset) -> Result<(), Error> {
    let colours = &palette.colours;
    if !(1..=1 << 16).contains(&colours.len()) {
        return Err(Error::invalid("palette", "1 to 65536 colours", colours.len()));
    }
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
    for (channel, (descriptor, data)) in channels.into_iter().enumerate() {
        // 65536 entries are written as 0.
        let count = (colours.len() & 0xFFFF) as u16;
        dataset
            .unsigned(descriptor, &[count, 0, 16])
            .words(data, colours.iter().map(|colour| colour[channel]).collect());
    }
    if let Some(uid) = &palette.uid {
        dataset.text(tags::PALETTE_COLOR_LOOKUP_TABLE_UID, uid);
    }
    Ok(())
}
