//! What contradicts what is known: one identifier with two identities, one SOP Instance UID with two objects.
//!
//! Found in the transaction that adds the object. Nothing is changed by it: a person decides.

use std::collections::BTreeMap;

use database::{Sql, Transaction};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde_json::json;

use super::Scope;
use super::correct::{self, NewCorrection};
use super::{Error, Facts, Index, Page, Restriction, Result, matching, visible};
use crate::events::{Event, Kind};
use crate::storage::Hash;

/// What contradicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// An object names another person than the patient of its identifier and issuer: name, birth date or sex differ.
    Identity,
    /// Other bytes were there under the SOP Instance UID.
    Duplicate,
}

impl ConflictKind {
    /// The word of the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Of two objects the one that shows stays; of two identities it is one person, whose first values show.
    KeepFirst,
    /// The second object becomes the visible one.
    ShowSecond,
    /// They are two people: the study that was sent under the other's identifier gets an issuer of its own.
    Split {
        /// Issuer of Patient ID (0010,0021) for the study.
        issuer: String,
    },
}

impl Decision {
    fn as_str(&self) -> &'static str {
        match self {
            Self::KeepFirst => "keep-first",
            Self::ShowSecond => "show-second",
            Self::Split { .. } => "split",
        }
    }
}

/// A contradiction, open or decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its number.
    pub id: i64,
    /// What kind.
    pub kind: ConflictKind,
    /// The study of the object that contradicts.
    pub study_uid: String,
    /// Its SOP Instance UID.
    pub sop_uid: String,
    /// The object that contradicts.
    pub hash: Hash,
    /// Tags that differ, of an identity.
    pub attributes: Vec<String>,
    /// When it was found, in nanoseconds since 1970 (UTC).
    pub found_ns: i64,
    /// What was decided, when and by whom.
    pub decided: Option<(String, i64, String)>,
}

/// What is known of a patient.
pub(super) struct Known(BTreeMap<Tag, String>);

/// Reads three columns: name, birth date, sex.
pub(super) fn known(row: &database::Row, first: usize) -> Result<Known> {
    let mut known = BTreeMap::new();
    for (tag, at) in IDENTITY.into_iter().zip(first..) {
        if let Some(value) = row.get::<Option<String>>(at)? {
            known.insert(tag, value);
        }
    }
    Ok(Known(known))
}

const IDENTITY: [Tag; 3] = [tags::PATIENT_NAME, tags::PATIENT_BIRTH_DATE, tags::PATIENT_SEX];

/// Gives what is known of an object's patient, if anything.
pub(super) async fn patient(transaction: &Transaction, facts: &Facts) -> Result<Option<Known>> {
    let mut sql = Sql::new("SELECT patient_name, birth_date, sex FROM patients WHERE patient_key = ");
    let row = sql.bind(facts.patient_key()).one(transaction).await?;
    row.map(|row| known(&row, 0)).transpose()
}

/// Notes an identity that contradicts, once for a patient and a study; gives the number of a new one.
pub(super) async fn of_identity(
    transaction: &Transaction,
    facts: &Facts,
    patient: &Known,
) -> Result<Option<i64>> {
    let differing: Vec<String> = IDENTITY
        .into_iter()
        .filter(|tag| {
            let known = patient.0.get(tag).map_or("", String::as_str);
            differs(*tag, known, facts.value(*tag))
        })
        .map(|tag| format!("{:04X}{:04X}", tag.0, tag.1))
        .collect();
    if differing.is_empty() {
        return Ok(None);
    }
    let subject = format!(
        "{} {}",
        facts.value(tags::STUDY_INSTANCE_UID),
        facts.patient_key()
    );
    note(transaction, ConflictKind::Identity, &subject, facts, &differing).await
}

/// Notes an object whose SOP Instance UID another has.
pub(super) async fn of_bytes(transaction: &Transaction, facts: &Facts) -> Result<Option<i64>> {
    let subject = facts.object.hash.to_string();
    note(transaction, ConflictKind::Duplicate, &subject, facts, &[]).await
}

/// Whether two values cannot be of one person; what only one of them says does not contradict.
fn differs(tag: Tag, known: &str, said: &str) -> bool {
    if known.is_empty() || said.is_empty() {
        return false;
    }
    if tag != tags::PATIENT_NAME {
        return known != said;
    }
    let differ = |(known, said): (&str, &str)| {
        let (known, said) = (matching::fold(known), matching::fold(said));
        // A name in characters and one in letters may be the same: nobody can tell here.
        !known.is_empty() && !said.is_empty() && known.is_ascii() == said.is_ascii() && known != said
    };
    known.split('=').zip(said.split('=')).any(differ)
}

async fn note(
    transaction: &Transaction,
    kind: ConflictKind,
    subject: &str,
    facts: &Facts,
    attributes: &[String],
) -> Result<Option<i64>> {
    let mut sql = Sql::new(
        "INSERT INTO conflicts (found_ns, kind, subject, study_uid, sop_uid, hash, attributes) VALUES (",
    );
    sql.bind(facts.object.received_ns).push(", ");
    sql.bind_all([
        kind.as_str(),
        subject,
        facts.value(tags::STUDY_INSTANCE_UID),
        facts.value(tags::SOP_INSTANCE_UID),
        &facts.object.hash.to_string(),
        &attributes.join(" "),
    ]);
    sql.push(") ON CONFLICT DO NOTHING RETURNING id");
    let row = sql.one(transaction).await?;
    row.map(|row| Ok(row.get(0)?)).transpose()
}

