//! The table of keys that sign.

use database::{Connection, Sql};

use super::Published;
use crate::Result;

/// All keys, the first to sign first.
///
/// # Errors
///
/// The database's.
pub async fn all(connection: &impl Connection) -> Result<Vec<Published>> {
    let sql = Sql::new(
        "SELECT kid, public, created_ns, signs_from_ns FROM signing_keys ORDER BY signs_from_ns, kid LIMIT 1000",
    );
    let published = |row: &database::Row| -> Result<Published> {
        Ok(Published {
            kid: row.get(0)?,
            public: row.get(1)?,
            created_ns: row.get(2)?,
            signs_from_ns: row.get(3)?,
        })
    };
    sql.all(connection).await?.iter().map(published).collect()
}

/// Whether there is any key.
///
/// # Errors
///
/// The database's.
pub async fn is_any(connection: &impl Connection) -> Result<bool> {
    Ok(Sql::new("SELECT 1 FROM signing_keys LIMIT 1")
        .one(connection)
        .await?
        .is_some())
}

/// The key that signs at a time: its thumbprint and the key itself, encrypted.
///
/// # Errors
///
/// The database's.
pub async fn signing(connection: &impl Connection, now_ns: i64) -> Result<Option<(String, Vec<u8>)>> {
    let mut sql = Sql::new("SELECT kid, secret FROM signing_keys WHERE signs_from_ns <= ");
    sql.bind(now_ns)
        .push(" ORDER BY signs_from_ns DESC, kid DESC LIMIT 1");
    match sql.one(connection).await? {
        Some(row) => Ok(Some((row.get(0)?, row.get(1)?))),
        None => Ok(None),
    }
}

/// Adds a key.
///
/// # Errors
///
/// The database's.
pub async fn add(connection: &impl Connection, key: &Published, sealed: Vec<u8>) -> Result<()> {
    let mut sql =
        Sql::new("INSERT INTO signing_keys (kid, secret, public, created_ns, signs_from_ns) VALUES (");
    sql.bind(key.kid.as_str()).push(", ");
    sql.bind_all([sealed, key.public.clone()]).push(", ");
    sql.bind_all([key.created_ns, key.signs_from_ns]).push(")");
    sql.run(connection).await?;
    Ok(())
}

/// Forgets a key.
///
/// # Errors
///
/// The database's.
pub async fn remove(connection: &impl Connection, kid: &str) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM signing_keys WHERE kid = ");
    sql.bind(kid).run(connection).await?;
    Ok(())
}
