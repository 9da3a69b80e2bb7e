//! What every movie has: Video Photographic Image (PS3.3 A.32.7), and its frames in time.

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use super::object::Converted;
use super::{Error, Header, picture};

/// Begins a movie's object; its pixels and their time are still to come.
pub(super) fn begin(header: &Header) -> Result<Converted, Error> {
    let mut object = Converted::new(uids::VIDEO_PHOTOGRAPHIC_IMAGE_STORAGE, "XC", header)?;
    object.put(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY");
    object.put(tags::PATIENT_ORIENTATION, VR::CS, "");
    object.put(tags::LATERALITY, VR::CS, "");
    object.put_nothing(tags::ACQUISITION_CONTEXT_SEQUENCE);
    object.put_any_region();
    picture::burned_in(&mut object, header, false);
    Ok(object)
}

/// Cine and Multi-frame (PS3.3 C.7.6.5, C.7.6.6), of a constant `rate` of frames a second.
pub(super) fn timing(object: &mut Converted, frames: u64, rate: f64) {
    object.put(tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string());
    let pointer = PrimitiveValue::Tags([tags::FRAME_TIME].into_iter().collect());
    object.put_value(tags::FRAME_INCREMENT_POINTER, VR::AT, pointer);
    object.put(tags::FRAME_TIME, VR::DS, &format!("{:.6}", 1000.0 / rate));
    let rounded = format!("{}", rate.round().max(1.0) as u32);
    object.put(tags::CINE_RATE, VR::IS, &rounded);
    object.put(tags::RECOMMENDED_DISPLAY_FRAME_RATE, VR::IS, &rounded);
}
