//! All rows as text without the numbers that databases give, so that two indices can be compared.

use super::attributes::{self, Level};
use super::{Index, Result};
use database::Sql;

/// Tables, what names their rows from outside, and their own columns.
const TABLES: [(&str, &str, &str); 10] = [
    (
        "patients",
        "t.patient_key",
        "t.leader, (SELECT r.patient_key FROM patients r WHERE r.id = t.root), t.custodian",
    ),
    (
        "patient_ids JOIN patients p ON p.id = t.patient",
        "p.patient_key",
        "t.identifier, t.issuer",
    ),
    (
        "name_keys JOIN patients p ON p.id = t.patient",
        "p.patient_key",
        "t.key",
    ),
    (
        "studies JOIN patients p ON p.id = t.patient",
        "t.study_uid",
        "p.patient_key, t.leader, t.instances, t.series, t.sort_date, t.custodian",
    ),
    (
        "series JOIN studies st ON st.id = t.study",
        "st.study_uid",
        "t.leader, t.instances",
    ),
    (
        "instances JOIN series se ON se.id = t.series JOIN patients p ON p.id = t.patient",
        "t.hash",
        "se.series_uid, p.patient_key, t.leader, t.received_ns, t.size, t.transfer_syntax_uid, t.visible",
    ),
    (
        "tracers JOIN series se ON se.id = t.series",
        "se.series_uid",
        "t.item, t.radiopharmaceutical, t.radiopharmaceutical_code, t.radiopharmaceutical_scheme, \
         t.radiopharmaceutical_meaning, t.radionuclide_code, t.radionuclide_scheme, t.radionuclide, \
         CAST(ROUND(t.activity_bq) AS BIGINT), t.total_dose, t.injection",
    ),
    (
        "requests JOIN series se ON se.id = t.series",
        "se.series_uid",
        "t.item, t.step_id, t.procedure_id",
    ),
    (
        "corrected_instances JOIN instances i ON i.id = t.instance",
        "i.hash",
        "t.correction",
    ),
    ("metadata JOIN instances i ON i.id = t.instance", "i.hash", ""),
];

impl Index {
    /// Gives every row of every table as one line each, sorted: equal for equal contents.
    ///
    /// # Errors
    ///
    /// [`super::Error::Database`].
    pub async fn dump(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for (from, name, own) in TABLES {
            let table = from.split(' ').next().unwrap_or(from);
            let own = own
                .split(", ")
                .filter(|column| !column.is_empty())
                .map(str::to_owned);
            let mut columns: Vec<String> = std::iter::once(name.to_owned()).chain(own).collect();
            for level in Level::ALL.into_iter().filter(|level| level.table().0 == table) {
                for attribute in attributes::of_level(level) {
                    columns.push(format!("t.{}", attribute.column));
                    columns.extend(
                        attributes::key_columns(attribute)
                            .iter()
                            .map(|column| format!("t.{column}")),
                    );
                }
            }
            let blob = if table == "metadata" { "t.json" } else { "NULL" };
            let texts: Vec<String> = columns
                .iter()
                .map(|column| format!("CAST({column} AS TEXT)"))
                .collect();
            let from = from.replacen(table, &format!("{table} t"), 1);
            let rows = Sql::new(format!("SELECT {}, {blob} FROM {from}", texts.join(", ")));
            for row in rows.all(&self.readers).await? {
                let mut line = table.to_owned();
                for (at, column) in columns.iter().enumerate() {
                    let value: Option<String> = row.get(at)?;
                    line.push_str(&format!(" {column}={value:?}"));
                }
                if table == "metadata" {
                    let json: Vec<u8> = row.get(columns.len())?;
                    line.push_str(&super::metadata::inflated(&json)?);
                }
                lines.push(line);
            }
        }
        lines.sort();
        Ok(lines)
    }
}
