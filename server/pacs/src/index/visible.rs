//! Which object of a SOP Instance UID is visible: none that is rejected, the one a person chose, else the first received.

use database::{Connection, Sql, Transaction};

use super::{Error, Index, Result, write};
use crate::events::{Event, Kind};
use crate::storage::Hash;

/// What people decided about a SOP Instance UID.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub(super) is_rejected: bool,
    chosen: Option<String>,
}

/// One of the objects of a SOP Instance UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The object.
    pub hash: Hash,
    /// When it was received, in nanoseconds since 1970 (UTC).
    pub received_ns: i64,
    /// Whether it is the one that is shown.
    pub is_visible: bool,
}

pub(super) async fn decided(connection: &impl Connection, sop_uid: &str) -> Result<Decided> {
    let mut sql = Sql::new(
        "SELECT '' FROM rejected_instances ri JOIN rejections r ON r.id = ri.rejection \
         WHERE r.undone_ns IS NULL AND ri.ended_ns IS NULL AND ri.sop_uid = ",
    );
    sql.bind(sop_uid)
        .push(" UNION ALL SELECT hash FROM choices WHERE undone_ns IS NULL AND sop_uid = ")
        .bind(sop_uid);
    let mut decided = Decided::default();
    for row in sql.all(connection).await? {
        match row.get::<String>(0)? {
            hash if hash.is_empty() => decided.is_rejected = true,
            hash => decided.chosen = Some(hash),
        }
    }
    Ok(decided)
}

/// Lets the right object of a SOP Instance UID be visible.
pub(super) async fn settle(transaction: &Transaction, sop_uid: &str, decided: &Decided) -> Result<()> {
    let mut sql = Sql::new("SELECT id, series, visible, hash FROM instances WHERE sop_uid = ");
    let rows = sql
        .bind(sop_uid)
        .push(" ORDER BY leader")
        .all(transaction)
        .await?;
    let mut hashes = Vec::new();
    for row in &rows {
        hashes.push(row.get::<String>(3)?);
    }
    let chosen = decided
        .chosen
        .as_ref()
        .and_then(|chosen| hashes.iter().position(|hash| hash == chosen));
    let visible = (!decided.is_rejected).then_some(chosen.unwrap_or(0));
    for (at, row) in rows.iter().enumerate() {
        let (is, should_be) = (row.get::<i64>(2)?, i64::from(visible == Some(at)));
        if is == should_be {
            continue;
        }
        let mut sql = Sql::new("UPDATE instances SET visible = ");
        sql.bind(should_be).push(" WHERE id = ").bind(row.get::<i64>(0)?);
        sql.run(transaction).await?;
        write::count(transaction, row.get(1)?, should_be - is).await?;
    }
    Ok(())
}

/// As [`settle`], by what is decided now.
pub(super) async fn settle_anew(transaction: &Transaction, sop_uid: &str) -> Result<()> {
    let decided = decided(transaction, sop_uid).await?;
    settle(transaction, sop_uid, &decided).await
}

/// Writes a choice among the objects of a SOP Instance UID; an earlier one ends.
pub(crate) async fn choose(
    transaction: &Transaction,
    sop_uid: &str,
    hash: Hash,
    actor: &str,
    at_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("SELECT id FROM instances WHERE sop_uid = ");
    sql.bind(sop_uid).push(" AND hash = ").bind(hash.to_string());
    if sql.one(transaction).await?.is_none() {
        return Err(Error::NoSuchObject);
    }
    let mut sql = Sql::new("UPDATE choices SET undone_ns = ");
    sql.bind(at_ns)
        .push(" WHERE undone_ns IS NULL AND sop_uid = ")
        .bind(sop_uid);
    sql.run(transaction).await?;
    let mut sql = Sql::new("INSERT INTO choices (at_ns, sop_uid, hash, actor) VALUES (");
    sql.bind(at_ns).push(", ");
    sql.bind_all([sop_uid, &hash.to_string(), actor]).push(")");
    sql.run(transaction).await?;
    settle_anew(transaction, sop_uid).await
}

impl Index {
    /// Makes one of several objects with a SOP Instance UID the visible one; a rebuild keeps the choice.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchObject`], [`Error::Database`].
    pub async fn choose(&self, sop_uid: &str, hash: Hash, actor: &str, at_ns: i64) -> Result<()> {
        let change = self.begin().await?;
        choose(&change, sop_uid, hash, actor, at_ns).await?;
        change
            .record(&Event {
                sop_uid: Some(sop_uid.to_owned()),
                hash: Some(hash),
                ..Event::new(Kind::Chosen, actor, at_ns)
            })
            .await?;
        change.commit().await
    }

    /// Whether an instance is rejected: then none of its objects leaves, whoever asked for it before.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn is_rejected(&self, sop_uid: &str) -> Result<bool> {
        Ok(decided(&self.readers, sop_uid).await?.is_rejected)
    }

    /// Gives the objects of a SOP Instance UID as they were received: what a person chooses from.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn candidates(&self, sop_uid: &str) -> Result<Vec<Candidate>> {
        let mut sql = Sql::new("SELECT hash, received_ns, visible FROM instances WHERE sop_uid = ");
        let rows = sql
            .bind(sop_uid)
            .push(" ORDER BY leader")
            .all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                let hash: String = row.get(0)?;
                Ok(Candidate {
                    hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
                    received_ns: row.get(1)?,
                    is_visible: row.get::<i64>(2)? == 1,
                })
            })
            .collect()
    }
}
