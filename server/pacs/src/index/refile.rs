//! Rows made anew after a decision: of the instances it is about, and of the series, studies and patients above them.

use std::collections::BTreeSet;

use database::{Sql, Transaction, Value};

use super::attributes::{self, Level};
use super::{Error, Facts, Identifier, Result, correct, kept, merge, names, write};
use crate::storage::{Hash, ObjectInfo};
use dicom_dictionary_std::tags;

/// An instance as its object says it is, and where it is filed.
pub(super) struct Kept {
    pub(super) facts: Facts,
    pub(super) patient: i64,
    pub(super) series: i64,
    pub(super) study: i64,
}

/// Gives what is kept of an instance.
pub(super) async fn kept(transaction: &Transaction, instance: i64) -> Result<Kept> {
    let mut sql = Sql::new(
        "SELECT i.hash, i.received_ns, i.size, m.facts, i.patient, i.series, se.study, st.custodian FROM instances i \
         JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study \
         JOIN metadata m ON m.instance = i.id WHERE i.id = ",
    );
    let row = sql.bind(instance).one(transaction).await?;
    let row = row.ok_or(Error::Damaged("an instance"))?;
    let hash: String = row.get(0)?;
    let object = ObjectInfo {
        hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
        received_ns: row.get(1)?,
        size: row.get::<i64>(2)?.unsigned_abs(),
    };
    let deflated: Option<Vec<u8>> = row.get(3)?;
    let deflated = deflated.ok_or(Error::Damaged("an index made before corrections; make it anew"))?;
    Ok(Kept {
        facts: Facts {
            custodian: row.get(7)?,
            ..kept::facts(object, &deflated)?
        },
        patient: row.get(4)?,
        series: row.get(5)?,
        study: row.get(6)?,
    })
}

/// Rows that have to be made anew.
#[derive(Debug, Default)]
pub(super) struct Touched {
    patients: BTreeSet<i64>,
    studies: BTreeSet<i64>,
    series: BTreeSet<i64>,
}

impl Touched {
    pub(super) fn above(&mut self, kept: &Kept) {
        self.patients.insert(kept.patient);
        self.studies.insert(kept.study);
        self.series.insert(kept.series);
    }
}

/// Files instances by what they show now, and makes the rows above them anew.
pub(super) async fn refile(transaction: &Transaction, instances: &[i64]) -> Result<()> {
    let mut touched = Touched::default();
    for instance in instances {
        let kept = kept(transaction, *instance).await?;
        touched.above(&kept);
        let (shown, applied) = correct::laid_over(transaction, kept.facts).await?;
        let mut sql = Sql::new("DELETE FROM corrected_instances WHERE instance = ");
        sql.bind(*instance).run(transaction).await?;
        correct::note(transaction, *instance, &applied).await?;
        let patient = write::patient(transaction, &shown).await?;
        if patient != kept.patient {
            let mut sql = Sql::new("UPDATE instances SET patient = ");
            sql.bind(patient).push(" WHERE id = ").bind(*instance);
            sql.run(transaction).await?;
            touched.patients.insert(patient);
        }
    }
    refresh(transaction, &touched).await
}

/// Makes rows anew from the objects below them; rows with nothing below go.
pub(super) async fn refresh(transaction: &Transaction, touched: &Touched) -> Result<()> {
    for series in &touched.series {
        refresh_series(transaction, *series).await?;
    }
    for study in &touched.studies {
        refresh_study(transaction, *study).await?;
    }
    for patient in &touched.patients {
        refresh_patient(transaction, *patient).await?;
    }
    merge::apply(transaction).await
}

/// Gives what the instance received first shows, of those that a condition names.
async fn leader(transaction: &Transaction, condition: &str, id: i64) -> Result<Option<(Facts, i64)>> {
    let mut sql = Sql::new(format!("SELECT i.id FROM instances i {condition}"));
    let row = sql
        .bind(id)
        .push(" ORDER BY i.leader LIMIT 1")
        .one(transaction)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let kept = kept(transaction, row.get(0)?).await?;
    let (shown, _) = correct::laid_over(transaction, kept.facts).await?;
    Ok(Some((shown, kept.patient)))
}

