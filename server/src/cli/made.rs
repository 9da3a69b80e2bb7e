//! What is the same of every DICOM object that a command makes.

use std::path::Path;

use anyhow::Context;
use chrono::{Datelike, Local, Timelike};
use codec::TransferSyntax;
use engine::dicom::write::{DateTime, Equipment, Instance};

/// The moment, to a microsecond.
#[must_use]
pub fn now() -> DateTime {
    let now = Local::now();
    let second = DateTime::new(
        now.year(),
        now.month(),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
    );
    second.plus_s(f64::from(now.timestamp_subsec_micros()) * 1e-6)
}

/// This program, as the maker of an object.
#[must_use]
pub fn equipment() -> Equipment {
    Equipment {
        manufacturer: "Uptake".to_owned(),
        model: "Uptake".to_owned(),
        serial_number: "0".to_owned(),
        software: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Writes an object to a file.
pub fn save(file: &Path, instance: Instance) -> anyhow::Result<()> {
    let bytes = instance.encode(TransferSyntax::ExplicitLittleEndian)?;
    std::fs::write(file, bytes).with_context(|| file.display().to_string())
}
