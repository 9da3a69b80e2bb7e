//! Objects made safe to leave the hospital (PS3.15 Annex E): who the patient is, who treated, where and when.
//!
//! [`deidentify`] takes one object's bytes and gives those of a new one. What happens to each attribute stands in
//! `table.csv` ([`Table`]); what a project may keep is said in [`Options`]. It fails closed: pixels that may bear text
//! leave only under a [`PixelMask`] or a named person's [`Confirmation`], encapsulated documents never. Keys, masks and
//! confirmations arrive as arguments; who may ask for what is the caller's to decide and to record.
//!
//! # Where this is stricter than the table
//!
//! Attributes that the table does not list are not all harmless: names of persons, free text (LT, ST, UT, UC), AE titles
//! and dates get a dummy or are shifted, UIDs are replaced, links (UR), unknown attributes and values of unknown
//! representation are removed, and so is any other text in which a name or number of the object's own patient, staff or
//! institution occurs (in coded values and the manufacturer's name only numbers and whole names count). Overlays and curves go whole, icons too. Where the table leaves the action to the attribute's type in
//! the object's definition (X/Z and the like), a value is kept in place by a dummy: it is conformant whatever the type.
//!
//! # Which edition
//!
//! Actions of the basic profile are those of PS3.15 2026c, 656 rows; columns of the options those of 2025b. They were
//! compiled from three independent public transcriptions. 647 rows agree in all three (column `sources` is 3); nine were
//! found in two transcriptions, or (Display URI) in one, where the options' columns are therefore empty. Rows 0032,1033
//! (whether Clean Descriptors names it) and 0040,B020 (its options) could not be verified.
//!
//! # What shifting dates means
//!
//! All dates of a patient move back by the same number of whole days, 1 to 3650, known only with the project's key. Times
//! of day stay, so intervals over midnight and the decay of a tracer stay true.

pub(crate) mod dates;
mod dummy;
mod error;
mod hash;
mod identifiers;
mod mark;
mod mask;
mod options;
mod pixels;
mod private;
mod pseudonym;
mod risk;
mod structured;
mod table;
mod walk;
mod write;

#[cfg(test)]
mod tests;

use codec::dataset::{self, Limits};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

pub use error::Error;
pub use mask::{PixelMask, Rectangle};
pub use options::{Cleaning, Confirmation, Dates, Options, Request, Subject};
pub use pseudonym::Key;
pub use risk::Risk;
pub use table::{Action, Pattern, Row, Table};

use pseudonym::Pseudonyms;
use walk::Walk;

/// An object that may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deidentified {
    /// A Part 10 file.
    pub bytes: Vec<u8>,
    /// Its SOP Instance UID, and a name for the file that tells nothing.
    pub sop_instance_uid: String,
    /// Why its pixels needed a mask or a confirmation; `None` when they did not.
    pub risk: Option<Risk>,
    /// Who confirmed that the pixels bear no text, where that is why it may leave: for the caller's records.
    pub confirmed_by: Option<String>,
    /// Attributes beyond the table in which an identifier of the object itself was found; they hold a dummy now.
    pub found_in: Vec<Tag>,
}

impl Deidentified {
    /// Gives a file name made of the new SOP Instance UID.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.dcm", self.sop_instance_uid)
    }
}

/// Gives the de-identified object of the Part 10 file or data set `bytes`.
///
/// The same key gives the same UIDs, pseudonyms and shift of dates, so the objects of a patient stay together.
///
/// # Errors
///
/// [`Error::Cleaning`] for an option that takes a person or a model, [`Error::Pixels`] for pixels that may bear text and have
/// neither mask nor confirmation, [`Error::Document`] and [`Error::PrivateClass`] for objects that never leave,
/// [`Error::MaskMismatch`] and [`Error::Confirmation`] for a mask or confirmation of other images, [`Error::Codec`] for bytes
/// that cannot be read or pixels that cannot be decoded to be masked.
pub fn deidentify(bytes: &[u8], key: &Key, request: &Request) -> Result<Deidentified, Error> {
    if let Some(cleaning) = request.options.cleaning.first() {
        return Err(Error::Cleaning(*cleaning));
    }
    let object = dataset::read(bytes, Limits::default())?;
    let risk = risk::of(&object)?;
    let (risk, confirmed_by) = risk::answer(risk, &object, request)?;
    let mut data_set = object.data_set.clone();
    let pixels = pixels::take(&object, request.mask.as_ref(), &mut data_set)?;
    let pseudonyms = Pseudonyms::new(key, &data_set, request.subject.as_ref());
    let identifiers = identifiers::of(&data_set, &request.options);
    let mut walk = Walk::new(&request.options, &pseudonyms, &identifiers);
    walk.data_set(&mut data_set);
    let found_in = walk.found_in;
    mark::methods(&mut data_set, &request.options, pixels.is_masked);
    if risk.is_some() {
        mark::no_text_in_pixels(&mut data_set);
    }
    let sop_instance_uid = text(&data_set, tags::SOP_INSTANCE_UID);
    let bytes = write::part10(&data_set, &pixels)?;
    Ok(Deidentified {
        bytes,
        sop_instance_uid,
        risk,
        confirmed_by,
        found_in,
    })
}

/// The text of an attribute without its padding; empty when absent.
fn text(object: &dicom_object::InMemDicomObject, tag: Tag) -> String {
    let value = object.get(tag).and_then(|element| element.to_str().ok());
    value.map_or_else(String::new, |text| text.trim_matches([' ', '\0']).to_owned())
}
