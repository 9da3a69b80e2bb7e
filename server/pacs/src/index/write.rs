//! Adding one object: its patient, study and series where they are new, and itself.

use std::collections::HashMap;

use database::{Sql, Transaction, Value};
use dicom_dictionary_std::tags;

use super::arrival::{self, Arrival, Key};
use super::attributes::{self, Attribute, Kind, Level};
use super::gone::Removals;
use super::{
    Added, Error, Facts, Identifier, Index, Result, Sender, conflict, correct, matching, merge, names,
    visible,
};

impl Index {
    /// Adds an object; returns when it is on the disk.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Database`], [`Error::Closed`]: nothing of it was added.
    pub async fn add(&self, facts: Facts) -> Result<Added> {
        self.writer.add(Arrival::new(facts, None)).await
    }

    /// As [`Index::add`], with an event in the same transaction when the object was not there: `sender` sent it. The study
    /// becomes the sender's custodian's where it is new; [`Added::Foreign`] where it is another's.
    ///
    /// # Errors
    ///
    /// As [`Index::add`].
    pub async fn add_from(&self, facts: Facts, sender: impl Into<Sender>) -> Result<Added> {
        self.writer.add(Arrival::new(facts, Some(sender.into()))).await
    }

    /// As [`Index::add`] or [`Index::add_from`], with what was known of removals of the same bytes before they were stored:
    /// [`Added::Gone`] where their file may be gone again.
    pub(crate) async fn add_stored(
        &self,
        facts: Facts,
        sender: Option<Sender>,
        before: Option<Removals>,
    ) -> Result<Added> {
        let arrival = Arrival {
            before,
            ..Arrival::new(facts, sender)
        };
        self.writer.add(arrival).await
    }

    /// Adds objects in one transaction: all or none.
    ///
    /// # Errors
    ///
    /// As [`Index::add`].
    pub async fn add_all(&self, facts: Vec<Facts>) -> Result<Vec<Added>> {
        self.writer.add_all(facts).await
    }

    /// Removes all that [`Index::add`] makes. What people decided stays, merges and corrections, and whose studies are: no object
    /// has them.
    ///
    /// # Errors
    ///
    /// As [`Index::add`].
    pub async fn clear(&self) -> Result<()> {
        let change = self.begin().await?;
        for table in [
            "corrected_instances",
            "metadata",
            "requests",
            "tracers",
            "instances",
            "series",
            "studies",
            "patient_ids",
            "name_keys",
            "patients",
        ] {
            Sql::new(format!("DELETE FROM {table}")).run(&*change).await?;
        }
        change.commit().await
    }
}

/// What became of an object, and what it contradicts.
pub(super) struct Arrived {
    pub(super) added: Added,
    /// Numbers of conflicts that were not known before.
    pub(super) conflicts: Vec<i64>,
}

impl Arrived {
    /// An object that was not added.
    pub(super) fn without(added: Added) -> Self {
        Self {
            added,
            conflicts: Vec::new(),
        }
    }
}

