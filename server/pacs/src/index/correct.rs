//! Corrections as rows: what is in force of them shows in the index's rows, and is laid over objects that leave.
//!
//! They are applied one after another in the order they were made, each to what an object shows after those before it: whoever
//! corrects an identifier can go on to correct the patient under the new one.

use std::collections::BTreeMap;

use database::{Connection, Sql, Transaction};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde_json::{Map, Value as Json, json};

use super::attributes::{self, Level};
use super::corrected_study::and_within;
use super::facts::patient_key;
use super::{Change, Error, Facts, Identifier, Index, Page, Restriction, Result, Scope, refile};
use crate::corrections::Refusal;
use crate::corrections::attributes::check;
use crate::corrections::overlay::{Overlay, Reason};
use crate::events::{Event, Kind};
use crate::storage::Hash;

/// Characters of a reason at most.
const MAX_REASON: usize = 1000;

/// A correction that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCorrection {
    /// What it is for.
    pub scope: Scope,
    /// Whose patient it is for, where it is for one.
    pub custodian: Option<i64>,
    /// New values; an empty one empties the attribute.
    pub changes: BTreeMap<Tag, String>,
    /// Who makes it.
    pub actor: String,
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
    /// Why, in words of who makes it.
    pub reason: String,
}

/// A correction, in force or undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Its number.
    pub id: i64,
    /// What was decided.
    pub made: NewCorrection,
    /// What showed before, of the attributes that the index holds.
    pub before: BTreeMap<Tag, String>,
    /// When it was undone, and by whom.
    pub undone: Option<(i64, String)>,
}

impl Index {
    /// Makes a correction: from now on rows, metadata and objects that leave have the new values.
    ///
    /// # Errors
    ///
    /// [`Error::Correction`] when it may not be made, [`Error::Database`].
    pub async fn correct(&self, new: &NewCorrection) -> Result<i64> {
        let change = self.begin().await?;
        let id = correct(&change, new).await?;
        change.commit().await?;
        Ok(id)
    }

    /// Undoes a correction: what it was for shows what it showed without it.
    ///
    /// # Errors
    ///
    /// [`Error::Correction`] when there is no such correction in force, or the patient was merged under the identifier it gave.
    pub async fn undo_correction(
        &self,
        id: i64,
        within: &Restriction,
        actor: &str,
        at_ns: i64,
    ) -> Result<()> {
        let change = self.begin().await?;
        let mut sql = Sql::new(format!("{SELECT} WHERE undone_ns IS NULL AND id = "));
        sql.bind(id);
        and_within(&mut sql, within);
        let row = sql.one(&*change).await?.ok_or(Refusal::NotInForce)?;
        let correction = correction(&row)?;
        if let Some((_, new)) = new_key(&correction.made) {
            refuse_merged(&change, new).await?;
        }
        let mut sql = Sql::new("SELECT instance FROM corrected_instances WHERE correction = ");
        sql.bind(id).push(" ORDER BY instance");
        let rows = sql.all(&*change).await?;
        let instances = rows
            .iter()
            .map(|row| Ok(row.get(0)?))
            .collect::<Result<Vec<i64>>>()?;
        let mut sql = Sql::new("UPDATE corrections SET undone_ns = ");
        sql.bind(at_ns)
            .push(", undone_by = ")
            .bind(actor)
            .push(" WHERE id = ")
            .bind(id);
        sql.run(&*change).await?;
        refile::refile(&change, &instances).await?;
        let event = event(Kind::CorrectionUndone, id, &correction.made, actor, at_ns);
        change.record(&event).await?;
        change.commit().await
    }

    /// Gives a page of the corrections that are there for somebody, those undone too: of one scope, or all.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::Damaged`].
    pub async fn corrections(
        &self,
        of: Option<&Scope>,
        within: &Restriction,
        page: Page,
    ) -> Result<Vec<Correction>> {
        let mut sql = Sql::new(format!("{SELECT} WHERE 1 = 1"));
        if let Some(scope) = of {
            sql.push(" AND target = ").bind(scope.target(None));
        }
        and_within(&mut sql, within);
        let rows = sql.page("id", page).all(&self.readers).await?;
        rows.iter().map(correction).collect()
    }

