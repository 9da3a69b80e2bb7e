//! Whether a data set is stored already behind another head.
//!
//! A head (PS3.10 7.1: preamble and meta information) says who wrote the file. The same data set that came by C-STORE and
//! then by STOW-RS is one object to everybody who reads it; only its bytes after the head are compared.

use dicom_dictionary_std::tags;
use futures_util::{StreamExt, pin_mut};

use super::{Error, Ingest, Result};
use crate::index::{Facts, ObjectReference};
use crate::storage::{self, Hash, Hasher, ObjectInfo, Staged};
use database::waiting;

/// Bytes before the meta information: the preamble and its prefix.
const PREFIX: usize = 132;
/// Bytes compared at once.
const PIECE_BYTES: usize = 1 << 20;
/// Objects compared at most; one UID with more has other troubles.
const MOST: usize = 8;

/// Where the data set begins: after the meta information, whose length its first element gives (PS3.10 7.1).
pub(crate) fn data_set_start(bytes: &[u8]) -> Option<usize> {
    let first = bytes.get(PREFIX..PREFIX + 12)?;
    let is_length = first[..8] == [0x02, 0x00, 0x00, 0x00, b'U', b'L', 0x04, 0x00];
    let length = u32::from_le_bytes(first[8..].try_into().ok()?);
    let start = (PREFIX + 12).checked_add(length as usize)?;
    is_length.then_some(start)
}

/// A data set: its bytes, and the hash of them.
#[derive(PartialEq, Eq)]
struct DataSet {
    size: u64,
    hash: Hash,
}

/// Gives the stored object whose data set, in the same transfer syntax, is the one that was received.
pub(super) async fn stored(
    ingest: &Ingest,
    facts: &Facts,
    staged: Staged,
) -> Result<(Staged, Option<ObjectInfo>)> {
    let others = ingest.index.objects_with(facts.value(tags::SOP_INSTANCE_UID));
    // Nearly always there is none, and the bytes are on the disk when that is known.
    let (others, prepared) = futures_util::join!(others, ingest.storage.prepare(staged));
    let (others, mut staged) = (others?, prepared?);
    let is_same_bytes = others.iter().any(|other| other.hash == staged.hash());
    let of_syntax = |other: &&ObjectReference| other.transfer_syntax_uid == facts.transfer_syntax_uid;
    let others: Vec<_> = others.iter().filter(of_syntax).take(MOST).collect();
    if is_same_bytes || others.is_empty() {
        return Ok((staged, None));
    }
    let hashed = waiting::run(move || {
        let received = of_staged(&mut staged);
        (staged, received)
    });
    let (staged, received) = hashed.await.map_err(|_| Error::Interrupted)?;
    let Some(received) = received? else {
        return Ok((staged, None));
    };
    for other in others {
        match of_stored(ingest, other, received.size).await {
            Ok(Some(data_set)) if data_set == received => {
                let info = ingest.storage.info(other.hash).await?;
                return Ok((staged, Some(info)));
            }
            Ok(_) => {}
            // A damaged one is not the same: what came now may heal what people see.
            Err(storage::Error::Damaged { .. } | storage::Error::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((staged, None))
}

fn of_staged(staged: &mut Staged) -> storage::Result<Option<DataSet>> {
    let head = staged.read_at(0, PREFIX + 12)?;
    let Some(start) = data_set_start(&head).filter(|start| *start as u64 <= staged.size()) else {
        return Ok(None);
    };
    let mut hasher = Hasher::default();
    let mut at = start as u64;
    while at < staged.size() {
        let piece = staged.read_at(at, PIECE_BYTES)?;
        if piece.is_empty() {
            break;
        }
        hasher.update(&piece);
        at += piece.len() as u64;
    }
    let size = staged.size() - start as u64;
    let hash = hasher.finish();
    Ok(Some(DataSet { size, hash }))
}

/// Reads a stored object's data set, where it has this size.
async fn of_stored(
    ingest: &Ingest,
    object: &ObjectReference,
    wanted_size: u64,
) -> storage::Result<Option<DataSet>> {
    let head = ingest
        .storage
        .range(object.hash, 0..object.size.min((PREFIX + 12) as u64))
        .await?;
    let start = data_set_start(&head).map(|start| start as u64);
    let Some(start) = start.filter(|start| object.size.checked_sub(*start) == Some(wanted_size)) else {
        return Ok(None);
    };
    let pieces = ingest.storage.open(object.hash).await?;
    pin_mut!(pieces);
    let mut hasher = Hasher::default();
    let mut at = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        let skipped = start.saturating_sub(at).min(piece.len() as u64);
        hasher.update(&piece[skipped as usize..]);
        at += piece.len() as u64;
    }
    let hash = hasher.finish();
    Ok(Some(DataSet {
        size: wanted_size,
        hash,
    }))
}
