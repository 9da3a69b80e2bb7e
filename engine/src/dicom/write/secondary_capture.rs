//! Secondary Capture Image Storage (PS3.3 A.8): any pixels, without a place in the patient.

use dicom_dictionary_std::{tags, uids};

use super::{DateTime, Error, Instance, Pixels, Series, Study};

/// What is particular to one secondary capture.
#[derive(Debug, Clone)]
pub struct SecondaryCapture {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Instance Number.
    pub instance_number: i64,
    /// When it was made.
    pub created: DateTime,
    /// The stored values.
    pub pixels: Pixels,
}

/// Makes a secondary capture of one frame; palettes, lookup tables and overlays are set on its data set.
///
/// # Errors
///
/// [`Error::Invalid`] when the pixels are not one frame.
pub fn secondary_capture(study: &Study, series: &Series, image: SecondaryCapture) -> Result<Instance, Error> {
    let frames = image.pixels.frames()?;
    if frames != 1 {
        return Err(Error::invalid("frames of a secondary capture", 1, frames));
    }
    let mut dataset = series.begin(study, "OT");
    series.put_image(&mut dataset, image.instance_number, image.created);
    dataset
        .remove(tags::PATIENT_POSITION)
        .texts(tags::IMAGE_TYPE, &["DERIVED", "SECONDARY"])
        .text(tags::CONVERSION_TYPE, "WSD")
        .empty(tags::PATIENT_ORIENTATION);
    Ok(Instance::new(
        uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        &image.sop_instance_uid,
        dataset,
    )
    .with_pixels(image.pixels))
}
