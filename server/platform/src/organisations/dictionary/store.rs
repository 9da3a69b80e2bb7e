//! The table of dictionaries.

use std::collections::HashSet;

use database::{Connection, Row, Sql};

use super::model::{Detail, Entry, Kind};
use crate::language::Language;
use crate::organisations::store::only;
use crate::people::names;
use crate::{Error, Result};

const COLUMNS: &str = "d.id, d.organisation, d.kind, d.code, d.name_zh, d.name_en, d.detail, d.retired_ns";

fn entry(row: &Row) -> Result<Entry> {
    let (kind, detail): (String, String) = (row.get(2)?, row.get(6)?);
    let kind = Kind::from_word(&kind);
    Ok(Entry {
        id: row.get(0)?,
        organisation: row.get(1)?,
        kind: kind.ok_or_else(|| Error::internal("a kind of the dictionary that is not known"))?,
        code: row.get(3)?,
        name_zh: row.get(4)?,
        name_en: row.get(5)?,
        detail: Detail::from_json(&detail),
        retired_ns: row.get(7)?,
    })
}

/// Writes the condition that an entry is there for an organisation: its own, and what is shared unless an own one of the
/// same code stands in its place. For nobody in particular there is what is shared.
fn push_scope(sql: &mut Sql, organisation: Option<i64>) {
    match organisation {
        None => sql.push("d.organisation IS NULL"),
        Some(organisation) => {
            sql.push("(d.organisation = ").bind(organisation);
            sql.push(
                " OR d.organisation IS NULL AND NOT EXISTS (SELECT 1 FROM dictionary own WHERE own.kind = d.kind \
                 AND own.code = d.code AND own.organisation = ",
            );
            sql.bind(organisation).push("))")
        }
    };
}

/// What a list is searched by.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The kind.
    pub kind: Kind,
    /// Words of a name or of the code.
    pub words: &'a str,
    /// Retired ones, or those that are offered; both where it is not said.
    pub is_retired: Option<bool>,
    /// The last entry seen.
    pub after: i64,
    /// Entries at most.
    pub limit: u32,
}

/// Entries that are there for an organisation, or that are shared, after one.
///
/// # Errors
///
/// The database's.
pub async fn list(
    connection: &impl Connection,
    organisation: Option<i64>,
    asked: &Asked<'_>,
) -> Result<Vec<Entry>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM dictionary d WHERE "));
    push_scope(&mut sql, organisation);
    sql.push(" AND d.kind = ").bind(asked.kind.word());
    match asked.is_retired {
        Some(true) => sql.push(" AND d.retired_ns IS NOT NULL"),
        Some(false) => sql.push(" AND d.retired_ns IS NULL"),
        None => &mut sql,
    };
    names::matching(&mut sql, "d.name_keys", asked.words);
    sql.push(" AND d.id > ").bind(asked.after);
    sql.push(" ORDER BY d.id LIMIT ").bind(i64::from(asked.limit));
    sql.all(connection).await?.iter().map(entry).collect()
}

/// Codes and names of the entries of a kind that an organisation is offered.
///
/// # Errors
///
/// The database's.
pub async fn choices(
    connection: &impl Connection,
    organisation: i64,
    kind: Kind,
    language: Language,
) -> Result<Vec<(String, String)>> {
    offered(connection, Some(organisation), kind, language).await
}

/// As [`choices`], or of what is shared.
///
/// # Errors
///
/// The database's.
pub async fn offered(
    connection: &impl Connection,
    organisation: Option<i64>,
    kind: Kind,
    language: Language,
) -> Result<Vec<(String, String)>> {
    let asked = Asked {
        kind,
        words: "",
        is_retired: Some(false),
        after: 0,
        limit: 2000,
    };
    let entries = list(connection, organisation, &asked).await?;
    Ok(entries
        .into_iter()
        .map(|entry| match language {
            Language::Chinese => (entry.code, entry.name_zh),
            Language::English => (entry.code, entry.name_en),
        })
        .collect())
}

/// Whether an organisation is offered a code.
///
/// # Errors
///
/// The database's.
pub async fn is_active(
    connection: &impl Connection,
    organisation: i64,
    kind: Kind,
    code: &str,
) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM dictionary d WHERE ");
    push_scope(&mut sql, Some(organisation));
    sql.push(" AND d.retired_ns IS NULL AND d.kind = ")
        .bind(kind.word());
    sql.push(" AND d.code = ").bind(code);
    Ok(sql.one(connection).await?.is_some())
}

