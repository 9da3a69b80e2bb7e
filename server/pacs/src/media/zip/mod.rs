//! A tree as a zip that is written while it is read.
//!
//! Every object is verified before its first byte leaves; memory holds a few pieces. Stored, a zip's length is known before
//! it begins. De-identified, objects are made one after the other in memory, and what may not leave is listed in a file.

mod framing;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use futures_util::{Stream, StreamExt};

use super::pipe::{self, Sink};
use super::private::{Leaving, Private};
use super::tree::pieces;
use super::{Content, Error, File, Result, Tree};
use crate::storage::Storage;
use framing::{Framing, Method};

/// Whether bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packing {
    /// As they are; the zip's length is known.
    #[default]
    Stored,
    /// Deflated, but for objects whose pixels are compressed already.
    Deflated,
}

/// Gives the bytes of a zip with the files of a tree.
///
/// The last item is the [`Error`], if there is one: a zip without its end. Call it within a tokio runtime.
pub fn stream(
    storage: Storage,
    tree: Tree,
    packing: Packing,
) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    pipe::written(move |sink| async move {
        let mut zip = Writer::new(sink, packing);
        for file in tree.files {
            zip.file(&storage, &file).await?;
        }
        zip.finish().await
    })
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
        let mut leaving = Leaving::new(private);
        for file in tree.files {
            if let Some(file) = leaving.file(&storage, file).await? {
                zip.file(&storage, &file).await?;
            }
        }
        for file in leaving.finish()? {
            zip.file(&storage, &file).await?;
        }
        zip.finish().await
    })
}

/// Gives the bytes that [`stream`] will give of this tree, where they are stored.
#[must_use]
pub fn stored_bytes(tree: &Tree) -> u64 {
    let mut framing = Framing::default();
    let mut bytes = 0;
    for file in &tree.files {
        let size = file.content.size();
        bytes += framing.begin(&file.path, size, Method::Stored).len() as u64;
        bytes += size + framing.end(0, size, size).len() as u64;
    }
    bytes + framing.finish().len() as u64
}

/// A zip in the making.
struct Writer {
    sink: Sink,
    framing: Framing,
    packing: Packing,
}

impl Writer {
    fn new(sink: Sink, packing: Packing) -> Self {
        Self {
            sink,
            framing: Framing::default(),
            packing,
        }
    }

    async fn file(&mut self, storage: &Storage, file: &File) -> Result<()> {
        let method = match (&file.content, self.packing) {
            (_, Packing::Stored)
            | (
                Content::Object {
                    is_compressed: true, ..
                },
                _,
            ) => Method::Stored,
            _ => Method::Deflated,
        };
        let mut packer = Packer::new(method);
        let head = self.framing.begin(&file.path, file.content.size(), method);
        let mut pieces = pieces(storage, &file.content).await?;
        self.sink.send(head.into()).await?;
        while let Some(piece) = pieces.next().await {
            packer.take(&self.sink, piece?).await?;
        }
        packer.finish(&self.sink).await?;
        let tail = self.framing.end(packer.crc.sum(), packer.packed, packer.size);
        self.sink.send(tail.into()).await
    }

    async fn finish(self) -> Result<()> {
        self.sink.send(self.framing.finish().into()).await
    }
}

/// Packs the bytes of one file.
struct Packer {
    crc: Crc,
    size: u64,
    packed: u64,
    deflate: Option<Compress>,
}

impl Packer {
    fn new(method: Method) -> Self {
        let deflate = (method == Method::Deflated).then(|| Compress::new(Compression::fast(), false));
        Self {
            crc: Crc::new(),
            size: 0,
            packed: 0,
            deflate,
        }
    }

    async fn take(&mut self, sink: &Sink, bytes: Bytes) -> Result<()> {
        self.crc.update(&bytes);
        self.size += bytes.len() as u64;
        let packed = if self.deflate.is_some() {
            self.deflated(bytes, FlushCompress::None).await?
        } else {
            bytes
        };
        self.packed += packed.len() as u64;
        sink.send(packed).await
    }

    async fn finish(&mut self, sink: &Sink) -> Result<()> {
        if self.deflate.is_none() {
            return Ok(());
        }
        let packed = self.deflated(Bytes::new(), FlushCompress::Finish).await?;
        self.packed += packed.len() as u64;
        sink.send(packed).await
    }

    /// Deflates a piece on a thread for work, so that other connections do not wait for it.
    async fn deflated(&mut self, bytes: Bytes, flush: FlushCompress) -> Result<Bytes> {
        let mut deflate = self.deflate.take().ok_or(Error::Interrupted)?;
        let work = move || {
            let mut packed = Vec::new();
            let before = deflate.total_in();
            loop {
                packed.reserve(32 << 10);
                let taken = (deflate.total_in() - before) as usize;
                let status = deflate.compress_vec(&bytes[taken..], &mut packed, flush);
                let all = (deflate.total_in() - before) as usize == bytes.len();
                let done = match (status, flush) {
                    (Ok(Status::StreamEnd), _) => true,
                    (Ok(_), FlushCompress::Finish) => false,
                    // Room left over means that nothing waits to be written.
                    (Ok(_), _) => all && packed.len() < packed.capacity(),
                    (Err(_), _) => return Err(Error::Interrupted),
                };
                if done {
                    return Ok((Bytes::from(packed), deflate));
                }
            }
        };
        let worked = tokio::task::spawn_blocking(work).await;
        let (packed, deflate) = worked.map_err(|_| Error::Interrupted)??;
        self.deflate = Some(deflate);
        Ok(packed)
    }
}
