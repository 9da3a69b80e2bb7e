//! The table of programs.

use database::{Connection, Row, Sql};

use super::model::{Client, GrantType, Scope};
use crate::organisations::store::only;
use crate::people::names;
use crate::{Result, secrets};

const COLUMNS: &str = "c.id, c.client_id, c.organisation, c.name, c.is_confidential, c.secret, c.secret_at_ns, c.redirect_uris, \
    c.grant_types, c.scopes, c.created_ns, c.disabled_ns, o.name";

/// A program with the name of its organisation.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The program.
    pub client: Client,
    /// The name of its organisation.
    pub organisation: String,
}

fn list_of(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn json<'a>(words: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(words).to_string()
}

fn listed(row: &Row) -> Result<Listed> {
    let text = |at: usize| -> Result<Vec<String>> { Ok(list_of(&row.get::<String>(at)?)) };
    let client = Client {
        id: row.get(0)?,
        client_id: row.get(1)?,
        organisation: row.get(2)?,
        name: row.get(3)?,
        is_confidential: row.get::<i64>(4)? != 0,
        secret: row.get(5)?,
        secret_at_ns: row.get(6)?,
        redirect_uris: text(7)?,
        // Words of later versions are left out.
        grant_types: text(8)?
            .iter()
            .filter_map(|word| GrantType::from_word(word))
            .collect(),
        scopes: text(9)?
            .iter()
            .filter_map(|word| Scope::from_word(word))
            .collect(),
        created_ns: row.get(10)?,
        disabled_ns: row.get(11)?,
    };
    Ok(Listed {
        client,
        organisation: row.get(12)?,
    })
}

fn select(condition: &str) -> Sql {
    Sql::new(format!(
        "SELECT {COLUMNS} FROM clients c JOIN organisations o ON o.id = c.organisation WHERE {condition}"
    ))
}

/// A program by its number.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Listed>> {
    let mut sql = select("c.id = ");
    let row = sql.bind(id).one(connection).await?;
    row.as_ref().map(listed).transpose()
}

/// A program by what it calls itself by.
///
/// # Errors
///
/// The database's.
pub async fn by_client_id(connection: &impl Connection, client_id: &str) -> Result<Option<Client>> {
    let mut sql = select("c.client_id = ");
    let row = sql.bind(client_id).one(connection).await?;
    Ok(row.as_ref().map(listed).transpose()?.map(|found| found.client))
}

/// A program that is let in now, of an organisation that is not closed, by what it calls itself by.
///
/// # Errors
///
/// The database's.
pub async fn active(connection: &impl Connection, client_id: &str) -> Result<Option<Listed>> {
    let mut sql = select("c.disabled_ns IS NULL AND o.state = 'active' AND c.client_id = ");
    let row = sql.bind(client_id).one(connection).await?;
    row.as_ref().map(listed).transpose()
}

/// Programs whose name, number or organisation has some words, after one.
///
/// # Errors
///
/// The database's.
pub async fn list(connection: &impl Connection, words: &str, after: i64, limit: u32) -> Result<Vec<Listed>> {
    let mut sql = select("c.id > ");
    sql.bind(after);
    names::matching(
        &mut sql,
        "c.name_keys || ' ' || c.client_id || ' ' || o.name_keys",
        words,
    );
    sql.push(" ORDER BY c.id LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(listed).collect()
}

/// Lets a program in; gives its number.
///
/// # Errors
///
/// The database's.
pub async fn add(connection: &impl Connection, client: &Client) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO clients (client_id, organisation, name, name_keys, is_confidential, secret, secret_at_ns, \
         redirect_uris, grant_types, scopes, created_ns) VALUES (",
    );
    sql.bind(client.client_id.as_str())
        .push(", ")
        .bind(client.organisation)
        .push(", ");
    sql.bind_all([client.name.clone(), names::keys(&client.name)])
        .push(", ");
    sql.bind(i64::from(client.is_confidential)).push(", ");
    sql.bind(client.secret.clone())
        .push(", ")
        .bind(client.secret_at_ns)
        .push(", ");
    sql.bind_all(lists(client))
        .push(", ")
        .bind(client.created_ns)
        .push(") RETURNING id");
    only(&sql, connection).await
}

fn lists(client: &Client) -> [String; 3] {
    [
        json(client.redirect_uris.iter().map(String::as_str)),
        json(client.grant_types.iter().map(|one| one.word())),
        json(client.scopes.iter().map(|scope| scope.word)),
    ]
}

/// Changes what a program is called, where it sends to and what it may; its organisation and its kind stay.
///
/// # Errors
///
/// The database's.
pub async fn change(connection: &impl Connection, client: &Client) -> Result<()> {
    let [redirect_uris, grant_types, scopes] = lists(client);
    let mut sql = Sql::new("UPDATE clients SET name = ");
    sql.bind(client.name.as_str())
        .push(", name_keys = ")
        .bind(names::keys(&client.name));
    sql.push(", redirect_uris = ").bind(redirect_uris);
    sql.push(", grant_types = ").bind(grant_types);
    sql.push(", scopes = ").bind(scopes);
    sql.push(" WHERE id = ").bind(client.id);
    sql.run(connection).await?;
    Ok(())
}

/// Gives a program a new secret in the place of the one it has.
///
/// # Errors
///
/// The database's.
pub async fn set_secret(connection: &impl Connection, id: i64, secret: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE clients SET secret = ");
    sql.bind(secrets::kept(secret))
        .push(", secret_at_ns = ")
        .bind(now_ns);
    sql.push(" WHERE id = ").bind(id).run(connection).await?;
    Ok(())
}

/// Shuts a program out from a time on, or lets it in again; gives whether it was otherwise before.
///
/// # Errors
///
/// The database's.
pub async fn set_disabled(connection: &impl Connection, id: i64, since_ns: Option<i64>) -> Result<bool> {
    let mut sql = Sql::new("UPDATE clients SET disabled_ns = ");
    sql.bind(since_ns).push(" WHERE id = ").bind(id);
    sql.push(match since_ns {
        Some(_) => " AND disabled_ns IS NULL",
        None => " AND disabled_ns IS NOT NULL",
    });
    Ok(sql.run(connection).await? == 1)
}
