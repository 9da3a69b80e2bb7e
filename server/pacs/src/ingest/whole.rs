//! The archive as a whole: comparing index and objects, and making the index anew.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ingest, Result, describe};
use crate::index::Facts;
use crate::storage::{self, Hash};

/// How index and objects agree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Objects compared.
    pub objects: u64,
    /// Objects that the index has and storage does not: lost.
    pub missing: Vec<Hash>,
    /// Objects whose bytes are not what they were.
    pub damaged: Vec<Hash>,
    /// Objects that storage has and the index does not: a sender was cut off before the acknowledgement.
    pub unindexed: Vec<Hash>,
}

impl VerifyReport {
    /// Whether all that was acknowledged is there.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.missing.is_empty() && self.damaged.is_empty()
    }
}

/// What making the index anew found.
#[derive(Debug, Default)]
pub struct RebuildReport {
    /// Objects indexed.
    pub objects: u64,
    /// Objects left out, and why: damaged, or not to be read.
    pub left_out: Vec<(Hash, String)>,
}

/// Objects of one transaction.
const BATCH: usize = 100;

impl Ingest {
    /// Reads every object and compares with the index.
    ///
    /// # Errors
    ///
    /// [`super::Error::Storage`], [`super::Error::Index`]; what does not agree is no error but part of the report.
    pub async fn verify(&self) -> Result<VerifyReport> {
        // The index first: what comes in meanwhile is stored before it is indexed.
        let indexed: BTreeMap<Hash, u64> = self.index.objects().await?.into_iter().collect();
        let scrubbed = self.storage.scrub().await?;
        let stored: BTreeMap<Hash, u64> = self
            .storage
            .list()
            .await?
            .into_iter()
            .map(|object| (object.hash, object.size))
            .collect();
        Ok(VerifyReport {
            objects: scrubbed.objects,
            missing: indexed
                .keys()
                .filter(|hash| !stored.contains_key(hash))
                .copied()
                .collect(),
            damaged: scrubbed.bad.iter().map(|bad| bad.hash).collect(),
            unindexed: stored
                .keys()
                .filter(|hash| !indexed.contains_key(hash))
                .copied()
                .collect(),
        })
    }

    /// Makes the index anew from the objects, while nothing else writes; what people decided stays and is applied again.
    ///
    /// # Errors
    ///
    /// [`super::Error::Storage`], [`super::Error::Index`]; an object that cannot be read is part of the report.
    pub async fn rebuild(&self) -> Result<RebuildReport> {
        let mut report = RebuildReport::default();
        let mut objects = self.storage.list_received().await?;
        let removing: BTreeSet<Hash> = self
            .index
            .removing()
            .await?
            .into_iter()
            .map(|(_, hash)| hash)
            .collect();
        objects.retain(|object| !removing.contains(&object.hash));
        let cold = self.index.cold_received().await?;
        for object in &mut objects {
            object.received_ns = cold.get(&object.hash).copied().unwrap_or(object.received_ns);
        }
        objects.sort();
        self.index.clear().await?;
        let mut batch: Vec<Facts> = Vec::new();
        for object in objects {
            match describe::stored(&self.storage, object, self.limits).await {
                Ok(Ok((facts, _))) => batch.push(facts),
                Ok(Err(reason)) => report.left_out.push((object.hash, reason.to_string())),
                Err(super::Error::Storage(error @ storage::Error::Damaged { .. })) => {
                    report.left_out.push((object.hash, error.to_string()));
                }
                Err(error) => return Err(error),
            }
            if batch.len() == BATCH {
                report.objects += self.index.add_all(std::mem::take(&mut batch)).await?.len() as u64;
            }
        }
        report.objects += self.index.add_all(batch).await?.len() as u64;
        Ok(report)
    }
}
