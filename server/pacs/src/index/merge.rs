//! Patients that are one person: merges are rows of their own, which can be undone, and no object changes.

use std::collections::BTreeMap;

use sea_orm::DatabaseTransaction;

use super::database::Sql;
use super::facts::patient_key;
use super::{Error, Identifier, Index, Result};

/// One merge, in force or undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Its number.
    pub id: i64,
    /// The patient whose studies went.
    pub from: Identifier,
    /// The patient they show under.
    pub into: Identifier,
    /// When, in nanoseconds since 1970 (UTC).
    pub merged_ns: i64,
    /// Why, in the words of who did it.
    pub reason: String,
    /// When it was undone.
    pub undone_ns: Option<i64>,
}

impl Index {
    /// Lets the studies of one patient show under another, and both be found by the identifiers of either.
    ///
    /// # Errors
    ///
    /// [`Error::Merge`] when a patient is unknown, is merged already, or would be merged with itself.
    pub async fn merge(&self, from: &Identifier, into: &Identifier, at_ns: i64, reason: &str) -> Result<i64> {
        let (from_key, into_key) = (patient_key(from), patient_key(into));
        let change = self.begin().await?;
        for key in [&from_key, &into_key] {
            let mut sql = Sql::new("SELECT id FROM patients WHERE patient_key = ");
            sql.bind(key.as_str());
            if sql.one(&*change).await?.is_none() {
                return Err(Error::Merge("no such patient"));
            }
        }
        let targets = targets(&change).await?;
        if targets.contains_key(&from_key) {
            return Err(Error::Merge("the patient is merged already"));
        }
        if root_of(&targets, &into_key) == from_key {
            return Err(Error::Merge("a patient cannot be merged into itself"));
        }
        let mut sql = Sql::new("INSERT INTO patient_merges (merged_ns, from_key, into_key, reason) VALUES (");
        sql.bind(at_ns)
            .push(", ")
            .bind_all([from_key.as_str(), into_key.as_str(), reason]);
        sql.push(") RETURNING id");
        let row = sql.one(&*change).await?.ok_or(Error::Damaged("a merge"))?;
        apply(&change).await?;
        change.commit().await?;
        Ok(row.try_get_by_index(0)?)
    }

    /// Undoes a merge: both patients are as they were.
    ///
    /// # Errors
    ///
    /// [`Error::Merge`] when there is no such merge in force.
    pub async fn unmerge(&self, id: i64, at_ns: i64) -> Result<()> {
        let change = self.begin().await?;
        let mut sql = Sql::new("UPDATE patient_merges SET undone_ns = ");
        sql.bind(at_ns)
            .push(" WHERE undone_ns IS NULL AND id = ")
            .bind(id);
        if sql.run(&*change).await?.rows_affected() == 0 {
            return Err(Error::Merge("no such merge in force"));
        }
        apply(&change).await?;
        change.commit().await
    }

    /// Gives all merges, those undone too, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn merges(&self) -> Result<Vec<Merge>> {
        let sql = Sql::new(
            "SELECT id, from_key, into_key, merged_ns, reason, undone_ns FROM patient_merges ORDER BY id",
        );
        let rows = sql.all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let identifier = |at| -> Result<Identifier> {
                    let key: String = row.try_get_by_index(at)?;
                    let (id, issuer) = key
                        .strip_prefix("id ")
                        .and_then(|key| key.split_once('\u{1}'))
                        .ok_or(Error::Damaged("a merge"))?;
                    Ok(Identifier {
                        id: id.to_owned(),
                        issuer: issuer.to_owned(),
                    })
                };
                Ok(Merge {
                    id: row.try_get_by_index(0)?,
                    from: identifier(1)?,
                    into: identifier(2)?,
                    merged_ns: row.try_get_by_index(3)?,
                    reason: row.try_get_by_index(4)?,
                    undone_ns: row.try_get_by_index(5)?,
                })
            })
            .collect()
    }
}

/// Who is merged into whom, of the merges in force.
async fn targets(transaction: &DatabaseTransaction) -> Result<BTreeMap<String, String>> {
    let sql = Sql::new("SELECT from_key, into_key FROM patient_merges WHERE undone_ns IS NULL");
    let rows = sql.all(transaction).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

fn root_of<'a>(targets: &'a BTreeMap<String, String>, key: &'a str) -> &'a str {
    let mut root = key;
    // Merging refuses circles; the bound holds all the same.
    for _ in 0..=targets.len() {
        match targets.get(root) {
            Some(into) => root = into,
            None => break,
        }
    }
    root
}

/// Sets every patient's root by the merges in force.
pub(super) async fn apply(transaction: &DatabaseTransaction) -> Result<()> {
    Sql::new("UPDATE patients SET root = id WHERE root <> id")
        .run(transaction)
        .await?;
    let targets = targets(transaction).await?;
    for from in targets.keys() {
        let root = root_of(&targets, from);
        let mut sql = Sql::new(
            "UPDATE patients SET root = COALESCE((SELECT r.id FROM patients r WHERE r.patient_key = ",
        );
        sql.bind(root)
            .push("), id) WHERE patient_key = ")
            .bind(from.as_str());
        sql.run(transaction).await?;
    }
    Ok(())
}

/// Applies the merges that speak of a patient who is new in the index (made anew, say).
pub(super) async fn apply_to_new(transaction: &DatabaseTransaction, key: &str) -> Result<()> {
    let mut sql = Sql::new("SELECT id FROM patient_merges WHERE undone_ns IS NULL AND (from_key = ");
    sql.bind(key).push(" OR into_key = ").bind(key).push(")");
    if sql.one(transaction).await?.is_some() {
        apply(transaction).await?;
    }
    Ok(())
}
