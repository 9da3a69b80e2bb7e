//! Rejections as rows: rejected instances are not found, not counted and not given, until a person undoes it.

use std::collections::HashSet;

use database::{Sql, Transaction};
use serde_json::json;

use super::{Error, Index, Page, Restriction, Result, visible};
use crate::events::{Event, Kind};

/// Instances of one rejection at most.
const MAX_INSTANCES: usize = 200_000;

/// Why instances are rejected: DCM codes of PS3.16 CID 7011.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectionReason {
    /// 113001: the images are bad; better ones have other UIDs.
    Quality,
    /// 113037: the images could harm, of the wrong patient say.
    PatientSafety,
    /// 113038: they were made under the wrong item of the worklist; corrected ones have other UIDs.
    WrongWorklistEntry,
    /// 113039: their time is over; only these can be removed for good.
    RetentionExpired,
}

impl RejectionReason {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Quality, "113001", "Rejected for Quality Reasons"),
        (
            Self::PatientSafety,
            "113037",
            "Rejected for Patient Safety Reasons",
        ),
        (
            Self::WrongWorklistEntry,
            "113038",
            "Incorrect Modality Worklist Entry",
        ),
        (Self::RetentionExpired, "113039", "Data Retention Policy Expired"),
    ];

    /// The code value, of the scheme DCM.
    #[must_use]
    pub fn code(self) -> &'static str {
        let row = Self::ALL.iter().find(|(reason, _, _)| *reason == self);
        row.expect("every reason has its row").1
    }

    /// The code's meaning.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        let row = Self::ALL.iter().find(|(reason, _, _)| *reason == self);
        row.expect("every reason has its row").2
    }

    /// Reads a code value.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let row = Self::ALL.iter().find(|(_, found, _)| *found == code);
        row.map(|(reason, _, _)| *reason)
    }
}

/// A rejection that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRejection {
    /// The study.
    pub study_uid: String,
    /// One series of it; all where `None`.
    pub series_uid: Option<String>,
    /// These instances of it, also such as are still to come; all where empty.
    pub sop_uids: Vec<String>,
    /// Why.
    pub reason: RejectionReason,
    /// More, in words; may be empty.
    pub comment: String,
    /// SOP Instance UID of the note that asked for it (PS3.16 TID 2011).
    pub note_uid: Option<String>,
    /// Who.
    pub actor: String,
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
}

/// A rejection, in force or undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its number.
    pub id: i64,
    /// The study.
    pub study_uid: String,
    /// Why.
    pub reason: RejectionReason,
    /// More, in words.
    pub comment: String,
    /// The note that asked for it.
    pub note_uid: Option<String>,
    /// Who.
    pub actor: String,
    /// When.
    pub at_ns: i64,
    /// Instances that it is about.
    pub instances: u64,
    /// When it was undone, and by whom.
    pub undone: Option<(i64, String)>,
}

impl Index {
    /// Rejects instances: they vanish from what is found and given, and stay so when they are sent again.
    ///
    /// # Errors
    ///
    /// [`Error::Rejection`] when there is nothing to reject, [`Error::TooMany`], [`Error::Database`].
    pub async fn reject(&self, new: &NewRejection) -> Result<i64> {
        let change = self.begin().await?;
        let id = reject(&change, new).await?;
        change
            .record(&event(
                Kind::Rejected,
                id,
                &new.study_uid,
                new.reason,
                &new.actor,
                new.at_ns,
            ))
            .await?;
        change.commit().await?;
        Ok(id)
    }

    /// Undoes a rejection: its instances are found again, unless another one is in force.
    ///
    /// # Errors
    ///
    /// [`Error::Rejection`] when there is no such rejection in force.
    pub async fn undo_rejection(&self, id: i64, actor: &str, at_ns: i64) -> Result<()> {
        let change = self.begin().await?;
        let mut sql = Sql::new("UPDATE rejections SET undone_ns = ");
        sql.bind(at_ns).push(", undone_by = ").bind(actor);
        sql.push(" WHERE undone_ns IS NULL AND id = ").bind(id);
        let row = sql.push(" RETURNING study_uid, reason").one(&*change).await?;
        let row = row.ok_or(Error::Rejection("no such rejection in force"))?;
        let study_uid: String = row.get(0)?;
        let reason = reason_of(&row, 1)?;
        for sop_uid in instances_of(&change, id).await? {
            visible::settle_anew(&change, &sop_uid).await?;
        }
        change
            .record(&event(
                Kind::RejectionUndone,
                id,
                &study_uid,
                reason,
                actor,
                at_ns,
            ))
            .await?;
        change.commit().await
    }

