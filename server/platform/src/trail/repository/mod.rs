//! The journal as DICOM audit messages to the hospital's audit repository (PS3.15 A.5, IHE ATNA), as entries are written.
//!
//! The process that leads sends, in the order of the entries, on from the last one that was taken, whose number is a row of
//! the database: what is written while the repository or we are away is sent afterwards, also what was written before there
//! was a repository. Syslog has no answers. So a connection carries some entries, is closed by us, and they count as taken
//! when the repository closes it too, having read to the end; what fails before is sent again, so that an entry may come
//! twice and none is lost.

mod store;
mod syslog;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use database::Transaction;
use rustls::ClientConfig;
use tokio::sync::watch;

use super::event::{Event, Source};
use super::names;
use crate::clock::MINUTE_NS;
use crate::monitoring::{self, Kind};
use crate::{Platform, Result};

pub(super) use store::last;

/// Entries of a connection.
pub(super) const TOGETHER: u32 = 200;
/// How long it is waited between connections, so that entries of a while go together.
const PAUSE: Duration = Duration::from_secs(1);
/// How often entries are looked for that another process wrote.
const LOOKED_FOR: Duration = Duration::from_secs(5);
/// The longest that it is waited before it is tried again.
const LONGEST: Duration = Duration::from_secs(60);
/// An entry that could not be sent for so long is an alarm.
const LATE_NS: i64 = 15 * MINUTE_NS;
/// What the alarm is about.
const SUBJECT: &str = "audit-repository";

/// An audit repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The machine.
    pub host: String,
    /// Its port; 6514 is the port registered for syslog over TLS.
    pub port: u16,
    /// What TLS is spoken with (RFC 5425); without, TCP alone (RFC 6587).
    pub tls: Option<Arc<ClientConfig>>,
}

/// Sends until `stop` is ready, whenever this process leads.
pub async fn run(platform: Platform, leads: watch::Receiver<bool>, stop: impl Future<Output = ()>) {
    tokio::select! {
        () = stop => {}
        () = work(&platform, leads) => {}
    }
}

async fn work(platform: &Platform, mut leads: watch::Receiver<bool>) {
    let mut committed = platform.writer().committed();
    let mut pause = PAUSE;
    loop {
        if leads.wait_for(|leads| *leads).await.is_err() {
            return;
        }
        let Some(repository) = &platform.settings().audit_repository else {
            // An alarm about one that was taken out of the configuration is over.
            match settle(platform, None).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "alarms of the audit repository stay"),
            }
            tokio::time::sleep(LOOKED_FOR).await;
            continue;
        };
        match deliver(platform, repository).await {
            Ok(0) => {
                pause = PAUSE;
                // Other processes' commits are not heard.
                let _ = tokio::time::timeout(LOOKED_FOR, committed.changed()).await;
            }
            Ok(_) => pause = PAUSE,
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "nothing was sent to the audit repository"
                );
                pause = (pause * 2).min(LONGEST);
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Sends what comes next; gives how many entries there were.
///
/// # Errors
///
/// The database's; what the repository did not take is an error too, and an alarm when it waits for long.
pub(super) async fn deliver(platform: &Platform, repository: &Repository) -> anyhow::Result<usize> {
    let readers = platform.readers();
    let found = journal::after(readers, last(readers).await?, TOGETHER, None).await?;
    let Some((first, end)) = found.first().zip(found.last()) else {
        return Ok(0);
    };
    // Patients have accounts too: their names stay here.
    let names = names(readers, &found, |account| account.kind == "staff").await?;
    let source = Source::of(platform);
    let mut bytes = Vec::new();
    for stored in &found {
        syslog::frame(&mut bytes, &Event::of(stored, &names, &source));
    }
    let sent = syslog::send(repository, &bytes).await;
    let late_ns = platform.clock().now_ns() - first.entry.at_ns;
    if sent.is_err() && late_ns >= LATE_NS {
        settle(platform, Some(late_ns / MINUTE_NS)).await?;
    }
    sent.with_context(|| format!("{}:{}", repository.host, repository.port))?;
    let change = platform.writer().begin().await?;
    store::advance(&*change, end.id, platform.clock().now_ns()).await?;
    clear(platform, &change).await?;
    change.commit().await?;
    Ok(found.len())
}

/// Raises that an entry waits for so many minutes, or says that none does.
async fn settle(platform: &Platform, late_minutes: Option<i64>) -> Result<()> {
    let change = platform.writer().begin().await?;
    match late_minutes {
        Some(minutes) => {
            let detail = format!("{minutes} min");
            monitoring::raise(platform, &change, Kind::AuditUnsent, SUBJECT, &detail).await?;
        }
        None => clear(platform, &change).await?,
    }
    Ok(change.commit().await?)
}

async fn clear(platform: &Platform, change: &Transaction) -> Result<()> {
    monitoring::clear(platform, change, Kind::AuditUnsent, SUBJECT).await?;
    Ok(())
}
