//! Which files leave, where they lie, and how large they are: known before the first byte flows.

use std::sync::Arc;

use bytes::Bytes;
use codec::TransferSyntax;
use dicom_core::dictionary::DataDictionary;
use dicom_core::{DataElement, PrimitiveValue, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use futures_util::stream;

use super::dicomdir::{Directory, is_image};
use super::names::{self, Given, Names};
use super::private::{Private, made_again};
use super::{Error, Result};
use crate::corrections::overlay::Overlay;
use crate::corrections::{Outgoing, Pieces};
use crate::dicomweb::json;
use crate::identity::new_uid;
use crate::index::{Index, Key, Level, ObjectReference, Query, Row};
use crate::storage::{Hash, Storage};
use crate::transcode;

/// Files of one tree at most: what is kept of each is some hundred bytes.
pub(crate) const MAX_FILES: usize = 200_000;

/// What is taken out of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Study Instance UID.
    pub study_uid: String,
    /// Series Instance UIDs; none for all series.
    pub series_uids: Vec<String>,
}

/// How files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// As a file-set with a DICOMDIR (PS3.10 8), for discs and sticks: in Explicit VR Little Endian without compression, which
    /// the General Purpose profiles want (PS3.11 D), where that can be made.
    FileSet,
    /// The same, each object in the transfer syntax it was received in.
    FileSetAsReceived,
    /// For people, without a DICOMDIR.
    Folders(Names),
}

impl Layout {
    /// Whether there is a DICOMDIR.
    #[must_use]
    pub fn is_file_set(&self) -> bool {
        matches!(self, Self::FileSet | Self::FileSetAsReceived)
    }
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Bytes),
    /// An object's, with its corrections, verified when they are read.
    Object {
        /// Its name in storage.
        hash: Hash,
        /// Bytes that leave.
        size: u64,
        /// Bytes in storage.
        stored_size: u64,
        /// What is laid over it.
        overlays: Arc<[Overlay]>,
        /// Whether its transfer syntax compresses.
        is_compressed: bool,
        /// Whether it leaves in Explicit VR Little Endian, in which it was not received.
        is_made_explicit: bool,
    },
    /// An object de-identified, made when it is read.
    Made {
        /// The name of the original in storage.
        hash: Hash,
        /// What is laid over it first.
        overlays: Arc<[Overlay]>,
        /// How it is made.
        private: Arc<Private>,
        /// Bytes that leave.
        size: u64,
        /// What they must be.
        made: Hash,
    },
}

impl Content {
    /// Bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Object { size, .. } | Self::Made { size, .. } => *size,
        }
    }
}

/// Gives a file's bytes piece by piece, an object's verified.
pub(super) async fn pieces(storage: &Storage, content: &Content) -> Result<Pieces> {
    match content {
        Content::Bytes(bytes) => Ok(Box::pin(stream::iter([Ok(bytes.clone())]))),
        Content::Object {
            hash,
            stored_size,
            overlays,
            is_made_explicit,
            ..
        } => {
            let outgoing = Outgoing::of(storage, *hash, *stored_size, overlays).await?;
            if *is_made_explicit {
                let made = explicit(outgoing.read(storage).await?).await?;
                return Ok(Box::pin(stream::iter([Ok(made)])));
            }
            Ok(outgoing.open(storage).await?)
        }
        Content::Made {
            hash,
            overlays,
            private,
            made,
            ..
        } => {
            let bytes = made_again(storage, *hash, overlays, private, *made).await?;
            Ok(Box::pin(stream::iter([Ok(bytes)])))
        }
    }
}

/// The object in Explicit VR Little Endian; as it is when it is so.
///
/// # Errors
///
/// [`Error::Transcode`] where that cannot be made.
pub(super) async fn explicit(object: Bytes) -> Result<Bytes> {
    let to = TransferSyntax::ExplicitLittleEndian;
    let work = move || transcode::transcode(&object, to, transcode::Limits::default());
    let made = tokio::task::spawn_blocking(work).await;
    Ok(made.map_err(|_| Error::Interrupted)??)
}

/// An object that is too large to be made explicit in memory stays as it is.
pub(crate) const MAX_MADE_BYTES: u64 = 1 << 30;

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Folders and name, with `/` between them.
    pub path: String,
    /// What it holds.
    pub content: Content,
}

/// The files that leave, in the order of their folders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// The files.
    pub files: Vec<File>,
    /// What the tree may be called, where names were asked for.
    pub name: Option<String>,
}

