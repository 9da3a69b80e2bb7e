//! Verified bytes of an object on their way out, with its corrections.

use bytes::Bytes;
use codec::TransferSyntax;
use dimse::Data;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;

use crate::corrections::{self, Outgoing};
use crate::delivery::{Delivery, Fate};
use crate::index;
use crate::ingest::data_set_start;
use crate::services::Archive;
use crate::storage::{Error, Hash};

/// Bytes of an object that is sent from memory; larger ones are read while they leave.
const IN_MEMORY: u64 = 8 << 20;
/// Bytes of an object that is sent in another transfer syntax, which is made in memory.
const TRANSCODED: u64 = 1 << 30;
/// Bytes between the disk and the network.
const BETWEEN: usize = 512 << 10;

/// Why an object's bytes cannot leave, as the fate of its delivery.
pub(crate) fn unread(error: &Error) -> Fate {
    match error {
        Error::Damaged { .. } | Error::NotFound(_) => Fate::Refused(error.to_string()),
        _ => Fate::Later(error.to_string()),
    }
}

/// Why an object was not given, as the fate of its delivery.
fn not_given(error: &corrections::Error) -> Fate {
    match error {
        corrections::Error::Storage(error) => unread(error),
        corrections::Error::Overlay(error) => Fate::Refused(error.to_string()),
        error => Fate::Later(error.to_string()),
    }
}

/// An object as it leaves: with its corrections as they stand now, whenever it was queued, and never a rejected one.
pub(crate) async fn outgoing(archive: &Archive, delivery: &Delivery) -> Result<Outgoing, Fate> {
    let later = |error: index::Error| Fate::Later(error.to_string());
    if archive
        .index()
        .is_rejected(&delivery.sop_uid)
        .await
        .map_err(later)?
    {
        return Err(Fate::Refused("the instance is rejected".to_owned()));
    }
    let outgoing = archive.outgoing(delivery.hash).await;
    outgoing.map_err(|error| not_given(&error))
}

/// The data set of an object, without what stands before it in a file.
pub(super) async fn data_set(archive: &Archive, delivery: &Delivery) -> Result<Data, Fate> {
    let headless = || Fate::Refused("the stored object has no head".to_owned());
    let unread = |error| unread(&error);
    let (storage, outgoing) = (archive.storage(), outgoing(archive, delivery).await?);
    let size = outgoing.size();
    if size <= IN_MEMORY {
        let bytes = outgoing.read(storage).await.map_err(unread)?;
        let start = data_set_start(&bytes).ok_or_else(headless)?;
        return Ok(Data::Bytes(bytes.slice(start..)));
    }
    let mut pieces = outgoing.open(storage).await.map_err(unread)?;
    let first = pieces.next().await.ok_or_else(headless)?.map_err(unread)?;
    let start = data_set_start(&first).ok_or_else(headless)?;
    Ok(Data::Reader {
        reader: Box::pin(reader(delivery.hash, first.slice(start..), pieces)),
        length: size - start as u64,
    })
}

/// The data set of an object in another transfer syntax, with the same values and pixels.
pub(super) async fn transcoded(archive: &Archive, delivery: &Delivery, syntax: &str) -> Result<Data, Fate> {
    let refused = |words: String| Fate::Refused(words);
    let to = TransferSyntax::from_uid(syntax)
        .ok_or_else(|| refused(format!("transfer syntax {syntax} is not known")))?;
    let outgoing = outgoing(archive, delivery).await?;
    let size = outgoing.size();
    if size > TRANSCODED {
        return Err(refused(format!(
            "expected at most {TRANSCODED} bytes to be sent in transfer syntax {syntax}, found {size}"
        )));
    }
    let bytes = outgoing.read(archive.storage()).await;
    let bytes = bytes.map_err(|error| unread(&error))?;
    let made = archive.transcoder().transcode(bytes, to).await;
    let made =
        made.map_err(|error| refused(format!("cannot be sent in transfer syntax {syntax}: {error}")))?;
    let start = data_set_start(&made).ok_or_else(|| refused("the stored object has no head".to_owned()))?;
    Ok(Data::Bytes(made.slice(start..)))
}

/// Reads on while the network takes it. Where reading fails the reader ends early, and so the sending.
fn reader(
    hash: Hash,
    first: Bytes,
    mut pieces: impl Stream<Item = crate::storage::Result<Bytes>> + Send + Unpin + 'static,
) -> tokio::io::DuplexStream {
    let (mut writer, reader) = tokio::io::duplex(BETWEEN);
    tokio::spawn(async move {
        let mut piece = Some(Ok(first));
        while let Some(next) = piece {
            match next {
                Ok(bytes) if writer.write_all(&bytes).await.is_ok() => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(%error, %hash, "an object cannot be read to its end");
                    return;
                }
            }
            piece = pieces.next().await;
        }
    });
    reader
}
