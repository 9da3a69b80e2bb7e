//! The same CT as viewers load it that draw by themselves: metadata, then every frame, six at a time, the middle first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use super::conversation::{Door, PATIENCE, Wish};
use super::served::Credential;

/// As many as a browser asks of one place at once (HTTP/1.1).
const AT_ONCE: usize = 6;
const FRAMES: &str = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Loading {
    /// Metadata and the first frame.
    pub first: Duration,
    /// All that had come by then.
    pub ended: Duration,
    pub bytes: u64,
    pub frames: usize,
    pub of: usize,
}

/// Asks as somebody who is signed in.
struct Asking {
    client: reqwest::Client,
    credential: Credential,
    /// Of the series.
    address: String,
    bytes: AtomicU64,
    frames: AtomicUsize,
}

impl Asking {
    async fn ask(&self, path: &str, accept: &str) -> anyhow::Result<bytes::Bytes> {
        let asked = self.client.get(format!("{}{path}", self.address));
        let asked = asked.header("accept", accept);
        let answer = asked.header(self.credential.0, &self.credential.1).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{path}: expected 200, found {status}");
        let bytes = answer.bytes().await?;
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    async fn frame(&self, uid: &str) -> anyhow::Result<()> {
        self.ask(&format!("/instances/{uid}/frames/1"), FRAMES).await?;
        self.frames.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Loads for as long as `patience`, or until all has come.
pub async fn loading(door: &Door, wish: &Wish, patience: Duration) -> anyhow::Result<Loading> {
    let series = wish.series.as_deref().context("no series")?;
    let asking = Arc::new(Asking {
        client: reqwest::Client::builder().timeout(PATIENCE * 10).build()?,
        credential: door.credential.clone(),
        address: format!(
            "http://{}/dicom-web/studies/{}/series/{series}",
            door.address, wish.studies[0]
        ),
        bytes: AtomicU64::new(0),
        frames: AtomicUsize::new(0),
    });
    let begun = Instant::now();
    let metadata = asking.ask("/metadata", "application/dicom+json").await?;
    let order = Arc::new(from_the_middle(&serde_json::from_slice::<Vec<Value>>(&metadata)?));
    asking.frame(order.first().context("no images")?).await?;
    let first = begun.elapsed();
    let next = Arc::new(AtomicUsize::new(1));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (asking, order, next) = (asking.clone(), order.clone(), next.clone());
        tasks.spawn(async move {
            while let Some(uid) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                asking.frame(uid).await?;
            }
            anyhow::Ok(())
        });
    }
    let all = async {
        while let Some(one) = tasks.join_next().await {
            one??;
        }
        anyhow::Ok(())
    };
    // What has come when patience ends counts.
    tokio::time::timeout(patience, all).await.unwrap_or(Ok(()))?;
    Ok(Loading {
        first,
        ended: begun.elapsed(),
        bytes: asking.bytes.load(Ordering::Relaxed),
        frames: asking.frames.load(Ordering::Relaxed),
        of: order.len(),
    })
}

/// SOP Instance UIDs by Instance Number, the middle first.
fn from_the_middle(instances: &[Value]) -> Vec<String> {
    let mut numbered: Vec<(i64, String)> = instances
        .iter()
        .filter_map(|instance| {
            let number = instance["00200013"]["Value"][0].as_i64().unwrap_or_default();
            Some((number, instance["00080018"]["Value"][0].as_str()?.to_owned()))
        })
        .collect();
    numbered.sort();
    let middle = numbered.len() / 2;
    let mut places: Vec<usize> = (0..numbered.len()).collect();
    places.sort_by_key(|place| place.abs_diff(middle));
    places
        .into_iter()
        .map(|place| numbered[place].1.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_middle_comes_first() {
        let instance = |number: i64| json!({"00200013": {"Value": [number]}, "00080018": {"Value": [format!("1.{number}")]}});
        let instances: Vec<Value> = [4, 1, 5, 3, 2].map(instance).to_vec();
        assert_eq!(from_the_middle(&instances), ["1.3", "1.2", "1.4", "1.1", "1.5"]);
    }
}