async fn refresh_series(transaction: &Transaction, id: i64) -> Result<()> {
    match leader(transaction, "WHERE i.series = ", id).await? {
        Some((facts, _)) => {
            update(transaction, Level::Series, id, &facts, &[]).await?;
            write::items_of_series(transaction, id, &facts).await
        }
        None => {
            delete(
                transaction,
                id,
                &["tracers.series", "requests.series", "series.id"],
            )
            .await
        }
    }
}

async fn refresh_study(transaction: &Transaction, id: i64) -> Result<()> {
    let condition = "JOIN series se ON se.id = i.series WHERE se.study = ";
    match leader(transaction, condition, id).await? {
        Some((facts, patient)) => {
            let date = facts.value(tags::STUDY_DATE).to_owned();
            let own = [("patient", patient.into()), ("sort_date", date.into())];
            update(transaction, Level::Study, id, &facts, &own).await
        }
        None => delete(transaction, id, &["studies.id"]).await,
    }
}

async fn refresh_patient(transaction: &Transaction, id: i64) -> Result<()> {
    let first = leader(transaction, "WHERE i.patient = ", id).await?;
    delete(transaction, id, &["patient_ids.patient", "name_keys.patient"]).await?;
    let Some((facts, _)) = first else {
        let mut sql = Sql::new("UPDATE patients SET root = id WHERE root = ");
        sql.bind(id).run(transaction).await?;
        return delete(transaction, id, &["patients.id"]).await;
    };
    update(transaction, Level::Patient, id, &facts, &[]).await?;
    names::write(
        transaction,
        id,
        facts.values.get(&tags::PATIENT_NAME).map(String::as_str),
    )
    .await?;
    write::identifiers(transaction, id, &identifiers(transaction, id, &facts).await?).await
}

/// All identifiers of a patient: the one it is known by, and the others that its objects name, which no correction changes.
async fn identifiers(transaction: &Transaction, patient: i64, shown: &Facts) -> Result<Vec<Identifier>> {
    let mut all: BTreeSet<Identifier> = shown.identifiers().into_iter().collect();
    let mut last = 0_i64;
    loop {
        let mut sql = Sql::new("SELECT id FROM instances WHERE patient = ");
        sql.bind(patient)
            .push(" AND id > ")
            .bind(last)
            .push(" ORDER BY id LIMIT 500");
        let rows = sql.all(transaction).await?;
        for row in &rows {
            last = row.get(0)?;
            all.extend(kept(transaction, last).await?.facts.other_ids);
        }
        if rows.is_empty() {
            return Ok(all.into_iter().collect());
        }
    }
}

async fn update(
    transaction: &Transaction,
    level: Level,
    id: i64,
    facts: &Facts,
    own: &[(&str, Value)],
) -> Result<()> {
    let (table, _) = level.table();
    let mut sql = Sql::new(format!("UPDATE {table} SET leader = "));
    sql.bind(facts.leader());
    for (name, value) in own {
        sql.push(&format!(", {name} = ")).bind(value.clone());
    }
    for attribute in attributes::of_level(level) {
        for (name, value) in write::columns_of(attribute, facts) {
            sql.push(&format!(", {name} = ")).bind(value);
        }
    }
    sql.push(" WHERE id = ").bind(id).run(transaction).await?;
    Ok(())
}

async fn delete(transaction: &Transaction, id: i64, columns: &[&str]) -> Result<()> {
    for column in columns {
        let (table, column) = column.split_once('.').unwrap_or((column, "id"));
        let mut sql = Sql::new(format!("DELETE FROM {table} WHERE {column} = "));
        sql.bind(id).run(transaction).await?;
    }
    Ok(())
}
