//! What the nodes of a site tell one another, so that jobs and open pages need not wait until it is looked for: whoever adds
//! a job or a notification says so in its transaction, and all others hear of it when that is committed.

use std::future::Future;
use std::time::Duration;

use database::{Connection, Listener, Place};

use crate::{Platform, Result};

/// What it is told under.
const NAME: &str = "uptake_news";
/// How long it is waited before a connection that was lost is tried again. What is not heard meanwhile is looked for.
const AGAIN: Duration = Duration::from_secs(5);

/// Tells the other nodes, once a transaction is committed.
pub(crate) async fn tell(change: &impl Connection) -> Result<()> {
    Ok(database::tell(change, NAME).await?)
}

/// Hears what other nodes tell, until `stop` is ready: for this one it is as a commit of its own.
pub async fn run(platform: Platform, place: Place, stop: impl Future<Output = ()>) {
    let hearing = async {
        loop {
            if let Err(error) = hear(&platform, &place).await {
                tracing::warn!(%error, "other nodes are not heard");
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! {
        () = stop => {}
        () = hearing => {}
    }
}

async fn hear(platform: &Platform, place: &Place) -> Result<()> {
    let Some(mut listener) = Listener::open(place, NAME).await? else {
        return std::future::pending().await;
    };
    loop {
        listener.heard().await?;
        platform.writer().tell();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::{Job, add};
    use crate::settings::Settings;
    use crate::test_postgres;
    use crate::test_site::Site;

    #[tokio::test]
    async fn a_job_that_one_node_adds_is_heard_by_another() {
        let Some(place) = test_postgres::database() else {
            return;
        };
        let site = Site::at(Settings::default(), Some(place.clone())).await;
        let other = site.node().await;
        let mut committed = other.writer().committed();
        let listening = tokio::spawn(run(other, place, std::future::pending()));
        // It listens after a while; until then what is told is not heard.
        for number in 0.. {
            let job = Job {
                kind: "tidy",
                arguments: json!(null),
                organisation: None,
                person: None,
                key: format!("told {number}"),
                at_ns: 0,
            };
            let change = site.platform.writer().begin().await.unwrap();
            assert!(add(&*change, &job, site.now_ns()).await.unwrap());
            change.commit().await.unwrap();
            let heard = tokio::time::timeout(Duration::from_millis(500), committed.changed());
            if heard.await.is_ok() {
                break;
            }
            assert!(number < 20, "nothing was heard");
        }
        listening.abort();
    }
}
