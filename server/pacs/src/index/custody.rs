//! Whose studies are: each has one custodian, the organisation of whoever sent its first object, or none.
//!
//! The archive knows organisations by number only. Custody stands beside what is made of objects, by the UID of the study, so
//! that a rebuild of the index keeps it; rows of studies and patients repeat it, for searches. Patients of two custodians are
//! two patients, whatever their identifiers: what one hospital calls 12345 is nobody's business of another. What belongs to
//! nobody is seen only by who sees everything.

use std::collections::{BTreeMap, BTreeSet};

use database::{Connection, Sql, Transaction};
use dicom_dictionary_std::tags;
use serde_json::json;

use super::arrival::Arrival;
use super::{Index, Key, Match, Publication, Result, refile};
use crate::events::{Event, Kind};

/// Whose studies there are for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Custody {
    /// Everybody's and nobody's.
    All,
    /// Those of these custodians.
    Of(Vec<i64>),
}

/// Which studies there are for somebody; all others are not there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Restriction {
    /// Whose.
    pub custody: Custody,
    /// Those with at least one of these modalities (0008,0060); `None` for any.
    pub modalities: Option<Vec<String>>,
    /// Those that are published, or those that are not; `None` for all.
    pub publication: Option<Publication>,
}

/// Everything is there.
impl Default for Restriction {
    fn default() -> Self {
        Self::NONE
    }
}

impl Restriction {
    /// Everything is there.
    pub const NONE: Self = Self {
        custody: Custody::All,
        modalities: None,
        publication: None,
    };

    /// Studies of these custodians, of any modality.
    #[must_use]
    pub fn of(custodians: Vec<i64>) -> Self {
        Self {
            custody: Custody::Of(custodians),
            ..Self::NONE
        }
    }

    /// Nothing is there.
    #[must_use]
    pub fn nothing() -> Self {
        Self::of(Vec::new())
    }

    /// Whether everything is there.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether patients of this custodian are there.
    #[must_use]
    pub fn keeps(&self, custodian: Option<i64>) -> bool {
        match (&self.custody, custodian) {
            (Custody::All, _) => true,
            (Custody::Of(custodians), Some(custodian)) => custodians.contains(&custodian),
            (Custody::Of(_), None) => false,
        }
    }

    /// Whether nothing can be there.
    pub(super) fn is_empty(&self) -> bool {
        matches!(&self.custody, Custody::Of(custodians) if custodians.is_empty())
            || self.modalities.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether it says whose.
    pub(super) fn has_custodians(&self) -> bool {
        self.custody != Custody::All
    }

    /// The custodians, where it says whose.
    pub(super) fn custodians(&self) -> &[i64] {
        match &self.custody {
            Custody::All => &[],
            Custody::Of(custodians) => custodians,
        }
    }

    /// What it asks of modalities, as a key of a query.
    pub(super) fn key(&self) -> Option<Key> {
        let modalities = self.modalities.as_ref()?;
        let one_of = modalities.iter().cloned().map(Match::Single).collect();
        Some(Key {
            tag: tags::MODALITIES_IN_STUDY,
            matching: Match::AnyOf(one_of),
        })
    }

    /// Writes ` AND` that the study in `column` is there; nothing where everything is.
    pub(crate) fn and_study(&self, sql: &mut Sql, column: &str) {
        if self.is_none() {
            return;
        }
        sql.push(&format!(
            " AND EXISTS (SELECT 1 FROM studies seen WHERE seen.study_uid = {column}"
        ));
        self.and_row(sql, "seen");
        sql.push(")");
    }

    /// Writes ` AND` that the study of the series in `column` is there.
    pub(crate) fn and_series(&self, sql: &mut Sql, column: &str) {
        if self.is_none() {
            return;
        }
        sql.push(&format!(
            " AND EXISTS (SELECT 1 FROM series above JOIN studies seen ON seen.id = above.study WHERE above.id = {column}"
        ));
        self.and_row(sql, "seen");
        sql.push(")");
    }

    /// Writes ` AND` that a row of studies is there. Of a study that shows nothing any more, all series count.
    fn and_row(&self, sql: &mut Sql, row: &str) {
        self.and_custodian(sql, &format!("{row}.custodian"));
        if let Some(modalities) = &self.modalities {
            sql.push(&format!(
                " AND EXISTS (SELECT 1 FROM series of WHERE of.study = {row}.id \
                 AND (of.instances > 0 OR {row}.instances = 0) AND of.modality IN ("
            ));
            sql.bind_all(modalities.iter().map(String::as_str)).push("))");
        }
        if let Some(publication) = self.publication {
            publication.and_row(sql, row);
        }
    }

    /// Writes ` AND` that a column has one of the custodians.
    pub(crate) fn and_custodian(&self, sql: &mut Sql, column: &str) {
        match self.custodians() {
            _ if !self.has_custodians() => {}
            [custodian] => drop(sql.push(&format!(" AND {column} = ")).bind(*custodian)),
            custodians => {
                sql.push(&format!(" AND {column} IN ("));
                sql.bind_all(custodians.iter().copied()).push(")");
            }
        }
    }
}

impl Index {
    /// Whether a study is there for somebody.
    ///
    /// # Errors
    ///
    /// [`super::Error::Database`].
    pub async fn is_within(&self, restriction: &Restriction, study_uid: &str) -> Result<bool> {
        if restriction.is_none() {
            return Ok(true);
        }
        if restriction.is_empty() {
            return Ok(false);
        }
        let mut sql = Sql::new("SELECT 1 FROM studies st WHERE st.study_uid = ");
        sql.bind(study_uid);
        restriction.and_row(&mut sql, "st");
        Ok(sql.one(&self.readers).await?.is_some())
    }