impl Tree {
    /// Lists what is selected, and what a disc gets beside it.
    ///
    /// `extra` files lie beside the DICOMDIR or in the top folder: a viewer for the disc, a note. Names without folders.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::TooMany`], [`Error::Name`] for a name of an extra file, [`Error::Index`],
    /// [`Error::Directory`]; [`Error::Storage`] and [`Error::Correction`] for an object that was corrected.
    pub async fn of(
        index: &Index,
        storage: &Storage,
        selection: &Selection,
        layout: &Layout,
        extra: Vec<(String, Bytes)>,
    ) -> Result<Self> {
        let mut planting = Planting::new(layout);
        let mut query = Query::all(Level::Series);
        query.keys = vec![Key::from_text(tags::STUDY_INSTANCE_UID, &selection.study_uid)];
        let mut series = all(index, query, MAX_FILES).await?;
        let uids = &selection.series_uids;
        series.retain(|row| {
            let uid = row.value(tags::SERIES_INSTANCE_UID);
            uids.is_empty() || uids.iter().any(|asked| asked == uid)
        });
        series.sort_by_key(|row| number(row, tags::SERIES_NUMBER));
        let first = series.first().ok_or(Error::NotFound)?;
        planting.begin(first);
        for row in &series {
            planting.series(index, storage, row).await?;
        }
        planting.finish(extra)
    }
}

/// All rows of a query, of which no more than `most` are accepted.
async fn all(index: &Index, mut query: Query, most: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    loop {
        let page = index.query(&query).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        query.after = Some(last.cursor.clone());
        rows.extend(page);
        if rows.len() > most {
            return Err(Error::TooMany {
                what: "files of a tree",
                limit: MAX_FILES as u64,
                found: (MAX_FILES - most + rows.len()) as u64,
            });
        }
    }
}

/// Numbers sort as numbers, what has none last.
fn number(row: &Row, tag: Tag) -> i64 {
    row.value(tag).trim().parse().unwrap_or(i64::MAX)
}

/// A tree in the making.
struct Planting<'a> {
    layout: &'a Layout,
    files: Vec<File>,
    directory: Directory,
    /// The folder above the series.
    top: String,
    series_given: Given,
    series_number: usize,
    name: Option<String>,
}

impl<'a> Planting<'a> {
    fn new(layout: &'a Layout) -> Self {
        Self {
            layout,
            files: Vec::new(),
            directory: Directory::default(),
            top: String::new(),
            series_given: Given::default(),
            series_number: 0,
            name: None,
        }
    }

    /// Names what stands above the series.
    fn begin(&mut self, row: &Row) {
        let names = match self.layout {
            Layout::FileSet | Layout::FileSetAsReceived => return self.top.push_str("DICOM/ST000001"),
            Layout::Folders(names) => names,
        };
        match names {
            Names::Anonymous => self.top.push_str("DICOM"),
            Names::New(name) => {
                let name = names::safe(name, "DICOM");
                self.top.clone_from(&name);
                self.name = Some(name);
            }
            Names::Plain => {
                let person = names::person(row.value(tags::PATIENT_NAME));
                let patient = format!("{person} {}", row.value(tags::PATIENT_ID));
                let patient = names::safe(&patient, "patient");
                let date = row.value(tags::STUDY_DATE);
                let study = format!("{date} {}", row.value(tags::STUDY_DESCRIPTION));
                let study = names::safe(&study, "study");
                self.top = format!("{patient}/{study}");
                self.name = Some(names::safe(&format!("{patient} {date}"), "study"));
            }
        }
    }

    fn folder(&mut self, row: &Row) -> String {
        self.series_number += 1;
        let number = self.series_number;
        match self.layout {
            Layout::FileSet | Layout::FileSetAsReceived => format!("SE{number:06}"),
            Layout::Folders(Names::Plain) => {
                let words = [tags::SERIES_NUMBER, tags::MODALITY, tags::SERIES_DESCRIPTION];
                let words = words.map(|tag| row.value(tag)).join(" ");
                self.series_given.unique(names::safe(&words, "series"))
            }
            Layout::Folders(_) => format!("{number:03}"),
        }
    }

    async fn series(&mut self, index: &Index, storage: &Storage, row: &Row) -> Result<()> {
        let uid = row.value(tags::SERIES_INSTANCE_UID);
        let study_uid = row.value(tags::STUDY_INSTANCE_UID);
        let mut instances = self.instances(index, study_uid, uid).await?;
        instances.sort_by_cached_key(|row| {
            (
                number(row, tags::INSTANCE_NUMBER),
                row.value(tags::SOP_INSTANCE_UID).to_owned(),
            )
        });
        let with_directory = self.layout.is_file_set();
        let is_image = |row: &Row| {
            is_image(
                row.value(tags::SOP_CLASS_UID),
                row.values.contains_key(&tags::ROWS),
            )
        };
        // Records of images need the index's columns only; for the rest its metadata is read, of this series.
        let details = if with_directory && !instances.iter().all(is_image) {
            index.metadata(study_uid, Some(uid)).await?
        } else {
            Vec::new()
        };
        let mut overlays = index.overlays_below(study_uid, Some(uid), None).await?;
        let folder = self.folder(row);
        let folder = format!("{}/{folder}", self.top);
        for (number, row) in (1..).zip(&instances) {
            let Some(object) = &row.object else { continue };
            let name = match self.layout {
                Layout::FileSet | Layout::FileSetAsReceived => format!("IM{number:06}"),
                Layout::Folders(_) => format!("{number:06}.dcm"),
            };
            let path = format!("{folder}/{name}");
            let overlays = overlays.remove(&object.hash).unwrap_or_default().into();
            let outgoing = Outgoing::of(storage, object.hash, object.size, &overlays).await?;
            let made = self.made_explicit(storage, object, &outgoing).await?;
            let transfer_syntax_uid = match made {
                Some(_) => TransferSyntax::ExplicitLittleEndian.uid(),
                None => &object.transfer_syntax_uid,
            };
            if with_directory {
                let json = details.iter().find(|details| details.hash == object.hash);
                let attributes = attributes(row, json.map(|details| details.json.as_str()));
                let file_id: Vec<&str> = path.split('/').collect();
                self.directory.add(&attributes, &file_id, transfer_syntax_uid)?;
            }
            let content = Content::Object {
                hash: object.hash,
                size: made.unwrap_or(outgoing.size()),
                stored_size: object.size,
                overlays,
                is_compressed: is_compressed(transfer_syntax_uid),
                is_made_explicit: made.is_some(),
            };
            self.files.push(File { path, content });
        }
        Ok(())
    }

