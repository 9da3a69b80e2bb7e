//! Patients that are one person: merges are rows of their own, which can be undone, and no object changes.

use std::collections::BTreeMap;

use database::{Sql, Transaction};
use serde_json::json;

use super::facts::{from_patient_key, patient_key};
use super::{Error, Identifier, Index, Page, Restriction, Result, correct};
use crate::corrections::Refusal;
use crate::corrections::overlay::Overlay;
use crate::events::{Event, Kind};

/// A merge that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMerge {
    /// The patient whose studies go.
    pub from: Identifier,
    /// The patient they show under.
    pub into: Identifier,
    /// Whose patients both are.
    pub custodian: Option<i64>,
    /// Who merges.
    pub actor: String,
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
    /// Why, in the words of who does it.
    pub reason: String,
}

/// One merge, in force or undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Its number.
    pub id: i64,
    /// What was decided.
    pub made: NewMerge,
    /// When it was undone, and by whom.
    pub undone: Option<(i64, String)>,
}

impl Index {
    /// Lets the studies of one patient show under another, and both be found by the identifiers of either.
    ///
    /// # Errors
    ///
    /// [`Error::Merge`] when a patient is unknown, is merged already, or would be merged with itself; [`Error::Correction`]
    /// without a reason.
    pub async fn merge(&self, new: &NewMerge) -> Result<i64> {
        correct::judge_reason(&new.reason)?;
        let key = |identifier| patient_key(identifier, new.custodian);
        let (from_key, into_key) = (key(&new.from), key(&new.into));
        let change = self.begin().await?;
        for key in [&from_key, &into_key] {
            let mut sql = Sql::new("SELECT id FROM patients WHERE patient_key = ");
            sql.bind(key.as_str());
            if sql.one(&*change).await?.is_none() {
                return Err(Refusal::NoSuch.into());
            }
        }
        let targets = targets(&change).await?;
        if targets.contains_key(&from_key) {
            return Err(Error::Merge("the patient is merged already"));
        }
        if root_of(&targets, &into_key) == from_key {
            return Err(Error::Merge("a patient cannot be merged into itself"));
        }
        let mut sql = Sql::new(
            "INSERT INTO patient_merges (merged_ns, custodian, from_key, into_key, actor, reason) VALUES (",
        );
        sql.bind(new.at_ns).push(", ").bind(new.custodian).push(", ");
        sql.bind_all([
            from_key.as_str(),
            into_key.as_str(),
            new.actor.as_str(),
            new.reason.as_str(),
        ]);
        sql.push(") RETURNING id");
        let row = sql.one(&*change).await?.ok_or(Error::Damaged("a merge"))?;
        let id = row.get(0)?;
        apply(&change).await?;
        change
            .record(&event(Kind::Merged, id, new.custodian, &new.actor, new.at_ns))
            .await?;
        change.commit().await?;
        Ok(id)
    }

    /// Undoes a merge that is there for who undoes it: both patients are as they were.
    ///
    /// # Errors
    ///
    /// [`Error::Correction`] when there is no such merge in force.
    pub async fn unmerge(&self, id: i64, within: &Restriction, actor: &str, at_ns: i64) -> Result<()> {
        let change = self.begin().await?;
        let mut sql = Sql::new("UPDATE patient_merges SET undone_ns = ");
        sql.bind(at_ns).push(", undone_by = ").bind(actor);
        sql.push(" WHERE undone_ns IS NULL AND id = ").bind(id);
        within.and_custodian(&mut sql, "custodian");
        let row = sql.push(" RETURNING custodian").one(&*change).await?;
        let custodian = row.ok_or(Refusal::NotInForce)?.get(0)?;
        apply(&change).await?;
        let event = event(Kind::MergeUndone, id, custodian, actor, at_ns);
        change.record(&event).await?;
        change.commit().await
    }

    /// Gives a page of the merges that are there for somebody, those undone too.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::Damaged`].
    pub async fn merges(&self, within: &Restriction, page: Page) -> Result<Vec<Merge>> {
        let mut sql = Sql::new(
            "SELECT id, from_key, into_key, merged_ns, reason, undone_ns, actor, undone_by FROM patient_merges WHERE 1 = 1",
        );
        within.and_custodian(&mut sql, "custodian");
        let rows = sql.page("id", page).all(&self.readers).await?;
        rows.iter().map(merge).collect()
    }

    /// What would be laid over the objects of a patient who is merged into this one; `None` when there is none such.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub(crate) async fn merged_into(
        &self,
        into: &Identifier,
        custodian: Option<i64>,
    ) -> Result<Option<Overlay>> {
        let mut sql = Sql::new(
            "SELECT '', r.patient_id, r.issuer, r.patient_name, r.birth_date, r.sex, CAST(NULL AS BIGINT) \
             FROM patients p JOIN patients r ON r.id = p.root WHERE p.patient_key = ",
        );
        let row = sql.bind(patient_key(into, custodian)).one(&self.readers).await?;
        row.as_ref().map(correct::merged).transpose()
    }
}

fn merge(row: &database::Row) -> Result<Merge> {
    let patient = |at| -> Result<_> {
        let key: String = row.get(at)?;
        from_patient_key(&key).ok_or(Error::Damaged("a merge"))
    };
    let (from, _) = patient(1)?;
    let (into, custodian) = patient(2)?;
    let undone_ns: Option<i64> = row.get(5)?;
    let undone_by: Option<String> = row.get(7)?;
    Ok(Merge {
        id: row.get(0)?,
        made: NewMerge {
            from,
            into,
            custodian,
            actor: row.get(6)?,
            at_ns: row.get(3)?,
            reason: row.get(4)?,
        },
        undone: undone_ns.map(|at_ns| (at_ns, undone_by.unwrap_or_default())),
    })
}

/// What happened, without an identifier: whoever may know reads the merge.
fn event(kind: Kind, id: i64, custodian: Option<i64>, actor: &str, at_ns: i64) -> Event {
    Event {
        organisation: custodian,
        detail: Some(json!({ "merge": id }).to_string()),
        ..Event::new(kind, actor, at_ns)
    }
}

/// Who is merged into whom, of the merges in force.
async fn targets(transaction: &Transaction) -> Result<BTreeMap<String, String>> {
    let sql = Sql::new("SELECT from_key, into_key FROM patient_merges WHERE undone_ns IS NULL");
    let rows = sql.all(transaction).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
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
pub(super) async fn apply(transaction: &Transaction) -> Result<()> {
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
pub(super) async fn apply_to_new(transaction: &Transaction, key: &str) -> Result<()> {
    let mut sql = Sql::new("SELECT id FROM patient_merges WHERE undone_ns IS NULL AND (from_key = ");
    sql.bind(key).push(" OR into_key = ").bind(key).push(")");
    if sql.one(transaction).await?.is_some() {
        apply(transaction).await?;
    }
    Ok(())
}