/// All codes of a kind, retired ones too, that are there for an organisation, or that are shared.
///
/// # Errors
///
/// The database's.
pub async fn codes(
    connection: &impl Connection,
    organisation: Option<i64>,
    kind: Kind,
) -> Result<HashSet<String>> {
    let mut sql = Sql::new("SELECT d.code FROM dictionary d WHERE ");
    push_scope(&mut sql, organisation);
    sql.push(" AND d.kind = ").bind(kind.word());
    let rows = sql.all(connection).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

/// An entry by its number.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Entry>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM dictionary d WHERE d.id = "));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(entry)
        .transpose()
}

/// The entry of an organisation, or among what is shared, that has a code.
///
/// # Errors
///
/// The database's.
pub async fn by_code(
    connection: &impl Connection,
    organisation: Option<i64>,
    kind: Kind,
    code: &str,
) -> Result<Option<Entry>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM dictionary d WHERE COALESCE(d.organisation, 0) = "
    ));
    sql.bind(organisation.unwrap_or(0))
        .push(" AND d.kind = ")
        .bind(kind.word());
    sql.push(" AND d.code = ").bind(code);
    sql.one(connection).await?.as_ref().map(entry).transpose()
}

/// What an entry is searched by: both names and the code.
fn keys(entry: &Entry) -> String {
    let code = entry.code.to_lowercase();
    format!(
        "{}{}{code} ",
        names::keys(&entry.name_zh),
        names::keys(&entry.name_en)
    )
}

/// Adds an entry, or changes the one of the same code; gives its number.
///
/// # Errors
///
/// The database's.
pub async fn put(connection: &impl Connection, entry: &Entry) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO dictionary (organisation, kind, code, name_zh, name_en, name_keys, detail, retired_ns) VALUES (",
    );
    sql.bind(entry.organisation).push(", ");
    sql.bind_all([entry.kind.word(), &entry.code, &entry.name_zh, &entry.name_en]);
    sql.push(", ")
        .bind(keys(entry))
        .push(", ")
        .bind(entry.detail.to_json());
    sql.push(", ").bind(entry.retired_ns);
    sql.push(
        ") ON CONFLICT (COALESCE(organisation, 0), kind, code) DO UPDATE SET name_zh = excluded.name_zh, \
         name_en = excluded.name_en, name_keys = excluded.name_keys, detail = excluded.detail, \
         retired_ns = excluded.retired_ns RETURNING id",
    );
    only(&sql, connection).await
}

/// Says whether an entry is still offered.
///
/// # Errors
///
/// The database's.
pub async fn retire(connection: &impl Connection, id: i64, retired_ns: Option<i64>) -> Result<()> {
    let mut sql = Sql::new("UPDATE dictionary SET retired_ns = ");
    sql.bind(retired_ns)
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    Ok(())
}

/// Removes an entry that nothing names.
///
/// # Errors
///
/// The database's.
pub async fn remove(connection: &impl Connection, id: i64) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM dictionary WHERE id = ");
    sql.bind(id).run(connection).await?;
    Ok(())
}

/// Whether something names an entry: another entry, a device, a doctor's preferred types. What names a code of an own entry
/// is the organisation's; what names a shared one is anybody's.
///
/// # Errors
///
/// The database's.
pub async fn is_used(connection: &impl Connection, entry: &Entry) -> Result<bool> {
    let quoted = serde_json::Value::from(entry.code.as_str()).to_string();
    let kind = entry.kind.word();
    let mut wanted: Vec<Sql> = Vec::new();
    let mut others = Sql::new("SELECT 1 FROM dictionary u WHERE u.detail LIKE ");
    others.bind(format!("%\"{kind}\":{quoted}%"));
    whose(&mut others, "u.organisation", entry.organisation);
    wanted.push(others);
    if entry.kind == Kind::DeviceKind {
        let mut devices = Sql::new("SELECT 1 FROM equipment u WHERE u.removed_ns IS NULL AND u.type = ");
        devices.bind(entry.code.as_str());
        whose(&mut devices, "u.organisation", entry.organisation);
        wanted.push(devices);
    }
    if entry.kind == Kind::Category {
        let mut doctors = Sql::new(
            "SELECT 1 FROM docking_doctors u JOIN dockings k ON k.id = u.docking WHERE u.categories LIKE ",
        );
        doctors.bind(format!("%{quoted}%"));
        whose(&mut doctors, "k.team", entry.organisation);
        wanted.push(doctors);
    }
    for sql in &mut wanted {
        if sql.push(" LIMIT 1").one(connection).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn whose(sql: &mut Sql, column: &str, organisation: Option<i64>) {
    if let Some(organisation) = organisation {
        sql.push(&format!(" AND {column} = ")).bind(organisation);
    }
}
