//! The image of a disc (ISO 9660, ECMA-119, with Joliet for names as people wrote them), written while objects are read.
//!
//! Where every file lies follows from the names and sizes alone, so the head of the image is made first, and then the files'
//! bytes flow through. The DICOM file-set has names of level 1 (PS3.12 F); a file beyond 4 GiB lies in several extents
//! (level 3). Discs tell no time: the same tree gives the same image.

mod folders;
mod names;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::pipe::{self, Sink};
use super::tree::pieces;
use super::{Content, Error, Result, Tree};
use crate::storage::Storage;
use folders::{Extent, Folders};
use names::Flavour;

/// Bytes of a logical sector and block.
const SECTOR: u64 = 2048;
/// The first descriptor; what is before it is the system's.
const DESCRIPTORS_AT: u64 = 16;
/// Primary, Joliet's supplementary, terminator.
const DESCRIPTORS: u64 = 3;
/// Bytes of one extent at most: whole sectors below 4 GiB.
const MAX_EXTENT: u64 = (u32::MAX as u64) / SECTOR * SECTOR;
/// Sectors of an image: they are counted with 32 bits.
const MAX_SECTORS: u64 = u32::MAX as u64;

/// An image that is laid out.
#[derive(Debug)]
pub struct Image {
    head: Bytes,
    tree: Tree,
    sectors: u64,
}

impl Image {
    /// Lays out a tree on a disc of this name (at most 16 letters, digits and underscores).
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] for more than the format can hold, [`Error::Name`] for a name that it cannot have.
    pub fn new(tree: Tree, volume: &str) -> Result<Self> {
        let plain = Folders::of(&tree, Flavour::Iso)?;
        let joliet = Folders::of(&tree, Flavour::Joliet)?;
        let mut at = DESCRIPTORS_AT + DESCRIPTORS;
        let plain = plain.placed(&mut at);
        let joliet = joliet.placed(&mut at);
        let head_sectors = at;
        let mut extents = Vec::with_capacity(tree.files.len());
        for file in &tree.files {
            let size = file.content.size();
            extents.push(Extent { at, size });
            at += size.div_ceil(SECTOR);
        }
        if at > MAX_SECTORS {
            return Err(Error::TooMany {
                what: "sectors of a disc",
                limit: MAX_SECTORS,
                found: at,
            });
        }
        let mut head = vec![0; (DESCRIPTORS_AT * SECTOR) as usize];
        for (flavour, folders) in [(Flavour::Iso, &plain), (Flavour::Joliet, &joliet)] {
            head.extend(descriptor(flavour, folders, volume, at as u32));
        }
        let mut terminator = b"\xFFCD001\x01".to_vec();
        terminator.resize(SECTOR as usize, 0);
        head.extend(terminator);
        for folders in [&plain, &joliet] {
            folders.write(&extents, &mut head);
        }
        debug_assert_eq!(
            head.len() as u64,
            head_sectors * SECTOR,
            "the head is as long as it was laid out"
        );
        Ok(Self {
            head: head.into(),
            tree,
            sectors: at,
        })
    }

    /// Bytes of the image.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.sectors * SECTOR
    }

    /// Gives the image's bytes; the last item is the [`Error`], if there is one. Call it within a tokio runtime.
    pub fn stream(self, storage: Storage) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
        pipe::written(move |sink| async move {
            sink.send(self.head).await?;
            for file in &self.tree.files {
                content(&storage, &file.content, &sink).await?;
                let beyond = file.content.size() % SECTOR;
                if beyond > 0 {
                    sink.send(vec![0; (SECTOR - beyond) as usize].into()).await?;
                }
            }
            Ok(())
        })
    }
}

async fn content(storage: &Storage, content: &Content, sink: &Sink) -> Result<()> {
    let mut pieces = pieces(storage, content).await?;
    let mut given = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        given += piece.len() as u64;
        sink.send(piece).await?;
    }
    // The layout stands on the index's word.
    if given == content.size() {
        Ok(())
    } else {
        Err(Error::Interrupted)
    }
}

/// A volume descriptor (ECMA-119 8.4, 8.5).
fn descriptor(flavour: Flavour, folders: &folders::Placed, volume: &str, sectors: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SECTOR as usize);
    bytes.push(if flavour == Flavour::Iso { 1 } else { 2 });
    bytes.extend(*b"CD001\x01\0");
    bytes.extend(flavour.padded("", 32));
    bytes.extend(flavour.padded(volume, 32));
    bytes.extend([0; 8]);
    both32(&mut bytes, sectors);
    let escape: &[u8] = if flavour == Flavour::Joliet { b"%/E" } else { b"" };
    bytes.extend(escape);
    bytes.resize(bytes.len() + 32 - escape.len(), 0);
    both16(&mut bytes, 1);
    both16(&mut bytes, 1);
    both16(&mut bytes, SECTOR as u16);
    both32(&mut bytes, folders.table_bytes);
    bytes.extend(folders.little_table_at.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(folders.big_table_at.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(folders::record(&[0], folders.root(), true, false));
    // Volume set, publisher, preparer.
    for _ in 0..3 {
        bytes.extend(flavour.padded("", 128));
    }
    bytes.extend(flavour.padded("UPTAKE", 128));
    // Files with copyright, abstract and bibliography.
    for _ in 0..3 {
        bytes.extend(flavour.padded("", 37));
    }
    for _ in 0..4 {
        bytes.extend(*b"0000000000000000\0");
    }
    bytes.push(1);
    bytes.resize(SECTOR as usize, 0);
    bytes
}

/// A number in both orders of bytes (ECMA-119 7.3.3).
fn both32(to: &mut Vec<u8>, number: u32) {
    to.extend(number.to_le_bytes());
    to.extend(number.to_be_bytes());
}

/// A number in both orders of bytes (ECMA-119 7.2.3).
fn both16(to: &mut Vec<u8>, number: u16) {
    to.extend(number.to_le_bytes());
    to.extend(number.to_be_bytes());
}
