//! The compressed form of an object: its pixels without loss in another transfer syntax, the rest as it was received.
//!
//! It lies beside the place of the received bytes, and gives them back bit for bit: the object's name stays the SHA-256 of what
//! was received, and whoever reads it by that name gets those bytes. Whoever takes the compressed object itself reads that
//! part of the file as it is. When an object is given this form is [`crate::compression`]'s matter.
//!
//! ```text
//! "UPTKPAK1"  size received  begin of the pixels' value, its length  length of the rest  UID of the transfer syntax
//! rest: the received bytes but the pixels' value, deflated
//! the object in the other transfer syntax, a Part 10 file
//! SHA-256 of all before
//! ```
//!
//! Numbers have 64 bits, little endian; the UID has 64 bytes, filled up with zeros.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use tokio::sync::Semaphore;

use super::{Backend, Error, Form, Hash, Result, Storage, blocking};
use crate::transcode;

const MAGIC: &[u8; 8] = b"UPTKPAK1";
const UID_BYTES: usize = 64;
/// Bytes before the deflated rest.
pub(super) const HEAD_BYTES: usize = 8 + 4 * 8 + UID_BYTES;
/// Bytes of the hash at the end.
pub(super) const HASH_BYTES: u64 = 32;

/// Largest object that has a compressed form: unpacked, it is in memory.
pub(crate) const MAX_BYTES: u64 = 256 << 20;

/// Unpacked objects that are kept, for those who read on.
const KEPT_BYTES: usize = 256 << 20;

/// What the file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) received_size: u64,
    pixels: Range<u64>,
    rest_length: u64,
    transfer_syntax_uid: String,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD_BYTES)?.strip_prefix(MAGIC)?;
        let (numbers, uid) = bytes.split_at(4 * 8);
        let mut numbers = numbers.as_chunks::<8>().0.iter().map(|n| u64::from_le_bytes(*n));
        let [received_size, start, length, rest_length] =
            std::array::from_fn(|_| numbers.next().unwrap_or(0));
        let end = start.checked_add(length)?;
        let uid = std::str::from_utf8(uid).ok()?.trim_end_matches('\0');
        (end <= received_size && received_size <= MAX_BYTES).then(|| Self {
            received_size,
            pixels: start..end,
            rest_length,
            transfer_syntax_uid: uid.to_owned(),
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let Range { start, end } = self.pixels;
        for number in [self.received_size, start, end - start, self.rest_length] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.transfer_syntax_uid.bytes().take(UID_BYTES));
        bytes.resize(HEAD_BYTES, 0);
        bytes
    }

    /// Where in a file of `size` bytes the object lies.
    fn object(&self, size: u64) -> Option<Range<u64>> {
        let start = (HEAD_BYTES as u64).checked_add(self.rest_length)?;
        let end = size.checked_sub(HASH_BYTES)?;
        (start <= end).then_some(start..end)
    }
}

/// Makes the file: `pixels` is where their value lies in `received`, `object` the same object in `transfer_syntax_uid`.
pub(crate) fn pack(
    received: &[u8],
    pixels: Range<usize>,
    transfer_syntax_uid: &str,
    object: &[u8],
) -> Vec<u8> {
    let mut rest = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = [&received[..pixels.start], &received[pixels.end..]]
        .iter()
        .try_for_each(|part| rest.write_all(part))
        .and_then(|()| rest.finish())
        .expect("writing into memory cannot fail");
    let head = Head {
        received_size: received.len() as u64,
        pixels: pixels.start as u64..pixels.end as u64,
        rest_length: deflated.len() as u64,
        transfer_syntax_uid: transfer_syntax_uid.to_owned(),
    };
    let mut file = [&head.bytes(), &deflated, object].concat();
    let hash = Hash::of(&file);
    file.extend(hash.0);
    file
}

