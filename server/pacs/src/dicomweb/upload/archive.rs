//! Zips from outside: judged by their directory before anything of them is kept.

use std::io::{Read, Seek};

use zip::{CompressionMethod, ZipArchive};

/// What a zip may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries.
    pub entries: usize,
    /// Bytes that one entry may inflate to.
    pub entry_bytes: u64,
    /// Bytes that all together may inflate to.
    pub total_bytes: u64,
    /// How many times the zip's own size that may be; small zips may be more.
    pub ratio: u64,
    /// Folders above an entry.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 50_000,
            entry_bytes: 2 << 30,
            total_bytes: 8 << 30,
            ratio: 200,
            depth: 32,
        }
    }
}

/// Below this many bytes no ratio is looked at: empty images compress to nothing.
const SMALL_BYTES: u64 = 64 << 20;

/// Bytes of an entry's name.
const MAX_NAME_BYTES: usize = 1024;

/// Why a zip is refused as a whole.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It cannot be read.
    #[error("the zip is damaged")]
    Damaged,
    /// It asks for more than the limits allow.
    #[error("the zip {what}: at most {limit} is accepted")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: u64,
    },
    /// An entry of it is not accepted, by its number from 1.
    #[error("entry {number} of the zip {what}")]
    Entry {
        /// Which one.
        number: usize,
        /// What it is.
        what: &'static str,
    },
}

/// An entry that may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its place in the directory.
    pub(super) at: usize,
    /// For people only: nothing is written where it points.
    pub(super) name: String,
    /// Bytes announced; not believed.
    pub(super) size: u64,
}

/// Gives the files of a zip of `zip_bytes`, after all of its directory was judged.
///
/// # Errors
///
/// [`Refusal`].
pub(super) fn entries<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    zip_bytes: u64,
    limits: Limits,
) -> Result<Vec<Entry>, Refusal> {
    if archive.len() > limits.entries {
        return Err(too_many(limits));
    }
    let (mut entries, mut inflated, mut deflated) = (Vec::new(), 0_u64, 0_u64);
    for at in 0..archive.len() {
        let file = archive.by_index_raw(at).map_err(|_| Refusal::Damaged)?;
        let refused = |what| Refusal::Entry { number: at + 1, what };
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        judge_name(&name, limits).map_err(refused)?;
        if file.encrypted() {
            return Err(refused("is encrypted"));
        }
        if !matches!(
            file.compression(),
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            return Err(refused("is compressed in another way than deflate"));
        }
        if file.size() > limits.entry_bytes {
            return Err(refused("inflates to more than is accepted"));
        }
        inflated = inflated.saturating_add(file.size());
        deflated = deflated.saturating_add(file.compressed_size());
        if !file.is_dir() && !file.is_symlink() {
            entries.push(Entry {
                at,
                name,
                size: file.size(),
            });
        }
    }
    let most = limits
        .total_bytes
        .min(zip_bytes.saturating_mul(limits.ratio).max(SMALL_BYTES));
    if inflated > most {
        return Err(Refusal::TooLarge {
            what: "in inflated bytes",
            limit: most,
        });
    }
    // Entries that share bytes: how few bytes become many without a high ratio of any entry.
    if deflated > zip_bytes {
        return Err(Refusal::Damaged);
    }
    Ok(entries)
}

pub(super) fn too_many(limits: Limits) -> Refusal {
    Refusal::TooLarge {
        what: "in entries",
        limit: limits.entries as u64,
    }
}

/// What is wrong with a name, though nothing is ever written where it points: who made it means no good.
fn judge_name(name: &str, limits: Limits) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err("has no name, or too long a one");
    }
    if name.chars().any(char::is_control) {
        return Err("has control characters in its name");
    }
    if name.starts_with(['/', '\\']) || name.as_bytes().get(1) == Some(&b':') {
        return Err("has an absolute name");
    }
    let parts: Vec<&str> = name.split(['/', '\\']).collect();
    if parts.contains(&"..") {
        return Err("points out of the zip");
    }
    if parts.len() > limits.depth + 1 {
        return Err("lies in too many folders");
    }
    Ok(())
}

/// Counts what a directory of a zip has for each entry, so that one too long is refused before it is read into memory.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) entries: usize,
    matched: usize,
}

impl Counter {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        const SIGNATURE: &[u8; 4] = b"PK\x01\x02";
        for byte in bytes {
            if *byte == SIGNATURE[self.matched] {
                self.matched += 1;
            } else {
                self.matched = usize::from(*byte == SIGNATURE[0]);
            }
            if self.matched == SIGNATURE.len() {
                self.entries += 1;
                self.matched = 0;
            }
        }
    }
}
