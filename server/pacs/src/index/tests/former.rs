//! Databases of former schemas, with rows as those had them.

use database::{Backend, Connection, Database};

/// Writes the rows of a fixture that are for a schema. Sections of it begin with `-- schema 3`, for this schema and all later
/// ones, or `-- schema 2 to 10`. `|` stands for the character 1 of patients' keys; bytes are written as SQLite has them.
pub(crate) async fn fill(database: &Database, fixture: &str, schema: i64) {
    for section in fixture.split("\n-- schema ").skip(1) {
        let (range, rows) = section.split_once('\n').unwrap();
        let (first, last) = range.split_once(" to ").unwrap_or((range, "1000"));
        let (first, last): (i64, i64) = (first.parse().unwrap(), last.parse().unwrap());
        if !(first..=last).contains(&schema) {
            continue;
        }
        let rows = rows.replace('|', "\u{1}");
        let rows = match database.backend() {
            Backend::Sqlite => rows,
            Backend::Postgres => rows.replace("X'", "'\\x"),
        };
        database.batch(&rows).await.unwrap();
    }
}
