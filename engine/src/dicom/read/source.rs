//! Where the bytes of objects come from: the caller's files, or memory.

use std::ops::Range;

/// Where the bytes of instances come from when their pixels are wanted.
pub trait Source: Sync {
    /// Replaces `buffer` by the bytes of instance `key` in `range`, or up to their end where that comes first.
    ///
    /// # Errors
    ///
    /// One sentence, without patient data, when the bytes cannot be had.
    fn read(&self, key: usize, range: Range<u64>, buffer: &mut Vec<u8>) -> std::result::Result<(), String>;
}

/// Instances held in memory, by index.
#[derive(Debug, Clone, Copy)]
pub struct InMemory<'a, B>(pub &'a [B]);

impl<B: AsRef<[u8]> + Sync> Source for InMemory<'_, B> {
    fn read(&self, key: usize, range: Range<u64>, buffer: &mut Vec<u8>) -> std::result::Result<(), String> {
        let bytes = self.0.get(key).ok_or("no such instance")?.as_ref();
        let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(bytes.len());
        let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
        buffer.clear();
        buffer.extend_from_slice(&bytes[start..end]);
        Ok(())
    }
}
