//! Several conversations at once.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::task::JoinSet;

use super::conversation::{Door, Wish};
use super::measures::{Drag, Gesture, Opening, drag, opening};

/// What came of several that scroll at once.
pub struct Many {
    /// Images a second of each, slowest first.
    pub images_per_s: Vec<f64>,
    pub latencies: Vec<Duration>,
    pub images: usize,
    pub bytes: u64,
    pub seconds: f64,
}

impl Many {
    pub fn mean(&self) -> f64 {
        self.images_per_s.iter().sum::<f64>() / self.images_per_s.len() as f64
    }

    /// 1 where all have the same.
    pub fn slowest_of_mean(&self) -> f64 {
        self.images_per_s[0] / self.mean()
    }
}

/// All open the same at the same moment: how soon each has its first picture.
pub async fn opening_at_once(doors: &[Door], wish: &Wish) -> anyhow::Result<Vec<Opening>> {
    let mut opening_all = JoinSet::new();
    for door in doors {
        let (door, wish) = (door.clone(), wish.clone());
        opening_all.spawn(async move { anyhow::Ok(opening(&door, &wish).await?.0) });
    }
    let mut openings = Vec::new();
    while let Some(one) = opening_all.join_next().await {
        openings.push(one??);
    }
    Ok(openings)
}

/// Opens a conversation for each of `doors`, and when all pictures rest, all scroll.
pub async fn scrolling(doors: &[Door], wish: &Wish, seconds: f64) -> anyhow::Result<Many> {
    let mut opening = JoinSet::new();
    for door in doors {
        let (door, wish) = (door.clone(), wish.clone());
        opening.spawn(async move {
            let mut conversation = door.open(&wish).await?;
            let ct = conversation.largest("CT")?;
            let viewport = conversation
                .show(&json!("plane"), Some("coronal"), &[&ct.key])
                .await?;
            anyhow::Ok((conversation, viewport, ct.images))
        });
    }
    let mut opened = Vec::new();
    while let Some(one) = opening.join_next().await {
        opened.push(one??);
    }
    let mut scrolling = JoinSet::new();
    for (mut conversation, viewport, images) in opened {
        scrolling.spawn(async move {
            let over = u32::try_from(images).unwrap_or(u32::MAX);
            drag(&mut conversation, viewport, Gesture::Scroll { over }, seconds).await
        });
    }
    let mut drags: Vec<Drag> = Vec::new();
    while let Some(one) = scrolling.join_next().await {
        drags.push(one??);
    }
    let mut images_per_s: Vec<f64> = drags.iter().map(Drag::images_per_s).collect();
    images_per_s.sort_by(f64::total_cmp);
    Ok(Many {
        images_per_s,
        images: drags.iter().map(|drag| drag.images).sum(),
        bytes: drags.iter().map(|drag| drag.bytes).sum(),
        seconds: drags.first().context("no sessions")?.seconds,
        latencies: drags.into_iter().flat_map(|drag| drag.latencies).collect(),
    })
}
