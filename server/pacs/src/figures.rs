//! What is counted of the archive's work, for Prometheus; the server's own figures are of HTTP.
//!
//! Names follow its practice: base units, `_total` where it only grows. No label holds a UID or anything of a patient, and an
//! AE title is one only where it is listed, so that strangers make no series of their own.

use std::time::Duration;

use dimse::server::Observer;
use dimse::{Peer, Rejection, Status};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::clock::now_ns;
use crate::delivery::{self, State};
use crate::index::{Index, Result};
use crate::ingest::{self, Outcome};
use crate::services::applications::Applications;
use crate::storage;

const ASSOCIATIONS: &str = "uptake_dimse_associations_total";
const REJECTED: &str = "uptake_dimse_associations_rejected_total";
const BROKEN: &str = "uptake_dimse_associations_broken_total";
const OPEN: &str = "uptake_dimse_associations_open";
const REQUESTS: &str = "uptake_dimse_requests_total";
const SECONDS: &str = "uptake_dimse_request_duration_seconds";
const RECEIVED: &str = "uptake_dimse_received_bytes_total";
const SENT: &str = "uptake_dimse_sent_bytes_total";
const INGESTED: &str = "uptake_ingest_objects_total";
const INGESTED_BYTES: &str = "uptake_ingest_bytes_total";
const STORAGE_ERRORS: &str = "uptake_storage_errors_total";
const SCRUBBED: &str = "uptake_scrub_objects_total";
const SCRUBBED_BYTES: &str = "uptake_scrub_bytes_total";
const SCRUB_DAMAGED: &str = "uptake_scrub_damaged_total";
const SCRUB_OVERDUE: &str = "uptake_scrub_overdue_seconds";
const TRIED: &str = "uptake_delivery_attempts_total";
const QUEUED: &str = "uptake_delivery_queue_objects";
const OLDEST: &str = "uptake_delivery_oldest_waiting_seconds";

/// Says what each figure is; once, after the recorder is there.
pub fn describe() {
    for (name, unit, words) in [
        (
            ASSOCIATIONS,
            Unit::Count,
            "Associations accepted, by calling AE title.",
        ),
        (
            REJECTED,
            Unit::Count,
            "Associations rejected, by source and reason of PS3.8.",
        ),
        (
            BROKEN,
            Unit::Count,
            "Accepted associations that ended without a release.",
        ),
        (
            REQUESTS,
            Unit::Count,
            "DIMSE requests answered, by operation, status and calling AE title.",
        ),
        (RECEIVED, Unit::Bytes, "Bytes of data sets received by C-STORE."),
        (SENT, Unit::Bytes, "Bytes of data sets given by C-MOVE and C-GET."),
        (
            INGESTED,
            Unit::Count,
            "Objects that came in, whatever the way, by what became of them.",
        ),
        (
            INGESTED_BYTES,
            Unit::Bytes,
            "Bytes of objects that came in and are kept.",
        ),
        (STORAGE_ERRORS, Unit::Count, "Failures of storage, by kind."),
        (SCRUBBED, Unit::Count, "Objects verified by the scrub."),
        (SCRUBBED_BYTES, Unit::Bytes, "Bytes verified by the scrub."),
        (
            SCRUB_DAMAGED,
            Unit::Count,
            "Objects that the scrub found damaged.",
        ),
        (
            TRIED,
            Unit::Count,
            "Attempts to deliver an object, by destination and what came of it.",
        ),
    ] {
        describe_counter!(name, unit, words);
    }
    for (name, unit, words) in [
        (OPEN, Unit::Count, "Associations that stand."),
        (
            SCRUB_OVERDUE,
            Unit::Seconds,
            "How far the scrub is behind its days, by the object that waits longest for it.",
        ),
        (
            QUEUED,
            Unit::Count,
            "Objects that wait for a destination, are on their way, or are held for a person.",
        ),
        (
            OLDEST,
            Unit::Seconds,
            "How long the object waits that waits longest for a destination.",
        ),
    ] {
        describe_gauge!(name, unit, words);
    }
    describe_histogram!(SECONDS, Unit::Seconds, "From a DIMSE request to its last answer.");
}

/// Counts what a provider of the archive does.
#[derive(Debug)]
pub struct Associations(Applications);

impl Associations {
    /// Names the applications of this list, and no others.
    #[must_use]
    pub fn of(listed: Applications) -> Self {
        Self(listed)
    }

