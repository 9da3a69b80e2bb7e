//! Media ranges of a request: what is covered is chosen.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pacs::dicomweb::accept::{Accept, MediaRange, Offer};
use pacs::dicomweb::multipart::related;

fuzz_target!(|text: &str| {
    let _ = MediaRange::read(text);
    let _ = related(text);
    let offers = [
        Offer::single("application/dicom+json"),
        Offer::parts("application/dicom+xml"),
    ];
    let accept = Accept::of(&Default::default(), Some(text));
    let chosen = accept.choose(&offers);
    let covered = offers.iter().any(|offer| !accept.covering(*offer).is_empty());
    assert_eq!(chosen.is_some(), covered);
});
