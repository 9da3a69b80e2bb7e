//! What an acceptor accepts.

use std::collections::BTreeMap;

use dicom_ul::pdu::{PresentationContextProposed, PresentationContextResultReason as Reason};

use super::{EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN, trimmed};

/// Whose order of transfer syntaxes decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preference {
    /// The acceptor's.
    #[default]
    Ours,
    /// The requestor's: its first that is supported. What it stores stays as it is.
    Peers,
}

/// What an acceptor accepts.
#[derive(Debug, Clone, Default)]
pub struct Supported {
    classes: BTreeMap<String, Vec<String>>,
    storage: Option<Vec<String>>,
    private_storage: bool,
    preference: Preference,
    extended: BTreeMap<String, Vec<u8>>,
}

impl Supported {
    /// Nothing but verification.
    pub fn verification() -> Self {
        Self::default().class(
            dicom_dictionary_std::uids::VERIFICATION,
            &[EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN],
        )
    }

    /// Adds a SOP class.
    pub fn class(mut self, sop_class_uid: &str, transfer_syntaxes: &[&str]) -> Self {
        let syntaxes = transfer_syntaxes.iter().map(|&uid| uid.to_owned()).collect();
        self.classes.insert(sop_class_uid.to_owned(), syntaxes);
        self
    }

    /// Adds every storage class of the standard, known or to come; with `private`, vendors' own too.
    pub fn storage(mut self, transfer_syntaxes: &[&str], private: bool) -> Self {
        self.storage = Some(transfer_syntaxes.iter().map(|&uid| uid.to_owned()).collect());
        self.private_storage = private;
        self
    }

    /// Offers, byte by byte, what of a class's extended negotiation is honoured, as relational queries (PS3.4 C.5).
    pub fn extended(mut self, sop_class_uid: &str, honoured: &[u8]) -> Self {
        self.extended.insert(sop_class_uid.to_owned(), honoured.to_vec());
        self
    }

    /// What of a requestor's application information holds: each byte where both say 1; `None` for a class without any.
    pub(super) fn agreed(&self, sop_class_uid: &str, asked: &[u8]) -> Option<Vec<u8>> {
        let honoured = self.extended.get(sop_class_uid)?;
        let agreed = asked.iter().zip(honoured).map(|(asked, ours)| asked & ours);
        Some(agreed.collect())
    }

    /// The SOP classes beside storage, with their transfer syntaxes.
    pub fn classes(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.classes
            .iter()
            .map(|(class, syntaxes)| (class.as_str(), syntaxes.as_slice()))
    }

    /// The transfer syntaxes of storage.
    pub fn storage_syntaxes(&self) -> &[String] {
        self.storage.as_deref().unwrap_or_default()
    }

    /// What is honoured of the extended negotiation of a class.
    pub fn extended_of(&self, sop_class_uid: &str) -> &[u8] {
        self.extended.get(sop_class_uid).map_or(&[], Vec::as_slice)
    }

    /// Says whose order of transfer syntaxes decides.
    pub fn preferring(mut self, preference: Preference) -> Self {
        self.preference = preference;
        self
    }

    fn transfer_syntaxes(&self, abstract_syntax: &str) -> Option<&[String]> {
        if let Some(syntaxes) = self.classes.get(abstract_syntax) {
            return Some(syntaxes);
        }
        let takes = is_storage_class(abstract_syntax) || is_private(abstract_syntax) && self.private_storage;
        self.storage.as_deref().filter(|_| takes)
    }

    pub(super) fn choose(&self, proposed: &PresentationContextProposed) -> Result<String, Reason> {
        let Some(ours) = self.transfer_syntaxes(trimmed(&proposed.abstract_syntax)) else {
            return Err(Reason::AbstractSyntaxNotSupported);
        };
        let mut theirs = proposed.transfer_syntaxes.iter().map(|uid| trimmed(uid));
        let chosen = match self.preference {
            Preference::Peers => theirs.find(|uid| ours.iter().any(|our| our == uid)),
            Preference::Ours => {
                let theirs: Vec<&str> = theirs.collect();
                ours.iter().map(String::as_str).find(|our| theirs.contains(our))
            }
        };
        chosen
            .map(str::to_owned)
            .ok_or(Reason::TransferSyntaxesNotSupported)
    }
}

fn is_private(uid: &str) -> bool {
    !uid.starts_with("1.2.840.10008.")
}

/// Whether objects of an accepted SOP class come by C-STORE.
pub(super) fn is_stored(uid: &str) -> bool {
    is_storage_class(uid) || is_private(uid)
}

/// Whether a SOP class is one of storage: the standard's arc for them, and those that stand elsewhere.
pub fn is_storage_class(uid: &str) -> bool {
    const ELSEWHERE: [&str; 6] = [
        "1.2.840.10008.5.1.4.34.7",
        "1.2.840.10008.5.1.4.38.1",
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.43.1",
        "1.2.840.10008.5.1.4.44.1",
        "1.2.840.10008.5.1.4.45.1",
    ];
    uid.starts_with("1.2.840.10008.5.1.4.1.1.") || ELSEWHERE.contains(&uid)
}
