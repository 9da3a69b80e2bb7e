//! A zip of de-identified objects (PS3.15 E): what may bear an identity in its pixels stays, and is listed.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;

use super::{Packing, Writer};
use crate::corrections::laid_over;
use crate::corrections::overlay::Overlay;
use crate::deidentify::{self, Key, Request, deidentify};
use crate::media::dicomdir::Directory;
use crate::media::tree::explicit;
use crate::media::{Content, Error, File, Result, Tree, pipe};
use crate::storage::{self, Storage};

/// Bytes of one object at most: it is made anew in memory.
const MAX_OBJECT_BYTES: u64 = 512 << 20;

/// Bytes of an object's head that its record of the DICOMDIR is made from.
const HEAD: codec::dataset::Limits = codec::dataset::Limits {
    depth: 64,
    elements: 500_000,
    inflated_bytes: 1 << 30,
};

/// How objects are de-identified.
#[derive(Debug, Clone)]
pub struct Private {
    /// The project's secret; of a new one, nothing joins two downloads.
    pub key: Key,
    /// What is kept, what is masked, who confirmed.
    pub request: Request,
    /// Whether a DICOMDIR of the new objects is written. The tree's own is of the old ones and must not be in it.
    pub with_directory: bool,
}

/// Gives the bytes of a zip with the de-identified objects of a tree, whose names must not name the patient.
///
/// Objects that may not leave are left out, and listed by the names that they would have had, in Chinese and English.
///
/// The last item is the [`Error`], if there is one. Call it within a tokio runtime.
pub fn deidentified(
    storage: Storage,
    tree: Tree,
    packing: Packing,
    private: Private,
) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    pipe::written(move |sink| async move {
        let mut zip = Writer::new(sink, packing);
        let mut left_out = Vec::new();
        let mut directory = Directory::default();
        for file in tree.files {
            let made = match &file.content {
                Content::Bytes(bytes) => Ok(bytes.clone()),
                Content::Object { hash, overlays, .. } => made(&storage, *hash, overlays, &private).await?,
            };
            match made {
                Ok(bytes) => {
                    if private.with_directory && matches!(file.content, Content::Object { .. }) {
                        list(&mut directory, &bytes, &file.path)?;
                    }
                    let content = Content::Bytes(bytes);
                    let file = File { content, ..file };
                    zip.file(&storage, &file).await?;
                }
                Err(why) => left_out.push((file.path, why)),
            }
        }
        if private.with_directory {
            let uid = private.key.uid("DICOMDIR");
            let content = Content::Bytes(directory.finish("UPTAKE", &uid)?);
            let path = "DICOMDIR".to_owned();
            zip.file(&storage, &File { path, content }).await?;
        }
        if !left_out.is_empty() {
            let content = Content::Bytes(note(&left_out).into());
            let path = "LEFTOUT.TXT".to_owned();
            zip.file(&storage, &File { path, content }).await?;
        }
        zip.finish().await
    })
}

/// The new object, or why it may not leave. A damaged object is no such reason: the zip must not look whole.
async fn made(
    storage: &Storage,
    hash: storage::Hash,
    overlays: &Arc<[Overlay]>,
    private: &Private,
) -> Result<Result<Bytes, &'static str>> {
    let bytes = match storage.read(hash, MAX_OBJECT_BYTES).await {
        Ok(bytes) => bytes,
        Err(storage::Error::TooLarge { .. }) => {
            return Ok(Err("过大，无法去标识 | too large to be de-identified"));
        }
        Err(error) => return Err(error.into()),
    };
    // Who is hidden is who it is now: the same pseudonym then stands for the same patient.
    let bytes = laid_over(bytes, overlays).await?;
    let (private, is_explicit) = (private.clone(), private.with_directory);
    let work = move || deidentify(&bytes, &private.key, &private.request);
    let made = tokio::task::spawn_blocking(work).await;
    let made: Bytes = match made.map_err(|_| Error::Interrupted)? {
        Ok(made) => made.bytes.into(),
        Err(error) => return Ok(Err(reason(&error))),
    };
    if !is_explicit {
        return Ok(Ok(made));
    }
    match explicit(made.clone()).await {
        // What cannot be made so is as it was received.
        Err(Error::Transcode(_)) => Ok(Ok(made)),
        other => other.map(Ok),
    }
}

/// Words of our own: an error's may hold values of the object.
fn reason(error: &deidentify::Error) -> &'static str {
    use deidentify::Error as E;
    match error {
        E::Pixels(_) | E::MaskMismatch { .. } | E::Confirmation { .. } => {
            "像素中可能含有文字 | the pixels may bear text"
        }
        E::Document => "文档可能含有患者信息 | a document may name the patient",
        E::PrivateClass => "厂商私有对象，内容未知 | a manufacturer's own object, of which nothing is known",
        E::Codec(_) => "无法读取 | cannot be read",
        _ => "无法去标识 | cannot be de-identified",
    }
}

fn list(directory: &mut Directory, bytes: &[u8], path: &str) -> Result<()> {
    let object = codec::dataset::read(bytes, HEAD).map_err(|error| Error::Directory(error.to_string()))?;
    let file_id: Vec<&str> = path.split('/').collect();
    directory.add(&object.data_set, &file_id, &object.transfer_syntax_uid)
}

fn note(left_out: &[(String, &str)]) -> String {
    let mut note = "\u{FEFF}以下文件未包含在内，因为无法确认其中不含患者身份信息。\r\n\
        These files are left out, because it cannot be known that they do not tell who the patient is.\r\n\r\n"
        .to_owned();
    for (path, why) in left_out {
        note.push_str(&format!("{path}: {why}\r\n"));
    }
    note
}