    /// Whether the study of a row of a table, by its number, is there for somebody; `false` for a row that is not there.
    pub(crate) async fn is_row_within(
        &self,
        restriction: &Restriction,
        table: &'static str,
        id: i64,
    ) -> Result<bool> {
        let mut sql = Sql::new(format!("SELECT 1 FROM {table} WHERE id = "));
        sql.bind(id);
        restriction.and_study(&mut sql, &format!("{table}.study_uid"));
        Ok(sql.one(&self.readers).await?.is_some())
    }

    /// Gives the custodian of a study.
    ///
    /// # Errors
    ///
    /// [`super::Error::Database`].
    pub async fn custodian_of(&self, study_uid: &str) -> Result<Option<i64>> {
        of_study(&self.readers, study_uid).await
    }

    /// Gives a study to an organisation, or to none, whether or not anything of it is there yet.
    ///
    /// # Errors
    ///
    /// [`super::Error::Database`].
    pub async fn set_custodian(
        &self,
        study_uid: &str,
        custodian: Option<i64>,
        actor: &str,
        at_ns: i64,
    ) -> Result<()> {
        let change = self.begin().await?;
        let before = of_study(&*change, study_uid).await?;
        if before == custodian {
            return Ok(());
        }
        let mut sql = Sql::new("DELETE FROM custodies WHERE study_uid = ");
        sql.bind(study_uid).run(&*change).await?;
        if let Some(custodian) = custodian {
            take(&change, study_uid, custodian).await?;
        }
        let mut sql = Sql::new("UPDATE studies SET custodian = ");
        sql.bind(custodian).push(" WHERE study_uid = ").bind(study_uid);
        sql.run(&*change).await?;
        let mut sql = Sql::new(
            "SELECT i.id FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study \
             WHERE st.study_uid = ",
        );
        sql.bind(study_uid).push(" ORDER BY i.id");
        let rows = sql.all(&*change).await?;
        let instances = rows
            .iter()
            .map(|row| Ok(row.get(0)?))
            .collect::<Result<Vec<i64>>>()?;
        refile::refile(&change, &instances).await?;
        change
            .record(&Event {
                organisation: custodian,
                study_uid: Some(study_uid.to_owned()),
                detail: Some(json!({ "before": before, "after": custodian }).to_string()),
                ..Event::new(Kind::CustodianSet, actor, at_ns)
            })
            .await?;
        change.commit().await
    }

    /// Gives whose a new object's study and SOP Instance UID are: all custodians of studies with either.
    ///
    /// # Errors
    ///
    /// [`super::Error::Database`].
    pub(crate) async fn custodians(&self, study_uid: &str, sop_uid: &str) -> Result<BTreeSet<i64>> {
        custodians(&self.readers, study_uid, sop_uid).await
    }
}

/// As [`Index::custodians`], in a transaction.
pub(super) async fn custodians(
    connection: &impl Connection,
    study_uid: &str,
    sop_uid: &str,
) -> Result<BTreeSet<i64>> {
    let mut sql = Sql::new("SELECT custodian FROM custodies WHERE study_uid = ");
    sql.bind(study_uid).push(
        " UNION SELECT st.custodian FROM instances i JOIN series se ON se.id = i.series \
         JOIN studies st ON st.id = se.study WHERE st.custodian IS NOT NULL AND i.sop_uid = ",
    );
    let rows = sql.bind(sop_uid).all(connection).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

/// Gives the custodian of a study.
pub(super) async fn of_study(connection: &impl Connection, study_uid: &str) -> Result<Option<i64>> {
    let found = of_studies(connection, [study_uid]).await?;
    Ok(found.get(study_uid).copied())
}

/// Gives the custodians of studies that have one.
pub(super) async fn of_studies<'a>(
    connection: &impl Connection,
    study_uids: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, i64>> {
    let mut sql = Sql::new("SELECT study_uid, custodian FROM custodies WHERE study_uid IN (");
    sql.bind_all(study_uids).push(")");
    let rows = sql.all(connection).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Says whose the studies of objects are, which become their senders' where they are new; tells of each object whether its
/// study is another's than its sender's.
pub(super) async fn claim(transaction: &Transaction, arrivals: &mut [Arrival]) -> Result<Vec<bool>> {
    let uid = |arrival: &Arrival| arrival.facts.value(tags::STUDY_INSTANCE_UID).to_owned();
    let study_uids: BTreeSet<String> = arrivals.iter().map(uid).collect();
    let mut known = of_studies(transaction, study_uids.iter().map(String::as_str)).await?;
    let mut is_foreign = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let study_uid = uid(arrival);
        let sent_for = arrival.sender.as_ref().and_then(|sender| sender.custodian);
        if let Some(custodian) = sent_for
            && !known.contains_key(&study_uid)
            && !is_there(transaction, &study_uid).await?
        {
            take(transaction, &study_uid, custodian).await?;
            known.insert(study_uid.clone(), custodian);
        }
        let custodian = known.get(&study_uid).copied();
        is_foreign.push(
            custodian
                .zip(sent_for)
                .is_some_and(|(whose, sent_for)| whose != sent_for),
        );
        arrival.facts.custodian = custodian;
    }
    Ok(is_foreign)
}

/// Whether anything of a study is there.
async fn is_there(transaction: &Transaction, study_uid: &str) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM studies WHERE study_uid = ");
    Ok(sql.bind(study_uid).one(transaction).await?.is_some())
}

/// Lets a study that is nobody's be a custodian's.
pub(super) async fn take(transaction: &Transaction, study_uid: &str, custodian: i64) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO custodies (study_uid, custodian) VALUES (");
    sql.bind(study_uid).push(", ").bind(custodian);
    sql.push(") ON CONFLICT DO NOTHING").run(transaction).await?;
    Ok(())
}