    /// Gives the first object of every series that a scope reaches: what a correction is tried on before it is made.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn samples(&self, scope: &Scope, custodian: Option<i64>, limit: usize) -> Result<Vec<Hash>> {
        let instances = instances_of(&self.readers, scope, custodian).await?;
        let (mut seen, mut samples) = (std::collections::BTreeSet::new(), Vec::new());
        for page in instances.chunks(500) {
            let mut sql = Sql::new("SELECT series, hash FROM instances WHERE id IN (");
            sql.bind_all(page.iter().copied()).push(") ORDER BY id");
            for row in sql.all(&self.readers).await? {
                if samples.len() < limit && seen.insert(row.get::<i64>(0)?) {
                    let text: String = row.get(1)?;
                    samples.push(Hash::from_hex(&text).ok_or(Error::Damaged("a hash"))?);
                }
            }
        }
        Ok(samples)
    }

    /// Gives what is laid over an object when it leaves, in its order.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::Damaged`].
    pub async fn overlays(&self, hash: Hash) -> Result<Vec<Overlay>> {
        let all = self
            .overlays_where(|sql| {
                sql.push("i.hash = ").bind(hash.to_string());
            })
            .await?;
        Ok(all.into_values().next().unwrap_or_default())
    }

    /// Gives what is laid over the visible objects of a study, a series or one instance, at once; objects that leave as they
    /// were received are not among them.
    ///
    /// # Errors
    ///
    /// As [`Index::overlays`].
    pub async fn overlays_below(
        &self,
        study_uid: &str,
        series_uid: Option<&str>,
        sop_uid: Option<&str>,
    ) -> Result<BTreeMap<Hash, Vec<Overlay>>> {
        self.overlays_where(|sql| {
            sql.push("i.visible = 1 AND st.study_uid = ").bind(study_uid);
            for (column, uid) in [("se.series_uid", series_uid), ("i.sop_uid", sop_uid)] {
                if let Some(uid) = uid {
                    sql.push(&format!(" AND {column} = ")).bind(uid);
                }
            }
        })
        .await
    }

    /// Whether anything is laid over any object: where nothing was ever corrected, this is all that is asked.
    async fn has_overlays(&self) -> Result<bool> {
        let sql = Sql::new(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM corrected_instances) \
             OR EXISTS (SELECT 1 FROM patient_merges WHERE undone_ns IS NULL)",
        );
        Ok(sql.one(&self.readers).await?.is_some())
    }

    /// Gives what is laid over the objects that a condition on `i`, `se` and `st` names.
    pub(super) async fn overlays_where(
        &self,
        condition: impl Fn(&mut Sql),
    ) -> Result<BTreeMap<Hash, Vec<Overlay>>> {
        let mut all: BTreeMap<Hash, Vec<Overlay>> = BTreeMap::new();
        if !self.has_overlays().await? {
            return Ok(all);
        }
        let from = "FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study";
        let mut sql = Sql::new(format!(
            "SELECT i.hash, c.changes, c.at_ns {from} JOIN corrected_instances ci ON ci.instance = i.id \
             JOIN corrections c ON c.id = ci.correction WHERE "
        ));
        condition(&mut sql);
        for row in sql.push(" ORDER BY c.id").all(&self.readers).await? {
            let changes: String = row.get(1)?;
            let overlay = Overlay {
                changes: changes_of(&changes)?,
                keeps_identifier: false,
                at_ns: row.get(2)?,
                reason: Reason::Correct,
            };
            all.entry(hash(&row)?).or_default().push(overlay);
        }
        // Objects of a merged patient leave with the identity of the one merged into.
        let mut sql = Sql::new(format!(
            "SELECT i.hash, r.patient_id, r.issuer, r.patient_name, r.birth_date, r.sex, (SELECT MAX(m.merged_ns) \
             FROM patient_merges m WHERE m.from_key = p.patient_key AND m.undone_ns IS NULL) {from} \
             JOIN patients p ON p.id = i.patient JOIN patients r ON r.id = p.root WHERE p.root <> p.id AND "
        ));
        condition(&mut sql);
        for row in sql.all(&self.readers).await? {
            all.entry(hash(&row)?).or_default().push(merged(&row)?);
        }
        Ok(all)
    }
}

