//! The table of what people let programs do.

use database::{Connection, Row, Sql};

use crate::Result;
use crate::clients::model::{Scope, scopes_of, words_of};

/// What a person let a program do, as it is listed.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The number of the program.
    pub client: i64,
    /// Its name.
    pub name: String,
    /// The name of its organisation.
    pub organisation: String,
    /// What it may.
    pub scopes: Vec<&'static Scope>,
    /// Since when.
    pub at_ns: i64,
}

/// What a person let programs do.
///
/// # Errors
///
/// The database's.
pub async fn list(connection: &impl Connection, person: i64) -> Result<Vec<Consent>> {
    let mut sql = Sql::new(
        "SELECT n.client, c.name, o.name, n.scopes, n.at_ns FROM client_consents n \
         JOIN clients c ON c.id = n.client JOIN organisations o ON o.id = c.organisation WHERE n.person = ",
    );
    sql.bind(person)
        .push(" ORDER BY n.at_ns DESC, n.client LIMIT 200");
    let consent = |row: &Row| -> Result<Consent> {
        Ok(Consent {
            client: row.get(0)?,
            name: row.get(1)?,
            organisation: row.get(2)?,
            scopes: scopes_of(&row.get::<String>(3)?).unwrap_or_default(),
            at_ns: row.get(4)?,
        })
    };
    sql.all(connection).await?.iter().map(consent).collect()
}

/// What a person let one program do.
///
/// # Errors
///
/// The database's.
pub async fn of(connection: &impl Connection, person: i64, client: i64) -> Result<Vec<&'static Scope>> {
    let mut sql = Sql::new("SELECT scopes FROM client_consents WHERE person = ");
    sql.bind(person).push(" AND client = ").bind(client);
    match sql.one(connection).await? {
        Some(row) => Ok(scopes_of(&row.get::<String>(0)?).unwrap_or_default()),
        None => Ok(Vec::new()),
    }
}

/// Remembers what a person lets a program do, beside what it was let before.
///
/// # Errors
///
/// The database's.
pub async fn add(
    connection: &impl Connection,
    person: i64,
    client: i64,
    scopes: &[&'static Scope],
    now_ns: i64,
) -> Result<()> {
    let before = words_of(&of(connection, person, client).await?);
    let all = scopes_of(&format!("{before} {}", words_of(scopes))).unwrap_or_default();
    let mut sql = Sql::new("INSERT INTO client_consents (person, client, scopes, at_ns) VALUES (");
    sql.bind_all([person, client])
        .push(", ")
        .bind(words_of(&all))
        .push(", ")
        .bind(now_ns);
    sql.push(") ON CONFLICT (person, client) DO UPDATE SET scopes = excluded.scopes, at_ns = excluded.at_ns");
    sql.run(connection).await?;
    Ok(())
}

/// Forgets what a person let a program do; gives whether there was anything.
///
/// # Errors
///
/// The database's.
pub async fn forget(connection: &impl Connection, person: i64, client: i64) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM client_consents WHERE person = ");
    sql.bind(person).push(" AND client = ").bind(client);
    Ok(sql.run(connection).await? == 1)
}