/// Adds one object, whatever it is.
pub(super) async fn add(transaction: &Transaction, arrival: &Arrival) -> Result<Arrived> {
    let facts = &arrival.facts;
    let mut same = Sql::new("SELECT id FROM instances WHERE hash = ");
    same.bind(facts.object.hash.to_string());
    if same.one(transaction).await?.is_some() {
        return Ok(Arrived {
            added: Added::Identical,
            conflicts: Vec::new(),
        });
    }
    let (shown, applied) = correct::laid_over(transaction, facts.clone()).await?;
    let mut conflicts = Vec::new();
    let key = Key::of(&shown);
    let mut known = arrival::above(transaction, [&key]).await?;
    let (patient, series) = match known.remove(&key).filter(|above| above.stays(&shown)) {
        Some(above) => {
            conflicts.extend(conflict::of_identity(transaction, &shown, &above.identity).await?);
            (above.patient, above.series)
        }
        None => {
            if let Some(patient) = conflict::patient(transaction, &shown).await? {
                conflicts.extend(conflict::of_identity(transaction, &shown, &patient).await?);
            }
            rows_above(transaction, &shown).await?
        }
    };
    identifiers(transaction, patient, &shown.other_ids).await?;
    let sop_uid = facts.value(tags::SOP_INSTANCE_UID);
    let mut others = Sql::new("SELECT id FROM instances WHERE sop_uid = ");
    others.bind(sop_uid).push(" LIMIT 1");
    let is_alone = others.one(transaction).await?.is_none();
    let decided = visible::decided(transaction, sop_uid).await?;
    let is_visible = is_alone && !decided.is_rejected;
    let row = InstanceRow {
        facts: &shown,
        kept: &arrival.kept,
        patient,
        series,
        is_visible,
    };
    let instance = insert_instances(transaction, &[row]).await?[0];
    correct::note(transaction, instance, &applied).await?;
    if is_visible {
        count(transaction, series, 1).await?;
    }
    let mut added = Added::New;
    if !is_alone {
        added = Added::Different;
        visible::settle(transaction, sop_uid, &decided).await?;
        conflicts.extend(conflict::of_bytes(transaction, facts).await?);
    }
    Ok(Arrived { added, conflicts })
}

/// Makes the rows above or brings them up to date; gives those of the patient and the series.
async fn rows_above(transaction: &Transaction, facts: &Facts) -> Result<(i64, i64)> {
    let patient = patient(transaction, facts).await?;
    let date = facts.value(tags::STUDY_DATE);
    let study = upsert(
        transaction,
        facts,
        Level::Study,
        &[("patient", patient.into()), ("sort_date", date.into())],
        &[
            ("instances", 0_i64.into()),
            ("series", 0_i64.into()),
            ("custodian", facts.custodian.into()),
        ],
        "study_uid",
    )
    .await?;
    let series = upsert(
        transaction,
        facts,
        Level::Series,
        &[("study", study.id.into())],
        &[("instances", 0_i64.into())],
        "study, series_uid",
    )
    .await?;
    if series.written {
        items_of_series(transaction, series.id, facts).await?;
    }
    Ok((patient, series.id))
}

pub(super) async fn patient(transaction: &Transaction, facts: &Facts) -> Result<i64> {
    let key = facts.patient_key();
    let mut before = Sql::new("SELECT id FROM patients WHERE patient_key = ");
    before.bind(key.as_str());
    let is_new = before.one(transaction).await?.is_none();
    let own = [("patient_key", key.as_str().into())];
    let kept = [("root", 0_i64.into()), ("custodian", facts.custodian.into())];
    let upserted = upsert(transaction, facts, Level::Patient, &own, &kept, "patient_key").await?;
    if upserted.written {
        names::write(
            transaction,
            upserted.id,
            facts.values.get(&tags::PATIENT_NAME).map(String::as_str),
        )
        .await?;
    }
    if is_new {
        let mut root = Sql::new("UPDATE patients SET root = id WHERE id = ");
        root.bind(upserted.id);
        root.run(transaction).await?;
        merge::apply_to_new(transaction, &key).await?;
    }
    identifiers(transaction, upserted.id, &facts.identifiers()).await?;
    Ok(upserted.id)
}

struct Upserted {
    id: i64,
    /// Whether the row was made or got this object's values.
    written: bool,
}

