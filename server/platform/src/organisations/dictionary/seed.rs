//! What is shared from the first start: kinds of devices, body parts, and what a department of nuclear medicine examines.

use database::Connection;

use super::model::{self, Kind};
use super::store;
use crate::web::{Fields, Form};
use crate::{Error, Result};

/// Rows of kind, code, names in Chinese and English, and what an entry has beyond, as `name=value`, with tabs between them.
const SHARED: &str = include_str!("shared.tsv");

/// Gives the entries.
///
/// # Errors
///
/// The number of a row that is wrong; a test reads all.
pub(super) fn shared() -> std::result::Result<Vec<model::Entry>, usize> {
    let rows = SHARED.lines().enumerate().skip(1);
    rows.map(|(at, row)| entry(row).ok_or(at + 1)).collect()
}

fn entry(row: &str) -> Option<model::Entry> {
    let mut cells = row.split('\t');
    let kind = Kind::from_word(cells.next()?)?;
    let mut fields = Fields::default();
    for name in ["code", "name_zh", "name_en"] {
        fields.set(name, cells.next()?);
    }
    for more in cells {
        let (name, value) = more.split_once('=')?;
        fields.set(name, value);
    }
    let mut form = Form::new(fields);
    let entry = model::read(&mut form, None, kind);
    (!form.is_wrong()).then_some(entry)
}

/// Adds what is shared, when the platform begins.
///
/// # Errors
///
/// The database's.
pub(crate) async fn add(connection: &impl Connection) -> Result<()> {
    let entries = shared()
        .map_err(|row| Error::internal(format_args!("row {row} of the shared dictionary is wrong")))?;
    for entry in &entries {
        store::put(connection, entry).await?;
    }
    Ok(())
}
