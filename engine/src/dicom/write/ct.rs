//! CT Image Storage (PS3.3 A.3).

use dicom_dictionary_std::{tags, uids};

use super::{DateTime, ImagePlane, Instance, Pixels, Series, Study};
use crate::volume::Rescale;

/// What is particular to one CT image.
#[derive(Debug, Clone)]
pub struct CtImage {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Instance Number.
    pub instance_number: i64,
    /// Acquisition Date and Time.
    pub acquired: DateTime,
    /// Where the image lies.
    pub plane: ImagePlane,
    /// From stored values to Hounsfield units.
    pub rescale: Rescale,
    /// Window Center and Width, HU.
    pub window: [f64; 2],
    /// KVP, kV.
    pub tube_voltage_kv: f64,
    /// X-Ray Tube Current, mA.
    pub tube_current_ma: i64,
    /// Gantry/Detector Tilt, degrees.
    pub gantry_tilt_degrees: f64,
    /// The stored values.
    pub pixels: Pixels,
}

/// Makes a CT image.
#[must_use]
pub fn ct_image(study: &Study, series: &Series, image: CtImage) -> Instance {
    let mut dataset = series.begin(study, "CT");
    series.put_image(&mut dataset, image.instance_number, image.acquired);
    image.plane.put(&mut dataset);
    dataset
        .texts(tags::IMAGE_TYPE, &["ORIGINAL", "PRIMARY", "AXIAL"])
        .decimals(tags::KVP, &[image.tube_voltage_kv])
        .integers(tags::X_RAY_TUBE_CURRENT, &[image.tube_current_ma])
        .text(tags::CONVOLUTION_KERNEL, "STANDARD")
        .decimals(tags::GANTRY_DETECTOR_TILT, &[image.gantry_tilt_degrees])
        .integers(tags::ACQUISITION_NUMBER, &[1])
        .decimals(tags::RESCALE_SLOPE, &[image.rescale.slope])
        .decimals(tags::RESCALE_INTERCEPT, &[image.rescale.intercept])
        .text(tags::RESCALE_TYPE, "HU")
        .decimals(tags::WINDOW_CENTER, &[image.window[0]])
        .decimals(tags::WINDOW_WIDTH, &[image.window[1]]);
    Instance::new(uids::CT_IMAGE_STORAGE, &image.sop_instance_uid, dataset).with_pixels(image.pixels)
}
