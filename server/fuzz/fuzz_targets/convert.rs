//! Any bytes as a picture, document or movie: an object within the limits, or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pacs::convert::{Header, Limits, to_dicom};

fuzz_target!(|bytes: &[u8]| {
    let header = Header {
        patient_id: "FUZZ".to_owned(),
        ..Header::default()
    };
    let limits = Limits {
        file_bytes: 1 << 20,
        pixel_bytes: 4 << 20,
        pages: 16,
    };
    let _ = to_dicom(bytes, &header, &limits);
});