impl Index {
    /// Gives a page of the conflicts that are there for somebody; `open` only those not decided.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn conflicts(&self, open: bool, within: &Restriction, page: Page) -> Result<Vec<Conflict>> {
        let mut sql = Sql::new(format!("{SELECT} WHERE 1 = 1"));
        if open {
            sql.push(" AND decision IS NULL");
        }
        within.and_study(&mut sql, "conflicts.study_uid");
        let rows = sql.page("id", page).all(&self.readers).await?;
        rows.iter().map(conflict).collect()
    }

    /// Decides a conflict: the choice among objects or the correction is made in the same transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when it is decided, or not decided in this way; as [`Index::choose`] and [`Index::correct`].
    pub async fn decide(&self, id: i64, decision: &Decision, actor: &str, at_ns: i64) -> Result<()> {
        let change = self.begin().await?;
        let mut sql = Sql::new(format!("{SELECT} WHERE decision IS NULL AND id = "));
        let row = sql.bind(id).one(&*change).await?;
        let conflict = conflict(&row.ok_or(Error::Conflict("no such conflict is open"))?)?;
        match (conflict.kind, decision) {
            (_, Decision::KeepFirst) => {}
            (ConflictKind::Duplicate, Decision::ShowSecond) => {
                visible::choose(&change, &conflict.sop_uid, conflict.hash, actor, at_ns).await?;
            }
            (ConflictKind::Identity, Decision::Split { issuer }) => {
                let correction = NewCorrection {
                    scope: Scope::Study(conflict.study_uid.clone()),
                    custodian: None,
                    changes: BTreeMap::from([(tags::ISSUER_OF_PATIENT_ID, issuer.clone())]),
                    actor: actor.to_owned(),
                    at_ns,
                    reason: format!("conflict {id}: two people under one identifier"),
                };
                correct::correct(&change, &correction).await?;
            }
            _ => return Err(Error::Conflict("a conflict of this kind is not decided so")),
        }
        let mut sql = Sql::new("UPDATE conflicts SET decision = ");
        sql.bind(decision.as_str()).push(", decided_ns = ").bind(at_ns);
        sql.push(", decided_by = ")
            .bind(actor)
            .push(" WHERE id = ")
            .bind(id);
        sql.run(&*change).await?;
        change
            .record(&Event {
                study_uid: Some(conflict.study_uid),
                sop_uid: Some(conflict.sop_uid),
                hash: Some(conflict.hash),
                detail: Some(json!({ "conflict": id, "decision": decision.as_str() }).to_string()),
                ..Event::new(Kind::ConflictDecided, actor, at_ns)
            })
            .await?;
        change.commit().await
    }
}

const SELECT: &str = "SELECT id, kind, study_uid, sop_uid, hash, attributes, found_ns, decision, decided_ns, decided_by FROM conflicts";

fn conflict(row: &database::Row) -> Result<Conflict> {
    let text = |at| -> Result<String> { Ok(row.get(at)?) };
    let decision: Option<String> = row.get(7)?;
    let decided_ns: Option<i64> = row.get(8)?;
    let decided_by: Option<String> = row.get(9)?;
    Ok(Conflict {
        id: row.get(0)?,
        kind: match text(1)?.as_str() {
            "identity" => ConflictKind::Identity,
            "duplicate" => ConflictKind::Duplicate,
            _ => return Err(Error::Damaged("a conflict")),
        },
        study_uid: text(2)?,
        sop_uid: text(3)?,
        hash: Hash::from_hex(&text(4)?).ok_or(Error::Damaged("a conflict"))?,
        attributes: text(5)?.split_whitespace().map(str::to_owned).collect(),
        found_ns: row.get(6)?,
        decided: decision
            .zip(decided_ns)
            .zip(decided_by)
            .map(|((decision, at_ns), actor)| (decision, at_ns, actor)),
    })
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::tags;

    use super::differs;

    #[test]
    fn only_what_both_say_can_contradict() {
        for (tag, known, said, expected) in [
            (tags::PATIENT_NAME, "Wang^Fang", "WANG^FANG^", false),
            (tags::PATIENT_NAME, "Wang^Fang", "Li^Fang", true),
            (tags::PATIENT_NAME, "Wang^Fang=王^芳", "Wang^Fang=王^方", true),
            (tags::PATIENT_NAME, "王芳", "Wang^Fang", false),
            (tags::PATIENT_NAME, "Wang^Fang", "", false),
            (tags::PATIENT_SEX, "F", "M", true),
            (tags::PATIENT_BIRTH_DATE, "19700101", "19700101", false),
            (tags::PATIENT_BIRTH_DATE, "", "19700101", false),
        ] {
            assert_eq!(differs(tag, known, said), expected, "{known} {said}");
        }
    }
}
