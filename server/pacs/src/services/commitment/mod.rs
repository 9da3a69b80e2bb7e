//! Storage Commitment, Push Model (PS3.4 J): whether instances are kept, judged by their bytes.
//!
//! A request is written down before it is answered, so that no restart forgets it. Its report goes out on the same
//! association while that stands; otherwise on a new one to the requester's known address, again and again with growing
//! pauses.

mod store;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use dicom_dictionary_std::{tags, uids};
use dimse::client::commitment::{Instances, Report, referenced, reported};
use dimse::server::{NormalizedOutcome, NormalizedRequest, Operation, Reports};
use dimse::{Client, ClientConfig, Outcome, Peer, Proposal, Status};
use futures_util::{StreamExt, stream};

use super::Archive;
use crate::access::Principal;
use crate::clock::now_ns;
use crate::events::{Event, Kind};
use crate::index::{self, Key, Level, Match, Query, Restriction};
use crate::storage::{Hash, Storage};
use store::Pending;

/// The action of a request.
const REQUEST: u16 = 1;
/// The first pause between two tries, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// Tries until a report is given up: some four days.
const TRIES: u32 = 100;
/// How long the association of the request has, before a report goes out on another.
const LEASE: Duration = Duration::from_secs(120);

/// How long the worker rests when nothing is due.
const REST: Duration = Duration::from_secs(1);

/// Instances asked of the index at once.
const LOOKED_UP: usize = 100;
/// Objects of one request that are read at once.
const READ_AT_ONCE: usize = 4;

pub(crate) const NO_SUCH_INSTANCE: u16 = 0x0112;
pub(crate) const CLASS_CONFLICT: u16 = 0x0119;
pub(crate) const PROCESSING_FAILURE: u16 = 0x0110;

impl Archive {
    /// Answers N-ACTION: the request is kept, what it asks is found out afterwards.
    pub(super) async fn asked_to_commit(
        &self,
        peer: &Peer,
        request: NormalizedRequest,
        reports: &Reports,
    ) -> NormalizedOutcome {
        if request.operation != Operation::Action(REQUEST) {
            return match request.operation {
                Operation::Action(_) => Status::NO_SUCH_ACTION.into(),
                _ => Status::UNRECOGNIZED_OPERATION.into(),
            };
        }
        if request.sop_instance_uid.as_deref() != Some(uids::STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE) {
            return Status::NO_SUCH_INSTANCE.into();
        }
        let Some((transaction_uid, instances)) = request.data_set.as_ref().and_then(referenced) else {
            let words = "expected Transaction UID and Referenced SOP Sequence";
            return Outcome {
                offending: vec![tags::TRANSACTION_UID, tags::REFERENCED_SOP_SEQUENCE],
                ..Outcome::new(Status::INVALID_ARGUMENT, words)
            }
            .into();
        };
        let pending = Pending {
            transaction_uid,
            requester: peer.ae_title.clone(),
            called: peer.called_ae_title.clone(),
            instances,
            attempts: 0,
        };
        match store::insert(&self.index, &pending, due_after(LEASE)).await {
            Ok(()) => {
                let (archive, reports) = (self.clone(), reports.clone());
                tokio::spawn(async move { archive.report_at_once(pending, reports).await });
                Status::SUCCESS.into()
            }
            Err(error) => {
                tracing::error!(%error, "a storage commitment was not taken");
                Outcome::new(Status::PROCESSING_FAILURE, "the archive cannot take it now").into()
            }
        }
    }

