//! The table of passkeys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use database::{Connection, Row, Sql};
use webauthn_rs::prelude::Passkey;

use crate::{Error, Result};

/// A passkey as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) passkey: Passkey,
    pub(super) created_ns: i64,
    pub(super) used_ns: Option<i64>,
}

/// The number of a credential as it is kept.
pub(super) fn credential(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn kept(row: &Row) -> Result<Kept> {
    let passkey: String = row.get(2)?;
    Ok(Kept {
        id: row.get(0)?,
        name: row.get(1)?,
        passkey: serde_json::from_str(&passkey)
            .map_err(|_| Error::internal("a passkey that is kept cannot be read"))?,
        created_ns: row.get(3)?,
        used_ns: row.get(4)?,
    })
}

/// The passkeys of a person, the first first.
pub(super) async fn of(connection: &impl Connection, person: i64) -> Result<Vec<Kept>> {
    let mut sql = Sql::new("SELECT id, name, passkey, created_ns, used_ns FROM passkeys WHERE person = ");
    sql.bind(person).push(" ORDER BY id LIMIT 100");
    sql.all(connection).await?.iter().map(kept).collect()
}

/// Whether a person has any.
///
/// # Errors
///
/// The database's.
pub(crate) async fn has_any(connection: &impl Connection, person: i64) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM passkeys WHERE person = ");
    Ok(sql.bind(person).push(" LIMIT 1").one(connection).await?.is_some())
}

fn json(passkey: &Passkey) -> Result<String> {
    serde_json::to_string(passkey).map_err(|_| Error::internal("a passkey cannot be written"))
}

/// Keeps a passkey; `false` where it is kept already, whosever it is.
pub(super) async fn add(
    connection: &impl Connection,
    person: i64,
    name: &str,
    passkey: &Passkey,
    now_ns: i64,
) -> Result<bool> {
    let mut sql = Sql::new("INSERT INTO passkeys (person, credential, name, passkey, created_ns) VALUES (");
    sql.bind(person).push(", ");
    sql.bind_all([credential(passkey.cred_id()), name.to_owned(), json(passkey)?])
        .push(", ");
    sql.bind(now_ns).push(") ON CONFLICT (credential) DO NOTHING");
    Ok(sql.run(connection).await? == 1)
}

/// Notes that a passkey was used, and what it has become by that.
pub(super) async fn used(
    connection: &impl Connection,
    id: i64,
    passkey: &Passkey,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE passkeys SET passkey = ");
    sql.bind(json(passkey)?).push(", used_ns = ").bind(now_ns);
    sql.push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Takes a passkey of a person away.
pub(super) async fn remove(connection: &impl Connection, person: i64, id: i64) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM passkeys WHERE person = ");
    sql.bind(person).push(" AND id = ").bind(id);
    Ok(sql.run(connection).await? == 1)
}

/// Takes all passkeys of a person away: an administrator gave the account back.
///
/// # Errors
///
/// The database's.
pub(crate) async fn remove_all(connection: &impl Connection, person: i64) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM passkeys WHERE person = ");
    sql.bind(person).run(connection).await?;
    Ok(())
}
