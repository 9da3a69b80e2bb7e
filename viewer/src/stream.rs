//! A series as one stream (`docs/viewer-protocol.md`), read as it comes.

use codec::TransferSyntax;
use serde::Deserialize;

/// What a stream begins with.
const MAGIC: &[u8; 8] = b"UPTKSER1";
/// Largest header.
const MAX_HEADER_BYTES: usize = 256 << 20;
/// Largest content of a chunk.
const MAX_CHUNK_BYTES: usize = 1 << 30;
/// Words before a chunk's content.
const CHUNK_HEAD_BYTES: usize = 20;

/// Why a stream cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// It is no such stream.
    #[error("expected a series' stream, found {0}")]
    Malformed(String),
    /// It says more than is accepted.
    #[error("expected at most {most} bytes of {what}, found {found}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
        /// What was announced.
        found: usize,
    },
}

/// What a stream says before its chunks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StreamHeader {
    /// Of the series' objects and their order.
    pub etag: String,
    /// Every so many pixels and rows make an overview; none without overviews.
    pub overview_step: Option<usize>,
    /// Chunks of the whole stream, its end included.
    pub chunks: u32,
    /// Frames in viewing order.
    pub frames: Vec<StreamFrame>,
}

/// A frame of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StreamFrame {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// From 1.
    pub frame: u32,
    /// Transfer syntax in which it is stored.
    pub transfer_syntax_uid: String,
}

/// What a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkKind {
    /// A small picture of a frame.
    Overview,
    /// A frame.
    Frame,
    /// The end: nothing is missing.
    End,
}

/// A chunk that has come as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// What it is.
    pub kind: ChunkKind,
    /// Its number in the stream: a stream that was cut off goes on behind it.
    pub number: u32,
    /// Of the frame in [`StreamHeader::frames`].
    pub place: usize,
    /// What its content is coded in.
    pub syntax: TransferSyntax,
    /// The content.
    pub content: Vec<u8>,
}

/// Reads a stream piece by piece.
#[derive(Debug, Default)]
pub struct SeriesStream {
    buffer: Vec<u8>,
    at: usize,
    header: Option<StreamHeader>,
}

impl SeriesStream {
    /// Takes the next bytes of a stream, however it was cut into pieces.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// What the stream says before its chunks, once that has come.
    ///
    /// # Errors
    ///
    /// [`StreamError`].
    pub fn header(&mut self) -> Result<Option<&StreamHeader>, StreamError> {
        if self.header.is_none() {
            let Some(head) = self.peek(12) else {
                return Ok(None);
            };
            if head[..8] != *MAGIC {
                return Err(StreamError::Malformed("another beginning".to_owned()));
            }
            let length = word(head, 8) as usize;
            within("header", MAX_HEADER_BYTES, length)?;
            let Some(whole) = self.peek(12 + length) else {
                return Ok(None);
            };
            let read = serde_json::from_slice(&whole[12..]);
            self.header =
                Some(read.map_err(|error| StreamError::Malformed(format!("a header with {error}")))?);
            self.at += 12 + length;
        }
        Ok(self.header.as_ref())
    }

    /// The next chunk that has come as a whole.
    ///
    /// # Errors
    ///
    /// [`StreamError`].
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, StreamError> {
        if self.header()?.is_none() {
            return Ok(None);
        }
        let Some(head) = self.peek(CHUNK_HEAD_BYTES) else {
            return Ok(None);
        };
        let [kind, number, place, coding, length] = [0, 4, 8, 12, 16].map(|at| word(head, at));
        within("a chunk", MAX_CHUNK_BYTES, length as usize)?;
        let Some(whole) = self.peek(CHUNK_HEAD_BYTES + length as usize) else {
            return Ok(None);
        };
        let content = whole[CHUNK_HEAD_BYTES..].to_vec();
        self.at += CHUNK_HEAD_BYTES + length as usize;
        let malformed = |what: &str, found: u32| StreamError::Malformed(format!("{what} {found}"));
        let kind = match kind {
            1 => ChunkKind::Overview,
            2 => ChunkKind::Frame,
            3 => ChunkKind::End,
            found => return Err(malformed("a chunk of kind", found)),
        };
        let header = self.header.as_ref().expect("it was read above");
        let frame = header.frames.get(place as usize);
        let syntax = match (coding, frame) {
            (0, _) => TransferSyntax::ExplicitLittleEndian,
            (1, _) => TransferSyntax::JpegLsLossless,
            (2, Some(frame)) => TransferSyntax::from_uid(&frame.transfer_syntax_uid)
                .ok_or_else(|| malformed("a transfer syntax that is not known, of frame", place))?,
            (2, None) => return Err(malformed("a frame that the header has not,", place)),
            (found, _) => return Err(malformed("a coding", found)),
        };
        if kind != ChunkKind::End && frame.is_none() {
            return Err(malformed("a frame that the header has not,", place));
        }
        Ok(Some(Chunk {
            kind,
            number,
            place: place as usize,
            syntax,
            content,
        }))
    }

    fn peek(&self, length: usize) -> Option<&[u8]> {
        self.buffer.get(self.at..self.at.checked_add(length)?)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn within(what: &'static str, most: usize, found: usize) -> Result<(), StreamError> {
    if found > most {
        return Err(StreamError::TooLarge { what, most, found });
    }
    Ok(())
}
