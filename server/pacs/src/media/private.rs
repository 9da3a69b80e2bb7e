//! De-identified objects among the files that leave (PS3.15 E): what may bear an identity in its pixels stays, and is listed.
//!
//! A zip takes objects as they are made. A disc's image says first where each file lies, so there every object is made twice:
//! once to know how large it is, and again when its bytes leave, which must be the same.

use std::sync::Arc;

use bytes::Bytes;

use super::dicomdir::Directory;
use super::tree::explicit;
use super::{Content, Error, File, Result, Tree};
use crate::corrections::laid_over;
use crate::corrections::overlay::Overlay;
use crate::deidentify::{self, Key, Request, deidentify};
use crate::storage::{self, Hash, Storage};

/// Bytes of one object at most: it is made anew in memory.
const MAX_OBJECT_BYTES: u64 = 512 << 20;

/// Bytes of an object's head that its record of the DICOMDIR is made from.
const HEAD: codec::dataset::Limits = codec::dataset::Limits {
    depth: 64,
    elements: 500_000,
    inflated_bytes: 1 << 30,
};

/// How objects are de-identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Private {
    /// The project's secret; of a new one, nothing joins two downloads.
    pub key: Key,
    /// What is kept, what is masked, who confirmed.
    pub request: Request,
    /// Whether a DICOMDIR of the new objects is written. The tree's own is of the old ones and is left out.
    pub with_directory: bool,
}

/// The files of a tree as they are de-identified, one after the other.
pub(super) struct Leaving {
    private: Arc<Private>,
    directory: Directory,
    left_out: Vec<(String, &'static str)>,
}

impl Leaving {
    pub(super) fn new(private: Private) -> Self {
        Self {
            private: Arc::new(private),
            directory: Directory::default(),
            left_out: Vec::new(),
        }
    }

    /// Gives the file as it leaves, in memory; `None` for one that stays.
    pub(super) async fn file(&mut self, storage: &Storage, file: File) -> Result<Option<File>> {
        if file.path == "DICOMDIR" {
            return Ok(None);
        }
        let Content::Object { hash, overlays, .. } = &file.content else {
            return Ok(Some(file));
        };
        match made(storage, *hash, overlays, &self.private).await? {
            Ok(bytes) => {
                if self.private.with_directory {
                    list(&mut self.directory, &bytes, &file.path)?;
                }
                let content = Content::Bytes(bytes);
                Ok(Some(File { content, ..file }))
            }
            Err(why) => {
                self.left_out.push((file.path, why));
                Ok(None)
            }
        }
    }

    /// Gives the files that tell of the others: the DICOMDIR, and what was left out, in Chinese and English.
    pub(super) fn finish(self) -> Result<Vec<File>> {
        let mut files = Vec::new();
        let mut put = |path: &str, bytes: Bytes| {
            let (path, content) = (path.to_owned(), Content::Bytes(bytes));
            files.push(File { path, content });
        };
        if self.private.with_directory {
            let uid = self.private.key.uid("DICOMDIR");
            put("DICOMDIR", self.directory.finish("UPTAKE", &uid)?);
        }
        if !self.left_out.is_empty() {
            put("LEFTOUT.TXT", note(&self.left_out).into());
        }
        Ok(files)
    }
}

/// Gives the tree of the de-identified objects of a tree, whose names must not name the patient, with their sizes.
///
/// # Errors
///
/// [`Error::Storage`] for an object that is damaged, [`Error::Correction`], [`Error::Directory`].
pub async fn deidentified(storage: &Storage, tree: Tree, private: Private) -> Result<Tree> {
    let mut leaving = Leaving::new(private);
    let mut files = Vec::with_capacity(tree.files.len());
    for file in tree.files {
        let before = file.content.clone();
        let Some(mut file) = leaving.file(storage, file).await? else {
            continue;
        };
        if let (Content::Object { hash, overlays, .. }, Content::Bytes(bytes)) = (before, &file.content) {
            file.content = Content::Made {
                hash,
                overlays,
                private: Arc::clone(&leaving.private),
                size: bytes.len() as u64,
                made: Hash::of(bytes),
            };
        }
        files.push(file);
    }
    let mut all = leaving.finish()?;
    all.append(&mut files);
    Ok(Tree {
        files: all,
        name: tree.name,
    })
}

/// Makes an object again, which must be what it was.
pub(super) async fn made_again(
    storage: &Storage,
    hash: Hash,
    overlays: &Arc<[Overlay]>,
    private: &Arc<Private>,
    expected: Hash,
) -> Result<Bytes> {
    match made(storage, hash, overlays, private).await? {
        Ok(bytes) if Hash::of(&bytes) == expected => Ok(bytes),
        _ => Err(Error::Interrupted),
    }
}

/// The new object, or why it may not leave. A damaged object is no such reason: what leaves must not look whole.
async fn made(
    storage: &Storage,
    hash: Hash,
    overlays: &Arc<[Overlay]>,
    private: &Arc<Private>,
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
    let (private, is_explicit) = (Arc::clone(private), private.with_directory);
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