    /// Bytes of an object in Explicit VR Little Endian, where it is to be made so and can be: sizes are known before the first
    /// byte flows, so it is made once for its size and once more for its bytes.
    async fn made_explicit(
        &self,
        storage: &Storage,
        object: &ObjectReference,
        outgoing: &Outgoing,
    ) -> Result<Option<u64>> {
        let explicit_uid = TransferSyntax::ExplicitLittleEndian.uid();
        let stored = object.transfer_syntax_uid.as_str();
        let is_to_be = *self.layout == Layout::FileSet
            && stored != explicit_uid
            && outgoing.size() <= MAX_MADE_BYTES
            && transcode::is_possible(stored, explicit_uid);
        if !is_to_be {
            return Ok(None);
        }
        match explicit(outgoing.read(storage).await?).await {
            Ok(made) => Ok(Some(made.len() as u64)),
            Err(Error::Transcode(error)) => {
                tracing::warn!(object = %object.hash, %error, "an object goes onto a medium as it was received");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn instances(&self, index: &Index, study_uid: &str, series_uid: &str) -> Result<Vec<Row>> {
        let mut query = Query::all(Level::Instance);
        query.keys = vec![
            Key::from_text(tags::STUDY_INSTANCE_UID, study_uid),
            Key::from_text(tags::SERIES_INSTANCE_UID, series_uid),
        ];
        all(index, query, MAX_FILES.saturating_sub(self.files.len())).await
    }

    fn finish(mut self, extra: Vec<(String, Bytes)>) -> Result<Tree> {
        let mut files = Vec::with_capacity(self.files.len() + extra.len() + 1);
        let above = match self.layout {
            Layout::FileSet | Layout::FileSetAsReceived => {
                let uid = new_uid().map_err(|error| Error::Directory(error.to_string()))?;
                let directory = std::mem::take(&mut self.directory).finish("UPTAKE", &uid)?;
                files.push(File {
                    path: "DICOMDIR".to_owned(),
                    content: Content::Bytes(directory),
                });
                String::new()
            }
            Layout::Folders(_) => format!("{}/", self.top),
        };
        for (name, bytes) in extra {
            let is_taken = matches!(name.as_str(), "." | ".." | "DICOM" | "DICOMDIR");
            if is_taken || name.is_empty() || name.len() > 255 || name.contains(['/', '\\', '\0']) {
                return Err(Error::Name);
            }
            files.push(File {
                path: format!("{above}{name}"),
                content: Content::Bytes(bytes),
            });
        }
        files.append(&mut self.files);
        Ok(Tree {
            files,
            name: self.name,
        })
    }
}

/// Whether deflating would be for nothing: all but the native encodings (PS3.5 A.1 to A.3).
fn is_compressed(transfer_syntax_uid: &str) -> bool {
    !matches!(
        transfer_syntax_uid,
        "1.2.840.10008.1.2" | "1.2.840.10008.1.2.1" | "1.2.840.10008.1.2.2"
    )
}

/// What a record is made of: the object's own values, then those that the index shows of patient, study and series.
fn attributes(row: &Row, json: Option<&str>) -> InMemDicomObject {
    let details = json.and_then(|json| json::read(json.as_bytes(), json::Limits::default()).ok());
    let mut object = details.map_or_else(InMemDicomObject::new_empty, |(object, _)| object);
    for (tag, value) in &row.values {
        let Some(entry) = dicom_dictionary_std::StandardDataDictionary.by_tag(*tag) else {
            continue;
        };
        let vr = dicom_core::dictionary::DataDictionaryEntry::vr(entry).relaxed();
        object.put(DataElement::new(*tag, vr, values(vr, value)));
    }
    object
}

/// The values of a column: `\` stands between several.
fn values(vr: dicom_core::VR, value: &str) -> PrimitiveValue {
    let parts = || value.split('\\');
    if vr == dicom_core::VR::US {
        return PrimitiveValue::U16(parts().filter_map(|part| part.trim().parse().ok()).collect());
    }
    PrimitiveValue::Strs(parts().map(str::to_owned).collect())
}