/// Whether a file has the hash that it ends with.
pub(super) fn is_whole(file: &[u8]) -> bool {
    let parts = file.split_last_chunk::<{ HASH_BYTES as usize }>();
    parts.is_some_and(|(all, hash)| Hash::of(all).0 == *hash)
}

/// Gives the received bytes; `None` when the file does not give them.
pub(crate) fn unpack(file: &[u8]) -> Option<Vec<u8>> {
    let head = Head::read(file)?;
    let object = head.object(file.len() as u64)?;
    let (start, end) = (object.start as usize, object.end as usize);
    let pixels = head.pixels.start as usize..head.pixels.end as usize;
    let mut received = Vec::with_capacity(head.received_size as usize);
    let rest = DeflateDecoder::new(&file[HEAD_BYTES..start]);
    let without = head.received_size - (head.pixels.end - head.pixels.start);
    rest.take(without + 1).read_to_end(&mut received).ok()?;
    if received.len() as u64 != without || pixels.start > received.len() {
        return None;
    }
    let mut value = transcode::native_value(&file[start..end], transcode::Limits::default()).ok()?;
    // A value of odd length is filled up (PS3.5 7.1.1).
    if value.len() + 1 == pixels.len() {
        value.push(0);
    }
    if value.len() != pixels.len() {
        return None;
    }
    received.splice(pixels.start..pixels.start, value);
    Some(received)
}

/// The compressed form of an object in a store.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    storage: Storage,
    hash: Hash,
    transfer_syntax_uid: String,
    /// Where in the file the object lies.
    object: Range<u64>,
    file_size: u64,
}

impl Packed {
    /// The transfer syntax of the object as it lies there.
    pub(crate) fn transfer_syntax_uid(&self) -> &str {
        &self.transfer_syntax_uid
    }

    /// Bytes of the compressed object.
    pub(crate) fn size(&self) -> u64 {
        self.object.end - self.object.start
    }

    /// Gives part of the compressed object, verified.
    ///
    /// # Errors
    ///
    /// As [`Storage::range`].
    pub(crate) async fn range(&self, range: Range<u64>) -> Result<Bytes> {
        if range.start > range.end || range.end > self.size() {
            return Err(Error::OutOfRange {
                hash: self.hash,
                size: self.size(),
                start: range.start,
                end: range.end,
            });
        }
        let range = self.object.start + range.start..self.object.start + range.end;
        self.storage
            .blocks_of(Form::Packed, self.hash, self.file_size, range)
            .await
    }

    /// Gives the whole compressed object, verified.
    ///
    /// # Errors
    ///
    /// As [`Storage::read`].
    pub(crate) async fn read(&self) -> Result<Bytes> {
        let file = self.storage.packed_file(self.hash, self.file_size).await?;
        Ok(file.slice(self.object.start as usize..self.object.end as usize))
    }
}

/// Objects unpacked lately, the last ones first, and how many may be unpacked at once.
#[derive(Debug)]
pub(super) struct Unpacked {
    kept: Mutex<VecDeque<(Hash, Bytes)>>,
    places: Semaphore,
}

impl Default for Unpacked {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            kept: Mutex::default(),
            places: Semaphore::new(cores),
        }
    }
}

impl Unpacked {
    fn get(&self, hash: Hash) -> Option<Bytes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| *known == hash)?;
        let found = kept.remove(at)?;
        let bytes = found.1.clone();
        kept.push_front(found);
        Some(bytes)
    }

    fn put(&self, hash: Hash, bytes: Bytes) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((hash, bytes));
        while kept.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > KEPT_BYTES {
            kept.pop_back();
        }
    }
}

