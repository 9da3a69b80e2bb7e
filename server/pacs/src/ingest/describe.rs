//! What an object is, from as few of its first bytes as tell it; pixel data are not read.

use codec::dataset::{self, Object, Prefix};
use codec::{TransferSyntax, Warning};
use dicom_dictionary_std::tags;

use super::{Reason, Result};
use crate::index::Facts;
use crate::storage::{ObjectInfo, Staged, Storage};

/// How much one object may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an object.
    pub object_bytes: u64,
    /// Bytes before the pixel data, or of all of an object without: they are read into memory.
    pub data_set_bytes: u64,
    /// Limits of reading them.
    pub data_set: dataset::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes: 16 << 30,
            data_set_bytes: 512 << 20,
            data_set: dataset::Limits {
                inflated_bytes: 512 << 20,
                ..dataset::Limits::default()
            },
        }
    }
}

/// Bytes tried first: the data set of most images.
const FIRST_BYTES: u64 = 64 << 10;

/// Fragments that are walked; each frame of a movie is one or a few.
const MAX_FRAGMENTS: usize = 1_000_000;

type Described = std::result::Result<(Facts, Vec<Warning>), Reason>;

/// What the first bytes told.
struct Beginning {
    facts: Facts,
    warnings: Vec<Warning>,
    /// Where encapsulated pixel data begin.
    fragments_at: Option<u64>,
}

impl From<Beginning> for (Facts, Vec<Warning>) {
    fn from(beginning: Beginning) -> Self {
        (beginning.facts, beginning.warnings)
    }
}

/// Describes an object not yet stored; its time of receipt is not known yet.
pub(super) fn staged(staged: &mut Staged, limits: Limits) -> Result<Described> {
    let object = ObjectInfo {
        received_ns: 0,
        hash: staged.hash(),
        size: staged.size(),
    };
    let mut length = FIRST_BYTES;
    loop {
        let length_now = length.min(object.size);
        let bytes = staged.read_at(0, usize::try_from(length_now).unwrap_or(usize::MAX))?;
        if let Some(described) = first_bytes(&bytes, object, limits) {
            return Ok(match described {
                Ok(described) => all_fragments(staged, described.fragments_at)?.map(|()| described.into()),
                Err(reason) => Err(reason),
            });
        }
        length *= 4;
    }
}

/// Refuses encapsulated pixel data that end within a fragment. Where they lack only the delimiter, as some senders
/// leave it, all frames are there.
fn all_fragments(staged: &mut Staged, fragments_at: Option<u64>) -> Result<std::result::Result<(), Reason>> {
    let Some(mut at) = fragments_at else {
        return Ok(Ok(()));
    };
    let size = staged.size();
    for _ in 0..MAX_FRAGMENTS {
        if at == size {
            break;
        }
        let header = staged.read_at(at, 8)?;
        let [0xFE, 0xFF, 0x00, 0xE0, a, b, c, d] = header[..] else {
            // The delimiter, or what is no fragment: a matter for who decodes it.
            break;
        };
        at += 8 + u64::from(u32::from_le_bytes([a, b, c, d]));
        if at > size {
            return Ok(Err(Reason::Truncated {
                expected: at,
                found: size,
            }));
        }
    }
    Ok(Ok(()))
}

/// Describes a stored object, after it was verified.
pub(super) async fn stored(storage: &Storage, object: ObjectInfo, limits: Limits) -> Result<Described> {
    let mut length = FIRST_BYTES;
    loop {
        let bytes = storage.range(object.hash, 0..length.min(object.size)).await?;
        if let Some(described) = first_bytes(&bytes, object, limits) {
            return Ok(described.map(Into::into));
        }
        length *= 4;
    }
}

/// Describes an object by its first bytes; `None` when more are needed.
fn first_bytes(
    bytes: &[u8],
    object: ObjectInfo,
    limits: Limits,
) -> Option<std::result::Result<Beginning, Reason>> {
    let complete = bytes.len() as u64 >= object.size;
    let parsed = match dataset::read_prefix(bytes, complete, limits.data_set) {
        Ok(Prefix::Done(parsed)) => parsed,
        Ok(Prefix::NeedsMore) if complete => {
            return Some(Err(Reason::Truncated {
                expected: object.size + 1,
                found: object.size,
            }));
        }
        Ok(Prefix::NeedsMore) if bytes.len() as u64 >= limits.data_set_bytes => {
            return Some(Err(Reason::TooLarge {
                what: "data set before the pixel data",
                limit: limits.data_set_bytes,
            }));
        }
        Ok(Prefix::NeedsMore) => return None,
        Err(error) => return Some(Err(Reason::Unreadable(error))),
    };
    if let Err(reason) = whole(&parsed, object.size) {
        return Some(Err(reason));
    }
    let facts = Facts::of(object, &parsed);
    if let Err(reason) = fileable(&facts) {
        return Some(Err(reason));
    }
    let fragments = parsed.pixels.as_ref().filter(|pixels| pixels.announced.is_none());
    Some(Ok(Beginning {
        facts,
        fragments_at: fragments.map(|pixels| pixels.range.start as u64),
        warnings: parsed.warnings,
    }))
}

/// Refuses what ends before it should.
fn whole(parsed: &Object<'_>, size: u64) -> std::result::Result<(), Reason> {
    // A deflated data set's places are not those of the file.
    let deflated = parsed.transfer_syntax.is_some_and(TransferSyntax::is_deflated);
    let size = if deflated { parsed.bytes.len() as u64 } else { size };
    if parsed.warnings.iter().any(|warning| warning.code == "truncated") {
        return Err(Reason::Truncated {
            expected: size + 1,
            found: size,
        });
    }
    let announced = parsed.pixels.as_ref().and_then(|pixels| {
        let length = pixels.announced?;
        Some((pixels.range.start as u64).saturating_add(length))
    });
    match announced {
        Some(expected) if expected > size => Err(Reason::Truncated {
            expected,
            found: size,
        }),
        _ => Ok(()),
    }
}

fn fileable(facts: &Facts) -> std::result::Result<(), Reason> {
    for tag in [
        tags::SOP_CLASS_UID,
        tags::SOP_INSTANCE_UID,
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
    ] {
        let uid = facts.value(tag);
        if uid.is_empty() {
            return Err(Reason::Missing(tag));
        }
        // Leading zeros and the like are met and harm nobody; what could be taken for a path or a pattern does.
        if uid.len() > 64 || !uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(Reason::BadUid(tag));
        }
    }
    Ok(())
}