/// Writes a correction, its event, and the rows that show it.
pub(super) async fn correct(change: &Change, new: &NewCorrection) -> Result<i64> {
    judge(new)?;
    let instances = instances_of(&**change, &new.scope, new.custodian).await?;
    let first = instances.first().ok_or(Refusal::NoSuch)?;
    let kept = refile::kept(change, *first).await?;
    let study_uid = kept.facts.value(tags::STUDY_INSTANCE_UID).to_owned();
    let study_uid = (new.scope.level() > Level::Patient).then_some(study_uid);
    let organisation = kept.facts.custodian;
    let (shown, _) = laid_over(change, kept.facts).await?;
    refuse_another_patient(change, new).await?;
    let before: BTreeMap<Tag, String> = new
        .changes
        .keys()
        .filter_map(|tag| Some((*tag, shown.values.get(tag)?.clone())))
        .collect();
    let mut sql = Sql::new(
        "INSERT INTO corrections (target, changes, before, at_ns, study_uid, custodian, actor, reason) VALUES (",
    );
    let target = new.scope.target(new.custodian);
    sql.bind_all([target, json_of(&new.changes), json_of(&before)]);
    sql.push(", ").bind(new.at_ns).push(", ").bind(study_uid);
    sql.push(", ").bind(new.custodian).push(", ");
    sql.bind_all([new.actor.as_str(), new.reason.as_str()])
        .push(") RETURNING id");
    let row = sql.one(&**change).await?.ok_or(Error::Damaged("a correction"))?;
    let id: i64 = row.get(0)?;
    refile::refile(change, &instances).await?;
    let event = event(Kind::Corrected, id, new, &new.actor, new.at_ns);
    let event = Event {
        organisation,
        ..event
    };
    change.record(&event).await?;
    Ok(id)
}

/// Columns after the hash: the survivor's identity, and when.
pub(super) fn merged(row: &database::Row) -> Result<Overlay> {
    let mut changes = BTreeMap::new();
    for (tag, at) in [
        (tags::PATIENT_ID, 1),
        (tags::ISSUER_OF_PATIENT_ID, 2),
        (tags::PATIENT_NAME, 3),
        (tags::PATIENT_BIRTH_DATE, 4),
        (tags::PATIENT_SEX, 5),
    ] {
        let value: Option<String> = row.get(at)?;
        // An identifier goes with its issuer, also with none; else what only the object knows of the person stays.
        if value.is_some() || tag == tags::ISSUER_OF_PATIENT_ID {
            changes.insert(tag, value.unwrap_or_default());
        }
    }
    Ok(Overlay {
        changes,
        keeps_identifier: true,
        at_ns: row.get::<Option<i64>>(6)?.unwrap_or(0),
        reason: Reason::Coerce,
    })
}

/// Gives what an object shows with the corrections in force, and which ones.
pub(super) async fn laid_over(transaction: &Transaction, facts: Facts) -> Result<(Facts, Vec<i64>)> {
    let mut shown = facts;
    let mut applied: Vec<i64> = Vec::new();
    loop {
        let mut sql = Sql::new("SELECT id, changes FROM corrections WHERE undone_ns IS NULL AND target IN (");
        sql.bind_all(Scope::targets_of(&shown)).push(") AND id > ");
        sql.bind(applied.last().copied().unwrap_or(0))
            .push(" ORDER BY id LIMIT 1");
        let Some(row) = sql.one(transaction).await? else {
            return Ok((shown, applied));
        };
        applied.push(row.get(0)?);
        let changes: String = row.get(1)?;
        for (tag, value) in changes_of(&changes)? {
            if value.is_empty() {
                shown.values.remove(&tag);
            } else if attributes::attribute(tag).is_some() {
                shown.values.insert(tag, value);
            }
        }
    }
}

/// Notes which corrections an instance shows.
pub(super) async fn note(transaction: &Transaction, instance: i64, applied: &[i64]) -> Result<()> {
    for correction in applied {
        let mut sql = Sql::new("INSERT INTO corrected_instances (correction, instance) VALUES (");
        sql.bind_all([*correction, instance]).push(")");
        sql.run(transaction).await?;
    }
    Ok(())
}

