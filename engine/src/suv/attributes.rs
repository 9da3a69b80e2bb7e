//! What the images of one series say about themselves, as written: the input of the conversion.

use crate::suv::{DateTime, Sex};

/// The attributes of one PET or SPECT series that decide its SUV, as written in the images.
///
/// Nothing is repaired by whoever fills this in; what is absent, empty or not a number stays `None`. The
/// attributes must be the same in all images of the series (PS3.3 C.8.9.1.1), but for those in
/// [`Acquisition`]: images that differ in Units or in a Philips factor are not one series here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes {
    /// Modality, PS3.3 C.7.3.1.
    pub modality: Option<String>,
    /// The first value of Series Type (PS3.3 C.8.9.1): STATIC, DYNAMIC, GATED or WHOLE BODY.
    pub series_type: Option<String>,
    /// Units, PS3.3 C.8.9.1. Of an enhanced image, the term that its Measurement Units Code stands for.
    pub units: Option<String>,
    /// SUV Type, PS3.3 C.8.9.1.
    pub suv_type: Option<String>,
    /// Decay Correction, PS3.3 C.8.9.1. Enhanced PET has Decay Corrected NO, which is `NONE`, or YES with
    /// a [date-time](Self::decay_correction_date_time), which leaves this `None`.
    pub decay_correction: Option<String>,
    /// The values of Corrected Image, PS3.3 C.8.9.4. Of an enhanced image, the terms (ATTN, DECY, …) of
    /// the flags of PS3.3 C.8.22.6 that are YES.
    pub corrected_image: Option<Vec<String>>,
    /// Series Date with Series Time, PS3.3 C.8.9.1.
    pub series_date_time: Option<DateTime>,
    /// Decay Correction DateTime: to when an enhanced PET was corrected, PS3.3 C.8.22.
    pub decay_correction_date_time: Option<DateTime>,
    /// One for each image (slice and time) of the whole series, in the order wanted of
    /// [`Factors`](crate::suv::Factors). Where only a part is converted, such as one time of a dynamic
    /// series, its images come first and the others after: the first acquisition of all is needed.
    pub acquisitions: Vec<Acquisition>,
    /// Radiopharmaceutical Start DateTime, PS3.3 C.8.9.2.
    pub radiopharmaceutical_start_date_time: Option<DateTime>,
    /// Radiopharmaceutical Start Time in seconds since midnight, PS3.3 C.8.9.2; it has no date.
    pub radiopharmaceutical_start_time_s: Option<f64>,
    /// GE's private date-time of administration, element 3B of the block `GEMS_PETD_01` in group 0009.
    pub ge_administration_date_time: Option<DateTime>,
    /// GE's private date-time of the scan, element 0D of the block `GEMS_PETD_01` in group 0009.
    pub ge_scan_date_time: Option<DateTime>,
    /// Siemens' private date-time of decay correction, element 22 in group 0071; only compared.
    pub siemens_decay_correction_date_time: Option<DateTime>,
    /// Radionuclide Total Dose as written: Bq (PS3.3 C.8.9.2), MBq in enhanced PET (C.8.22.4) and by error.
    pub radionuclide_total_dose: Option<f64>,
    /// Radionuclide Half Life in seconds, PS3.3 C.8.9.2.
    pub radionuclide_half_life_s: Option<f64>,
    /// Code Value of Radionuclide Code Sequence; looked up where the half-life is absent.
    pub radionuclide_code_value: Option<String>,
    /// Code Meaning of Radionuclide Code Sequence; looked up where the code is not known.
    pub radionuclide_code_meaning: Option<String>,
    /// Patient's Weight as written: kg (PS3.3 C.7.2.2), or grams by error.
    pub patient_weight: Option<f64>,
    /// Patient's Size as written: metres (PS3.3 C.7.2.2), or centimetres by error.
    pub patient_size: Option<f64>,
    /// Patient's Sex; `None` where it is not M, F or O.
    pub patient_sex: Option<Sex>,
    /// Philips' private SUV Scale Factor, element 00 of `Philips PET Private Group` in group 7053.
    pub philips_suv_scale_factor: Option<f64>,
    /// Philips' private Activity Concentration Scale Factor, element 09 of the same block.
    pub philips_activity_concentration_scale_factor: Option<f64>,
}

/// When and how one image of the series was taken. PS3.3 C.8.9.4.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Acquisition {
    /// Acquisition Date with Acquisition Time: when counting began (PS3.3 C.8.9.4.1.4).
    pub acquisition_date_time: Option<DateTime>,
    /// Frame Reference Time in milliseconds (PS3.3 C.8.9.4.1.5).
    pub frame_reference_time_ms: Option<f64>,
    /// Actual Frame Duration in milliseconds (PS3.3 C.8.9.4.1.6).
    pub actual_frame_duration_ms: Option<f64>,
    /// Rescale Intercept, which PS3.3 C.8.9.4 fixes at zero; absent is taken as zero.
    pub rescale_intercept: Option<f64>,
}

pub(super) const ACQUISITION: &str = "Acquisition Date and Time";

impl Attributes {
    /// When counting began for the first image that says so.
    pub(super) fn earliest_acquisition(&self) -> Option<DateTime> {
        self.acquisition_date_times().reduce(|first, next| {
            if next.seconds_since(first) < 0.0 {
                next
            } else {
                first
            }
        })
    }

    /// When counting ended for the last image that says when it began and for how long it went on.
    pub(super) fn latest_end(&self) -> Option<DateTime> {
        self.acquisitions
            .iter()
            .filter_map(|image| {
                let duration_s = image
                    .actual_frame_duration_ms
                    .filter(|duration| duration.is_finite())?
                    / 1000.0;
                Some(image.acquisition_date_time?.plus_seconds(duration_s))
            })
            .reduce(|last, next| {
                if next.seconds_since(last) > 0.0 {
                    next
                } else {
                    last
                }
            })
    }

    fn acquisition_date_times(&self) -> impl Iterator<Item = DateTime> {
        self.acquisitions
            .iter()
            .filter_map(|image| image.acquisition_date_time)
    }

    /// Every date-time there is.
    pub(super) fn date_times(&self) -> impl Iterator<Item = DateTime> {
        [
            self.series_date_time,
            self.decay_correction_date_time,
            self.radiopharmaceutical_start_date_time,
            self.ge_administration_date_time,
            self.ge_scan_date_time,
        ]
        .into_iter()
        .flatten()
        .chain(self.acquisition_date_times())
    }
}
