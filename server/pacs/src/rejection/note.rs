//! A key object selection that rejects what it refers to (PS3.16 TID 2011, IHE RAD TF-3 4.66).

use std::collections::BTreeMap;

use codec::dataset::{Limits, read};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use crate::access::{self, Action, Authorize, Context, Principal, Question, Refusal};
use crate::clock::now_ns;
use crate::index::{NewRejection, Page, RejectionReason};
use crate::ingest::{Error, Receipt, Result};
use crate::services::Archive;

/// Largest note that is read; one that names all instances of a large study has a few megabytes.
const MAX_NOTE_BYTES: u64 = 64 << 20;

/// What a note rejects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its title.
    pub reason: RejectionReason,
    /// SOP Instance UIDs by study.
    pub instances: BTreeMap<String, Vec<String>>,
}

/// Reads a note; `None` for any other object.
#[must_use]
pub fn note(data_set: &InMemDicomObject) -> Option<Note> {
    let title = items(data_set, tags::CONCEPT_NAME_CODE_SEQUENCE).next()?;
    if text(title, tags::CODING_SCHEME_DESIGNATOR)? != "DCM" {
        return None;
    }
    let reason = RejectionReason::from_code(&text(title, tags::CODE_VALUE)?)?;
    let mut instances: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for study in items(data_set, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE) {
        let Some(study_uid) = text(study, tags::STUDY_INSTANCE_UID) else {
            continue;
        };
        let all = instances.entry(study_uid).or_default();
        for series in items(study, tags::REFERENCED_SERIES_SEQUENCE) {
            let named = items(series, tags::REFERENCED_SOP_SEQUENCE);
            all.extend(named.filter_map(|item| text(item, tags::REFERENCED_SOP_INSTANCE_UID)));
        }
    }
    instances.retain(|_, all| !all.is_empty());
    Some(Note { reason, instances })
}

fn items(data_set: &InMemDicomObject, tag: Tag) -> impl Iterator<Item = &InMemDicomObject> {
    let items = data_set.get(tag).and_then(|element| element.items());
    items.unwrap_or_default().iter()
}

fn text(data_set: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = data_set.get(tag)?.to_str().ok()?;
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty()).then(|| text.to_owned())
}

impl Archive {
    /// Heeds an object just received that is a note of rejection, when its sender may reject; gives the rejections made.
    ///
    /// To be called before the object is acknowledged, whether it is new or was there: then a note whose sender was cut off
    /// before the acknowledgement is heeded when it is sent again. A note is heeded once; what a person undid stays undone.
    ///
    /// # Errors
    ///
    /// [`Error`]: not acknowledged; the sender should send it again.
    pub async fn heed_note(
        &self,
        receipt: &Receipt,
        sender: &Principal,
        context: &Context,
        authorize: &dyn Authorize,
    ) -> Result<Vec<i64>> {
        if receipt.sop_class_uid != uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE {
            return Ok(Vec::new());
        }
        let bytes = self.storage().read(receipt.object.hash, MAX_NOTE_BYTES).await?;
        let read = tokio::task::spawn_blocking(move || {
            let object = read(&bytes, Limits::default()).ok()?;
            note(&object.data_set)
        });
        let Some(note) = read.await.map_err(|_| Error::Interrupted)? else {
            return Ok(Vec::new());
        };
        let mut made = Vec::new();
        for (study_uid, sop_uids) in note.instances {
            let question = Question::new(sender, Action::Correct, Some(&study_uid), context);
            let within = match access::check(authorize, self.index(), question).await {
                Ok(within) => within,
                Err(Refusal::NotAllowed | Refusal::NoSuchStudy) => {
                    tracing::warn!(
                        note = receipt.sop_uid,
                        study_uid,
                        "a note was not heeded: its sender may not reject"
                    );
                    continue;
                }
                Err(Refusal::Failed(error)) => return Err(error.into()),
                Err(Refusal::Index(error)) => return Err(error.into()),
            };
            let earlier = self
                .index()
                .rejections(Some(&study_uid), &within, Page::FIRST)
                .await?;
            if earlier
                .iter()
                .any(|rejection| rejection.note_uid.as_deref() == Some(&receipt.sop_uid))
            {
                continue;
            }
            let new = NewRejection {
                study_uid,
                series_uid: None,
                sop_uids,
                reason: note.reason,
                comment: String::new(),
                note_uid: Some(receipt.sop_uid.clone()),
                actor: sender.actor(),
                at_ns: now_ns(),
            };
            made.push(self.index().reject(&new).await?);
        }
        Ok(made)
    }
}
