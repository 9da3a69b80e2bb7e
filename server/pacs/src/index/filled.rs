//! An archive of very many synthetic studies, as rows that are written at once and past the way in: for measuring searches.
//!
//! Studies have one to four hundred series, most of them few; patients have three studies on average and up to three
//! identifiers. Series say how many instances they have, and there are no rows of these.

use database::{Backend, Connection, Sql, Transaction, Value};

use super::attributes;
use super::generator::{Random, date, name};
use super::{Index, Result, matching, names};
use dicom_dictionary_std::tags;

/// Values of one statement at most: SQLite takes 32 766.
const VALUES: usize = 16_000;

/// Studies of every thousand, what they are called, the modalities of their series in turn, and how many series at most.
const KINDS: &[(u64, &str, &[&str], u64)] = &[
    (450, "PET/CT whole body", &["CT", "PT"], 4),
    (300, "Bone scan", &["NM"], 3),
    (140, "CT thorax", &["CT", "SR"], 5),
    (60, "Myocardial perfusion", &["NM", "OT"], 6),
    (46, "MR head", &["MR"], 12),
    (3, "Dynamic PET/MR", &["MR", "PT"], 400),
    (1, "Slide", &["SM"], 2),
];

/// Fills an empty index with so many studies, the same for the same seed.
///
/// # Errors
///
/// As [`Index::add`].
pub async fn fill(index: &Index, seed: u64, studies: u64) -> Result<()> {
    let change = index.begin().await?;
    let transaction: &Transaction = &change;
    let indices = indices(transaction).await?;
    for (name, _) in &indices {
        transaction.batch(&format!("DROP INDEX {name}")).await?;
    }
    let patients = studies / 3 + 1;
    fill_patients(transaction, seed, patients).await?;
    fill_studies(transaction, seed, studies, patients).await?;
    names::write_all(transaction).await?;
    for (_, statement) in &indices {
        transaction.batch(statement).await?;
    }
    change.commit().await?;
    if index.readers.backend() == Backend::Postgres {
        // What the server does by itself when it finds the time.
        index.readers.batch("VACUUM ANALYZE").await?;
    }
    Ok(())
}

