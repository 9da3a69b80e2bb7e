//! C-MOVE and C-GET: which instances match, and their data sets, verified.

use std::collections::BTreeSet;
use std::io;

use codec::TransferSyntax;
use dicom_dictionary_std::tags;
use dimse::negotiation::{EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN};
use dimse::server::Planned;
use dimse::{Data, Instance, Outcome, Status};
use futures_util::TryStreamExt;
use tokio_util::io::StreamReader;

use super::Archive;
use super::find::{asked, failed};
use crate::corrections::Error;
use crate::figures;
use crate::index::{Key, Level, Query, Restriction};
use crate::ingest::data_set_start;
use crate::storage::{self, Hash};
use crate::transcode;

/// A larger object is read while it is sent.
const IN_MEMORY_BYTES: u64 = 32 << 20;
/// Bytes in which an object says where its data set begins.
const HEAD_BYTES: u64 = 4096;
/// Instances of one retrieval at most.
const MAX_INSTANCES: usize = 200_000;

impl Archive {
    /// The instances below what an identifier names, of those that are there for the peer, and their studies.
    pub(super) async fn plan(
        &self,
        query: &dimse::server::Query,
        within: Restriction,
    ) -> Result<(Vec<Planned>, BTreeSet<String>), Outcome> {
        let mut asked = asked(query)?;
        let unique = [
            tags::PATIENT_ID,
            tags::STUDY_INSTANCE_UID,
            tags::SERIES_INSTANCE_UID,
            tags::SOP_INSTANCE_UID,
        ];
        // Only unique keys name what is retrieved (PS3.4 C.4.2.2.1).
        asked.query.keys.retain(|key| unique.contains(&key.tag));
        if asked.query.keys.is_empty() {
            return Err(Outcome::new(
                Status::CLASS_MISMATCH,
                "expected a unique key, found none",
            ));
        }
        let mut instances = Query {
            level: Level::Instance,
            limit: None,
            within,
            ..asked.query
        };
        let (mut planned, mut study_uids) = (Vec::new(), BTreeSet::new());
        loop {
            let rows = self
                .index
                .query(&instances)
                .await
                .map_err(|error| failed(&error))?;
            for row in &rows {
                study_uids.insert(row.value(tags::STUDY_INSTANCE_UID).to_owned());
                planned.extend(row.object.as_ref().map(|object| Planned {
                    sop_class_uid: row.value(tags::SOP_CLASS_UID).to_owned(),
                    sop_instance_uid: row.value(tags::SOP_INSTANCE_UID).to_owned(),
                    transfer_syntax_uids: given_in(&object.transfer_syntax_uid),
                }));
            }
            if planned.len() > MAX_INSTANCES {
                return Err(Status::CANNOT_PERFORM.into());
            }
            let Some(last) = rows.last() else {
                return Ok((planned, study_uids));
            };
            instances.after = Some(last.cursor.clone());
        }
    }

    /// The data set of an instance with its corrections; never one whose bytes are not those that were acknowledged.
    pub(super) async fn instance(
        &self,
        planned: &Planned,
        transfer_syntax_uid: &str,
    ) -> Result<Instance, Outcome> {
        let mut query = Query::all(Level::Instance);
        query.keys = vec![Key::from_text(tags::SOP_INSTANCE_UID, &planned.sop_instance_uid)];
        let rows = self.index.query(&query).await.map_err(|error| failed(&error))?;
        let object = rows.into_iter().find_map(|row| row.object);
        let object = object.ok_or_else(|| Outcome::from(Status::NO_SUCH_INSTANCE))?;
        let instance = |data| Instance {
            sop_class_uid: planned.sop_class_uid.clone(),
            sop_instance_uid: planned.sop_instance_uid.clone(),
            transfer_syntax_uid: transfer_syntax_uid.to_owned(),
            data,
        };
        let is_stored_so = object.transfer_syntax_uid == transfer_syntax_uid;
        if is_stored_so && object.size > IN_MEMORY_BYTES {
            return Ok(instance(self.streamed(object.hash).await?));
        }
        let bytes = self.read_for_delivery(object.hash, false).await;
        let mut bytes = bytes.map_err(|error| unread(&error))?;
        if !is_stored_so {
            let to = TransferSyntax::from_uid(transfer_syntax_uid);
            let to = to.ok_or_else(|| Outcome::from(Status::CANNOT_UNDERSTAND))?;
            let made = self.transcoder.transcode(bytes, to).await;
            bytes = made.map_err(|error| {
                tracing::warn!(sop_instance_uid = planned.sop_instance_uid, %error, "not given in another syntax");
                Outcome::new(Status::CANNOT_UNDERSTAND, "cannot be given in an accepted transfer syntax")
            })?;
        }
        let start = data_set_start(&bytes).filter(|start| *start <= bytes.len());
        let start = start.ok_or_else(headless)?;
        figures::sent((bytes.len() - start) as u64);
        Ok(instance(Data::Bytes(bytes.slice(start..))))
    }

    /// A large data set, read while it leaves; each piece is verified before it does.
    async fn streamed(&self, hash: Hash) -> Result<Data, Outcome> {
        let made = async {
            let outgoing = self.outgoing(hash).await?;
            let size = outgoing.size();
            let head = outgoing.range(&self.storage, 0..HEAD_BYTES.min(size)).await?;
            let start = data_set_start(&head).map(|start| start as u64);
            let Some(start) = start.filter(|start| *start <= size) else {
                return Ok(None);
            };
            let pieces = outgoing.pieces(&self.storage, start..size).await?;
            figures::sent(size - start);
            Ok(Some(Data::Reader {
                reader: Box::pin(StreamReader::new(pieces.map_err(io::Error::other))),
                length: size - start,
            }))
        };
        made.await.map_err(|error| unread(&error))?.ok_or_else(headless)
    }
}

fn headless() -> Outcome {
    Outcome::new(Status::CANNOT_UNDERSTAND, "the stored object has no head")
}

/// Transfer syntaxes that a stored object is given in: its own first, then without compression, which loses nothing.
fn given_in(stored: &str) -> Vec<String> {
    let plain = [EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN];
    let made = plain
        .into_iter()
        .filter(|uid| *uid != stored && transcode::is_possible(stored, uid));
    [stored].into_iter().chain(made).map(str::to_owned).collect()
}

fn unread(error: &Error) -> Outcome {
    tracing::error!(%error, "an object was not read");
    match error {
        Error::Storage(storage::Error::TooLarge { .. }) => {
            Outcome::new(Status::OUT_OF_RESOURCES, "the object is too large")
        }
        Error::Overlay(_) => Outcome::new(
            Status::CANNOT_UNDERSTAND,
            "a correction cannot be laid over the object",
        ),
        _ => Outcome::new(Status::CANNOT_UNDERSTAND, "the stored object cannot be read"),
    }
}
