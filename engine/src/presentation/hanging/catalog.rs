//! The documents that come with the engine.

use super::look::Look;
use super::protocol::Protocol;
use crate::presentation::WindowPresets;

macro_rules! documents {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../", $folder, "/", $name, ".json")))),+]
    };
}

/// Of equal fit the earlier is taken: what is more special comes first.
pub(super) const PROTOCOLS: &[(&str, &str)] = documents! {
    "hanging":
    "pet-ct-compare-five",
    "pet-ct-compare-four",
    "pet-ct-compare-three",
    "pet-ct-compare-two-screens",
    "pet-ct-compare",
    "pet-ct-beside",
    "pet-ct",
    "pet-mr-compare",
    "pet-mr",
    "bone-scan-spect-ct",
    "spect-ct-compare",
    "spect-ct",
    "bone-scan-compare",
    "bone-scan",
    "renal-dynamic",
    "pet-compare",
    "pet",
    "spect-compare",
    "spect",
    "whole-body-planar-compare",
    "whole-body-planar",
    "nm-dynamic",
    "nm-planar",
    "ct-chest",
    "ct-compare",
    "ct",
    "ct-stack",
    "mr-brain",
    "mr-compare",
    "mr",
    "mr-stack",
    "mg-compare-two-screens",
    "mg-compare",
    "mg",
    "dx-two-compare",
    "dx-compare",
    "dx-two",
    "dx",
    "us",
    "studies-five",
    "studies-four",
    "studies-three",
    "studies-two",
};

pub(super) const LOOKS: &[(&str, &str)] = documents! {
    "looks":
    "uptake",
    "ge",
    "siemens",
    "philips",
};

/// All protocols that come with the engine, in the order in which equal fits are taken.
#[must_use]
pub fn protocols() -> Vec<Protocol> {
    let windows = WindowPresets::default();
    let read = |(_, text): &(&str, &str)| {
        Protocol::read(text.as_bytes(), &windows).expect("a test reads every protocol")
    };
    PROTOCOLS.iter().map(read).collect()
}

/// The protocol of a name.
#[must_use]
pub fn protocol(name: &str) -> Option<Protocol> {
    let (_, text) = PROTOCOLS.iter().find(|(found, _)| *found == name)?;
    Protocol::read(text.as_bytes(), &WindowPresets::default()).ok()
}

/// All looks that come with the engine, ours first.
#[must_use]
pub fn looks() -> Vec<Look> {
    let windows = WindowPresets::default();
    let read =
        |(_, text): &(&str, &str)| Look::read(text.as_bytes(), &windows).expect("a test reads every look");
    LOOKS.iter().map(read).collect()
}

/// The look of a name.
#[must_use]
pub fn look(name: &str) -> Option<Look> {
    let (_, text) = LOOKS.iter().find(|(found, _)| *found == name)?;
    Look::read(text.as_bytes(), &WindowPresets::default()).ok()
}