/// Makes the row of a level, or gives it this object's values where the object was received before the row's.
///
/// `own` are columns beside the attributes', `kept` those that only a new row gets, `unique` the columns that make a
/// conflict.
async fn upsert(
    transaction: &Transaction,
    facts: &Facts,
    level: Level,
    own: &[(&str, Value)],
    kept: &[(&str, Value)],
    unique: &str,
) -> Result<Upserted> {
    let (table, _) = level.table();
    let mut columns: Vec<(String, Value)> = vec![("leader".to_owned(), facts.leader().into())];
    columns.extend(
        own.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    columns.extend(attributes::of_level(level).flat_map(|attribute| columns_of(attribute, facts)));
    let update: Vec<String> = columns
        .iter()
        .map(|(name, _)| format!("{name} = excluded.{name}"))
        .collect();
    columns.extend(
        kept.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    let mut sql = insert(table, std::slice::from_ref(&columns));
    sql.push(&format!(
        " ON CONFLICT ({}) DO UPDATE SET {} WHERE excluded.leader < {table}.leader RETURNING id",
        unique,
        update.join(", ")
    ));
    if let Some(row) = sql.one(transaction).await? {
        return Ok(Upserted {
            id: row.get(0)?,
            written: true,
        });
    }
    let names: Vec<&str> = unique.split(", ").collect();
    let mut find = Sql::new(format!("SELECT id FROM {table} WHERE 1 = 1"));
    for name in names {
        let value = columns.iter().find(|(column, _)| column == name);
        let (_, value) = value.ok_or(Error::Damaged("a statement"))?;
        find.push(&format!(" AND {name} = ")).bind(value.clone());
    }
    let row = find
        .one(transaction)
        .await?
        .ok_or(Error::Damaged("a unique key"))?;
    Ok(Upserted {
        id: row.get(0)?,
        written: false,
    })
}

/// Rows of the same columns; of none there is no statement.
pub(super) fn insert(table: &str, rows: &[Vec<(String, Value)>]) -> Sql {
    let names = rows.first().into_iter().flatten().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.collect();
    let mut sql = Sql::new(format!("INSERT INTO {table} ({}) VALUES ", names.join(", ")));
    for (number, row) in rows.iter().enumerate() {
        sql.push(if number == 0 { "(" } else { ", (" });
        sql.bind_all(row.iter().map(|(_, value)| value.clone())).push(")");
    }
    sql
}

/// The columns of an attribute: as it is shown, then as it is compared.
pub(super) fn columns_of(attribute: &Attribute, facts: &Facts) -> Vec<(String, Value)> {
    let value = facts.values.get(&attribute.tag);
    let mut columns = vec![(attribute.column.to_owned(), value.cloned().into())];
    let compared = match (attribute.kind, value) {
        (Kind::Name | Kind::Time | Kind::Codes, Some(value)) => matching::forms(attribute, value),
        _ => vec![None; 3],
    };
    columns.extend(
        attributes::key_columns(attribute)
            .into_iter()
            .zip(compared)
            .map(|(name, form)| (name, form.into())),
    );
    columns
}

pub(super) async fn identifiers(transaction: &Transaction, patient: i64, all: &[Identifier]) -> Result<()> {
    for Identifier { id, issuer } in all {
        let mut sql = Sql::new("INSERT INTO patient_ids (patient, identifier, issuer) VALUES (");
        sql.bind(patient)
            .push(", ")
            .bind_all([id.as_str(), issuer.as_str()]);
        sql.push(") ON CONFLICT DO NOTHING").run(transaction).await?;
    }
    Ok(())
}

pub(super) async fn items_of_series(transaction: &Transaction, series: i64, facts: &Facts) -> Result<()> {
    for table in ["tracers", "requests"] {
        let mut sql = Sql::new(format!("DELETE FROM {table} WHERE series = "));
        sql.bind(series);
        sql.run(transaction).await?;
    }
    for (tracer, item) in facts.tracers.iter().zip(0_i64..) {
        let mut sql = Sql::new(
            "INSERT INTO tracers (series, item, radiopharmaceutical, radiopharmaceutical_code, \
             radiopharmaceutical_scheme, radiopharmaceutical_meaning, radionuclide_code, radionuclide_scheme, \
             radionuclide, activity_bq, total_dose, injection) VALUES (",
        );
        let values: [Value; 12] = [
            series.into(),
            item.into(),
            tracer.radiopharmaceutical.clone().into(),
            tracer.radiopharmaceutical_code.value.clone().into(),
            tracer.radiopharmaceutical_code.scheme.clone().into(),
            tracer.radiopharmaceutical_code.meaning.clone().into(),
            tracer.radionuclide.value.clone().into(),
            tracer.radionuclide.scheme.clone().into(),
            tracer.radionuclide.meaning.clone().into(),
            tracer.activity_bq.into(),
            tracer.total_dose.clone().into(),
            tracer.injection.clone().into(),
        ];
        sql.bind_all(values).push(")").run(transaction).await?;
    }
    for (request, item) in facts.requests.iter().zip(0_i64..) {
        let mut sql = Sql::new("INSERT INTO requests (series, item, step_id, procedure_id) VALUES (");
        let values: [Value; 4] = [
            series.into(),
            item.into(),
            request.step_id.clone().into(),
            request.procedure_id.clone().into(),
        ];
        sql.bind_all(values).push(")").run(transaction).await?;
    }
    Ok(())
}

/// An instance that is to get its row.
pub(super) struct InstanceRow<'a> {
    pub(super) facts: &'a Facts,
    pub(super) kept: &'a [u8],
    pub(super) patient: i64,
    pub(super) series: i64,
    pub(super) is_visible: bool,
}

impl InstanceRow<'_> {
    fn columns(&self) -> Vec<(String, Value)> {
        let object = self.facts.object;
        let mut columns: Vec<(String, Value)> = [
            ("series", Value::from(self.series)),
            ("patient", self.patient.into()),
            ("leader", self.facts.leader().into()),
            ("hash", object.hash.to_string().into()),
            ("received_ns", object.received_ns.into()),
            ("size", i64::try_from(object.size).unwrap_or(i64::MAX).into()),
            (
                "transfer_syntax_uid",
                self.facts.transfer_syntax_uid.as_str().into(),
            ),
            ("visible", i64::from(self.is_visible).into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let own = attributes::of_level(Level::Instance);
        columns.extend(own.flat_map(|attribute| columns_of(attribute, self.facts)));
        columns
    }
}

/// Makes the rows of instances; gives their numbers in the order of the rows.
pub(super) async fn insert_instances(
    transaction: &Transaction,
    rows: &[InstanceRow<'_>],
) -> Result<Vec<i64>> {
    let columns: Vec<_> = rows.iter().map(InstanceRow::columns).collect();
    let mut sql = insert("instances", &columns);
    // A database may give them in any order.
    let mut made = HashMap::new();
    for row in sql.push(" RETURNING id, hash").all(transaction).await? {
        made.insert(row.get::<String>(1)?, row.get::<i64>(0)?);
    }
    let number = |row: &InstanceRow<'_>| made.get(&row.facts.object.hash.to_string()).copied();
    let numbers: Option<Vec<i64>> = rows.iter().map(number).collect();
    let numbers = numbers.ok_or(Error::Damaged("an instance"))?;
    let metadata: Vec<Vec<(String, Value)>> = rows
        .iter()
        .zip(&numbers)
        .map(|(row, number)| {
            vec![
                ("instance".to_owned(), (*number).into()),
                ("json".to_owned(), row.facts.metadata.clone().into()),
                ("facts".to_owned(), row.kept.to_vec().into()),
            ]
        })
        .collect();
    insert("metadata", &metadata).run(transaction).await?;
    Ok(numbers)
}

/// Counts visible instances in or out of their series and study.
pub(super) async fn count(transaction: &Transaction, series: i64, change: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE series SET instances = instances + ");
    sql.bind(change).push(" WHERE id = ").bind(series);
    sql.push(" RETURNING study");
    let row = sql.one(transaction).await?.ok_or(Error::Damaged("a series"))?;
    let study: i64 = row.get(0)?;
    let mut sql = Sql::new("UPDATE studies SET instances = instances + ");
    sql.bind(change)
        .push(", series = (SELECT COUNT(*) FROM series WHERE series.study = studies.id AND series.instances > 0) WHERE id = ")
        .bind(study);
    sql.run(transaction).await?;
    Ok(())
}