    /// Gives a page of the rejections that are there for somebody, those undone too: of one study, or all.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn rejections(
        &self,
        study_uid: Option<&str>,
        within: &Restriction,
        page: Page,
    ) -> Result<Vec<Rejection>> {
        let mut sql = Sql::new(
            "SELECT r.id, r.study_uid, r.reason, r.comment, r.note_uid, r.at_ns, r.actor, r.undone_ns, r.undone_by, \
             (SELECT COUNT(*) FROM rejected_instances ri WHERE ri.rejection = r.id) FROM rejections r WHERE 1 = 1",
        );
        if let Some(study_uid) = study_uid {
            sql.push(" AND r.study_uid = ").bind(study_uid);
        }
        within.and_study(&mut sql, "r.study_uid");
        let rows = sql.page("r.id", page).all(&self.readers).await?;
        rows.iter().map(rejection).collect()
    }
}

async fn reject(transaction: &Transaction, new: &NewRejection) -> Result<i64> {
    let sop_uids = if new.sop_uids.is_empty() {
        sop_uids_of(transaction, new).await?
    } else {
        without_others(transaction, new).await?
    };
    if sop_uids.is_empty() {
        return Err(Error::Rejection("no such study or series"));
    }
    if sop_uids.len() > MAX_INSTANCES {
        return Err(Error::TooMany {
            what: "instances of a rejection",
            limit: MAX_INSTANCES,
            found: sop_uids.len(),
        });
    }
    let mut sql =
        Sql::new("INSERT INTO rejections (study_uid, reason, comment, actor, note_uid, at_ns) VALUES (");
    sql.bind_all([
        new.study_uid.as_str(),
        new.reason.code(),
        new.comment.as_str(),
        new.actor.as_str(),
    ]);
    sql.push(", ").bind(new.note_uid.clone());
    sql.push(", ").bind(new.at_ns).push(") RETURNING id");
    let row = sql.one(transaction).await?.ok_or(Error::Damaged("a rejection"))?;
    let id: i64 = row.get(0)?;
    for sop_uid in &sop_uids {
        let mut sql = Sql::new("INSERT INTO rejected_instances (rejection, sop_uid) VALUES (");
        sql.bind(id).push(", ").bind(sop_uid.as_str());
        sql.push(") ON CONFLICT DO NOTHING").run(transaction).await?;
        visible::settle_anew(transaction, sop_uid).await?;
    }
    Ok(id)
}

/// The instances that are not rejected yet of a study or series.
async fn sop_uids_of(transaction: &Transaction, new: &NewRejection) -> Result<Vec<String>> {
    let mut sql = Sql::new(
        "SELECT DISTINCT i.sop_uid FROM instances i JOIN series se ON se.id = i.series \
         JOIN studies st ON st.id = se.study WHERE st.study_uid = ",
    );
    sql.bind(new.study_uid.as_str());
    if let Some(series_uid) = &new.series_uid {
        sql.push(" AND se.series_uid = ").bind(series_uid.as_str());
    }
    texts(&sql.all(transaction).await?)
}

/// The instances that are named, without those of other custodians' studies: for who rejects they are not there.
async fn without_others(transaction: &Transaction, new: &NewRejection) -> Result<Vec<String>> {
    let mut others = HashSet::new();
    for some in new.sop_uids.chunks(500) {
        let mut sql = Sql::new(
            "SELECT i.sop_uid FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study \
             WHERE st.custodian IS NOT NULL AND NOT EXISTS (SELECT 1 FROM custodies c WHERE c.custodian = st.custodian \
             AND c.study_uid = ",
        );
        sql.bind(new.study_uid.as_str()).push(") AND i.sop_uid IN (");
        sql.bind_all(some.iter().map(String::as_str)).push(")");
        others.extend(texts(&sql.all(transaction).await?)?);
    }
    let named = new.sop_uids.iter();
    Ok(named.filter(|uid| !others.contains(*uid)).cloned().collect())
}

async fn instances_of(transaction: &Transaction, rejection: i64) -> Result<Vec<String>> {
    let mut sql = Sql::new("SELECT sop_uid FROM rejected_instances WHERE rejection = ");
    texts(&sql.bind(rejection).all(transaction).await?)
}

fn texts(rows: &[database::Row]) -> Result<Vec<String>> {
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

fn reason_of(row: &database::Row, at: usize) -> Result<RejectionReason> {
    let code: String = row.get(at)?;
    RejectionReason::from_code(&code).ok_or(Error::Damaged("a rejection"))
}

fn rejection(row: &database::Row) -> Result<Rejection> {
    let undone_ns: Option<i64> = row.get(7)?;
    let undone_by: Option<String> = row.get(8)?;
    Ok(Rejection {
        id: row.get(0)?,
        study_uid: row.get(1)?,
        reason: reason_of(row, 2)?,
        comment: row.get(3)?,
        note_uid: row.get(4)?,
        at_ns: row.get(5)?,
        actor: row.get(6)?,
        instances: row.get::<i64>(9)?.unsigned_abs(),
        undone: undone_ns.zip(undone_by),
    })
}

fn event(kind: Kind, id: i64, study_uid: &str, reason: RejectionReason, actor: &str, at_ns: i64) -> Event {
    Event {
        study_uid: Some(study_uid.to_owned()),
        detail: Some(json!({ "rejection": id, "reason": reason.code() }).to_string()),
        ..Event::new(kind, actor, at_ns)
    }
}
