//! An object that leaves the archive for good leaves the index too, and the rows above it show what is left.

use std::collections::{BTreeMap, BTreeSet};

use database::{Sql, Transaction};

use super::refile::{self, Touched};
use super::{Error, Index, Result, visible, write};
use crate::storage::Hash;

/// Takes objects out of the index; those that are not in it are passed over.
pub(crate) async fn unfile(transaction: &Transaction, hashes: &[Hash]) -> Result<()> {
    let mut touched = Touched::default();
    let mut sop_uids = BTreeSet::new();
    for hash in hashes {
        let mut sql = Sql::new("SELECT id, visible, sop_uid FROM instances WHERE hash = ");
        let Some(row) = sql.bind(hash.to_string()).one(transaction).await? else {
            continue;
        };
        let mut sql = Sql::new("DELETE FROM compressions WHERE hash = ");
        sql.bind(hash.to_string()).run(transaction).await?;
        let id: i64 = row.get(0)?;
        let kept = refile::kept(transaction, id).await?;
        touched.above(&kept);
        if row.get::<i64>(1)? == 1 {
            write::count(transaction, kept.series, -1).await?;
        }
        sop_uids.insert(row.get::<String>(2)?);
        for column in [
            "corrected_instances.instance",
            "metadata.instance",
            "instances.id",
        ] {
            let (table, column) = column.split_once('.').unwrap_or((column, "id"));
            let mut sql = Sql::new(format!("DELETE FROM {table} WHERE {column} = "));
            sql.bind(id).run(transaction).await?;
        }
    }
    for sop_uid in &sop_uids {
        visible::settle_anew(transaction, sop_uid).await?;
    }
    refile::refresh(transaction, &touched).await
}

impl Index {
    /// Gives the objects whose files have to go, with the numbers of their removals.
    pub(crate) async fn removing(&self) -> Result<Vec<(i64, Hash)>> {
        let sql =
            Sql::new("SELECT id, hash FROM removals WHERE state IN ('removing', 'deleting') ORDER BY id");
        let rows = sql.all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let hash: String = row.get(1)?;
                let hash = Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?;
                Ok((row.get(0)?, hash))
            })
            .collect()
    }

    /// Gives the times of receipt of objects in the cold store, which a store of somebody else's may not keep.
    pub(crate) async fn cold_received(&self) -> Result<BTreeMap<Hash, i64>> {
        let rows = Sql::new("SELECT hash, received_ns FROM cold_objects")
            .all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                let hash: String = row.get(0)?;
                let hash = Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?;
                Ok((hash, row.get(1)?))
            })
            .collect()
    }
}
