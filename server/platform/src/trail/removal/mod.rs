//! Old entries are removed by two: an audit administrator asks, another one confirms within a week.
//!
//! Both are audit administrators: what the system and the security administrator do is what the journal holds against them,
//! so neither has a say in what is removed of it. Who appoints the second is the security administrator; the appointment, the
//! asking and the confirming are entries that are too young to go with the others. A site with one audit administrator
//! removes nothing.
//!
//! Before entries go they are written, with their chain, into files of a folder of their own (`site.journal_removed`); a file
//! and the removal of its entries are one step, whose entry in the journal holds the file's SHA-256. What stays is a chain
//! that `uptake audit verify` finds whole.
//!
//! ```text
//! asked ──┬── confirmed ── done
//!         └── withdrawn
//! ```

mod file;
mod model;
mod pages;
mod store;

use std::path::Path;

use axum::Router;
use journal::Entry;
use serde_json::json;

use crate::{Error, Platform, Result};
use model::Removal;

pub(super) fn router() -> Router<Platform> {
    pages::router()
}

/// Entries of a file, which are removed in one transaction.
const TOGETHER: u32 = 10_000;
/// Files at a time: others wait for whoever keeps the journal.
const STEPS: usize = 20;
/// Whoever removes.
const ACTOR: &str = "upkeep";

/// Removes what was confirmed; entries are written into the folder first. The process that leads does it, some
/// steps at a time: ended in the middle, it goes on where it was.
pub(crate) async fn carry_out(platform: &Platform, folder: &Path) -> Result<()> {
    for _ in 0..STEPS {
        let Some(removal) = store::confirmed(platform.readers()).await? else {
            break;
        };
        step(platform, folder, &removal).await?;
    }
    Ok(())
}

async fn step(platform: &Platform, folder: &Path, removal: &Removal) -> Result<()> {
    let readers = platform.readers();
    let (_, chain) = journal::beginning(readers).await?;
    let mut found = journal::after(readers, 0, TOGETHER, None).await?;
    found.retain(|stored| stored.id <= removal.last);
    let now_ns = platform.clock().now_ns();
    let Some((first, last)) = found.first().zip(found.last()).map(|(a, b)| (a.id, b.id)) else {
        return finish(platform, removal, now_ns).await;
    };
    let (entries, folder) = (found.len(), folder.to_owned());
    let written = tokio::task::spawn_blocking(move || file::write(&folder, chain, &found));
    let written = written.await.map_err(Error::internal)?.map_err(Error::internal)?;
    let change = platform.writer().begin().await?;
    journal::remove_until(&change, last, now_ns).await?;
    let entry = Entry {
        subject: Some(removal.subject()),
        hash: Some(written.sha256),
        detail: Some(
            json!({ "first": first, "last": last, "entries": entries, "file": written.name }).to_string(),
        ),
        ..Entry::new("audit.removed", ACTOR, now_ns)
    };
    journal::append(&change, &[entry]).await?;
    if last == removal.last {
        store::done(&*change, removal.id, now_ns).await?;
    }
    Ok(change.commit().await?)
}

async fn finish(platform: &Platform, removal: &Removal, now_ns: i64) -> Result<()> {
    let change = platform.writer().begin().await?;
    store::done(&*change, removal.id, now_ns).await?;
    Ok(change.commit().await?)
}
