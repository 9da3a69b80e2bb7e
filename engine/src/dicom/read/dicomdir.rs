//! Directories of media: the files that a DICOMDIR lists (PS3.3 F.5).

use codec::dataset::Object;
use dicom_dictionary_std::{tags, uids};

use super::attributes::Attributes;

/// Whether an object is a directory of media.
#[must_use]
pub fn is_directory(object: &Object<'_>) -> bool {
    let class = object.meta.text(tags::MEDIA_STORAGE_SOP_CLASS_UID);
    class.as_deref() == Some(uids::MEDIA_STORAGE_DIRECTORY_STORAGE)
        || object.data_set.get(tags::DIRECTORY_RECORD_SEQUENCE).is_some()
}

/// The files that a directory's records refer to, each as the components of its path below the directory.
///
/// Components that would lead out of the folder are left out with their file. Inactive records count too: media
/// are read as they are.
#[must_use]
pub fn referenced_files(object: &Object<'_>) -> Vec<Vec<String>> {
    let records = object.data_set.items(tags::DIRECTORY_RECORD_SEQUENCE);
    let mut files: Vec<Vec<String>> = records
        .iter()
        .map(|record| record.texts(tags::REFERENCED_FILE_ID))
        .collect();
    files.retain(|components| {
        !components.is_empty() && components.iter().all(|component| is_plain(component))
    });
    files
}

fn is_plain(component: &str) -> bool {
    !component.is_empty()
        && component != "."
        && component != ".."
        && !component.contains(['/', '\\', ':', '\0'])
}