    fn title(&self, peer: &Peer) -> String {
        if self.0.is_listed(&peer.ae_title) {
            peer.ae_title.clone()
        } else {
            "other".to_owned()
        }
    }
}

impl Observer for Associations {
    fn associated(&self, peer: &Peer) {
        counter!(ASSOCIATIONS, "ae_title" => self.title(peer)).increment(1);
        gauge!(OPEN).increment(1);
    }

    fn rejected(&self, _peer: &Peer, rejection: Rejection) {
        // Source and reason of PS3.8 9.3.4.
        let reason = format!("{}-{}", rejection.source, rejection.reason);
        counter!(REJECTED, "reason" => reason).increment(1);
    }

    fn ended(&self, _peer: &Peer, is_released: bool) {
        gauge!(OPEN).decrement(1);
        counter!(BROKEN).increment(u64::from(!is_released));
    }

    fn answered(&self, peer: &Peer, name: &'static str, status: Status, took: Duration) {
        let labels = [
            ("operation", name.to_owned()),
            ("status", status.to_string()),
            ("ae_title", self.title(peer)),
        ];
        counter!(REQUESTS, &labels).increment(1);
        histogram!(SECONDS, "operation" => name).record(took);
    }
}

/// Bytes of a data set that came by C-STORE.
pub(crate) fn received(bytes: usize) {
    counter!(RECEIVED).increment(bytes as u64);
}

/// Bytes of a data set that is given by C-MOVE or C-GET.
pub(crate) fn sent(bytes: u64) {
    counter!(SENT).increment(bytes);
}

/// What became of an object that came in.
pub(crate) fn ingested(outcome: &ingest::Result<Outcome>) {
    let word = match outcome {
        Ok(Outcome::Stored(_)) => "stored",
        Ok(Outcome::IdenticalDuplicate(_)) => "identical",
        Ok(Outcome::DifferentDuplicate(_)) => "beside",
        Ok(Outcome::Refused(_)) => "refused",
        Err(_) => "failed",
    };
    counter!(INGESTED, "outcome" => word).increment(1);
    if let Ok(Outcome::Stored(receipt) | Outcome::DifferentDuplicate(receipt)) = outcome {
        counter!(INGESTED_BYTES).increment(receipt.object.size);
    }
}

/// A failure of storage; what nobody has, or asks for too much of, is none.
pub(crate) fn storage_failed(error: &storage::Error) {
    use storage::Error as E;
    let kind = match error {
        E::Full => "full",
        E::Damaged { .. } | E::Incomplete { .. } => "damaged",
        E::Io(_) => "io",
        E::Store(_) => "store",
        E::Interrupted => "interrupted",
        E::NotFound(_) | E::TooLarge { .. } | E::OutOfRange { .. } | E::InUse => return,
    };
    counter!(STORAGE_ERRORS, "kind" => kind).increment(1);
}

/// How far the scrub is behind.
pub(crate) fn overdue(by_ns: i64) {
    gauge!(SCRUB_OVERDUE).set(by_ns.max(0) as f64 / 1e9);
}

/// An object that the scrub read.
pub(crate) fn scrubbed(bytes: u64, is_damaged: bool) {
    counter!(SCRUBBED).increment(1);
    counter!(SCRUBBED_BYTES).increment(bytes);
    counter!(SCRUB_DAMAGED).increment(u64::from(is_damaged));
}

/// An attempt to deliver.
pub(crate) fn delivered(destination: &str, result: &'static str) {
    counter!(TRIED, "destination" => destination.to_owned(), "result" => result).increment(1);
}

/// Measures what stands in the queue for each destination: asked when somebody looks.
///
/// # Errors
///
/// [`crate::index::Error::Database`].
pub async fn measure(index: &Index, destinations: impl Iterator<Item = &str>) -> Result<()> {
    let now_ns = now_ns();
    for destination in destinations {
        let backlog = delivery::backlog(index, destination).await?;
        for state in [State::Waiting, State::Sending, State::Quarantined] {
            let number = backlog
                .iter()
                .find(|one| one.state == state)
                .map_or(0, |one| one.number);
            gauge!(QUEUED, "destination" => destination.to_owned(), "state" => state.as_str())
                .set(number as f64);
        }
        let waiting = backlog.iter().find(|one| one.state == State::Waiting);
        let waits_ns = waiting.map_or(0, |one| now_ns.saturating_sub(one.oldest_ns).max(0));
        gauge!(OLDEST, "destination" => destination.to_owned()).set(waits_ns as f64 / 1e9);
    }
    Ok(())
}
