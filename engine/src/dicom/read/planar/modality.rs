//! Stored values to real ones (PS3.3 C.11.1): a line, or a lookup table, never both.

use dicom_dictionary_std::{tags, uids};

use super::super::attributes::Attributes;
use super::source::Source;
use super::table::Table;
use crate::volume::Rescale;

/// The modality transformation of a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Modality {
    Rescale(Rescale),
    Table(Table),
}

impl Modality {
    /// Reads the transformation that display uses; a table that cannot be read is passed over.
    pub(super) fn read(source: &mut Source<'_>) -> Self {
        if is_backwards(source) {
            return Self::Rescale(Rescale::IDENTITY);
        }
        let line = Self::Rescale(rescale(source));
        let items = source.object.items(tags::MODALITY_LUT_SEQUENCE);
        let Some(item) = items.first() else {
            return line;
        };
        match Table::read(item, source.is_signed()) {
            Ok((table, _)) => {
                if line != Self::Rescale(Rescale::IDENTITY) {
                    let text = "expected a rescale or a Modality LUT, found both; the table is used";
                    source.warn("modality-lut", text.to_owned());
                }
                Self::Table(table)
            }
            Err(reason) => {
                source.warn("modality-lut", format!("Modality LUT passed over: {reason}"));
                line
            }
        }
    }

    /// The real value of a stored one.
    pub(super) fn real(&self, stored: f64) -> f64 {
        match self {
            Self::Rescale(rescale) => rescale.real(stored),
            Self::Table(table) => table.entry(stored),
        }
    }

    /// Whether stored values between two limits may become real ones below zero; entries of tables never are.
    pub(super) fn gives_negative(&self, [lowest, highest]: [f64; 2]) -> bool {
        matches!(self, Self::Rescale(rescale) if rescale.real(lowest) < 0.0 || rescale.real(highest) < 0.0)
    }
}

/// Whether the transformation leads back from displayable values to X-ray intensity (PS3.3 C.8.7.1.1.2).
fn is_backwards(source: &Source<'_>) -> bool {
    let classes = [
        uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
        uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE,
        // Biplane, retired.
        "1.2.840.10008.5.1.4.1.1.12.3",
    ];
    let relationship = source.object.text(tags::PIXEL_INTENSITY_RELATIONSHIP);
    classes.contains(&source.instance.sop_class_uid.as_str())
        && matches!(relationship.as_deref(), Some("LOG" | "DISP"))
}

/// The frame's line; one that is only a real world value mapping plays no part in display.
fn rescale(source: &Source<'_>) -> Rescale {
    if source.is_enhanced() && source.group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE).is_none() {
        return Rescale::IDENTITY;
    }
    source.description_of_frame().rescale
}