/// Gives the indices of the tables that are filled, with the statements that make them: all at once is sooner done.
async fn indices(transaction: &Transaction) -> Result<Vec<(String, String)>> {
    let all = Sql::new(match transaction.backend() {
        Backend::Postgres => {
            "SELECT indexname, indexdef, tablename FROM pg_indexes WHERE schemaname = 'public' \
             AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        }
        _ => "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    });
    let rows = all.all(transaction).await?;
    let mut indices = Vec::new();
    for row in &rows {
        let table: String = row.get(2)?;
        if ["patients", "patient_ids", "name_keys", "studies", "series"].contains(&table.as_str()) {
            indices.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(indices)
}

/// Whose a patient is: of ten, six are 1's, two 2's, one 3's or, once in a hundred of these, 4's, and one is nobody's.
fn custodian(patient: u64) -> Option<i64> {
    match patient % 10 {
        0 => None,
        1..=6 => Some(1),
        7 | 8 => Some(2),
        _ if patient % 1000 == 9 => Some(4),
        _ => Some(3),
    }
}

async fn fill_patients(transaction: &Transaction, seed: u64, patients: u64) -> Result<()> {
    let columns = "id, patient_key, leader, root, patient_name, patient_name_alphabetic, patient_name_ideographic, \
                   patient_id, issuer, birth_date, sex, custodian";
    let mut rows = Rows::new("patients", columns);
    let mut identifiers = Rows::new("patient_ids", "patient, identifier, issuer");
    for patient in 0..patients {
        let name = name(seed, patient);
        let mut forms = attributes::attribute(tags::PATIENT_NAME)
            .map(|attribute| matching::forms(attribute, &name))
            .unwrap_or_default()
            .into_iter();
        let (id, number) = (format!("P{patient:07}"), patient as i64 + 1);
        let sex = if patient.is_multiple_of(2) { "F" } else { "M" };
        let row: [Value; 12] = [
            number.into(),
            format!("id {id}\u{1}HIS").into(),
            format!("{patient:020} ").into(),
            number.into(),
            name.into(),
            forms.next().flatten().into(),
            forms.next().flatten().into(),
            id.clone().into(),
            "HIS".into(),
            date(patient.wrapping_mul(17) % 20_000).into(),
            sex.into(),
            custodian(patient).into(),
        ];
        rows.add(row);
        let identifier = |id: String, issuer: &str| [Value::from(number), id.into(), issuer.into()];
        identifiers.add(identifier(id, "HIS"));
        if !patient.is_multiple_of(3) {
            identifiers.add(identifier(format!("44{patient:016}"), "CARD"));
        }
        if patient.is_multiple_of(5) {
            identifiers.add(identifier(format!("OLD{patient}"), "RIS"));
        }
        end_full(transaction, &mut rows, &mut identifiers).await?;
    }
    rows.end(transaction).await?;
    identifiers.end(transaction).await
}

async fn fill_studies(transaction: &Transaction, seed: u64, studies: u64, patients: u64) -> Result<()> {
    let columns = "id, patient, leader, instances, series, sort_date, study_uid, study_date, study_time, \
                   study_time_key, accession_number, study_id, study_description, custodian";
    let mut rows = Rows::new("studies", columns);
    let columns = "study, leader, instances, series_uid, modality, series_number, series_description, \
                   body_part_examined, station_name, institution_name";
    let mut series = Rows::new("series", columns);
    for study in 0..studies {
        let mut random = Random(seed ^ study.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let patient = random.below(patients) as i64 + 1;
        let mut kind = random.below(1000);
        let (_, description, modalities, most) = KINDS
            .iter()
            .find(|(share, ..)| {
                let is_it = kind < *share;
                kind = kind.saturating_sub(*share);
                is_it
            })
            .unwrap_or(&KINDS[0]);
        let uid = format!("2.25.{seed}.{study}");
        let count = 1 + random.below(*most).max(modalities.len() as u64 - 1);
        let mut instances = 0;
        for number in 0..count {
            let of_series = 1 + random.below(400) as i64;
            instances += of_series;
            let row: [Value; 10] = [
                (study as i64 + 1).into(),
                format!("{study:020} ").into(),
                of_series.into(),
                format!("{uid}.{number}").into(),
                modalities[number as usize % modalities.len()].into(),
                (number + 1).to_string().into(),
                format!("{description} {}", number % 7).into(),
                ["WHOLEBODY", "HEAD", "CHEST", "HEART"][(study % 4) as usize].into(),
                format!("STATION{}", study % 40).into(),
                format!("Hospital {}", study % 15).into(),
            ];
            series.add(row);
        }
        let day = date(random.below(6720));
        let row: [Value; 14] = [
            (study as i64 + 1).into(),
            patient.into(),
            format!("{study:020} ").into(),
            instances.into(),
            (count as i64).into(),
            day.clone().into(),
            uid.into(),
            day.into(),
            format!("{:02}{:02}00", 7 + study % 11, study % 60).into(),
            format!("{:02}{:02}00.000000", 7 + study % 11, study % 60).into(),
            format!("A{study:08}").into(),
            (study % 100_000).to_string().into(),
            (*description).into(),
            custodian(patient as u64 - 1).into(),
        ];
        rows.add(row);
        end_full(transaction, &mut rows, &mut series).await?;
    }
    rows.end(transaction).await?;
    series.end(transaction).await
}

/// Writes rows that are many, those that are named before those that name them.
async fn end_full(transaction: &Transaction, named: &mut Rows, naming: &mut Rows) -> Result<()> {
    if named.is_full() || naming.is_full() {
        named.end(transaction).await?;
        naming.end(transaction).await?;
    }
    Ok(())
}

/// Rows of one table that are written together.
struct Rows {
    beginning: String,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    fn new(table: &str, columns: &str) -> Self {
        Self {
            beginning: format!("INSERT INTO {table} ({columns}) VALUES ("),
            rows: Vec::new(),
        }
    }

    fn add(&mut self, row: impl Into<Vec<Value>>) {
        self.rows.push(row.into());
    }

    fn is_full(&self) -> bool {
        self.rows.len() * self.rows.first().map_or(0, Vec::len) > VALUES
    }

    async fn end(&mut self, transaction: &Transaction) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(self.beginning.as_str());
        for (number, row) in self.rows.drain(..).enumerate() {
            sql.push(if number > 0 { "), (" } else { "" }).bind_all(row);
        }
        sql.push(")").run(transaction).await?;
        Ok(())
    }
}