/// The instances that a scope names by what they show now.
async fn instances_of(
    connection: &impl Connection,
    scope: &Scope,
    custodian: Option<i64>,
) -> Result<Vec<i64>> {
    let mut sql = Sql::new("SELECT i.id FROM instances i ");
    match scope {
        Scope::Patient(identifier) => {
            sql.push("JOIN patients p ON p.id = i.patient WHERE p.patient_key = ")
                .bind(patient_key(identifier, custodian));
        }
        Scope::Study(uid) => {
            sql.push("JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study WHERE st.study_uid = ")
                .bind(uid.as_str());
        }
        Scope::Series {
            study_uid,
            series_uid,
        } => {
            sql.push("JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study WHERE st.study_uid = ")
                .bind(study_uid.as_str())
                .push(" AND se.series_uid = ")
                .bind(series_uid.as_str());
        }
        Scope::Instance(uid) => {
            sql.push("WHERE i.sop_uid = ").bind(uid.as_str());
        }
    }
    let rows = sql.push(" ORDER BY i.id").all(connection).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

fn judge(new: &NewCorrection) -> Result<(), Refusal> {
    if new.changes.is_empty() {
        return Err(Refusal::Nothing);
    }
    judge_reason(&new.reason)?;
    let level = new.scope.level();
    new.changes
        .iter()
        .try_for_each(|(tag, value)| check(level, *tag, value))
}

/// Whoever decides about patients says why.
pub(super) fn judge_reason(reason: &str) -> Result<(), Refusal> {
    let found = reason.chars().count();
    if reason.trim().is_empty() || found > MAX_REASON {
        return Err(Refusal::NoReason {
            limit: MAX_REASON,
            found,
        });
    }
    Ok(())
}

/// The key under which a correction lets a patient show, where it changes the identifier.
fn new_key(made: &NewCorrection) -> Option<(String, String)> {
    let Scope::Patient(old) = &made.scope else {
        return None;
    };
    let part = |tag, old: &String| made.changes.get(&tag).unwrap_or(old).clone();
    let new = Identifier {
        id: part(tags::PATIENT_ID, &old.id),
        issuer: part(tags::ISSUER_OF_PATIENT_ID, &old.issuer),
    };
    let key = |identifier| patient_key(identifier, made.custodian);
    let keys = (key(old), key(&new));
    (keys.0 != keys.1).then_some(keys)
}

/// A patient's new identifier must not be another patient's: two people would become one without anybody saying so.
async fn refuse_another_patient(transaction: &Transaction, new: &NewCorrection) -> Result<()> {
    let Some((old, new)) = new_key(new) else {
        return Ok(());
    };
    let mut sql = Sql::new("SELECT id FROM patients WHERE patient_key = ");
    if sql.bind(new).one(transaction).await?.is_some() {
        return Err(Refusal::OtherPatient.into());
    }
    refuse_merged(transaction, old).await
}

/// A merge is of identifiers: without its own it would silently end.
async fn refuse_merged(transaction: &Transaction, key: String) -> Result<()> {
    let mut sql = Sql::new("SELECT id FROM patient_merges WHERE undone_ns IS NULL AND (from_key = ");
    sql.bind(key.as_str()).push(" OR into_key = ").bind(key.as_str());
    match sql.push(")").one(transaction).await? {
        Some(_) => Err(Refusal::Merged.into()),
        None => Ok(()),
    }
}

const SELECT: &str =
    "SELECT id, target, changes, before, at_ns, actor, reason, undone_ns, undone_by FROM corrections";

fn correction(row: &database::Row) -> Result<Correction> {
    let text = |at| -> Result<String> { Ok(row.get(at)?) };
    let undone_ns: Option<i64> = row.get(7)?;
    let undone_by: Option<String> = row.get(8)?;
    let target = Scope::from_target(&text(1)?);
    let (scope, custodian) = target.ok_or(Error::Damaged("a correction"))?;
    Ok(Correction {
        id: row.get(0)?,
        made: NewCorrection {
            scope,
            custodian,
            changes: changes_of(&text(2)?)?,
            actor: text(5)?,
            at_ns: row.get(4)?,
            reason: text(6)?,
        },
        before: changes_of(&text(3)?)?,
        undone: undone_ns.zip(undone_by),
    })
}

/// What happened, without a value.
fn event(kind: Kind, id: i64, made: &NewCorrection, actor: &str, at_ns: i64) -> Event {
    let names: Vec<String> = made.changes.keys().map(|tag| name(*tag)).collect();
    let mut event = Event {
        detail: Some(json!({ "correction": id, "attributes": names }).to_string()),
        ..Event::new(kind, actor, at_ns)
    };
    match &made.scope {
        Scope::Patient(_) => {}
        Scope::Study(uid) => event.study_uid = Some(uid.clone()),
        Scope::Series {
            study_uid,
            series_uid,
        } => {
            event.study_uid = Some(study_uid.clone());
            event.series_uid = Some(series_uid.clone());
        }
        Scope::Instance(uid) => event.sop_uid = Some(uid.clone()),
    }
    event
}

fn name(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.0, tag.1)
}

fn json_of(changes: &BTreeMap<Tag, String>) -> String {
    let changes: Map<String, Json> = changes
        .iter()
        .map(|(tag, value)| (name(*tag), value.as_str().into()))
        .collect();
    Json::Object(changes).to_string()
}

fn changes_of(text: &str) -> Result<BTreeMap<Tag, String>> {
    let changes: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|_| Error::Damaged("a correction"))?;
    changes
        .into_iter()
        .map(|(name, value)| {
            let number = u32::from_str_radix(&name, 16).map_err(|_| Error::Damaged("a correction"))?;
            Ok((Tag((number >> 16) as u16, (number & 0xFFFF) as u16), value))
        })
        .collect()
}

fn hash(row: &database::Row) -> Result<Hash> {
    let text: String = row.get(0)?;
    Hash::from_hex(&text).ok_or(Error::Damaged("a hash"))
}
