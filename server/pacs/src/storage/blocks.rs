//! What was found right lately, block by block: a part of such an object costs the reading of its blocks only.
//!
//! The pass that verifies a whole object takes a hash of each block on its way. A later part is given only when its blocks
//! still have these hashes, so that a byte that turned since is found as it would be by reading the whole.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::hash::Hasher;
use super::packed::HASH_BYTES;
use super::{Error, Form, Hash, Result, Storage, blocking};

/// Bytes of a block.
const BLOCK_BYTES: u64 = 64 << 10;

/// Bytes read at once while an object is verified.
const PASS_BYTES: u64 = 4 << 20;

/// Objects of at most so many bytes are read whole: that is one pass, and no memory of it.
pub(super) const WHOLE_BYTES: u64 = 1 << 20;

/// Block hashes that are kept: those of 64 GiB of objects.
const KEPT_BLOCKS: usize = 1 << 20;

type Hashes = Arc<Vec<Hash>>;

/// Block hashes of objects that were verified, the ones used last.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    objects: HashMap<(Form, Hash), (Hashes, u64)>,
    blocks: usize,
    uses: u64,
}

impl Blocks {
    fn get(&self, hash: (Form, Hash)) -> Option<Hashes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let (hashes, used) = kept.objects.get_mut(&hash)?;
        *used = now;
        Some(Arc::clone(hashes))
    }

    fn put(&self, hash: (Form, Hash), hashes: Hashes) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        kept.blocks += hashes.len();
        if let Some((replaced, _)) = kept.objects.insert(hash, (hashes, now)) {
            kept.blocks -= replaced.len();
        }
        while kept.blocks > KEPT_BLOCKS
            && let Some(oldest) = kept.objects.iter().min_by_key(|(_, (_, used))| *used)
        {
            let oldest = *oldest.0;
            kept.forget(oldest);
        }
    }

    fn forget(&self, hash: (Form, Hash)) {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .forget(hash);
    }
}

impl Kept {
    fn forget(&mut self, hash: (Form, Hash)) {
        if let Some((hashes, _)) = self.objects.remove(&hash) {
            self.blocks -= hashes.len();
        }
    }
}

impl Storage {
    /// Gives part of a large file of an object, verified by its blocks.
    pub(super) async fn blocks_of(
        &self,
        form: Form,
        hash: Hash,
        size: u64,
        range: Range<u64>,
    ) -> Result<Bytes> {
        let hashes = match self.blocks.get((form, hash)) {
            Some(hashes) => hashes,
            None => self.pass(form, hash, size).await?,
        };
        let first = range.start / BLOCK_BYTES;
        let start = first * BLOCK_BYTES;
        let end = range.end.next_multiple_of(BLOCK_BYTES).min(size);
        let bytes = self.piece_of(form, hash, start..end).await?;
        let (bytes, is_right) = blocking(move || {
            let blocks = bytes.chunks(BLOCK_BYTES as usize);
            let known = hashes.iter().skip(first as usize);
            let is_right = bytes.len() as u64 == end - start
                && blocks.zip(known).all(|(block, known)| Hash::of(block) == *known);
            Ok((bytes, is_right))
        })
        .await?;
        if !is_right {
            self.blocks.forget((form, hash));
            // Says what is there now; a file put right meanwhile is read anew by whoever asks again.
            match form {
                Form::Received => self.verify(hash).await?,
                Form::Packed => self.verify_packed(hash).await?,
            }
            return Err(Error::Interrupted);
        }
        Ok(bytes.slice((range.start - start) as usize..(range.end - start) as usize))
    }

    async fn piece_of(&self, form: Form, hash: Hash, range: Range<u64>) -> Result<Bytes> {
        match form {
            Form::Received => self.piece(hash, range).await,
            Form::Packed => self.file_piece(form, hash, range).await,
        }
    }

    /// Reads the whole file once: checks its hash, which a compressed form has at its end, and takes those of its blocks.
    pub(super) async fn pass(&self, form: Form, hash: Hash, size: u64) -> Result<Arc<Vec<Hash>>> {
        let (mut whole, mut hashes) = (Hasher::default(), Vec::new());
        let (hashed, mut ending) = match form {
            Form::Received => (size, Vec::new()),
            Form::Packed => (size.saturating_sub(HASH_BYTES), Vec::new()),
        };
        let mut at = 0;
        while at < size {
            let end = (at + PASS_BYTES).min(size);
            let bytes = self.piece_of(form, hash, at..end).await?;
            (whole, hashes, ending) = blocking(move || {
                let of_whole = (hashed.saturating_sub(at) as usize).min(bytes.len());
                whole.update(&bytes[..of_whole]);
                ending.extend_from_slice(&bytes[of_whole..]);
                hashes.extend(bytes.chunks(BLOCK_BYTES as usize).map(Hash::of));
                Ok((whole, hashes, ending))
            })
            .await?;
            at = end;
        }
        let found = whole.finish();
        let is_right = match form {
            Form::Received => found == hash,
            Form::Packed => ending == found.0,
        };
        if !is_right {
            return Err(Error::Damaged {
                expected: hash,
                found,
            });
        }
        let hashes = Arc::new(hashes);
        self.blocks.put((form, hash), Arc::clone(&hashes));
        Ok(hashes)
    }
}