    /// Reports what is due on associations of our own, until it is dropped.
    pub async fn report_commitments(&self) {
        loop {
            match store::due(&self.index, now_ns()).await {
                Ok(Some(pending)) => self.report_again(pending).await,
                Ok(None) => tokio::time::sleep(REST).await,
                Err(error) => {
                    tracing::error!(%error, "storage commitments cannot be read");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    async fn report_at_once(&self, pending: Pending, reports: Reports) {
        let sent = match self.judged(&pending).await {
            Ok(report) => {
                let outcome = reports.send(reported(&report)).await;
                outcome.is_ok_and(|outcome| outcome.status.is_done())
            }
            Err(error) => {
                tracing::error!(%error, "a storage commitment was not judged");
                false
            }
        };
        let kept = match sent {
            true => self.ended(&pending, "reported").await,
            false => store::postpone(&self.index, &pending, now_ns()).await,
        };
        if let Err(error) = kept {
            tracing::error!(%error, "a storage commitment's state was not kept");
        }
    }

    async fn report_again(&self, pending: Pending) {
        let requester = pending.requester.as_str();
        let outcome = match self.reported_elsewhere(&pending).await {
            Ok(()) => self.ended(&pending, "reported").await,
            Err(why) if pending.attempts + 1 >= TRIES => {
                tracing::error!(requester, why, "a storage commitment is given up");
                self.ended(&pending, "given-up").await
            }
            Err(why) => {
                tracing::warn!(requester, why, "a storage commitment was not reported");
                let pause = FIRST_PAUSE
                    .saturating_mul(1 << pending.attempts.min(16))
                    .min(LONGEST_PAUSE);
                store::postpone(&self.index, &pending, due_after(pause)).await
            }
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "a storage commitment's state was not kept");
            tokio::time::sleep(REST).await;
        }
    }

    /// Reports on an association of our own, as provider of the class (PS3.7 D.3.3.4).
    async fn reported_elsewhere(&self, pending: &Pending) -> Result<(), String> {
        let destination = self
            .destination_of(&pending.requester)
            .ok_or("no address is known")?;
        let report = self.judged(pending).await.map_err(|error| error.to_string())?;
        let stream = self
            .open_stream(&destination)
            .await
            .map_err(|error| error.to_string())?;
        let config = ClientConfig::new(&pending.called, &destination.ae_title);
        let class = Proposal::uncompressed(uids::STORAGE_COMMITMENT_PUSH_MODEL).as_provider();
        let client = Client::over(stream, None, &config, &[class]).await;
        let mut client = client.map_err(|error| error.to_string())?;
        let answer = client
            .normalized(reported(&report))
            .await
            .map_err(|error| error.to_string())?;
        // The report has arrived, whatever becomes of the association.
        let _ = client.release().await;
        let status = answer.outcome.status;
        status
            .is_done()
            .then_some(())
            .ok_or_else(|| format!("the requester answered {status}"))
    }

    /// Looks each instance up and reads its bytes.
    async fn judged(&self, pending: &Pending) -> index::Result<Report> {
        let mut report = Report {
            transaction_uid: pending.transaction_uid.clone(),
            retrieve_ae_title: Some(self.ae_title().to_owned()),
            committed: Vec::new(),
            failed: Vec::new(),
        };
        let requester = Principal::Application(pending.requester.clone());
        let within = self.authorize.scope(&requester).await;
        let within = within.map_err(|error| database::Error::Failed(error.to_string()))?;
        for some in pending.instances.chunks(LOOKED_UP) {
            let known = self.known(some, &within).await?;
            let mut judging = Vec::with_capacity(some.len());
            for (class, uid) in some {
                judging.push(fault(
                    self.storage.clone(),
                    class.clone(),
                    known.get(uid).cloned(),
                ));
            }
            let faults: Vec<_> = stream::iter(judging).buffered(READ_AT_ONCE).collect().await;
            for ((class, uid), fault) in some.iter().zip(faults) {
                match fault {
                    None => report.committed.push((class.clone(), uid.clone())),
                    Some(reason) => report.failed.push((class.clone(), uid.clone(), reason)),
                }
            }
        }
        Ok(report)
    }

    /// SOP class and object of those that are there for who asks, by their UIDs.
    async fn known(
        &self,
        instances: &[(String, String)],
        within: &Restriction,
    ) -> index::Result<HashMap<String, (String, Hash)>> {
        let mut query = Query::all(Level::Instance).within(within.clone());
        query.keys = vec![Key {
            tag: tags::SOP_INSTANCE_UID,
            matching: Match::UidList(instances.iter().map(|(_, uid)| uid.clone()).collect()),
        }];
        let rows = self.index.query(&query).await?;
        let known = rows.into_iter().filter_map(|row| {
            let class = row.value(tags::SOP_CLASS_UID).to_owned();
            let uid = row.value(tags::SOP_INSTANCE_UID).to_owned();
            row.object.map(|object| (uid, (class, object.hash)))
        });
        Ok(known.collect())
    }

    async fn ended(&self, pending: &Pending, outcome: &str) -> index::Result<()> {
        let detail = serde_json::json!({ "requester": pending.requester, "outcome": outcome });
        let event = Event {
            detail: Some(detail.to_string()),
            ..Event::new(Kind::Committed, format!("dimse:{}", pending.requester), now_ns())
        };
        store::end(&self.index, pending, outcome, &event).await
    }
}

/// What speaks against committing to an instance of a class: its bytes are read.
async fn fault(storage: Storage, class: String, known: Option<(String, Hash)>) -> Option<u16> {
    let Some((stored_class, hash)) = known else {
        return Some(NO_SUCH_INSTANCE);
    };
    if stored_class != class {
        return Some(CLASS_CONFLICT);
    }
    if let Err(error) = storage.verify(hash).await {
        tracing::error!(%error, "an instance cannot be committed to");
        return Some(PROCESSING_FAILURE);
    }
    None
}

fn due_after(pause: Duration) -> i64 {
    now_ns().saturating_add(i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX))
}

/// Instances as the table has them: a class and a UID a line.
fn lines(instances: &Instances) -> String {
    let lines = instances.iter().map(|(class, uid)| format!("{class} {uid}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn from_lines(text: &str) -> Instances {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs
        .map(|(class, uid)| (class.to_owned(), uid.to_owned()))
        .collect()
}
