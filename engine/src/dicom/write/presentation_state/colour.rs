//! Images of colour (PS3.3 A.33.2).

use dicom_dictionary_std::{tags, uids};

use super::{
    Error, Instance, Series, Study, begin, check_images, layout, overlay, profile, series_items, shutter,
};
use crate::dicom::presentation_state::ColourState;

/// Makes a presentation state of images of colour; its colours are sRGB.
///
/// # Errors
///
/// [`Error::Invalid`] as [`super::presentation_state`], and for a shutter without a colour.
pub fn colour_state(study: &Study, series: &Series, state: &ColourState) -> Result<Instance, Error> {
    check_images(&state.images, &study.study_instance_uid)?;
    let mut dataset = begin(study, series, &state.content)?;
    dataset.sequence(tags::REFERENCED_SERIES_SEQUENCE, series_items(&state.images));
    if let Some(shutter) = &state.shutter {
        if shutter.colour.is_none() {
            return Err(Error::invalid("shutter", "a colour", "none"));
        }
        shutter::put(shutter, &mut dataset)?;
    }
    overlay::put(&state.overlays, &state.layout, &mut dataset)?;
    dataset
        .bytes(tags::ICC_PROFILE, profile::srgb())
        .text(tags::COLOR_SPACE, "SRGB");
    layout::put(&state.layout, &state.images, &mut dataset)?;
    Ok(Instance::new(
        uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE,
        &state.content.sop_instance_uid,
        dataset,
    ))
}