impl Storage {
    /// Gives the compressed form of an object, where that is how it lies.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Damaged`].
    pub(crate) async fn packed(&self, hash: Hash) -> Result<Option<Packed>> {
        if let Some(cold) = &self.cold {
            return match Box::pin(self.hot().packed(hash)).await {
                Ok(None) => Box::pin(cold.packed(hash)).await,
                other => other,
            };
        }
        let Backend::Local(local) = &self.backend else {
            return Ok(None);
        };
        let local = Arc::clone(local);
        let found = blocking(move || local.packed_head(hash)).await?;
        let Some((head, file_size)) = found else {
            return Ok(None);
        };
        let object = head.object(file_size).ok_or(damaged(hash))?;
        Ok(Some(Packed {
            storage: self.clone(),
            hash,
            transfer_syntax_uid: head.transfer_syntax_uid,
            object,
            file_size,
        }))
    }

    /// Gives an object the compressed form [`pack`] made, beside its received bytes; it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Io`]; [`Error::NotFound`] in a store that has no compressed forms.
    pub(crate) async fn commit_packed(&self, hash: Hash, received_ns: i64, file: &[u8]) -> Result<()> {
        let Backend::Local(local) = &self.backend else {
            return Err(Error::NotFound(hash));
        };
        let mut staging = self.stage();
        staging.write(file).await?;
        let (staged, local) = (staging.finish(), Arc::clone(local));
        blocking(move || local.commit_packed(staged, hash, received_ns)).await
    }

    /// Removes the received bytes of what has a compressed form, after that was read again and found right.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`], [`Error::NotFound`]: the received bytes stay, and the compressed form does not.
    pub(crate) async fn leave_received(&self, hash: Hash) -> Result<()> {
        let Backend::Local(local) = &self.backend else {
            return Err(Error::NotFound(hash));
        };
        let local = Arc::clone(local);
        if let Err(error) = self.verify_packed(hash).await {
            blocking(move || local.remove_form(Form::Packed, hash)).await?;
            return Err(error);
        }
        blocking(move || local.remove_form(Form::Received, hash)).await
    }

    /// Copies the compressed form from another store; `false` where there is none, or it cannot be kept here.
    pub(super) async fn copy_packed(&self, other: &Self, hash: Hash, received_ns: i64) -> Result<bool> {
        let (Backend::Local(_), Some(packed)) = (&self.backend, other.packed(hash).await?) else {
            return Ok(false);
        };
        let file = packed.storage.packed_file(hash, packed.file_size).await?;
        self.commit_packed(hash, received_ns, &file).await?;
        Ok(true)
    }

    /// Reads the file once and checks its hash.
    pub(super) async fn verify_packed(&self, hash: Hash) -> Result<()> {
        let size = self.file_size(Form::Packed, hash).await?;
        self.pass(Form::Packed, hash, size).await.map(|_| ())
    }

    /// The whole file, verified.
    async fn packed_file(&self, hash: Hash, size: u64) -> Result<Bytes> {
        let file = self.file_piece(Form::Packed, hash, 0..size).await?;
        blocking(move || {
            let is_whole = is_whole(&file);
            is_whole.then_some(file).ok_or(damaged(hash))
        })
        .await
    }

    /// The received bytes of what lies here in its compressed form alone.
    pub(super) async fn unpacked(&self, hash: Hash) -> Result<Bytes> {
        if let Some(known) = self.unpacked.get(hash) {
            return Ok(known);
        }
        let size = self.file_size(Form::Packed, hash).await?;
        let file = self.packed_file(hash, size).await?;
        let _place = self.unpacked.places.acquire().await;
        if let Some(known) = self.unpacked.get(hash) {
            return Ok(known);
        }
        let received = blocking(move || {
            let received = unpack(&file).ok_or(damaged(hash))?;
            let found = Hash::of(&received);
            if found == hash {
                return Ok(Bytes::from(received));
            }
            Err(Error::Damaged {
                expected: hash,
                found,
            })
        })
        .await?;
        self.unpacked.put(hash, received.clone());
        Ok(received)
    }
}

/// What does not read as a compressed form at all.
pub(super) fn damaged(hash: Hash) -> Error {
    Error::Damaged {
        expected: hash,
        found: Hash::of(&[]),
    }
}
